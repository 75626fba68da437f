// The state of one request of an OpenNext Worker: the starts of its loads, and the values that it has looked up.
// A request shares no state with another, because the Workers runtime forbids to use another request's I/O.
import { type AsyncStorage, nodeGlobals } from "../base/node-globals.ts";
import { OperatorError } from "../base/operator-error.ts";
import { sha256Short } from "../base/sha256.ts";
import type { DataCache } from "../data/create-data-cache.ts";
import type { GivenStart } from "../data/load/make-record.ts";
import type { Lookup } from "../data/lookup-for-caller.ts";
import type { Namespace } from "../data/namespace.ts";
import type { DataPurge } from "../data/purge-data.ts";
import type { Log } from "../observe/log-line.ts";
import { pathTagOf, segmentOf, tagsOf } from "./library-key.ts";

/** A page, a fetch or a result of `"use cache"`, as OpenNext passes it. */
export interface OpenNextValue {
  readonly meta?: { readonly headers?: Readonly<Record<string, unknown>> } | undefined;
  readonly data?: { readonly tags?: readonly string[] } | undefined;
  readonly tags?: readonly string[] | undefined;
  /** In seconds; `false` without limit. */
  readonly revalidate?: number | false | undefined;
  /** The lifetime of a result of `"use cache"`, in seconds. */
  readonly expire?: number | undefined;
  /** The start of the function with `"use cache"`, in epoch milliseconds. */
  readonly timestamp?: number | undefined;
}

/** A stored value. */
export interface OpenNextEntry {
  readonly value: OpenNextValue;
  /** When it was stored, in epoch milliseconds. */
  readonly lastModified: number;
}

/** The parts that all requests of an isolate share. */
export interface OpenNextStores {
  readonly data: DataCache;
  readonly values: Namespace<OpenNextEntry, string[]>;
  /** A value per finished revalidation. Its lock makes one isolate of all revalidate a page. */
  readonly revalidations: Namespace<boolean, string[]>;
  readonly log: Log;
  /** How long a value answers after a soft purge. */
  readonly staleMs: number;
  /** The longest lifetime of a value. */
  readonly keepMs: number;
}

/** The type of a cached value, which is part of its key. */
export type OpenNextKind = "cache" | "fetch" | "composable";

type EntryLookup = Lookup<OpenNextEntry>;

export class OpenNextRequest {
  readonly stores: OpenNextStores;
  readonly env: Readonly<Record<string, unknown>>;
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** A start from before all loads of this request; `undefined` before `begin`. */
  #begun: GivenStart | undefined;
  /** The starts of the first lookup of each key, which precede all loads of the key in this request. */
  readonly #starts = new Map<string, GivenStart>();
  /** The values that this request found, by `lastModified`. */
  readonly #found = new Map<number, EntryLookup[]>();
  readonly #results: EntryLookup[] = [];
  readonly #purges: Promise<boolean>[] = [];
  /** The field of tags of each page that this request found, by its key. */
  readonly #tagFields = new Map<string, unknown>();
  /** The tags of the page, by which a purge also covers the results of `"use cache"` on it. */
  readonly #pageTags = new Set<string>();

  constructor(
    stores: OpenNextStores,
    { env, waitUntil }: Pick<OpenNextRequest, "env" | "waitUntil">,
  ) {
    this.stores = stores;
    this.env = env;
    this.waitUntil = waitUntil;
  }

  /**
   * Takes the start of the request's loads. OpenNext must get the request afterwards, because the first
   * start of an isolate reads the journal, and that read may return a purge of the meantime.
   */
  async begin(): Promise<void> {
    this.#begun = await this.stores.data.start();
  }

