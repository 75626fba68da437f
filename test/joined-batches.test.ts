// What many requests have for one place is sent together, whatever it is and however often it may be.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { JoinedBatches } from "../src/joined-batches.ts";
import { FakeClock } from "../testing/fakes/fake-clock.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Sums of numbers, sent every ten seconds. */
function sums({ arrivesAt = 1 }: { arrivesAt?: number } = {}) {
  const clock = new FakeClock();
  const startedAtMs = clock.atMs;
  const sent: [atSeconds: number, sum: number][] = [];
  const lost: number[] = [];
  const batches = new JoinedBatches({
    joinMs: 10_000,
    nowAtMs: clock.nowAtMs,
    begun: () => ({ sum: 0 }),
    send: async ({ sum }) => {
      sent.push([(clock.atMs - startedAtMs) / 1_000, sum]);
      return sent.length >= arrivesAt;
    },
    givenUp: ({ sum }) => void lost.push(sum),
  });
  const add = (n: number) =>
    batches.add(
      (contents) => (contents.sum += n),
      (work) => void work(),
    );
  const pass = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 1) {
      clock.advance(1);
      await vi.advanceTimersByTimeAsync(1_000);
    }
  };
  return { add, pass, sent, lost };
}

it("the first goes at once, and all of the time after it goes together", async () => {
  const { add, pass, sent } = sums();
  for (const n of [1, 2, 3]) {
    add(n);
    await pass(3);
  }
  await pass(20);
  expect(sent).toEqual([
    [0, 1],
    [10, 5],
  ]);
});

it("what joins while a batch is tried again goes with the next", async () => {
  const { add, pass, sent, lost } = sums({ arrivesAt: 2 });
  add(1);
  add(2);
  await pass(20);
  expect(sent).toEqual([
    [0, 1],
    [1, 1],
    [10, 2],
  ]);
  expect(lost).toEqual([]);
});

it("what never arrives is given up once", async () => {
  const { add, pass, lost } = sums({ arrivesAt: Infinity });
  for (const n of [1, 2, 3]) add(n);
  await pass(60);
  expect(lost).toEqual([1, 5]);
});
