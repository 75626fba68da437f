// Tiers that a Worker is handed in code.
import type { Fault } from "../../base/operator-error.ts";
import type { TierName } from "../../config/tier-names.ts";
import type { Log } from "../../observe/log-line.ts";
import type { RecordForm } from "./record-form.ts";
import type { Tier } from "./tier.ts";

/** What every tier is made with. */
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

/** A tier that a Worker is handed: it is bundled where it is imported, and nowhere else. */
export interface TierInCode {
  readonly name: TierName;
  /** @returns how it is made; or why it cannot be, by these bindings */
  readonly bound: (env: Readonly<Record<string, unknown>>) => MakeTier | Fault;
}
