// The plans of all histories of a run.
import { createHash } from "node:crypto";
import { Draws } from "../../testing/draws.ts";
import { type Plan, planOf } from "../histories/plan.ts";
import { type Mode, processCount } from "./adapter.ts";

/** A purge of the item's tag at one process. */
export interface Call {
  readonly mode: Mode;
  readonly process: number;
}

interface NamedPlan {
  readonly id: string;
  readonly plan: Plan<string, Call>;
}

/** Returns the plans of a run. They depend on the seed, the count and the modes only. */
export function plansOf(seed: number, historyCount: number, modes: readonly Mode[]): NamedPlan[] {
  const draws = new Draws(seed);
  const processes = Array.from({ length: processCount }, (_, index) => index);
  const purge = (from: Draws): Call => ({
    mode: from.oneOf(modes),
    process: from.oneOf(processes),
  });
  return Array.from({ length: historyCount }, (_, nth) => ({
    id: `item-${nth}`,
    plan: planOf(draws.fork(), { caches: ["value"], processCount, purge }),
  }));
}

/** Returns a short name for plans: equal plans have equal names. */
export const digestOf = (plans: readonly NamedPlan[]): string =>
  createHash("sha256").update(JSON.stringify(plans)).digest("hex").slice(0, 12);
