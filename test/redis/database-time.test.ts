// How far the database's clock is from ours: by real servers, and by answers that are no time.
import { describe, expect, it } from "vitest";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { readClockDifference } from "../../src/redis/database-time.ts";
import { type RedisAnswer, RedisClient } from "../../src/redis/redis-client.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";

describe.each(redisServers)("of $redis", ({ start }) => {
  it("is none, a minute ahead, or a minute behind, by one command", async () => {
    const redis = await start();
    const rest = await startUpstashRestServer({ redisUrl: redis.url, token: "token" });
    try {
      const aheadMs = async (shiftMs: number) => {
        const nowAtMs = () => Date.now() + shiftMs;
        const client = new RedisClient({ url: rest.url, token: "token", nowAtMs });
        const answer = await readClockDifference(client, nowAtMs);
        if (answer.kind !== "answered") throw new Error(answer.cause);
        // It knows no better than half of its round trip, and a millisecond.
        expect(Math.abs(answer.value.aheadMs + shiftMs)).toBeLessThan(answer.value.uncertainMs + 2);
      };
      await aheadMs(0);
      rest.resetCounts();
      await aheadMs(60_000);
      expect(rest.counts().commandCountByName).toEqual({ TIME: 1 });
      await aheadMs(-60_000);
    } finally {
      await rest.stop();
      await redis.stop();
    }
  });
});

const answering = (value: unknown) => ({
  look: async <T>() => ({ kind: "answered", value }) as RedisAnswer<T>,
});

it.each([
  { id: "nothing", value: null },
  { id: "an empty list", value: [] },
  { id: "words", value: ["now", "then"] },
  { id: "seconds alone", value: ["1700000000"] },
  { id: "a text", value: "1700000000" },
])("$id is no time", async ({ value }) => {
  expect(await readClockDifference(answering(value), () => 0)).toEqual({
    kind: "unavailable",
    cause: "not-upstash",
  });
});

it("is taken for the middle of the round trip", async () => {
  let atMs = 1_000_000;
  const redis = answering(["1000", "500000"]);
  const nowAtMs = () => (atMs += 400) - 400;
  expect(await readClockDifference(redis, nowAtMs)).toEqual({
    kind: "answered",
    value: { aheadMs: 300, uncertainMs: 200 },
  });
});
