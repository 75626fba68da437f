// Exports of `tidemark/cachified`: a namespace of data as the cache of `@epic-web/cachified`. The file imports no
// package. Each value is stored with the start of its load, so a purge during the load covers the value.
import type { GivenStart } from "../data/load/make-record.ts";
import type { Namespace } from "../data/namespace.ts";
import { BoundedMarks } from "../base/bounded-map.ts";
import { copyOf } from "../data/value/frozen.ts";
import type { Key } from "../data/value/data-key.ts";
import { pathKeyOf } from "./library-key.ts";

/** An entry of cachified. A namespace for `cachifiedCache` has such values. */
export interface CachifiedEntry<Value = unknown> {
  readonly metadata: {
    /** Epoch milliseconds. Cachified reads the clock before it looks the key up. */
    readonly createdTime: number;
    /** In milliseconds; `null` for a value that does not expire. */
    readonly ttl?: number | null;
    /** How long the value may answer after `ttl`, in milliseconds; `null` without limit. */
    readonly swr?: number | null;
  };
  readonly value: Value;
}

/** The cache that cachified receives as its option `cache`. */
export interface CachifiedCache {
  readonly name: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- cachified's own type of a value
  get(key: string): Promise<CachifiedEntry<any> | undefined>;
  set(key: string, entry: CachifiedEntry): Promise<void>;
  delete(key: string): Promise<void>;
}

/** A lookup, whose start may be that of a load. */
interface Begun {
  /** The converted key, whose length is limited. */
  readonly key: string;
  calledAtMs: number;
  /** How long before the call cachified may have read the clock. */
  readonly afterMsMax: number;
  /** When the lookup ended; infinite before. */
  endedAtMs: number;
  start: GivenStart | undefined;
  /** `hit` if cachified begins no load after this lookup, or its load is over. */
  kind: "miss" | "stale" | "hit";
}

/** The number of lookups whose starts are kept. */
const begunMax = 5_000;
/** How often a hit keeps its start, for forced loads. */
const hitEveryMs = 1_000;
/** The first lookup of a process may be slow to begin, and has no earlier start to replace its own. */
const afterMsMax = { first: 100, later: 1 };
/** How long after a stale answer cachified may begin the refresh. */
const refreshWithinMs = 100;
/** The limit of `ttl` and `swr`: a year. */
const lifetimeMsMax = 31_536_000_000;

/**
 * Returns a cache for cachified.
 *
 * `fresh` of the namespace is the lifetime of values without a `ttl`.
 *
 * @example
 * const cache = cachifiedCache(data.namespace("articles", { fresh: "1d" }));
 * await cachified({ key: "42", cache, ttl: 60_000, getFreshValue: () => readArticle(42) });
 */
export function cachifiedCache(namespace: Namespace<CachifiedEntry>): CachifiedCache {
  return new StartedLoads(namespace);
}

class StartedLoads implements CachifiedCache {
  readonly name = "Tidemark";
  readonly #namespace: Namespace<CachifiedEntry>;
  /** In the order of the calls. */
  readonly #begun: Begun[] = [];
  /** When the last lookup that found a value was called, by key. */
  readonly #foundAtMs = new BoundedMarks<number>();
  #isUsed = false;

  constructor(namespace: Namespace<CachifiedEntry>) {
    this.#namespace = namespace;
  }

  async get(key: string): Promise<CachifiedEntry | undefined> {
    const calledAtMs = Date.now();
    const last = this.#begun.at(-1)?.calledAtMs ?? -Infinity;
    const keepsHit = calledAtMs - last >= hitEveryMs;
    return (await this.#lookedUp(pathKeyOf(key), { calledAtMs, keepsHit })).entry;
  }

  async #lookedUp(
    place: Key,
    { calledAtMs, keepsHit }: { readonly calledAtMs: number; readonly keepsHit: boolean },
  ) {
    const key = String(place);
    const begun: Begun = {
      key,
      calledAtMs,
      afterMsMax: this.#isUsed ? afterMsMax.later : afterMsMax.first,
      endedAtMs: Infinity,
      start: undefined,
      kind: "hit",
    };
    this.#isUsed = true;
    // If the clock was set back, the times of earlier lookups say nothing any more.
    if (calledAtMs < (this.#begun.at(-1)?.calledAtMs ?? 0)) this.#begun.length = 0;
    this.#begun.push(begun);
    if (this.#begun.length > begunMax) this.#begun.shift();
    const { value, isStale, start, startAfter } = await this.#namespace.lookUp(place);
    begun.start = start;
    begun.endedAtMs = Date.now();
    // A copy, because the application may change a value in place.
    const copy = copyOf(value) ?? undefined;
    const entry = isStale ? expiredAt(begun.endedAtMs, copy) : copy;
    if (entry !== undefined) this.#foundAtMs.set(key, calledAtMs);
    if (entry === undefined) begun.kind = "miss";
    else if (expiresAtMs(entry) < begun.endedAtMs) begun.kind = "stale";
    else if (!keepsHit) this.#dropped(begun);
    return { entry, begun, startAfter };
  }

  #dropped(begun: Begun): void {
    const at = this.#begun.lastIndexOf(begun);
    if (at !== -1) this.#begun.splice(at, 1);
  }

  async set(key: string, entry: CachifiedEntry): Promise<void> {
    const { createdTime } = entry.metadata;
    const place = pathKeyOf(key);
    const name = String(place);
    const own = this.#ownStart(name, createdTime);
    if (own !== undefined) {
      await this.#namespace.set(place, entry, {
        ...lifetimesOf(entry),
        start: own,
        everywhere: false,
      });
      return;
    }
    const begin = () => this.#lookedUp(place, { calledAtMs: Date.now(), keepsHit: true });
    // The start of an entry that the application has just created itself.
    await begin();
    const start = this.#startBefore(name, createdTime);
    if (start === undefined) await this.#namespace.delete(place);
    else await this.#namespace.set(place, entry, { ...lifetimesOf(entry), start });
    // The start of the next forced load must follow this purge.
    await begin();
  }

