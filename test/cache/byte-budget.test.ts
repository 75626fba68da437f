// What the budget of bytes lets be taken and held.
import { expect, it } from "vitest";
import { ByteBudget } from "../../src/cache/byte-budget.ts";

it("counts what is held beyond the bound, so that nothing more is taken", () => {
  const budget = new ByteBudget(10);
  const cancelBody = budget.hold({}, 25);
  expect(budget.take(1)).toBe(false);
  cancelBody();
  cancelBody();
  expect([budget.take(10), budget.hasRoomFor(0), budget.take(1)]).toEqual([true, true, false]);
});

it("counts what somebody else counted from when they let go of it, if it is held then", () => {
  const budget = new ByteBudget(10);
  const held = {};
  const cancelBody = budget.hold(held, 10, { isCountedElsewhere: true });
  expect(budget.hasRoomFor(10)).toBe(true);
  budget.countFromNow(held);
  budget.countFromNow(held);
  expect(budget.hasRoomFor(1)).toBe(false);
  cancelBody();
  budget.countFromNow(held);
  expect(budget.hasRoomFor(10)).toBe(true);
});

it("gives nothing back that it has not counted", () => {
  const budget = new ByteBudget(10);
  budget.hold({}, 10, { isCountedElsewhere: true })();
  expect([budget.hasRoomFor(10), budget.hasRoomFor(11)]).toEqual([true, false]);
});

it("counts it once, whoever holds it first", () => {
  const budget = new ByteBudget(10);
  const held = {};
  const cancelBody = [
    budget.hold(held, 6, { isCountedElsewhere: true }),
    budget.hold(held, 6),
    budget.hold(held, 6, { isCountedElsewhere: true }),
  ];
  expect([budget.hasRoomFor(4), budget.hasRoomFor(5)]).toEqual([true, false]);
  for (const each of cancelBody) each();
  expect(budget.hasRoomFor(10)).toBe(true);
});

it("keeps a quarter for small bodies", () => {
  const budget = new ByteBudget(100);
  expect([budget.take(75, "large"), budget.take(1, "large")]).toEqual([true, false]);
  expect([budget.isShort, budget.take(25), budget.take(1)]).toEqual([true, true, false]);
  budget.give(1);
  expect(budget.isShort).toBe(false);
});
