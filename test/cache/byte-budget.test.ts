// Tests the budget for the bytes of bodies in memory.
import { expect, it } from "vitest";
import { ByteBudget } from "../../src/cache/byte-budget.ts";

it("a budget counts held bytes even beyond its limit, and then permits no more", () => {
  const budget = new ByteBudget(10);
  const cancelBody = budget.hold({}, 25);
  expect(budget.take(1)).toBe(false);
  cancelBody();
  cancelBody();
  expect([budget.take(10), budget.hasRoomFor(0), budget.take(1)]).toEqual([true, true, false]);
});

it("a budget counts bytes that were counted elsewhere only after `countFromNow`", () => {
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

it("a budget does not give back bytes that it has not counted", () => {
  const budget = new ByteBudget(10);
  budget.hold({}, 10, { isCountedElsewhere: true })();
  expect([budget.hasRoomFor(10), budget.hasRoomFor(11)]).toEqual([true, false]);
});

it("a budget counts an object once, however often it is held", () => {
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

it("a budget reserves a quarter for small bodies", () => {
  const budget = new ByteBudget(100);
  expect([budget.take(75, "large"), budget.take(1, "large")]).toEqual([true, false]);
  expect([budget.isShort, budget.take(25), budget.take(1)]).toEqual([true, true, false]);
  budget.give(1);
  expect(budget.isShort).toBe(false);
});

it("a budget counts bytes for a client that does not begin to read for 45 s", () => {
  let atMs = 0;
  const budget = new ByteBudget(10, () => atMs);
  const [giveBack, hold] = [budget.lend(4), budget.hold({}, 6)];
  budget.untilRead(hold, () => true);
  atMs = 44_999;
  expect([budget.lend(4), budget.hasRoomFor(1)]).toEqual([undefined, false]);
  atMs = 45_000;
  expect([budget.hasRoomFor(4), budget.hasRoomFor(5)]).toEqual([true, false]);
  expect(budget.take(4)).toBe(true);
  giveBack?.();
  expect(budget.hasRoomFor(1)).toBe(false);
  hold();
  expect(budget.hasRoomFor(6)).toBe(true);
});

it("a budget gives lent bytes back once", () => {
  const budget = new ByteBudget(10);
  const giveBack = budget.lend(10);
  for (const _ of [1, 2]) giveBack?.();
  expect([budget.hasRoomFor(10), budget.hasRoomFor(11)]).toEqual([true, false]);
});
