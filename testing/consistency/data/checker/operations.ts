// The records of a run with data: operations with the times at which they began and were answered,
// in milliseconds of the driver's clock.
import type { History, Mode, Write } from "../../checker/operations.ts";

/** The properties of a key that purges match, and the effect of a soft purge. */
export interface DataKey {
  /** The key with its namespace: `steady/a/1`. */
  readonly path: string;
  readonly tags: readonly string[];
  /** How long a softly purged value may be served during a new load; 0 if it may not. */
  readonly staleMs: number;
  /** How long a value may be served after its load. */
  readonly livesMs: number;
}

export interface DataOrder {
  readonly keys?: readonly string[];
  readonly tags?: readonly string[];
  readonly prefixes?: readonly string[];
}

/**
 * The result of one call for one key. A call that reads several fields has their oldest version.
 */
export interface DataRead {
  /**
   * The kind of call; `forced` for `getOrSet` with `forceFresh`, and `page` for a page without tags whose handler calls
   * `getOrSet`.
   */
  readonly by: "get" | "getMany" | "getOrSet" | "getOrSetMany" | "forced" | "fields" | "page";
  /** A colo, or the process. */
  readonly place: string;
  /** The life of the place that answered. */
  readonly isolate: string;
  readonly path: string;
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
  readonly version: number;
}

/** A purge by its own call, or by a write through the cache. */
export interface DataPurge {
  readonly id: string;
  readonly by: string;
  readonly order: DataOrder;
  readonly mode: Mode;
  readonly isolate: string;
  /**
   * The time of sending; for a write, the time of its commit at the source. The purge covers
   * earlier writes.
   */
  readonly sentAtMs: number;
  readonly returnedAtMs: number;
  /** `unknown`: no answer arrived. A purge by a write has no `position`. */
  readonly outcome: "accepted" | "refused" | "unknown";
  readonly position?: string;
}

/**
 * A write whose result its isolate knows, whether success or failure. The isolate must not return
 * an older version afterwards.
 */
export interface ToldWrite {
  readonly isolate: string;
  readonly path: string;
  readonly version: number;
  readonly toldAtMs: number;
}

/** A number that was read from a field. */
export interface SeenCount {
  readonly path: string;
  readonly atMs: number;
  readonly value: number;
}

/** An attempt to increment a field by one. */
export interface Increment {
  readonly path: string;
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
  /** Absent if the result is unknown: the increment may have counted. */
  readonly value?: number;
}

export interface DataHistory extends Pick<
  History,
  "maxLagMs" | "allowanceMs" | "replicaLags" | "originMsMax" | "originErrors" | "isolates"
> {
  readonly keys: readonly DataKey[];
  readonly places: readonly string[];
  readonly writes: readonly Write[];
  readonly reads: readonly DataRead[];
  readonly purges: readonly DataPurge[];
  readonly told: readonly ToldWrite[];
  readonly counts: readonly SeenCount[];
  readonly increments: readonly Increment[];
  /** Positions that the database sent to a place, with their times. */
  readonly positions: ReadonlyMap<string, number>;
  /** Descriptions of answers that mix two versions, or contain a value that was never written. */
  readonly broken: readonly string[];
  /**
   * The time at which faults were healed, writers had stopped, and every key was purged after its
   * last write. Absent while the run continues.
   */
  readonly quietFromMs?: number | undefined;
}
