// Tests how the comparison shortens a violating history.
import { expect, it } from "vitest";
import type { Judged } from "../../bench/compare/judge.ts";
import type { Call, NamedPlan } from "../../bench/compare/plans.ts";
import { lengthOf, shortened, shorterOf } from "../../bench/compare/shorten.ts";
import type { Plan } from "../../bench/histories/plan.ts";

const call: Call = { mode: "hard", process: 0 };
const step = { kind: "wait", pause: 0, duration: 1 } as const;
const purging = { kind: "purge", pause: 0, call } as const;
const load = (purge?: Call) => ({ duration: 0.5, purge });

const plan: Plan<string, Call> = {
  caches: ["value"],
  steps: [step, purging, step, step, step],
  loads: [load(), load(call)],
};

const violation = { causes: [] } as unknown as Judged["violations"][number];
const judged = (id: string, of: Plan<string, Call>, violations: Judged["violations"]): Judged => ({
  id,
  plan: of,
  events: [],
  violations,
});

/** Plays histories of a cache that violates the bound if the plan has both purges. */
const replay = async (plans: readonly NamedPlan[]) =>
  plans.map((named) => {
    const hasStep = named.plan.steps.some(({ kind }) => kind === "purge");
    const hasLoad = named.plan.loads.some(({ purge }) => purge !== undefined);
    return judged(named.id, named.plan, hasStep && hasLoad ? [violation] : []);
  });

it("leaves out the second half, each step, and each interruption of a load", () => {
  expect(shorterOf(plan).map(lengthOf)).toEqual([4, 5, 5, 5, 5, 5, 5]);
});

it("leaves out all steps that the violation does not need", async () => {
  const found = await shortened([judged("found", plan, [violation])], replay);
  expect(found?.plan.steps).toEqual([purging]);
  expect(found?.plan.loads).toEqual(plan.loads);
});

it("finds none if no history violates the bound again", async () => {
  const kept = async (plans: readonly NamedPlan[]) =>
    plans.map((named) => judged(named.id, named.plan, []));
  expect(await shortened([judged("found", plan, [violation])], kept)).toBeUndefined();
});

it("shortens no history that violates the bound during faults only", async () => {
  const during = { causes: ["fault"] } as unknown as Judged["violations"][number];
  expect(await shortened([judged("found", plan, [during])], replay)).toBeUndefined();
});
