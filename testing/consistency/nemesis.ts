// Breaks the site and heals it, one fault after another, and notes what it did. Faults of the
// database follow each other; those of colos and of the origin happen beside them.
import { setTimeout as delay } from "node:timers/promises";
import { coloFaults } from "./colo-faults.ts";
import { databaseFaults } from "./database-faults.ts";
import type { Draws } from "../draws.ts";
import type { Recorder } from "./recorder.ts";
import type { SiteUnderTest } from "./site-under-test.ts";
import type { VersionedOrigin } from "./versioned-origin.ts";

export interface Victim {
  readonly site: Pick<SiteUnderTest, "redis" | "rest" | "colos">;
  readonly origin: Pick<VersionedOrigin, "errorShare" | "slowShare">;
  readonly recorder: Pick<Recorder, "nowMs" | "faults" | "losses" | "replicaLags">;
  readonly draws: Draws;
}

/** From the first change to the last repair. */
export type Fault<V extends Victim = Victim> = (victim: V) => Promise<void>;

/** Faults of one group follow each other; groups go on beside each other. */
export type FaultGroups<V extends Victim> = Readonly<Record<string, FaultGroup<V>>>;
type FaultGroup<V extends Victim> = Readonly<Record<string, Fault<V>>>;

export const faultsByGroup = { database: databaseFaults, colo: coloFaults };
type Groups = typeof faultsByGroup;
export type FaultName = keyof Groups["database"] | keyof Groups["colo"];

export const faultNames: readonly FaultName[] = Object.values(faultsByGroup).flatMap(
  (faults) => Object.keys(faults) as FaultName[],
);

/** @returns once all groups have finished the fault that each was at when `isOver` came true */
export async function breakAndHeal<V extends Victim>(
  victim: V,
  given: {
    groups: FaultGroups<V>;
    /** Their names. */
    faults: readonly string[];
    /** The longest that nothing is broken between two faults of a group. */
    restMsMax: number;
    isOver: () => boolean;
  },
): Promise<void> {
  const { faults, restMsMax, isOver } = given;
  const { recorder } = victim;
  const inTurn = async (group: FaultGroup<V>, draws: Draws): Promise<void> => {
    const chosen = Object.entries(group).filter(([name]) => faults.includes(name));
    if (chosen.length === 0) return;
    let left: typeof chosen = [];
    while (!isOver()) {
      await delay(draws.between(restMsMax / 4, restMsMax));
      // Each comes before any comes twice.
      if (left.length === 0) left = [...chosen];
      const next = draws.oneOf(left);
      left = left.filter((each) => each !== next);
      const [fault, run] = next;
      const fromMs = recorder.nowMs();
      if (isOver()) return;
      await run({ ...victim, draws });
      recorder.faults.push({ fault, fromMs, untilMs: recorder.nowMs() });
    }
  };
  const groups = Object.values(given.groups).map((group) => ({
    group,
    draws: victim.draws.fork(),
  }));
  await Promise.all(groups.map(({ group, draws }) => inTurn(group, draws)));
}
