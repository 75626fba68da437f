// The port of slices, in which accepted changes wait until a flush writes them to the sink.
import type { RemoteAnswer } from "../remote/remote-client.ts";
import type { Mark } from "./sinks/sink.ts";

/** The changes that an isolate sends together. All attempts have the same id and slice. */
export interface Batch<Change> {
  readonly id: string;
  readonly slice: number;
  /** One change for each key. */
  readonly changes: readonly Change[];
  /** The batch's former slice, which Redis has refused; absent for most batches. */
  readonly formerSlice?: number | undefined;
}

/** The time of a set: the clock of Redis plus a lead, which grows if the clock falls back too far. */
export interface SetTime {
  readonly atMs: number;
  /** Shrinks by an eighth of the time that passes. */
  readonly leadMs: number;
}

/** The changes that wait for the sink. */
export interface Backlog {
  readonly keyCount: number;
  /** The oldest waiting slice; `undefined` if none waits. */
  readonly oldestSlice: number | undefined;
}

/**
 * - `accepted`: the batch counts once, even after several attempts.
 * - `late`, `early`: by the set's time, the slice is too old or too new.
 * - `full`: the backlog has reached its limit.
 * - `paused`: Redis is nearly full, so the batch was not sent.
 */
export type Acceptance =
  | { readonly kind: "accepted"; readonly time: SetTime; readonly backlog: Backlog }
  | { readonly kind: "late" | "early" | "full"; readonly time: SetTime }
  | { readonly kind: "paused" };

/** A slice that has rested, so no change can enter it any more. */
export interface RestedSlice {
  readonly slice: number;
  /** The keys in the order of their UTF-8 bytes. */
  readonly keys: readonly string[];
}

/** The changes of a slice for the requested keys. */
export interface SliceRead<Change> {
  readonly slice: number;
  /** Omits keys without a change. */
  readonly changes: ReadonlyMap<string, Change>;
}

/**
 * - `counted`: the refusal was counted. The change will be sent again.
 * - `kept`: the change is a dead letter, and no longer in its slice, so the sink's mark may pass it.
 * - `full`: there is no room for more dead letters.
 */
export interface RefusalCount {
  readonly kind: "counted" | "kept" | "full";
  /** The number of dead letters of the set. */
  readonly letterCount: number;
}

/** A change that the sink has refused for its content. */
export interface DeadLetter<Change> {
  readonly id: string;
  readonly change: Change;
}

/** The limit for the dead letters of a set. At the limit, a flush stops at a refused change. */
export const letterCountMax = 1_000;

/** The changes of a rested slice for the first requested keys. */
export interface SliceChanges<Change> {
  /** The number of requested keys that fit into a chunk, at least one. */
  readonly keyCount: number;
  /** The changes of these keys, in the order of the keys. Omits keys with an invalid text. */
  readonly changes: readonly Change[];
}

/** The slices of one set. Each call is one command to the primary. No call rejects. */
export interface SliceStore<Change> {
  /** `unavailable`: the batch may or may not have been accepted. It may be sent again. */
  accept(batch: Batch<Change>): Promise<RemoteAnswer<Acceptance>>;
  /** Returns the oldest slice if it has rested; otherwise `undefined`. */
  rested(): Promise<RemoteAnswer<RestedSlice | undefined>>;
  /**
   * Reads the changes of the first keys that fit into a chunk.
   *
   * @param keys 1 to `chunkCountMax`
   * @returns `undefined` if the slice no longer exists
   */
  changes(
    slice: number,
    keys: readonly string[],
  ): Promise<RemoteAnswer<SliceChanges<Change> | undefined>>;
  /**
   * Records that the sink has refused a change. The change becomes a dead letter after its last
   * attempt. Repeated calls store one dead letter.
   */
  refused(slice: number, change: Change): Promise<RemoteAnswer<RefusalCount>>;
  /**
   * Moves the set's time past the sink's mark, if a batch could still enter the mark's slice. Gives
   * waiting slices numbers after the mark, unless the mark's slice also waits.
   *
   * @returns the number of changes that have moved to other slices
   */
  passMark(mark: Mark): Promise<RemoteAnswer<number>>;
  /** Removes a slice that the sink has completely confirmed. The slice may already be gone. */
  drop(slice: number): Promise<RemoteAnswer<Backlog>>;
  /** Reads the changes of the keys in all slices, oldest first, at one moment. */
  read(keys: readonly string[]): Promise<RemoteAnswer<readonly SliceRead<Change>[]>>;
}

/** The limit for the changes in a chunk, which the sink applies in one transaction. */
export const chunkCountMax = 500;

/** Returns whether the sink has a whole slice, by its mark. */
export function isApplied(mark: Mark | undefined, slice: number): mark is Mark {
  if (mark === undefined || slice > mark.slice) return false;
  return slice < mark.slice || mark.key === null;
}

/** Returns whether a change is past the mark, so the sink does not have the change yet. */
export function isPast(mark: Mark | undefined, slice: number, key: string): boolean {
  if (mark === undefined || slice > mark.slice) return true;
  return slice === mark.slice && mark.key !== null && compareBytes(key, mark.key) > 0;
}

/**
 * Compares texts by their UTF-8 bytes, whose order is that of code points.
 *
 * @returns below 0 if `a` comes first
 */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [ofA, ofB] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (ofA !== ofB) return rank(ofA) - rank(ofB);
  }
  return a.length - b.length;
}

/** Ranks surrogates above all other UTF-16 units, because they encode the highest code points. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
