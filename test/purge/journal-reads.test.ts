// What reading the journal costs: Redis commands per colo in an hour of traffic, with and without
// copies of the view in the colo. The table stands in docs/purging.md.
import "../../testing/fakes/workers-globals.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPurging } from "../../src/create-purging.ts";
import { FakeCache } from "../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { drawsFrom } from "../../testing/simulation/journal-simulator.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { playsAll } from "../../testing/histories.ts";

openNetworkOfFakes();

/** No time-out ends: how busy the machine is decides nothing. */
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

interface Traffic {
  readonly isolateCount: number;
  readonly maxLagSeconds: number;
  readonly hasCopies: boolean;
  readonly seed?: number;
}

const allowanceSeconds = 1;
const hourSeconds = 3_600;
/** Each isolate is asked twice a second, somewhere within each half. */
const turnSeconds = 0.5;
const host = "www.example.com";

/** @returns how often the journal was read in an hour, its beginning included */
async function readsPerHour({ isolateCount, maxLagSeconds, hasCopies, seed = 1 }: Traffic) {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const cache = new FakeCache(clock);
  const random = drawsFrom(seed);
  const purge = {
    renewalLagMs: maxLagSeconds * 1_000,
    visibleWithinSeconds: maxLagSeconds,
    allowanceMs: allowanceSeconds * 1_000,
  };
  const log = () => undefined;
  const platform = {
    nowAtMs: clock.nowAtMs,
    random,
    log,
    ...(hasCopies && { cache: () => cache }),
  };
  const isolates = Array.from(
    { length: isolateCount },
    () => createPurging({ purge, namespace: "site" }, upstash, platform).view,
  );
  const pending: Promise<void>[] = [];
  let oldestMs = 0;
  for (let turn = 0; turn < hourSeconds / turnSeconds; turn += 1) {
    for (const view of isolates) {
      clock.advance(turnSeconds / isolateCount);
      const afterAnswer = (work: () => Promise<void>) => void pending.push(work());
      await view.attend({ atMs: clock.atMs, host, afterAnswer })?.();
      await Promise.all(pending.splice(0));
      oldestMs = Math.max(oldestMs, clock.atMs - view.sentAtMs);
    }
  }
  return { reads: upstash.journalReadCount, oldestMs };
}

const boundMsOf = (maxLagSeconds: number) => (maxLagSeconds - allowanceSeconds) * 1_000;

describe("the journal is read per colo, not per isolate", () => {
  const rows = [
    { isolateCount: 1, maxLagSeconds: 10, alone: 805, shared: 805 },
    { isolateCount: 8, maxLagSeconds: 10, alone: 6_378, shared: 1_001 },
    { isolateCount: 24, maxLagSeconds: 10, alone: 19_137, shared: 1_059 },
    { isolateCount: 1, maxLagSeconds: 60, alone: 132, shared: 132 },
    { isolateCount: 8, maxLagSeconds: 60, alone: 1_031, shared: 164 },
    { isolateCount: 24, maxLagSeconds: 60, alone: 3_077, shared: 172 },
  ].filter(({ alone }) => playsAll || alone < 2_000);
  it.each(rows)(
    "N = $maxLagSeconds s, $isolateCount isolates",
    async ({ alone, shared, ...traffic }) => {
      const without = await readsPerHour({ ...traffic, hasCopies: false });
      const { reads, oldestMs } = await readsPerHour({ ...traffic, hasCopies: true });
      expect([without.reads, reads]).toEqual([alone, shared]);
      // No view is renewed before 0.35 of N − A, nor is a colo's; and no request finds one too old.
      const boundMs = boundMsOf(traffic.maxLagSeconds);
      expect(reads).toBeLessThanOrEqual((hourSeconds * 1_000) / (0.35 * boundMs) + 2);
      expect(oldestMs).toBeLessThanOrEqual(boundMs);
    },
  );
});
