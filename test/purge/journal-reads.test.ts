// The reads of the journal by one colo in an hour, with and without copies of the view.
import "../../testing/fakes/workers-globals.ts";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeCache } from "../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { drawsFrom } from "../../testing/draws.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { playsAll } from "../../testing/histories.ts";
import { upstashStore } from "../../testing/fakes/upstash-store.ts";

openNetworkOfFakes();

/** The faked timers never run, so a busy machine causes no timeout. */
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

interface Traffic {
  readonly isolateCount: number;
  readonly maxLagSeconds: number;
  readonly hasCopies: boolean;
}

const allowanceSeconds = 1;
const hourSeconds = 3_600;
/** Each isolate gets a request every half second. */
const turnSeconds = 0.5;
const host = "www.example.com";

/** @returns the reads in an hour, including those of cold isolates, and the oldest age of a view */
async function readsPerHour({ isolateCount, maxLagSeconds, hasCopies }: Traffic) {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const cache = new FakeCache(clock);
  const purge = {
    renewalLagMs: maxLagSeconds * 1_000,
    visibleWithinSeconds: maxLagSeconds,
    allowanceMs: allowanceSeconds * 1_000,
  };
  const common = { nowAtMs: clock.nowAtMs, random: drawsFrom(1), log: () => undefined };
  const platform = { ...common, ...(hasCopies && { cache: () => cache }) };
  const isolates = Array.from(
    { length: isolateCount },
    () => upstashStore.journalAt(upstash)({ purge, namespace: "site" }, platform).view,
  );
  const pending: Promise<void>[] = [];
  let oldestMs = 0;
  for (let turn = 0; turn < hourSeconds / turnSeconds; turn += 1) {
    for (const view of isolates) {
      clock.advance(turnSeconds / isolateCount);
      const afterAnswer = (work: () => Promise<void>) => void pending.push(work());
      await view.renewIfDue({ atMs: clock.atMs, host, afterAnswer })?.();
      await Promise.all(pending.splice(0));
      oldestMs = Math.max(oldestMs, clock.atMs - view.tail.sentAtMs);
    }
  }
  return { reads: upstash.journalReadCount, oldestMs };
}

const rows = [
  { isolateCount: 1, maxLagSeconds: 10, alone: 805, shared: 805 },
  { isolateCount: 8, maxLagSeconds: 10, alone: 6_378, shared: 1_001 },
  { isolateCount: 24, maxLagSeconds: 10, alone: 19_137, shared: 1_059 },
  { isolateCount: 1, maxLagSeconds: 60, alone: 132, shared: 132 },
  { isolateCount: 8, maxLagSeconds: 60, alone: 1_031, shared: 164 },
  { isolateCount: 24, maxLagSeconds: 60, alone: 3_077, shared: 172 },
].filter(({ alone }) => playsAll || alone < 2_000);

it.each(rows)(
  "reads the journal per colo, not per isolate: N = $maxLagSeconds s, $isolateCount isolates",
  async ({ alone, shared, ...traffic }) => {
    const without = await readsPerHour({ ...traffic, hasCopies: false });
    const { reads, oldestMs } = await readsPerHour({ ...traffic, hasCopies: true });
    expect([without.reads, reads]).toEqual([alone, shared]);
    // No view is renewed before 0.35 of N − A, or is older than N − A after a request.
    const boundMs = (traffic.maxLagSeconds - allowanceSeconds) * 1_000;
    expect(reads).toBeLessThanOrEqual((hourSeconds * 1_000) / (0.35 * boundMs) + 2);
    expect(oldestMs).toBeLessThanOrEqual(boundMs);
  },
);
