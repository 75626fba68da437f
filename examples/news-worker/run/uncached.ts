// Replaces src/cache.ts if the site is measured without a cache: every read is a load.
import { cache as kept } from "../src/cache.ts";

type Load = (context: object) => unknown;
type LoadMany = (
  keys: readonly unknown[],
  context: object,
) => Promise<ReadonlyMap<unknown, unknown>>;

const context = { tags: () => undefined, of: () => context };

export const cache = Object.assign(kept, {
  namespace: (_: string, options: { readonly load?: LoadMany }) => ({
    getOrSet: async (key: unknown, load?: Load) =>
      load === undefined ? (await options.load?.([key], context))?.get(key) : load(context),
    getOrSetMany: async (keys: readonly unknown[], load: LoadMany) => ({
      values: await load(keys, context),
    }),
  }),
});
