// What INFO tells, read from servers that run here, and from a text in the form of Upstash's.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EmbeddedValkey } from "../../local/embedded-valkey.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { databaseInfoIn, readDatabaseInfo } from "../../src/redis/database-info.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { connectToRedis, type RedisConnection } from "../../local/upstash-rest/redis-connection.ts";

describe.each(redisServers)("of $redis", ({ start }) => {
  let redis: EmbeddedValkey;
  let rest: UpstashRestServer;
  let direct: RedisConnection;
  let client: RedisClient;
  const run = (...command: [string, ...string[]]) => direct.send(command);

  beforeEach(async () => {
    redis = await start();
    rest = await startUpstashRestServer({ redisUrl: redis.url, token: "token" });
    direct = await connectToRedis(redis.url);
    client = new RedisClient({ url: rest.url, token: "token", nowAtMs: Date.now });
  });
  afterEach(async () => {
    direct.close();
    await rest.stop();
    await redis.stop();
  });

  it("tells of an empty database without a bound, by one command", async () => {
    // A server of 32 bits has a bound of its own.
    await run("CONFIG", "SET", "maxmemory", "0");
    rest.resetCounts();
    expect(await readDatabaseInfo(client, "metrics")).toEqual({
      kind: "answered",
      value: {
        usedBytes: expect.any(Number),
        maxBytes: null,
        usedRatio: null,
        policy: "noeviction",
        evictedKeys: 0,
        keys: 0,
      },
    });
    expect(rest.counts().commandCountByName).toEqual({ INFO: 1 });
  });

  it("tells how full it is, and what it let go to make room", async () => {
    await run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    const before = await readDatabaseInfo(client, "metrics");
    if (before.kind !== "answered") throw new Error("It did not answer.");
    const maxBytes = Number(before.value.usedBytes) + 400_000;
    await run("CONFIG", "SET", "maxmemory", String(maxBytes));
    for (let at = 0; at < 60; at += 1) await run("SET", `key-${at}`, "x".repeat(20_000));
    const after = await readDatabaseInfo(client, "metrics");
    if (after.kind !== "answered") throw new Error("It did not answer.");
    const { usedRatio, evictedKeys, keys } = after.value;
    expect(after.value).toMatchObject({ maxBytes, policy: "allkeys-lru" });
    expect(usedRatio).toBeGreaterThan(0.5);
    expect(usedRatio).toBeLessThan(1.2);
    expect(evictedKeys).toBeGreaterThan(20);
    expect(Number(keys) + Number(evictedKeys)).toBe(60);
  });

  it("is unavailable where the server has gone", async () => {
    await rest.stop();
    expect(await readDatabaseInfo(client, "metrics")).toEqual({
      kind: "unavailable",
      cause: "unreachable",
    });
  });
});

/** The fields that Upstash 1.13 tells, by a published answer; the numbers are ours. */
const asUpstash = [
  "# Server",
  "upstash_version:1.13.3",
  "redis_version:6.2.6",
  "",
  "# Memory",
  "used_memory:1024",
  "used_memory_human:1.000KB",
  "maxmemory:67108864",
  "maxmemory_policy:noeviction",
  "",
  "# Persistence",
  "total_keys:15",
  "total_data_size:201326592",
  "total_data_size_human:192.000MB",
  "max_data_size:268435456",
  "",
  "# Stats",
  "total_commands_processed:1500",
  "evicted_clients:4",
  "evicted_keys:7",
  "",
  "# Keyspace",
  "db0:keys=16,expires=5,avg_ttl=3600",
  "",
];

describe("of a text:", () => {
  it("Upstash bounds what lies on disk", () => {
    expect(databaseInfoIn(asUpstash.join("\r\n"))).toEqual({
      usedBytes: 201_326_592,
      maxBytes: 268_435_456,
      usedRatio: 0.75,
      policy: "noeviction",
      evictedKeys: 7,
      keys: 15,
    });
  });

  it.each([
    { id: "nothing", text: "" },
    { id: "an object", text: "[object Object]" },
    { id: "values that are no numbers", text: "used_memory:\r\nmaxmemory:-1\r\nevicted_keys:1e3" },
    { id: "names within values", text: "x:used_memory:1\r\n used_memory:2\r\n# used_memory:3" },
  ])("$id tells nothing", ({ text }) => {
    expect(databaseInfoIn(text)).toEqual({
      usedBytes: null,
      maxBytes: null,
      usedRatio: null,
      policy: null,
      evictedKeys: null,
      keys: null,
    });
  });

  it.each([
    { id: "one without a bound", lines: ["used_memory:5", "maxmemory:0"], is: { usedBytes: 5 } },
    { id: "a bound alone", lines: ["maxmemory:10"], is: { maxBytes: 10, usedRatio: null } },
    {
      id: "several databases",
      lines: ["# Keyspace", "db0:keys=2,expires=0", "db11:keys=3,expires=1"],
      is: { keys: 5 },
    },
    { id: "an empty keyspace", lines: ["# Keyspace", ""], is: { keys: 0 } },
  ])("$id", ({ lines, is }) => {
    expect(databaseInfoIn(lines.join("\r\n"))).toMatchObject(is);
  });
});