  /** Returns the stored value, unless a purge covers it. */
  async get(key: string, kind: OpenNextKind): Promise<OpenNextEntry | undefined> {
    const place = placeOf(key, kind);
    const tags = kind === "composable" ? [...this.#pageTags] : [];
    const found = await this.stores.values.lookUp(place, { tags });
    const name = JSON.stringify(place);
    if (!this.#starts.has(name)) this.#starts.set(name, found.startAfter);
    if (found.value === undefined || found.value === null) return undefined;
    const { lastModified, value } = found.value;
    this.#tagFields.set(name, value.meta?.headers?.[tagField]);
    this.#found.set(lastModified, [...(this.#found.get(lastModified) ?? []), found]);
    if (kind === "composable") {
      // Next.js may have named tags of the page meanwhile.
      for (let count = tags.length; count < this.#pageTags.size;) {
        count = this.#pageTags.size;
        if ((await found.judge([...this.#pageTags])) === "unusable") return undefined;
      }
      this.#results.push(found);
    }
    return found.value;
  }

  /** Stores a value with a start from before its load, so a purge during the load covers it. */
  async set(key: string, given: OpenNextValue, kind: OpenNextKind): Promise<void> {
    const { values } = this.stores;
    const place = placeOf(key, kind);
    const name = JSON.stringify(place);
    const own = this.#starts.get(name);
    const start = own ?? (await this.#startOver(place));
    if (start === undefined) return;
    const value = withTags(given, this.#tagFields.get(name));
    this.#tagFields.set(name, value.meta?.headers?.[tagField]);
    const tags = tagsOf([...tagsIn(value), ...(kind === "cache" ? [pathTagOf(key)] : [])]);
    const entry = { value, lastModified: Date.now() };
    await values.set(place, entry, { ...this.#lifetimesOf(value), tags, start, everywhere: false });
  }

  /** A revalidation looks nothing up before its load. The lookup here only names the value to replace. */
  async #startOver(place: string[]): Promise<GivenStart | undefined> {
    const { over } = (await this.stores.values.lookUp(place)).start;
    return this.#begun && { ...this.#begun, over };
  }

  async delete(key: string): Promise<void> {
    await this.stores.values.delete(placeOf(key, "cache"));
  }

  /** Next.js renews values itself after `revalidate`, so a value stays longer, as a stale one. */
  #lifetimesOf({ revalidate, expire }: OpenNextValue) {
    const { keepMs, staleMs } = this.stores;
    const isLimited = typeof revalidate === "number" && revalidate > 0;
    const fresh = isLimited ? Math.min(revalidate * 1_000, keepMs) : keepMs;
    const restMs = expire === undefined ? staleMs : Math.max(0, expire * 1_000 - fresh);
    return { fresh, stale: Math.min(staleMs, restMs) };
  }

  /**
   * Judges the values that this request found with this `lastModified`. `unusable` if there is none. Of
   * several, the worst decides.
   */
  async judge(tags: readonly string[], lastModified: number | undefined) {
    const found = lastModified === undefined ? undefined : this.#found.get(lastModified);
    const kinds = found ? await judgedAll(found, tagsOf(tags)) : ["unusable"];
    if (kinds.includes("unusable")) return "unusable";
    return kinds.includes("stale") ? "stale" : "fresh";
  }

  /** Purges by calls of Next.js, whose caller does not learn of a refusal: `arePurged` does. */
  async purge(order: DataPurge): Promise<void> {
    const purging = this.stores.data.purge(order);
    this.#purges.push(
      purging.then(
        () => true,
        () => false,
      ),
    );
    await purging;
  }

  /** Waits for the purges that were begun. Returns whether all of them were accepted. */
  async arePurged(): Promise<boolean> {
    return !(await Promise.all(this.#purges)).includes(false);
  }

  /**
   * Returns a time up to which results of `"use cache"` are not used, in epoch milliseconds: that of the
   * newest one that a purge by these tags covers; 0 if there is none. Later lookups of this request also
   * consider these tags.
   */
  async purgedUntilMs(given: readonly string[]): Promise<number> {
    const tags = tagsOf(given);
    for (const tag of tags) this.#pageTags.add(tag);
    const results = [...this.#results];
    const kinds = await judgedAll(results, tags);
    const covered = results.filter((_, at) => kinds[at] === "unusable");
    return Math.max(0, ...covered.map(({ value }) => value?.value.timestamp ?? Date.now()));
  }
}

function judgedAll(found: readonly EntryLookup[], tags: readonly string[]) {
  return Promise.all(found.map(({ judge }) => judge(tags)));
}

/** The header field into which Next.js writes the tags of a page. */
const tagField = "x-next-cache-tags";

/**
 * Returns a page with the tags that it had when it was found: OpenNext removes them from what it has got, and Next.js
 * stores that again if a render fails.
 */
function withTags(value: OpenNextValue, found: unknown): OpenNextValue {
  const { meta } = value;
  if (found === undefined || meta?.headers?.[tagField] !== undefined) return value;
  return { ...value, meta: { ...meta, headers: { ...meta?.headers, [tagField]: found } } };
}

/** Returns the tags of a value. */
function tagsIn({ meta, data, tags }: OpenNextValue): readonly string[] {
  const ofPage = meta?.headers?.[tagField];
  const named = typeof ofPage === "string" ? ofPage.split(",") : [];
  return [...named, ...(data?.tags ?? []), ...(tags ?? [])];
}

/**
 * Returns the key. Each build has values of its own, as in the caches of OpenNext. Applications may choose
 * equal build ids, so the key also has a digest of the secret that Next.js draws for each build.
 */
export function placeOf(key: string, kind: OpenNextKind): string[] {
  const env = nodeGlobals.process?.env;
  const build = env?.["OPEN_NEXT_BUILD_ID"] ?? env?.["NEXT_BUILD_ID"] ?? "no-build-id";
  const drawn = sha256Short(env?.["NEXT_PREVIEW_MODE_ID"] ?? "");
  return [segmentOf(`${build} ${drawn}`), kind, segmentOf(key)];
}

/** OpenNext bundles this module several times. All copies use the requests of the first one. */
const here = globalThis as { [name: symbol]: AsyncStorage<OpenNextRequest> | undefined };
const requests = Symbol.for("tidemark.opennext.requests");

/** Returns the storage of the isolate's requests. */
export function openRequests(): AsyncStorage<OpenNextRequest> {
  const hooks = nodeGlobals.process?.getBuiltinModule?.("node:async_hooks");
  if (hooks === undefined) {
    throw new OperatorError({
      what: "Tidemark cannot open the cache of OpenNext.",
      why: "The Worker has no AsyncLocalStorage.",
      hint: 'Write "nodejs_compat" under compatibility_flags of the wrangler file.',
    });
  }
  return (here[requests] ??= new hooks.AsyncLocalStorage<OpenNextRequest>());
}

/** Returns the request that is being answered. Next.js also asks its caches during a build: then `undefined`. */
export function requestNow(): OpenNextRequest | undefined {
  return here[requests]?.getStore();
}
