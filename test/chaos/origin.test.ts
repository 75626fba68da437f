// The origin fails in each way it can, under load: what is stored answers on, what may be stale
// stands in, the rest is told 502, 503 or 504 in time or has its connection cut, and nothing broken is kept.
import { afterAll, beforeAll, expect, it } from "vitest";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { sleep, storesSettled, until } from "../../testing/worker/world.ts";
import { type ChaosWorld, loadOn, startChaosWorld, yardstickOn } from "./chaos-world.ts";
import { type Answered, pageOf, slowestMs, violations } from "./load.ts";
import type { Behaviour } from "./behaviour.ts";

/** The time-out for its first byte, 1 s, twice where a flight is joined; the rest for a busy machine. */
const waitMsMax = 4_000;
/** What is stored waits for nothing, beside what this machine takes for what needs nothing. */
const storedMsMax = 800;
const healMsMax = 8_000;

let chaos: ChaosWorld;
beforeAll(async () => {
  // Long enough that nobody has to ask what was purged while the origin is waited for.
  chaos = await startChaosWorld(10);
});
afterAll(() => chaos.stop());

interface Rung {
  readonly id: string;
  readonly behaviour: Behaviour;
  /** What may happen to a page that is not stored, besides its being answered. */
  readonly misses: readonly number[];
  /** A body that is cut is cut for who is the first to ask for it. */
  readonly mayCut: boolean;
}

const rungs: Rung[] = [
  { id: "slow", behaviour: { kind: "slow", eachWayMs: 150 }, misses: [], mayCut: false },
  {
    id: "too-slow",
    behaviour: { kind: "slow", eachWayMs: 800 },
    misses: [502, 503, 504],
    mayCut: false,
  },
  { id: "black-hole", behaviour: { kind: "black-hole" }, misses: [502, 503, 504], mayCut: false },
  { id: "down", behaviour: { kind: "refuses" }, misses: [502, 503], mayCut: false },
  { id: "reset", behaviour: { kind: "resets" }, misses: [502, 503], mayCut: false },
  { id: "garbage", behaviour: { kind: "garbage", seed: 2 }, misses: [502, 503], mayCut: false },
  {
    id: "cut-in-head",
    behaviour: { kind: "cuts", afterBytes: 60 },
    misses: [502, 503],
    mayCut: false,
  },
  { id: "cut-in-body", behaviour: { kind: "cuts", afterBytes: 5_000 }, misses: [], mayCut: true },
];

it.each(rungs)("$id", async ({ id, behaviour, misses, mayCut }) => {
  const stored = pathsBelow(`/page/${id}`);
  const stale = pathsBelow(`/stale/${id}`);
  for (const path of [...stored, ...stale]) {
    await until(async () => (await rawRequest(chaos.url, path)).status === 200, path);
  }
  await storesSettled(chaos.world.colos[0]!);
  await chaos.toOrigin.become(behaviour);
  const loads = {
    stored: loadOn(chaos, (nth) => stored[nth % stored.length] ?? ""),
    stale: loadOn(chaos, (nth) => stale[nth % stale.length] ?? ""),
    missing: loadOn(chaos, (nth) => `/once/${id}/${nth}`),
    yardstick: yardstickOn(chaos),
  };
  await sleep(1_500);
  await until(async () => loads.stored.answers.length > 30, "answers from store");
  await Promise.all(Object.values(loads).map((load) => load.stop()));
  await chaos.toOrigin.become({ kind: "open" });
  const mendedAtMs = performance.now();
  await until(
    async () => (await rawRequest(chaos.url, `/once/${id}/mended`)).status === 200,
    "the origin to be asked again",
  );
  expect(performance.now() - mendedAtMs).toBeLessThan(healMsMax);

  expect(violations(loads.stored.answers)).toEqual([]);
  const machineMs = slowestMs(loads.yardstick.answers);
  expect(slowestMs(loads.stored.answers) - machineMs).toBeLessThan(storedMsMax);
  const isCut = ({ body }: Answered) => mayCut && body === "cut";
  expect(violations(loads.stale.answers).filter((answer) => !isCut(answer))).toEqual([]);
  const missing = loads.missing.answers;
  // A machine this busy lets the time-out for a first byte pass before any origin could answer.
  const allowed = machineMs > 250 ? [...misses, 504] : misses;
  const isExpected = (answer: Answered) => allowed.includes(answer.status) || isCut(answer);
  expect(violations(missing).filter((answer) => !isExpected(answer))).toEqual([]);
  for (const load of [loads.stale, loads.missing]) {
    expect(load.answers.length).toBeGreaterThan(0);
    expect(slowestMs(load.answers) - machineMs).toBeLessThan(waitMsMax);
  }
  // Whatever was broken is asked for again, and none of it was kept.
  for (const { path } of missing.slice(0, 20)) {
    const { status, body } = await rawRequest(chaos.url, path);
    expect([status, body.toString() === pageOf(path)]).toEqual([200, true]);
  }
});

function pathsBelow(folder: string): string[] {
  return Array.from({ length: 5 }, (_, at) => `${folder}/${at}`);
}
