// What a run with data records: operations with the instants at which they were begun and answered, by the
// driver's one clock, in milliseconds.
import type { History, Mode, Write } from "../../checker/operations.ts";

/** What purges are matched against, and what a soft one leaves possible. */
export interface DataKey {
  /** With its namespace: `steady/a/1`. */
  readonly path: string;
  readonly tags: readonly string[];
  /** How long a value that was purged softly may answer while it is loaded anew; 0 for not at all. */
  readonly staleMs: number;
  /** How long a value may answer at all, from its load on. */
  readonly livesMs: number;
}

export interface DataOrder {
  readonly keys?: readonly string[];
  readonly tags?: readonly string[];
  readonly prefixes?: readonly string[];
}

/** What one call was given under one key; of fields the oldest of them. */
export interface DataRead {
  /** Of calls that wait for a load of their own, `forced`. */
  readonly by: "get" | "getMany" | "getOrSet" | "getOrSetMany" | "forced" | "fields";
  /** A colo, or the process. */
  readonly place: string;
  /** Which life of it was asked. */
  readonly isolate: string;
  readonly path: string;
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
  readonly version: number;
}

/** One purge that the journal was to take: ordered, or by a write. */
export interface DataPurge {
  readonly id: string;
  readonly by: string;
  readonly order: DataOrder;
  readonly mode: Mode;
  readonly isolate: string;
  /** When it was sent; for a write, when the database had it. What was written until then is covered. */
  readonly sentAtMs: number;
  readonly returnedAtMs: number;
  /** `unknown`: no answer has come. Only an ordered purge is told its position. */
  readonly outcome: "accepted" | "refused" | "unknown";
  readonly position?: string;
}

/** A write that its isolate was told of, well or ill: it shows nothing older from then on. */
export interface ToldWrite {
  readonly isolate: string;
  readonly path: string;
  readonly version: number;
  readonly toldAtMs: number;
}

/** A number that a field was seen with. */
export interface SeenCount {
  readonly path: string;
  readonly atMs: number;
  readonly value: number;
}

/** A try to raise a field by one. */
export interface Increment {
  readonly path: string;
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
  /** Absent where nothing is known of it: it may have counted. */
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
  /** Positions that the database has told a place, and when. */
  readonly positions: ReadonlyMap<string, number>;
  /** Answers that are not of one piece, or hold what was never written, in words. */
  readonly broken: readonly string[];
  /** Faults healed, writers stopped, every key purged after its last write. Absent while the run goes on. */
  readonly quietFromMs?: number;
}
