// Tests how Tidemark measures the difference between the clocks of Redis and of its own process.
import type { RemoteAnswer } from "../../../../src/remote/remote-client.ts";
import { describe, expect, it } from "vitest";
import { readClockDifference } from "../../../../src/parts/operate/health/site-state.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../../../testing/fakes/rest-database.ts";
import { upstashStore } from "../../../../testing/fakes/upstash-store.ts";

describe.each(oneRedisServer)("the clock difference to $redis", ({ start }) => {
  const database = openRestDatabase(start);

  it.each([0, 60_000, -60_000])(
    "is measured with one command if the local clock is shifted by %d ms",
    async (shiftMs) => {
      const nowAtMs = () => Date.now() + shiftMs;
      const client = upstashStore.client({ ...database.address, nowAtMs });
      database.rest.resetCounts();
      const answer = await readClockDifference(client, nowAtMs);
      if (answer.kind !== "answered") throw new Error(answer.cause);
      // The result is exact to half the round trip plus rounding.
      expect(Math.abs(answer.value.aheadMs + shiftMs)).toBeLessThan(answer.value.uncertainMs + 2);
      expect(database.rest.counts().commandCountByName).toEqual({ TIME: 1 });
    },
  );
});

const answering = (value: unknown) => ({
  look: async <T>() => ({ kind: "answered", value }) as RemoteAnswer<T>,
});

it.each([null, [[]], [["now", "then"]], [["1700000000"]], "1700000000"])(
  "returns unavailable for an answer that is not a time: %j",
  async (value) => {
    const unavailable = { kind: "unavailable", cause: "not-upstash" };
    expect(await readClockDifference(answering(value), () => 0)).toEqual(unavailable);
  },
);

it("assumes that Redis read its clock in the middle of the round trip", async () => {
  let atMs = 1_000_000;
  const nowAtMs = () => (atMs += 400) - 400;
  expect(await readClockDifference(answering(["1000", "500000"]), nowAtMs)).toEqual({
    kind: "answered",
    value: { aheadMs: 300, uncertainMs: 200 },
  });
});
