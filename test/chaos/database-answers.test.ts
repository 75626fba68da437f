// The database answers, and badly: slowly, senselessly, full, or with its plan used up.
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UnsteadyRestServer } from "../../testing/fakes/unsteady-rest-server.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { sleep, tierCommands, until } from "../../testing/worker/world.ts";
import {
  type ChaosWorld,
  loadOn,
  mixedPaths,
  shutOff,
  startChaosWorld,
  usedAgain,
} from "./chaos-world.ts";
import { slowestMs, violations } from "./load.ts";

/** A look-up of 1 s, the view twice 0.9 s, and the rest for a busy machine. */
const waitMsMax = 4_000;

let chaos: ChaosWorld;
beforeAll(async () => {
  chaos = await startChaosWorld();
});
afterAll(() => chaos.stop());

it("slow by 300 ms: is waited for once that is known, and goes on being used", async () => {
  const load = loadOn(chaos, mixedPaths("slow"));
  await usedAgain(chaos, "before-slow");
  await chaos.toRest.become({ kind: "slow", eachWayMs: 150 });
  await until(async () => {
    const { redis } = await chaos.stats();
    return !redis.shutOff && redis.readTimeoutMs > 300;
  }, "its latency to be known");
  await usedAgain(chaos, "slow");
  const seen: string[] = [];
  const seenAs = (said: string) => seen.filter((one) => one.includes(said)).length;
  // What is refreshed behind an answer is in memory until the database has it.
  await until(async () => {
    seen.push(cacheStatusOf(await rawRequest(chaos.url, "/shared/again/slow")));
    return seenAs("detail=shared") === 10;
  }, "ten answers from the database");
  await load.stop();
  await chaos.toRest.become({ kind: "open" });
  expect(seenAs("fwd=")).toBeLessThan(3);
  expect(violations(load.answers)).toEqual([]);
  expect(slowestMs(load.answers)).toBeLessThan(waitMsMax);
});

it("rubbish: is never taken for a page, and all is used again at once", async () => {
  const load = loadOn(chaos, mixedPaths("rubbish"));
  await usedAgain(chaos, "before-rubbish");
  await chaos.toRest.become({ kind: "rubbish", seed: 1 });
  await sleep(2_500);
  await chaos.toRest.become({ kind: "open" });
  await usedAgain(chaos, "rubbish");
  await load.stop();
  expect(violations(load.answers)).toEqual([]);
  expect(slowestMs(load.answers)).toBeLessThan(waitMsMax);
});

it("full: reads go on, and one write per pause is tried", async () => {
  const database = new Redis(chaos.redisUrl);
  const load = loadOn(chaos, mixedPaths("full"));
  try {
    await usedAgain(chaos, "full");
    await database.config("SET", "maxmemory", "1");
    await until(async () => (await chaos.stats()).redis.refusesWrites, "writes to be refused");
    chaos.world.rest.resetCounts();
    const before = load.answers.length;
    await sleep(3_000);
    const { SET = 0, GETRANGE = 0 } = tierCommands(chaos.world);
    const fills = load.answers
      .slice(before)
      .filter(({ cacheStatus }) => /stored/.test(cacheStatus));
    const kept = await rawRequest(chaos.url, "/shared/again/full");
    expect(cacheStatusOf(kept)).toContain("detail=shared");
    // Pauses of 1 s and 2 s; what was under way when writes were shut off may still have come.
    expect(SET).toBeLessThan(2 + 6);
    expect(fills.length).toBeGreaterThan(40);
    expect(GETRANGE).toBeGreaterThan(40);
    expect((await chaos.stats()).redis.shutOff).toBe(false);
    await database.config("SET", "maxmemory", "0");
    await until(async () => !(await chaos.stats()).redis.refusesWrites, "writes to be taken");
    await usedAgain(chaos, "no-longer-full");
  } finally {
    await load.stop();
    await database.config("SET", "maxmemory", "0");
    database.disconnect();
  }
  expect(violations(load.answers)).toEqual([]);
  expect(slowestMs(load.answers)).toBeLessThan(waitMsMax);
});

it("plan used up: is shut off, asked once per pause, and used again with the next month", async () => {
  const usedUp = await UnsteadyRestServer.start();
  const error = "ERR max requests limit exceeded. Limit: 500000, Usage: 500000.";
  usedUp.manner = { kind: "answers", status: 400, body: JSON.stringify({ error }) };
  const load = loadOn(chaos, mixedPaths("used-up"));
  try {
    await usedAgain(chaos, "before-used-up");
    chaos.toRest.leadTo(usedUp.url);
    await shutOff(chaos);
    const askedBefore = usedUp.asked.length;
    await sleep(2_500);
    // Of the tiers and of the journal each at 1 s and at 3 s from their first failures.
    expect(usedUp.asked.length - askedBefore).toBeLessThan(8);
    chaos.toRest.leadTo(chaos.world.rest.url);
    await usedAgain(chaos, "used-up");
  } finally {
    await load.stop();
    await usedUp.stop();
  }
  expect(violations(load.answers)).toEqual([]);
  expect(slowestMs(load.answers)).toBeLessThan(waitMsMax);
});

it("away behind its REST server: the same as away itself", async () => {
  const load = loadOn(chaos, mixedPaths("behind"));
  await usedAgain(chaos, "before-behind");
  await chaos.toRedis.become({ kind: "refuses" });
  await shutOff(chaos);
  await chaos.toRedis.become({ kind: "open" });
  await usedAgain(chaos, "behind");
  await load.stop();
  expect(violations(load.answers)).toEqual([]);
  expect(slowestMs(load.answers)).toBeLessThan(waitMsMax);
});
