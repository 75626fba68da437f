// Keeps Tidemark's own requests out of the cache of Next.js, which replaces the global `fetch`, and may store the answer to
// any request of a page, also to a POST, for a year.
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

/**
 * Runs work that calls `fetch` as if no page were rendered, so that Next.js passes its requests on unchanged.
 * `cache: "no-store"` does not suffice: `fetchCache = "force-cache"` of a segment overrides it, `"only-cache"` refuses it,
 * and a page that Next.js once rendered statically fails each time that it is rendered again.
 */
export function outsideNext<Result>(work: () => Result): Result {
  const storage = storageOfNext();
  return storage === undefined ? work() : storage.run(undefined, work);
}
