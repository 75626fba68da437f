// Tests an origin that fails under load. Stored pages answer, and stale pages replace failed ones.
// Other requests get 502, 503, 504 or a cut connection in time. No broken page is stored.
import { afterAll, beforeAll, expect, it } from "vitest";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { sleep, storesSettled, until } from "../../testing/worker/world.ts";
import { type ChaosWorld, loadOn, startChaosWorld, yardstickOn } from "./chaos-world.ts";
import { type Answered, pageOf, slowestMs, violations } from "./load.ts";
import type { Behaviour } from "./behaviour.ts";

/**
 * The first-byte timeout (1 s), twice for a collapsed request, and a reserve for a busy machine.
 */
const waitMsMax = 4_000;
/** The limit for a stored page, which waits for nothing, beyond the time of the yardstick. */
const storedMsMax = 800;
const healMsMax = 8_000;

let chaos: ChaosWorld;
beforeAll(async () => {
  // N is so long that no request also waits for the journal.
  chaos = await startChaosWorld(10);
});
afterAll(() => chaos.stop());

const anyFailure = [502, 503, 504];
const failure = [502, 503];

/**
 * One failure, the statuses it may cause for pages that are not stored, and whether it may cut a
 * body.
 */
type Rung = [id: string, behaviour: Behaviour, misses: readonly number[], mayCut?: boolean];

it.each<Rung>([
  ["slow", { kind: "slow", eachWayMs: 150 }, []],
  ["too-slow", { kind: "slow", eachWayMs: 800 }, anyFailure],
  ["black-hole", { kind: "black-hole" }, anyFailure],
  ["down", { kind: "refuses" }, failure],
  ["reset", { kind: "resets" }, failure],
  ["garbage", { kind: "garbage", seed: 2 }, failure],
  ["cut-in-head", { kind: "cuts", afterBytes: 60 }, failure],
  ["cut-in-body", { kind: "cuts", afterBytes: 5_000 }, [], true],
])(
  "answers from stored and stale pages, and stores no broken page, while the origin fails: %s",
  async (id, behaviour, misses, mayCut = false) => {
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
    await until(async () => loads.stored.answers.length > 30, "answers from the store");
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
    // On a busy machine, the timeout may pass before any origin could answer.
    const allowed = machineMs > 250 ? [...misses, 504] : misses;
    const isExpected = (answer: Answered) => allowed.includes(answer.status) || isCut(answer);
    expect(violations(missing).filter((answer) => !isExpected(answer))).toEqual([]);
    for (const load of [loads.stale, loads.missing]) {
      expect(load.answers.length).toBeGreaterThan(0);
      expect(slowestMs(load.answers) - machineMs).toBeLessThan(waitMsMax);
    }
    // Broken pages are requested again, because none was stored.
    for (const { path } of missing.slice(0, 20)) {
      const { status, body } = await rawRequest(chaos.url, path);
      expect([status, body.toString() === pageOf(path)]).toEqual([200, true]);
    }
  },
);

function pathsBelow(folder: string): string[] {
  return Array.from({ length: 5 }, (_, at) => `${folder}/${at}`);
}
