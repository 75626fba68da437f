// The shared tier, and a store of large bodies, that a Worker passes in code.
import type { Fault } from "../../base/operator-error.ts";
import type { Log } from "../../observe/log-line.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { RecordForm } from "./record-form.ts";
import type { Tier } from "./tier.ts";

/** The settings of every tier. */
export interface TierSettings<Detail> {
  readonly form: RecordForm<Detail>;
  /** The prefix of each key, so that several sites can share a store. */
  readonly namespace: string;
  readonly nowAtMs: () => number;
  /** Called for a record of another version or form, or with a body that does not match its metadata. */
  readonly onBadRecord: () => void;
  /** Called for each call of the store of large bodies. */
  readonly onBodyCall?: ((call: BodyCall) => void) | undefined;
  readonly log: Log;
  /** The option `limits.objectBytes`; absent for no limit. */
  readonly objectBytes?: number | undefined;
  /** Counts the operations that the store bills. */
  readonly metrics?: Pick<Metrics, "add"> | undefined;
}

export type BodyCall = "put" | "get" | "head" | "delete";

export type MakeTier = <Detail>(settings: TierSettings<Detail>) => Tier<Detail>;

/** A shared tier that a Worker passes in code. Only Workers that import the tier bundle it. */
export interface TierInCode {
  /** Returns the maker of the tier, or the fault in the bindings. */
  readonly bound: (env: Readonly<Record<string, unknown>>) => MakeTier | Fault;
}

/** A store that a Worker passes in code, for bodies that are too large for the shared tier. */
export interface BodiesInCode {
  /** Returns a function that adds the store to the maker of the shared tier, or the fault in the bindings. */
  readonly bound: (
    env: Readonly<Record<string, unknown>>,
  ) => ((make: MakeTier) => MakeTier) | Fault;
}
