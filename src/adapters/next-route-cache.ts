// The class for cacheHandler in Next.js 15 and 16, which stores rendered routes, and results of `fetch` and
// `unstable_cache`. Next.js creates an instance for each request.
import type { GivenStart } from "../data/load/make-record.ts";
import type { Namespace } from "../data/namespace.ts";
import type { BoundedMap } from "../base/bounded-map.ts";
import { nodeGlobals } from "../base/node-globals.ts";
import { sha256Short } from "../base/sha256.ts";
import { copyOf } from "../data/value/frozen.ts";
import { pathTagOf, segmentOf, tagsOf } from "./library-key.ts";
import {
  bytesIn,
  type StoredBytes,
  storedBytesOf,
  type NextDurations,
  type NextPurges,
  nextNowMs,
  type RecentStarts,
  type PendingStores,
} from "./next-shared.ts";

/** The argument that Next.js passes to the constructor. */
export interface RouteCacheContext {
  /** The folder beside the file `BUILD_ID`. */
  readonly serverDistDir?: string | undefined;
  readonly fs?: { readFileSync(path: string): { toString(): string } } | undefined;
  /** The fields of the client's request, or of the request that `res.revalidate` makes. */
  readonly _requestHeaders?: Readonly<Record<string, unknown>> | undefined;
}

/** One build of an application. */
export interface NextBuild {
  readonly id: string;
  /** A secret by which a request of `res.revalidate` identifies itself. */
  readonly previewModeId: string;
}

interface PrerenderManifest {
  readonly preview: { readonly previewModeId: string };
}

/** A route's lifetimes in seconds; `false` for a route that is not revalidated by time. */
export interface RouteLifetimes {
  readonly revalidate: number | false;
  readonly expire?: number | undefined;
}

/** A value of Next.js. The kinds differ in the other members. */
export type RouteValue = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** A value as Next.js expects it from `get`. */
export interface RouteEntry {
  readonly value: RouteValue | null;
  /** Epoch milliseconds. */
  readonly lastModified: number;
  readonly cacheControl?: RouteLifetimes | undefined;
}

/** A stored value. Members with bytes are apart. */
export interface StoredRoute {
  readonly value: RouteValue | null;
  readonly bytes: Readonly<Record<string, StoredBytes>>;
  readonly segments: readonly (readonly [path: string, bytes: StoredBytes])[] | undefined;
  readonly lastModified: number;
  readonly cacheControl: RouteLifetimes | undefined;
}

export interface RouteGetContext {
  readonly kind: string;
  /** Those of a `fetch`. */
  readonly tags?: readonly string[] | undefined;
  readonly softTags?: readonly string[] | undefined;
}

export interface RouteSetContext {
  readonly fetchCache?: boolean | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly cacheControl?: RouteLifetimes | undefined;
}

export interface RouteCachePorts {
  readonly namespace: Namespace<StoredRoute>;
  readonly purges: NextPurges;
  readonly starts: RecentStarts;
  /** The longest time in milliseconds that a value is stored. */
  readonly freshMs: number;
  readonly pending: PendingStores;
  /** By the folder of the build. */
  readonly builds: Map<string, NextBuild>;
  /** When `res.revalidate` last looked up a key, by `nextNowMs`. */
  readonly onDemandAtMs: BoundedMap<number>;
}

const tagsHeader = "x-next-cache-tags";
const onDemandHeader = "x-prerender-revalidate";
/** Older than any lifetime of a `fetch`, whose longest is 2 ** 32 seconds. */
const agedMs = 2 ** 33 * 1_000;

export class RouteCache {
  readonly #ports: RouteCachePorts;
  readonly #context: RouteCacheContext;
  readonly #madeAtMs = nextNowMs();
  /** Those of the first lookup of each key to end. They cover every load of this request. */
  readonly #starts = new Map<string, GivenStart>();
  /** The values that `get` returned, and whether a soft purge covers them. */
  readonly #returned = new WeakMap<RouteValue, boolean>();

  constructor(ports: RouteCachePorts, context: RouteCacheContext) {
    this.#ports = ports;
    this.#context = context;
  }

