// The compared cache handlers, and the caches that each of them serves.
import type { CacheKind } from "./judge.ts";

interface Handler {
  /** Its name in the tables. */
  readonly title: string;
  /** The caches whose reads are judged. */
  readonly caches: readonly CacheKind[];
}

const useCaches = ["plain", "nested", "remote"] as const;

/** By the names that the application's `next.config.js` knows. */
export const handlers = {
  tidemark: { title: "Tidemark", caches: [...useCaches, "fetch", "page", "isr"] },
  fortedigital: {
    title: "@fortedigital/nextjs-cache-handler 3.3.0",
    caches: ["fetch", "isr"],
  },
  mrjasonroy: {
    title: "@mrjasonroy/cache-components-cache-handler 16.1.6",
    caches: useCaches,
  },
  "stamped-at-set": { title: "stamps taken after loads", caches: useCaches },
} as const satisfies Readonly<Record<string, Handler>>;

export type HandlerName = keyof typeof handlers;
export const handlerNames = Object.keys(handlers) as HandlerName[];
