// Tests a database that answers badly: slowly, with rubbish, as full, or with its plan used up.
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { UnsteadyRestServer } from "../../testing/fakes/unsteady-rest-server.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { sleep, tierCommands, until as untilWithin } from "../../testing/worker/world.ts";
import {
  type ChaosWorld,
  loadOn,
  mixedPaths,
  breakerOpen,
  startChaosWorld,
  usedAgain as usedAgainWithin,
  yardstickOn,
} from "./chaos-world.ts";
import { type Answered, type Load, slowestMs, violations } from "./load.ts";

vi.setConfig({ testTimeout: 180_000 });

/**
 * The longest wait: a lookup (1 s), the view twice (0.9 s each), and the way to the origin and
 * back.
 */
const waitMsMax = 4_000;
/**
 * The exchanges of one request: the client's own, the lookups, the lock and the origin's answer.
 */
const waysMax = 5;

/**
 * A busy machine causes time-outs. Each one lengthens the pause before the database is probed
 * again.
 */
const waitTimeoutMs = 80_000;
const until = (condition: () => Promise<boolean>, what: string) =>
  untilWithin(condition, what, waitTimeoutMs);
const usedAgain = (world: ChaosWorld, run: string) => usedAgainWithin(world, run, waitTimeoutMs);

let chaos: ChaosWorld;
let yardstick: Load;
beforeAll(async () => {
  chaos = await startChaosWorld(2, "20s");
});
beforeEach(() => void (yardstick = yardstickOn(chaos)));
afterEach(() => yardstick.stop());
afterAll(() => chaos.stop());

/** Returns the most pauses (of 1 s, 2 s, 4 s and so on) that can have ended since a time. */
const pausesSince = (atMs: number) => Math.ceil(Math.log2(1 + (performance.now() - atMs) / 1_000));

/** Returns faulty answers, and answers slower than the product and this machine explain. */
async function faultsOf({ answers }: Load): Promise<Answered[]> {
  await yardstick.stop();
  const slowMs = waitMsMax + waysMax * slowestMs(yardstick.answers);
  return [...violations(answers), ...answers.filter(({ tookMs }) => tookMs >= slowMs)];
}

it("learns the latency of a database that is 300 ms slower, and keeps using it", async () => {
  const load = loadOn(chaos, mixedPaths("slow"));
  await usedAgain(chaos, "before-slow");
  await chaos.toRest.become({ kind: "slow", eachWayMs: 150 });
  await until(async () => {
    const { redis } = await chaos.stats();
    return !redis.breakerOpen && redis.readTimeoutMs > 300;
  }, "its latency to be known");
  await usedAgain(chaos, "slow");
  const seen: string[] = [];
  const seenAs = (said: string) => seen.filter((one) => one.includes(said)).length;
  // A response that a background refresh fetched is in memory until the database has it.
  await until(async () => {
    seen.push(cacheStatusOf(await rawRequest(chaos.url, "/shared/again/slow")));
    return seenAs("detail=shared") === 10;
  }, "ten answers from the database");
  await load.stop();
  await chaos.toRest.become({ kind: "open" });
  expect(seenAs("fwd=")).toBeLessThan(3);
  expect(await faultsOf(load)).toEqual([]);
});

it("serves no rubbish of the database as a page, and uses the database again later", async () => {
  const load = loadOn(chaos, mixedPaths("rubbish"));
  await usedAgain(chaos, "before-rubbish");
  await chaos.toRest.become({ kind: "rubbish", seed: 1 });
  await sleep(2_500);
  await chaos.toRest.become({ kind: "open" });
  await usedAgain(chaos, "rubbish");
  await load.stop();
  expect(await faultsOf(load)).toEqual([]);
});

it("keeps reading from a full database, and tries one write per pause", async () => {
  const database = new Redis(chaos.redisUrl);
  const load = loadOn(chaos, mixedPaths("full"));
  try {
    await usedAgain(chaos, "full");
    await database.config("SET", "maxmemory", "1");
    await until(async () => (await chaos.stats()).redis.refusesWrites, "writes to be refused");
    chaos.world.rest.resetCounts();
    const beganAtMs = performance.now();
    await sleep(3_000);
    await until(async () => {
      const fills = load.between(beganAtMs).filter(({ cacheStatus }) => /stored/.test(cacheStatus));
      const { GETRANGE = 0 } = tierCommands(chaos.world);
      return fills.length > 40 && GETRANGE > 40;
    }, "more than 40 fills and reads");
    const { SET = 0 } = tierCommands(chaos.world);
    // Writes that were under way when writes had an open breaker may arrive later.
    expect(SET).toBeLessThan(pausesSince(beganAtMs) + 6);
    await usedAgain(chaos, "full");
    expect((await chaos.stats()).redis.breakerOpen).toBe(false);
    await database.config("SET", "maxmemory", "0");
    await until(async () => !(await chaos.stats()).redis.refusesWrites, "writes to be accepted");
    await usedAgain(chaos, "no-longer-full");
  } finally {
    await load.stop();
    await database.config("SET", "maxmemory", "0");
    database.disconnect();
  }
  expect(await faultsOf(load)).toEqual([]);
});

it("opens the breaker of a database with a used-up plan, probes it, and uses it again later", async () => {
  const usedUp = await UnsteadyRestServer.start();
  const error = "ERR max requests limit exceeded. Limit: 500000, Usage: 500000.";
  usedUp.manner = { kind: "answers", status: 400, body: JSON.stringify({ error }) };
  const load = loadOn(chaos, mixedPaths("used-up"));
  try {
    await usedAgain(chaos, "before-used-up");
    chaos.toRest.leadTo(usedUp.url);
    await breakerOpen(chaos);
    const [askedBefore, beganAtMs] = [usedUp.asked.length, performance.now()];
    await sleep(2_500);
    // The tiers and the journal send probes. The six clients' earlier requests may also arrive.
    const asked = usedUp.asked.length - askedBefore;
    const askedMax = 2 * pausesSince(beganAtMs) + 6;
    chaos.toRest.leadTo(chaos.world.rest.url);
    await usedAgain(chaos, "used-up");
    expect(asked).toBeLessThanOrEqual(askedMax);
  } finally {
    await load.stop();
    await usedUp.stop();
  }
  expect(await faultsOf(load)).toEqual([]);
});

it("opens the breaker of a database without Redis behind it, and uses it again later", async () => {
  const load = loadOn(chaos, mixedPaths("behind"));
  await usedAgain(chaos, "before-behind");
  await chaos.toRedis.become({ kind: "refuses" });
  await breakerOpen(chaos);
  await chaos.toRedis.become({ kind: "open" });
  await usedAgain(chaos, "behind");
  await load.stop();
  expect(await faultsOf(load)).toEqual([]);
});
