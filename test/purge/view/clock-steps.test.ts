// Detects steps back of the clock by more than A, and which instants are then in doubt (rule 10).
import { expect, it } from "vitest";
import { ClockSteps } from "../../../src/purge/view/clock-steps.ts";

const allowanceMs = 1_000;

it.each([
  { id: "less than A", atMs: 9_001, isSetBack: false },
  { id: "A", atMs: 9_000, isSetBack: false },
  { id: "more than A", atMs: 8_999, isSetBack: true },
])("a step back by $id is a step: $isSetBack", ({ atMs, isSetBack }) => {
  const steps = new ClockSteps(allowanceMs);
  expect(steps.isSetBackAt(10_000)).toBe(false);
  expect(steps.isSetBackAt(atMs)).toBe(isSetBack);
  expect(steps.count).toBe(isSetBack ? 1 : 0);
  expect([10_000, 10_001].map((at) => steps.isInDoubt(at))).toEqual([isSetBack, false]);
});

it.each([
  { id: "A", backMs: 1_000, isSetBack: false },
  { id: "more than A", backMs: 1_001, isSetBack: true },
])("a step back by $id while nothing reads the clock is a step: $isSetBack", (row) => {
  let aheadMs = 500;
  const steps = new ClockSteps(allowanceMs, () => aheadMs);
  expect(steps.isSetBackAt(10_000)).toBe(false);
  aheadMs -= row.backMs;
  expect(steps.isSetBackAt(70_000)).toBe(row.isSetBack);
  const highestAtMs = 70_000 + row.backMs;
  const inDoubt = [highestAtMs, highestAtMs + 1].map((at) => steps.isInDoubt(at));
  expect(inDoubt).toEqual([row.isSetBack, false]);
  expect(steps.isSetBackAt(70_001)).toBe(false);
});

it("small steps back add up", () => {
  let aheadMs = 0;
  const steps = new ClockSteps(allowanceMs, () => aheadMs);
  const found = [0, -600, -1_200, -1_800].map((at, nth) => {
    aheadMs = at;
    return steps.isSetBackAt(10_000 * nth);
  });
  expect(found).toEqual([false, false, true, false]);
});

it("a step forward counts from the first instant that was noted since", () => {
  let aheadMs = 0;
  const steps = new ClockSteps(allowanceMs, () => aheadMs);
  expect(steps.isSetBackAt(10_000)).toBe(false);
  aheadMs = 60_000;
  steps.noteAhead();
  aheadMs = 0;
  expect(steps.isSetBackAt(80_000)).toBe(true);
  expect(steps.isInDoubt(71_000)).toBe(true);
});

it("an earlier instant does not hide the highest one", () => {
  const steps = new ClockSteps(allowanceMs);
  steps.note(10_000);
  steps.note(5_000);
  expect(steps.isSetBackAt(6_000)).toBe(true);
});
