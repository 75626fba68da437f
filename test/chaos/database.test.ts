// Tests a database that fails under load. No client gets an error or another page, or waits longer
// than documented. The database is used again without a restart.
import { afterAll, beforeAll, expect, it } from "vitest";
import { sleep, until } from "../../testing/worker/world.ts";
import {
  type ChaosWorld,
  loadOn,
  mixedPaths,
  breakerOpen,
  startChaosWorld,
  usedAgain,
  yardstickOn,
} from "./chaos-world.ts";
import { slowestMs, violations } from "./load.ts";
import type { Behaviour } from "./behaviour.ts";

/** Before the breaker opens, an answer waits for a lookup (1 s) and twice for the view (1.4 s). */
const firstWaitMsMax = 6_000;
/** After that, an answer waits for nothing. A wait for a probe would take 1 s or 1.4 s. */
const openWaitMsMax = 950;
/**
 * Time for the last probe and a page. The pause before that probe is at most as long as the outage.
 */
const probeAndPageMsMax = 3_000;

let chaos: ChaosWorld;
beforeAll(async () => {
  chaos = await startChaosWorld(3, "10s");
});
afterAll(() => chaos.stop());

/** `outageMs` counts from the opening of the breaker. After 3.2 s, views from before the outage are too old. */
it.each<[id: string, behaviour: Behaviour, outageMs: number]>([
  ["slow", { kind: "slow", eachWayMs: 1_000 }, 3_200],
  ["black-hole", { kind: "black-hole" }, 3_200],
  ["refused", { kind: "refuses" }, 1_000],
  ["reset", { kind: "resets" }, 1_000],
  ["cut", { kind: "cuts", afterBytes: 40 }, 1_000],
  ["garbage", { kind: "garbage", seed: 1 }, 1_000],
])(
  "opens the breaker of a failing database without a wrong answer, and uses it again: %s",
  async (id, behaviour, outageMs) => {
    const load = loadOn(chaos, mixedPaths(id));
    const yardstick = yardstickOn(chaos);
    await usedAgain(chaos, `before-${id}`);
    const failedAtMs = performance.now();
    await chaos.toRest.become(behaviour);
    await breakerOpen(chaos);
    const openedAtMs = performance.now();
    await sleep(outageMs);
    await until(
      async () => load.between(openedAtMs).length > 20,
      "answers while it has an open breaker",
    );
    const mendedAtMs = performance.now();
    await chaos.toRest.become({ kind: "open" });
    await usedAgain(chaos, id);
    const healMs = performance.now() - mendedAtMs;
    await Promise.all([load.stop(), yardstick.stop()]);

    const { answers } = load;
    const whileOpen = load.between(openedAtMs, mendedAtMs);
    const machineMs = slowestMs(yardstick.between(openedAtMs, mendedAtMs));
    const machineMsMax = slowestMs(yardstick.answers);
    expect(violations(answers)).toEqual([]);
    expect(slowestMs(answers) - machineMsMax).toBeLessThan(firstWaitMsMax);
    const busyTimes = Math.max(1, machineMs / 250);
    expect(slowestMs(whileOpen) - machineMs).toBeLessThan(busyTimes * openWaitMsMax);
    const awayMs = mendedAtMs - failedAtMs;
    expect(healMs - awayMs - 2 * machineMsMax).toBeLessThan(probeAndPageMsMax);
  },
);
