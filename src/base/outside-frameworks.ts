// Keeps Tidemark's own requests out of the caches of frameworks. Next.js and vinext replace the global `fetch`, and may
// store the answer to any request of a page, also to a POST, for a year.
import type { AsyncStorage } from "./node-globals.ts";

/** The state of a page that Next.js renders. */
interface NextPage {
  /** Whether `res.revalidate` causes the render. */
  readonly isOnDemandRevalidate?: boolean | undefined;
}

/** The `fetch` of Next.js 15 and 16. */
type PatchedFetch = typeof fetch & {
  readonly __nextGetStaticStore?: () => AsyncStorage<NextPage | undefined>;
};

/** Returns the storage of the page that Next.js renders; `undefined` without Next.js. */
export function storageOfNext(): AsyncStorage<NextPage | undefined> | undefined {
  const { __nextGetStaticStore: storage } = fetch as PatchedFetch;
  return storage?.();
}

/** The storages of vinext 1.4 from which its `fetch` reads the settings of a page. */
const ofVinext = ["vinext.unifiedRequestContext.als", "vinext.fetchCache.als"].map((name) =>
  Symbol.for(name),
);

/**
 * Runs work that calls `fetch` as if no page were rendered, so that the framework passes its requests on unchanged.
 * `cache: "no-store"` does not suffice: `fetchCache = "force-cache"` of a segment overrides it, `"only-cache"` refuses it,
 * and a page that Next.js once rendered statically fails each time that it is rendered again.
 */
export function outsideFrameworks<Result>(work: () => Result): Result {
  const storages = globalThis as { readonly [name: symbol]: AsyncStorage<unknown> | undefined };
  let outside = work;
  for (const storage of [storageOfNext(), ...ofVinext.map((name) => storages[name])]) {
    const inner = outside;
    if (storage !== undefined) outside = () => storage.run(undefined, inner);
  }
  return outside();
}
