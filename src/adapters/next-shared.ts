// The parts that both caches of Next.js use: the starts of recent lookups, stores that have begun, purges in the
// order of Next.js, and copies of bytes.
import type { GivenStart } from "../data/load/make-record.ts";
import { OperatorError } from "../base/operator-error.ts";
import { patiently } from "../base/timeouts.ts";
import type { DataCache } from "../data/create-data-cache.ts";
import type { DataPurge } from "../data/purge-data.ts";
import { purgedTagsOf } from "./library-key.ts";

/** A lookup that has ended. */
export interface LookupEnd {
  /** By `nextNowMs`. */
  readonly endedAtMs: number;
  /** Covers loads of any key that begin after the end. */
  readonly start: GivenStart;
}

type Equality = (one: LookupEnd, other: LookupEnd) => boolean;

const startsMax = 5_000;
const keysMax = 5_000;
const changesPerKeyMax = 16;
/** A start within this time of one at the same place is not kept: the earlier one also covers its loads. */
const everyMs = 1_000;

/** Returns epoch milliseconds by the clock of `timestamp` in Next.js, which never goes back. */
export const nextNowMs = (): number => performance.timeOrigin + performance.now();

/** All lists are in the order of the ends. */
export class RecentStarts {
  readonly #starts: LookupEnd[] = [];
  /** The lookups that found another value than the one before. The least recently looked up key is first. */
  readonly #changes = new Map<string, LookupEnd[]>();

  keep(ended: LookupEnd): void {
    add(ended, this.#starts, { max: startsMax, isEqual: isAtEqualPlace });
  }

  /** Keeps a start, and the value of the key that the lookup found. */
  keepFound(key: string, ended: LookupEnd): void {
    this.keep(ended);
    const changes = this.#changes.get(key) ?? [];
    this.#changes.delete(key);
    this.#changes.set(key, changes);
    add(ended, changes, { max: changesPerKeyMax, isEqual: hasEqualValue });
    const [oldest] = this.#changes.keys();
    if (this.#changes.size > keysMax && oldest !== undefined) this.#changes.delete(oldest);
  }

  /** Returns the start of a load that began at this time; `undefined` if no lookup ended before. */
  of(atMs: number, key?: string): GivenStart | undefined {
    const start = lastBefore(atMs, this.#starts);
    const changes = (key !== undefined && this.#changes.get(key)) || [];
    return start && { ...start, over: lastBefore(atMs, changes)?.over };
  }
}

function lastBefore(atMs: number, kept: readonly LookupEnd[]): GivenStart | undefined {
  return kept.findLast(({ endedAtMs }) => endedAtMs <= atMs)?.start;
}

function add(
  ended: LookupEnd,
  kept: LookupEnd[],
  { max, isEqual }: { readonly max: number; readonly isEqual: Equality },
): void {
  const before = kept.at(-1);
  if (before !== undefined && isEqual(before, ended)) return;
  kept.push(ended);
  if (kept.length > max) kept.shift();
}

function hasEqualValue({ start: { over: one } }: LookupEnd, { start: { over: other } }: LookupEnd) {
  return one?.respondedAtMs === other?.respondedAtMs && one?.bodyDigest === other?.bodyDigest;
}

function isAtEqualPlace(one: LookupEnd, other: LookupEnd): boolean {
  const isNear = other.endedAtMs - one.endedAtMs < everyMs;
  const isRefusedEqual = one.start.refusedCount === other.start.refusedCount;
  return isNear && isRefusedEqual && positionOf(one) === positionOf(other);
}

function positionOf({ start: { stamp } }: LookupEnd): string {
  return stamp === "none" ? stamp : stamp.position;
}

/** A load or a store that takes longer delays no lookup. */
const waitMsMax = 10_000;

export class PendingStores {
  readonly #byKey = new Map<string, Promise<unknown>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  add(key: string, store: Promise<unknown>): void {
    const ended = Promise.all([this.ended(key), store.catch(this.#onError)]);
    const all = patiently(ended, waitMsMax).finally(() => {
      if (this.#byKey.get(key) === all) this.#byKey.delete(key);
    });
    this.#byKey.set(key, all);
  }

  /** Waits for the stores of a key, but not for 10 s after the last one began. Never rejects. */
  async ended(key: string): Promise<void> {
    await this.#byKey.get(key);
  }
}

/** The lifetime of a profile, such as that of `revalidateTag(tag, "max")`. */
export interface NextDurations {
  /** In seconds. */
  readonly expire?: number | undefined;
}

export class NextPurges {
  readonly #data: Pick<DataCache, "purge">;
  readonly #staleMs: number;
  readonly #joined = new Map<string, Promise<void>>();

  /** @param staleMs how long a value may answer after a soft purge */
  constructor(data: Pick<DataCache, "purge">, staleMs: number) {
    this.#data = data;
    this.#staleMs = staleMs;
  }

  /**
   * Purges tags: softly if the profile lets values answer for at least as long as a soft purge does.
   *
   * @throws OperatorError for anything other than tags, and if the purge is not accepted
   */
  async purge(tags: readonly string[], durations: NextDurations | undefined): Promise<void> {
    if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) {
      throw new OperatorError({
        what: "The purge was not accepted.",
        why: "Its tags are not strings.",
        hint: 'Pass tags such as ["article-1"].',
      });
    }
    const names = [...new Set(purgedTagsOf(tags))].sort();
    if (names.length === 0) return;
    const soft = durations !== undefined && (durations.expire ?? Infinity) * 1_000 >= this.#staleMs;
    const order = { tags: names, soft, reason: "Next.js" };
    const text = JSON.stringify(order);
    const joined = this.#joined.get(text) ?? this.#ordered(text, order);
    this.#joined.set(text, joined);
    await joined;
  }
  /**
   * Orders a purge after this turn. Next.js passes the same tags to each of its caches in one turn, and one entry
   * of the journal is later than all these calls.
   */
  async #ordered(text: string, order: DataPurge): Promise<void> {
    await Promise.resolve();
    this.#joined.delete(text);
    await this.#data.purge(order);
  }
}

/** Text, or bytes that are not UTF-8. */
export type StoredBytes = string | Uint8Array;

export function storedBytesOf(bytes: Uint8Array): StoredBytes {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}

/** Returns a copy of the bytes. */
export function bytesIn(stored: StoredBytes): Uint8Array<ArrayBuffer> {
  return typeof stored === "string" ? new TextEncoder().encode(stored) : new Uint8Array(stored);
}
