// The difference between the clocks of the database and of this process.
import { describe, expect, it } from "vitest";
import { readClockDifference } from "../../src/redis/database-time.ts";
import { type RedisAnswer, RedisClient } from "../../src/redis/redis-client.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../testing/fakes/rest-database.ts";

describe.each(redisServers)("of $redis", ({ start }) => {
  const database = openRestDatabase(start);

  it.each([0, 60_000, -60_000])("a clock that is %d ms ahead, by one command", async (shiftMs) => {
    const nowAtMs = () => Date.now() + shiftMs;
    const client = new RedisClient({ ...database.address, nowAtMs });
    database.rest.resetCounts();
    const answer = await readClockDifference(client, nowAtMs);
    if (answer.kind !== "answered") throw new Error(answer.cause);
    // It is exact to half of the round trip, and a millisecond.
    expect(Math.abs(answer.value.aheadMs + shiftMs)).toBeLessThan(answer.value.uncertainMs + 2);
    expect(database.rest.counts().commandCountByName).toEqual({ TIME: 1 });
  });
});

const answering = (value: unknown) => ({
  look: async <T>() => ({ kind: "answered", value }) as RedisAnswer<T>,
});

it.each([null, [[]], [["now", "then"]], [["1700000000"]], "1700000000"])(
  "%j is no time",
  async (value) => {
    const unavailable = { kind: "unavailable", cause: "not-upstash" };
    expect(await readClockDifference(answering(value), () => 0)).toEqual(unavailable);
  },
);

it("is that of the middle of the round trip", async () => {
  let atMs = 1_000_000;
  const nowAtMs = () => (atMs += 400) - 400;
  expect(await readClockDifference(answering(["1000", "500000"]), nowAtMs)).toEqual({
    kind: "answered",
    value: { aheadMs: 300, uncertainMs: 200 },
  });
});
