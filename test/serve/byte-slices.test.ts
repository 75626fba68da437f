// Bytes that several clients take in slices, and what the budget counts meanwhile.
import "../fakes/workers-globals.ts";
import { expect, it } from "vitest";
import { ByteBudget } from "../../src/serve/byte-budget.ts";
import { slicesOf, streamOf } from "../../src/serve/byte-slices.ts";
import { idle } from "../fakes/harness.ts";

it.each([
  { bytes: 0, slices: [] },
  { bytes: 1, slices: [1] },
  { bytes: 65_536, slices: [65_536] },
  { bytes: 65_537, slices: [65_536, 1] },
])("$bytes bytes are slices of the same buffer", ({ bytes, slices }) => {
  const whole = new Uint8Array(bytes);
  const views = [...slicesOf(whole)];
  expect(views.map(({ byteLength }) => byteLength)).toEqual(slices);
  expect(views.every(({ buffer }) => buffer === whole.buffer)).toBe(true);
});

it("counts once for all who read, until the last has read or left", async () => {
  const whole = Uint8Array.from({ length: 200_000 }, (_, at) => at % 251);
  const budget = new ByteBudget(300_000);
  const behind = { budget, afterAnswer: (work: () => Promise<void>) => void work() };
  const [first, second] = [streamOf(whole, behind), streamOf(whole.subarray(7), behind)];
  expect([budget.take(100_001), budget.take(100_000)]).toEqual([false, true]);
  budget.give(100_000);
  const read = new Uint8Array(await new Response(first).arrayBuffer());
  expect(Buffer.compare(read, whole)).toBe(0);
  await idle();
  expect(budget.take(100_001)).toBe(false);
  await second.cancel();
  await idle();
  expect(budget.take(300_000)).toBe(true);
});

it("counts what is held beyond the bound, so that nothing more is taken", async () => {
  const budget = new ByteBudget(10);
  const letGo = budget.hold(new ArrayBuffer(25));
  expect(budget.take(1)).toBe(false);
  letGo();
  letGo();
  expect([budget.take(10), budget.take(1)]).toEqual([true, false]);
});
