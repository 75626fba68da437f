// The database fails in each way that a network can, under load: no client gets an error or another
// page than its own, none waits longer than is stated, and all is used again without a restart.
import { afterAll, beforeAll, expect, it } from "vitest";
import { sleep, until } from "../../testing/worker/world.ts";
import {
  type ChaosWorld,
  loadOn,
  mixedPaths,
  shutOff,
  startChaosWorld,
  usedAgain,
  yardstickOn,
} from "./chaos-world.ts";
import { slowestMs, violations } from "./load.ts";
import type { Behaviour } from "./behaviour.ts";

/**
 * Until it is known that the database is away, an answer waits for a lookup (1 s) and for the view
 * of the journal (1.4 s, once at arrival and once more in doubt), beside what this machine takes.
 */
const firstWaitMsMax = 6_000;
/**
 * From then on for nothing, beside what this machine takes for an answer that needs nothing: whoever
 * waited for a probe would take 1 s more, or 1.4 s.
 */
const shutOffWaitMsMax = 950;
/** For the last probe and a page. The pause before that probe is as long as all earlier ones. */
const probeAndPageMsMax = 3_000;

let chaos: ChaosWorld;
beforeAll(async () => {
  chaos = await startChaosWorld(3, "10s");
});
afterAll(() => chaos.stop());

interface Rung {
  readonly id: string;
  readonly behaviour: Behaviour;
  /** From its being shut off; 3.2 s outlast what pages may go unverified. */
  readonly outageMs: number;
}

const rungs: Rung[] = [
  { id: "slow", behaviour: { kind: "slow", eachWayMs: 1_000 }, outageMs: 3_200 },
  { id: "black-hole", behaviour: { kind: "black-hole" }, outageMs: 3_200 },
  { id: "refused", behaviour: { kind: "refuses" }, outageMs: 1_000 },
  { id: "reset", behaviour: { kind: "resets" }, outageMs: 1_000 },
  { id: "cut", behaviour: { kind: "cuts", afterBytes: 40 }, outageMs: 1_000 },
  { id: "garbage", behaviour: { kind: "garbage", seed: 1 }, outageMs: 1_000 },
];

it.each(rungs)("$id: costs nobody an answer, is shut off, and heals", async (rung) => {
  const { id, behaviour, outageMs } = rung;
  const load = loadOn(chaos, mixedPaths(id));
  const yardstick = yardstickOn(chaos);
  await usedAgain(chaos, `before-${id}`);
  const failedAtMs = performance.now();
  await chaos.toRest.become(behaviour);
  await shutOff(chaos);
  const shutOffAtMs = performance.now();
  await sleep(outageMs);
  await until(async () => load.between(shutOffAtMs).length > 20, "answers while it is shut off");
  const mendedAtMs = performance.now();
  await chaos.toRest.become({ kind: "open" });
  await usedAgain(chaos, id);
  const healMs = performance.now() - mendedAtMs;
  await Promise.all([load.stop(), yardstick.stop()]);

  const { answers } = load;
  const whileShutOff = load.between(shutOffAtMs, mendedAtMs);
  const machineMs = slowestMs(yardstick.between(shutOffAtMs, mendedAtMs));
  const machineMsMax = slowestMs(yardstick.answers);
  expect(violations(answers)).toEqual([]);
  expect(slowestMs(answers) - machineMsMax).toBeLessThan(firstWaitMsMax);
  const busyTimes = Math.max(1, machineMs / 250);
  expect(slowestMs(whileShutOff) - machineMs).toBeLessThan(busyTimes * shutOffWaitMsMax);
  const awayMs = mendedAtMs - failedAtMs;
  expect(healMs - awayMs - 2 * machineMsMax).toBeLessThan(probeAndPageMsMax);
});