  /**
   * Purges the value. Cachified deletes a value that its check refuses, and then loads, so the load gets a
   * start after the purge.
   */
  async delete(key: string): Promise<void> {
    const place = pathKeyOf(key);
    const foundAtMs = this.#foundAtMs.get(String(place));
    await this.#namespace.delete(place);
    if (foundAtMs === undefined) return;
    const isOlder = (one: Begun) => one.key === String(place) && one.calledAtMs === foundAtMs;
    this.#begun.filter(isOlder).forEach((one) => this.#dropped(one));
    const lookup = { calledAtMs: Date.now(), keepsHit: true };
    const { begun, startAfter } = await this.#lookedUp(place, lookup);
    begun.calledAtMs = foundAtMs;
    begun.start = startAfter;
  }

  /**
   * Returns the start of the lookup after which cachified has loaded the entry. Cachified calls `get` in
   * the step in which it reads `createdTime`, and begins a refresh in the step after a stale answer.
   */
  #ownStart(key: string, createdTime: number): GivenStart | undefined {
    const ofKey = this.#begun.filter((one) => one.key === key);
    const load =
      ofKey.find((one) => one.kind !== "hit" && isCalledAt(one, createdTime)) ??
      ofKey.findLast(
        ({ kind, endedAtMs }) =>
          kind === "stale" && isWithin(createdTime - endedAtMs, refreshWithinMs),
      );
    if (load?.start === undefined) return undefined;
    // A later entry of this key must not get these starts as those of its own load.
    for (const one of ofKey) one.kind = "hit";
    return load.start;
  }

  /** Returns the last start that was taken before the entry's load began, for any key. */
  #startBefore(key: string, createdTime: number): GivenStart | undefined {
    if (createdTime > Date.now()) return undefined;
    return this.#begun.findLast(
      (one) => one.endedAtMs < createdTime || (one.key === key && isCalledAt(one, createdTime)),
    )?.start;
  }
}

function isCalledAt({ calledAtMs, afterMsMax: msMax }: Begun, createdTime: number): boolean {
  return isWithin(calledAtMs - createdTime, msMax);
}

const isWithin = (ms: number, msMax: number): boolean => ms >= 0 && ms <= msMax;

function expiresAtMs({ metadata: { createdTime, ttl } }: CachifiedEntry): number {
  return ttl === null ? Infinity : createdTime + (ttl ?? 0);
}

/** Returns an entry whose `ttl` has ended. Cachified does not know soft purges, and so would not refresh it. */
function expiredAt(atMs: number, entry: CachifiedEntry | undefined): CachifiedEntry | undefined {
  if (entry === undefined || expiresAtMs(entry) < atMs) return entry;
  const ttl = atMs - 1 - entry.metadata.createdTime;
  return { ...entry, metadata: { ...entry.metadata, ttl } };
}

/** Returns the rest of the entry's lifetimes. Zero would not be stored, so it becomes a millisecond. */
function lifetimesOf(entry: CachifiedEntry) {
  const freshMs = expiresAtMs(entry) - Date.now();
  const staleMs = (entry.metadata.swr ?? (entry.metadata.swr === null ? Infinity : 0)) || 0;
  const limited = (ms: number) => Math.min(Math.max(ms, 0), lifetimeMsMax);
  if (freshMs === Infinity) return {};
  return { fresh: Math.max(1, limited(freshMs)), stale: limited(staleMs + Math.min(0, freshMs)) };
}