  async get(cacheKey: string, { kind, tags = [], softTags = [] }: RouteGetContext) {
    const place = this.#placeOf(cacheKey, kind === "FETCH");
    const { namespace, starts, pending } = this.#ports;
    const key = String(place);
    if (this.#isOnDemand()) this.#ports.onDemandAtMs.set(key, nextNowMs());
    await pending.ended(key);
    const given = tagsOf([...tags, ...softTags]);
    const { value, isStale, startAfter: start } = await namespace.lookUp(place, { tags: given });
    starts.keep({ endedAtMs: nextNowMs(), start });
    if (!this.#starts.has(key)) this.#starts.set(key, start);
    const entry = value ? entryOf(value, isStale) : null;
    if (entry?.value) this.#returned.set(entry.value, isStale);
    return entry;
  }

  async set(cacheKey: string, value: RouteValue | null, context: RouteSetContext): Promise<void> {
    const { fetchCache = false, tags = [], cacheControl } = context;
    const place = this.#placeOf(cacheKey, fetchCache);
    const key = String(place);
    const { namespace, purges, starts, freshMs, pending, onDemandAtMs } = this.#ports;
    const everywhere = this.#isOnDemand();
    const ofPath = fetchCache ? [] : [pathTagOf(cacheKey)];
    // Next.js lets `res.revalidate` join a render that began before it.
    const isJoined = !everywhere && (onDemandAtMs.get(key) ?? 0) > this.#madeAtMs;
    // After a failed render, Next.js sets the value from `get` again. A new start would undo the soft purge.
    const isPurged = value === null ? undefined : this.#returned.get(value);
    if (isPurged === true || (isPurged !== undefined && (everywhere || isJoined))) return;
    const start = this.#starts.get(key) ?? starts.of(this.#madeAtMs);
    // Soft tags of a fetch may be purged before the later stamp that a purge of its key would give the result.
    if (start === undefined || isJoined || (everywhere && fetchCache)) {
      // The pages of other builds have the tag of the path, too.
      if (everywhere || isJoined)
        await (fetchCache ? namespace.delete(place) : purges.purge(ofPath, undefined));
      return;
    }
    const lifetimeMs = (cacheControl?.expire ?? Infinity) * 1_000;
    const options = {
      fresh: Math.max(1, Math.min(lifetimeMs, freshMs)),
      tags: tagsOf([...tags, ...tagsIn(value), ...ofPath]),
    };
    const stored = { ...split(value), lastModified: Date.now(), cacheControl };
    const how = { start, everywhere, ...(everywhere && { endsTags: tagsOf(ofPath) }) };
    const storing = namespace.set(place, stored, { ...options, ...how });
    pending.add(key, storing);
    if (everywhere) await storing;
  }

  /** @throws OperatorError if the purge is not accepted */
  async revalidateTag(tags: string | readonly string[], durations?: NextDurations): Promise<void> {
    await this.#ports.purges.purge([tags].flat(), durations);
  }

  /** Routes of two builds or applications are apart, because their code differs. */
  #placeOf(cacheKey: string, isFetch: boolean) {
    if (isFetch) return ["fetch", segmentOf(cacheKey)] as const;
    return ["routes", segmentOf(this.#build().id), segmentOf(cacheKey)] as const;
  }

  /** Whether `res.revalidate` makes this request. Next.js decides in the same way. */
  #isOnDemand(): boolean {
    const { _requestHeaders: headers } = this.#context;
    const sent = headers?.[onDemandHeader];
    return sent !== undefined && sent === this.#build().previewModeId;
  }

  #build(): NextBuild {
    const { serverDistDir = "", fs } = this.#context;
    const { builds } = this.#ports;
    const known = builds.get(serverDistDir);
    if (known !== undefined) return known;
    const read = (name: string) =>
      fs?.readFileSync(`${serverDistDir}/../${name}`).toString().trim() ?? "";
    const buildId = read("BUILD_ID");
    const { preview } = JSON.parse(read("prerender-manifest.json")) as PrerenderManifest;
    const { previewModeId } = preview;
    // Applications may choose equal ids. Next.js draws `previewModeId` for each build.
    const build = { id: `${buildId} ${sha256Short(previewModeId)}`, previewModeId };
    builds.set(serverDistDir, build);
    return build;
  }
}

/** Returns the tags in a value. */
function tagsIn(value: RouteValue | null): readonly string[] {
  const headers = value?.["headers"] as Readonly<Record<string, unknown>> | undefined;
  const text = headers?.[tagsHeader];
  if (typeof text === "string") return text.split(",");
  return (value?.kind === "FETCH" && (value["tags"] as string[] | undefined)) || [];
}

function split(value: RouteValue | null): Pick<StoredRoute, "value" | "bytes" | "segments"> {
  const bytes: Record<string, StoredBytes> = {};
  const rest: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value ?? {})) {
    if (member instanceof Uint8Array) bytes[name] = storedBytesOf(member);
    else if (name !== "segmentData") rest[name] = member;
  }
  const segmentData = value?.["segmentData"] as ReadonlyMap<string, Uint8Array> | undefined;
  const segments =
    segmentData && Array.from(segmentData, ([path, part]) => [path, storedBytesOf(part)] as const);
  return { value: value && (rest as RouteValue), bytes, segments };
}

function entryOf(stored: StoredRoute, isStale: boolean): RouteEntry | null {
  const { lastModified, cacheControl } = stored;
  const value = joined(stored);
  const expire = cacheControl?.expire;
  if (expire !== undefined && lastModified + expire * 1_000 <= Date.now()) return null;
  if (!isStale) return { value, lastModified, cacheControl };
  if (value?.kind === "FETCH") return { value, lastModified: lastModified - agedMs };
  // Next.js answers with a value that is past `revalidate`, and renders it again.
  const aged = Math.min(lastModified, Date.now() - 2_000);
  return { value, lastModified: aged, cacheControl: { revalidate: 1, expire } };
}

function joined({ value, bytes, segments }: StoredRoute): RouteValue | null {
  if (value === null) return null;
  const ofBytes = Object.entries(bytes).map(([name, part]) => [name, bufferIn(part)] as const);
  const segmentData = segments?.map(([path, part]) => [path, bufferIn(part)] as const);
  const parts = {
    ...Object.fromEntries(ofBytes),
    segmentData: segmentData && new Map(segmentData),
  };
  return { ...copyOf(value), ...parts };
}

function bufferIn(stored: StoredBytes): Uint8Array {
  const bytes = bytesIn(stored);
  return nodeGlobals.Buffer?.from(bytes.buffer) ?? bytes;
}
