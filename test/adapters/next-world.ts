// An isolate with the caches of Next.js, whose clocks are those of the isolate. A call of `load` does what Next.js does
// for a function with "use cache" or for a fetch: it looks up, loads after a miss, and sets.
import { vi } from "vitest";
import { nextCache, type NextCacheOptions } from "../../src/adapters/next.ts";
import type { RouteEntry, RouteValue } from "../../src/adapters/next-route-cache.ts";
import { nextNowMs } from "../../src/adapters/next-shared.ts";
import type { UseCacheEntry } from "../../src/adapters/next-use-cache.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";

/** Begins a test: fakes the clocks of Next.js, and forgets the caches of other tests, which `purgeTags` would purge. */
export function useNextClocks(): void {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  Reflect.deleteProperty(globalThis, Symbol.for("tidemark/next"));
}

const streamOf = (text: string): ReadableStream<Uint8Array> => new Blob([text]).stream();

/** An entry whose load begins now. */
export function entryOf(text: string, changes: Partial<UseCacheEntry> = {}): UseCacheEntry {
  const lifetimes = { stale: 30, revalidate: 60, expire: 600 };
  return { value: streamOf(text), tags: ["red"], ...lifetimes, timestamp: nextNowMs(), ...changes };
}

export const textOf = async (entry: UseCacheEntry | undefined) =>
  entry && (await new Response(entry.value as ReadableStream<Uint8Array<ArrayBuffer>>).text());

export function openNext(isolate = new DataIsolate(), options: NextCacheOptions = {}) {
  vi.setSystemTime(isolate.clock.nowAtMs());
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const cache = nextCache(isolate.data, { stale: "10m", onError, ...options });
  const advance = (seconds: number) => {
    isolate.clock.advance(seconds);
    vi.advanceTimersByTime(seconds * 1_000);
    vi.setSystemTime(isolate.clock.nowAtMs());
  };
  const text = async (key = "42", softTags: string[] = []) =>
    textOf(await cache.get(key, softTags));
  const set = (value: string, changes?: Partial<UseCacheEntry>, key = "42") =>
    cache.set(key, Promise.resolve(entryOf(value, changes)));
  /** Looks up and loads after a miss. */
  const load = async (value: string, changes?: Partial<UseCacheEntry>, key = "42") => {
    const found = await text(key);
    if (found === undefined) await set(value, changes, key);
    return found ?? value;
  };
  return { isolate, cache, errors, advance, text, set, load };
}

type NextWorld = ReturnType<typeof openNext>;

/** The files of builds, by the folder of the build. Two of them have the same id. */
const files: Readonly<Record<string, string>> = {
  "/app/.next/BUILD_ID": "b1\n",
  "/app/.next/prerender-manifest.json": '{ "preview": { "previewModeId": "secret-1" } }',
  "/next/.next/BUILD_ID": "b2\n",
  "/next/.next/prerender-manifest.json": '{ "preview": { "previewModeId": "secret-1" } }',
  "/other-app/.next/BUILD_ID": "b1\n",
  "/other-app/.next/prerender-manifest.json": '{ "preview": { "previewModeId": "secret-2" } }',
};
const fs = {
  readFileSync: (path: string) => {
    const text = files[path.replace("/server/..", "")];
    if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
    return text;
  },
};

/** An instance for one request. */
export const openRequest = (
  { cache }: NextWorld,
  serverDistDir = "/app/.next/server",
  _requestHeaders: Readonly<Record<string, string>> = {},
) => new cache({ serverDistDir, fs, _requestHeaders });

/** An instance for the request of `res.revalidate`, or of a client that forges one. */
export const openOnDemand = (world: NextWorld, secret = "secret-1") =>
  openRequest(world, undefined, { "x-prerender-revalidate": secret });

export const fetched = (text: string): RouteValue => ({
  kind: "FETCH",
  data: { headers: {}, body: text, status: 200, url: "https://example.com/" },
  revalidate: 60,
  tags: ["red"],
});

export const page = (html: string): RouteValue => ({
  kind: "APP_PAGE",
  html,
  rscData: Buffer.from("0:{}"),
  segmentData: new Map([["/_tree", Buffer.from([0, 255])]]),
  headers: { "x-next-cache-tags": "red,_N_T_/page", "content-type": "text/html" },
  status: 200,
  postponed: undefined,
});

/** The stale state that Next.js derives for a fetch. */
export const isStaleFetch = ({ lastModified }: RouteEntry, revalidate: number) =>
  (Date.now() - lastModified) / 1_000 > revalidate;

/** The stale state that Next.js derives for a route: -1 blocks. */
export function staleStateOf({ lastModified, cacheControl }: RouteEntry) {
  const { revalidate = 1, expire = Infinity } = cacheControl ?? {};
  if (expire * 1_000 + lastModified < Date.now()) return -1;
  return revalidate !== false && revalidate * 1_000 + lastModified < Date.now();
}
