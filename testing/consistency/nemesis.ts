// Breaks and heals the site, one fault after another, and records each fault. Faults of the
// database run in sequence; faults of colos and of the origin run in parallel with them.
import { setTimeout as delay } from "node:timers/promises";
import { coloFaults } from "./colo-faults.ts";
import { databaseFaults, objectFaults } from "./database-faults.ts";
import type { Draws } from "../draws.ts";
import type { Fault, Victim } from "./fault.ts";
import type { PlantedFault } from "./planted-faults.ts";

/** Groups of faults. Faults of one group run in sequence, and groups run in parallel. */
type FaultGroups<V extends Victim<never>> = Readonly<Record<string, FaultGroup<V>>>;
type FaultGroup<V extends Victim<never>> = Readonly<Record<string, Fault<V>>>;

export const faultsByGroup = {
  database: { ...databaseFaults, ...objectFaults },
  colo: coloFaults,
};
type Groups = typeof faultsByGroup;
export type FaultName = keyof Groups["database"] | keyof Groups["colo"];

export const faultNames: readonly FaultName[] = Object.values(faultsByGroup).flatMap(
  (faults) => Object.keys(faults) as FaultName[],
);

/** The faults that reveal each planted fault soonest. */
export const revealing = {
  "stamp-after-fetch": ["origin-slow"],
  "memory-not-judged": [],
  "bound-ignored": ["colo-cut-off", "colo-unanswered"],
  "loss-not-detected": ["redis-restarted-empty"],
  "soft-hides-hard": ["colo-cut-off", "colo-unanswered", "origin-slow"],
  "accepts-unwritten": ["redis-paused", "answers-to-appends-lost"],
  "never-hits": [],
} as const satisfies Record<PlantedFault, readonly FaultName[]>;

/** Causes faults until `isOver`, and then waits for the current fault of each group. */
export async function breakAndHeal<V extends Victim<never>>(
  victim: V,
  given: {
    groups: FaultGroups<V>;
    /** The names of the faults. */
    faults: readonly string[];
    /** The longest pause between two faults of a group. */
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
      // Run each fault once before repeating any.
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
