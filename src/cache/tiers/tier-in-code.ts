// Tiers that a Worker gets in code.
import type { Fault } from "../../base/operator-error.ts";
import type { TierName } from "../../config/tier-names.ts";
import type { Log } from "../../observe/log-line.ts";
import type { RecordForm } from "./record-form.ts";
import type { Tier } from "./tier.ts";

/** The settings that every tier gets. */
export interface TierSettings<Detail> {
  readonly form: RecordForm<Detail>;
  /** Begins each key, so that several sites may share a store. */
  readonly namespace: string;
  readonly nowAtMs: () => number;
  /** A record of another version or form, or a body that is not the one its metadata names. */
  readonly onBadRecord: () => void;
  readonly log: Log;
}

export type MakeTier = <Detail>(settings: TierSettings<Detail>) => Tier<Detail>;

/** A tier that a Worker gets in code. Only a Worker that imports it bundles it. */
export interface TierInCode {
  readonly name: TierName;
  /** @returns its maker; or what is wrong with the bindings */
  readonly bound: (env: Readonly<Record<string, unknown>>) => MakeTier | Fault;
}
