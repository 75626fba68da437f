// Tests the bytes that small values take in Redis, with the default options of a data cache.
import { Redis } from "ioredis";
import { expect, it, vi } from "vitest";
import { createDataCache } from "../../../src/data/node/node-data-cache.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../../testing/fakes/rest-database.ts";

const database = openRestDatabase(oneRedisServer[0]?.start);

it.each([
  { id: "session", value: { user: "ada" }, bytesMax: 250 },
  { id: "kilobyte", value: { text: "x".repeat(1_012) }, bytesMax: 1_300 },
])("stores a $id in at most $bytesMax bytes", async ({ id, value, bytesMax }) => {
  const redis = new Redis(database.redisUrl);
  const cache = createDataCache({ redis, namespace: id });
  await cache.namespace("sessions", { fresh: "5m" }).getOrSet("1234567890", () => value);
  const name = await vi.waitFor(async () => {
    const [key] = await redis.keys(`${id}:d:*`);
    if (key === undefined) throw new Error("The value is not stored yet.");
    return key;
  }, 10_000);
  expect(await redis.strlen(name)).toBeLessThanOrEqual(bytesMax);
  redis.disconnect();
});
