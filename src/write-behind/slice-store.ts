// The port of the slices: where batches of changes wait until a flush brings them to the sink.
import type { RedisAnswer } from "../redis/redis-client.ts";
import type { Mark } from "./sinks/sink.ts";

/** What an isolate gathered: its id and its slice are fixed once, and are the same on each try. */
export interface Batch<Change> {
  readonly id: string;
  readonly slice: number;
  /** One for each key. */
  readonly changes: readonly Change[];
}

/** How much waits for the sink. */
export interface Backlog {
  readonly keyCount: number;
  /** The oldest slice that waits; `undefined`: none does. */
  readonly oldestSlice: number | undefined;
}

/**
 * - `accepted`: counts once from now on, also if this is one try of several.
 * - `late`, `early`: the clock of the database is too far from the slice. It is final: never another slice.
 * - `full`: too much waits for the sink.
 * - `paused`: the database is nearly full, so nothing was sent to it.
 */
export type Acceptance =
  | { readonly kind: "accepted"; readonly backlog: Backlog }
  | { readonly kind: "late" | "early" | "full" | "paused" };

/** A slice that has rested: nothing can come into it any more. */
export interface RestedSlice {
  readonly slice: number;
  /** In the order of their UTF-8 bytes. */
  readonly keys: readonly string[];
}

/** What a slice that is not dropped holds for the keys that were asked for. */
export interface SliceRead<Change> {
  readonly slice: number;
  /** Keys that it does not hold are absent. */
  readonly changes: ReadonlyMap<string, Change>;
}

/** What a rested slice holds for the first of the keys that were asked for. */
export interface SliceChanges<Change> {
  /** So many of the keys, from the first on: as many as a chunk has room for, and one at the least. */
  readonly keyCount: number;
  /** Of these keys, in their order. */
  readonly changes: readonly Change[];
}

/** Of one set. Each call is one command, for the primary of the database. No call rejects. */
export interface SliceStore<Change> {
  /** `unavailable`: nobody knows whether it was accepted. The same batch may be sent again. */
  accept(batch: Batch<Change>): Promise<RedisAnswer<Acceptance>>;
  /** The oldest slice, if it has rested; `undefined` if it has not, or if there is none. */
  rested(): Promise<RedisAnswer<RestedSlice | undefined>>;
  /**
   * @param keys 1 to `chunkCountMax`
   * @returns `undefined` if the slice is there no longer
   */
  changes(
    slice: number,
    keys: readonly string[],
  ): Promise<RedisAnswer<SliceChanges<Change> | undefined>>;
  /** Removes a slice that the sink has confirmed to the end. It may be gone already. */
  drop(slice: number): Promise<RedisAnswer<Backlog>>;
  /** Of all slices that are not dropped, the oldest first, at one moment. */
  read(keys: readonly string[]): Promise<RedisAnswer<readonly SliceRead<Change>[]>>;
}

/** Of changes in a chunk: what one transaction of the sink is given. */
export const chunkCountMax = 500;

/** Does a change stand past the mark, so that the sink does not have it? */
export function isPast(mark: Mark | undefined, slice: number, key: string): boolean {
  if (mark === undefined || slice > mark.slice) return true;
  return slice === mark.slice && mark.key !== null && compareBytes(key, mark.key) > 0;
}

/** The order of UTF-8 bytes, which is that of code points. @returns below 0 if `a` comes first */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [ofA, ofB] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (ofA !== ofB) return rank(ofA) - rank(ofB);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points past all others, and not between them. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
