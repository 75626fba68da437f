// The events of one history: reads of one item of an origin through caches, and purges of it. All
// times are epoch milliseconds, seen from the client.

export interface Read<Cache extends string = string> {
  readonly kind: "read";
  /** The cache that answers, if a process has several. */
  readonly cache: Cache;
  /** The index of the process. */
  readonly process: number;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  readonly version: number;
  /** When the load of the answered value reached the origin, and when the origin answered it. */
  readonly loadedAtMs: readonly [from: number, to: number];
}

export interface Purge<Cache extends string = string> {
  readonly kind: "purge";
  /** Whether stale answers are permitted until the value is loaded again. */
  readonly isSoft: boolean;
  /** The cache whose path is purged; `undefined` if the tag of all caches is purged. */
  readonly path: Cache | undefined;
  readonly process: number;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  /** Whether the call answered with success. */
  readonly isAccepted: boolean;
  /** The item's version at the origin when the call was sent. */
  readonly version: number;
  /** Whether the call was sent while a load of the item waited for the origin. */
  readonly isDuringLoad: boolean;
}

/** A request without an answer that shows a version. */
export interface Failure {
  readonly kind: "failure";
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  readonly status: number;
}

/** The state of an item that the client knows when it purges the item. */
export type Seen = Pick<Purge, "version" | "isDuringLoad">;

export type HistoryEvent<R extends Read = Read, P extends Purge = Purge> = R | P | Failure;

/** A time in which a process was dead or a store did not answer. */
export type Fault = readonly [fromMs: number, toMs: number];

export interface Bounds {
  /** The time from a purge's success until no read may show an older version. */
  readonly withinMs: number;
  /**
   * After a soft purge, the time from the answer that may be stale until the refreshed value must
   * answer.
   */
  readonly refreshMs: number;
}

export const isSameEntry = (one: Read, other: Read): boolean =>
  one.cache === other.cache && one.process === other.process;

export const overlaps = (faults: readonly Fault[], fromMs: number, toMs: number): boolean =>
  faults.some(([from, to]) => from <= toMs && to >= fromMs);
