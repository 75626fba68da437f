// Tests how Tidemark reads INFO, with the output of real servers and a text in Upstash's form.
import { beforeEach, describe, expect, it } from "vitest";
import { databaseInfoIn, readDatabaseInfo } from "../../../src/remote/redis/database-info.ts";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../../testing/fakes/rest-database.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

describe.each(redisServers)("the database information of $redis", ({ start }) => {
  const database = openRestDatabase(start);
  const info = async () => {
    const client = upstashStore.client({ ...database.address, nowAtMs: Date.now });
    const answer = await readDatabaseInfo(client, "metrics");
    if (answer.kind !== "answered") throw new Error(answer.cause);
    return answer.value;
  };
  beforeEach(async () => {
    await database.redis.flushall();
    // A 32-bit server has a memory limit by default.
    await database.redis.config("SET", "maxmemory", "0");
    await database.redis.config("RESETSTAT");
    database.rest.resetCounts();
  });

  it("describes an empty database without a memory limit, and needs one command", async () => {
    expect(await info()).toEqual({
      usedBytes: expect.any(Number),
      maxBytes: null,
      usedRatio: null,
      policy: "noeviction",
      evictedKeys: 0,
      keys: 0,
      uptimeMs: expect.any(Number),
    });
    expect(database.rest.counts().commandCountByName).toEqual({ INFO: 1 });
  });

  it("contains the ratio of used memory and the number of evicted keys", async () => {
    await database.redis.config("SET", "maxmemory-policy", "allkeys-lru");
    const maxBytes = Number((await info()).usedBytes) + 400_000;
    await database.redis.config("SET", "maxmemory", String(maxBytes));
    for (let at = 0; at < 60; at += 1) await database.redis.set(`key-${at}`, "x".repeat(20_000));
    const after = await info();
    expect(after).toMatchObject({ maxBytes, policy: "allkeys-lru" });
    expect(after.usedRatio).toBeGreaterThan(0.5);
    expect(after.usedRatio).toBeLessThan(1.2);
    expect(after.evictedKeys).toBeGreaterThan(20);
    expect(Number(after.keys) + Number(after.evictedKeys)).toBe(60);
  });
});

it("returns unavailable if no server answers", async () => {
  const client = upstashStore.client({ url: "http://127.0.0.1:9", token: "t", nowAtMs: Date.now });
  const unreachable = { kind: "unavailable", cause: "unreachable" };
  expect(await readDatabaseInfo(client, "metrics")).toEqual(unreachable);
});

/** The fields of a published answer of Upstash 1.13, with other numbers. */
const asUpstash = `# Server
upstash_version:1.13.3
redis_version:6.2.6

# Memory
used_memory:1024
used_memory_human:1.000KB
maxmemory:67108864
maxmemory_policy:noeviction

# Persistence
total_keys:15
total_data_size:201326592
total_data_size_human:192.000MB
max_data_size:268435456

# Stats
total_commands_processed:1500
evicted_clients:4
evicted_keys:7

# Keyspace
db0:keys=16,expires=5,avg_ttl=3600
`;

const unknown = {
  usedBytes: null,
  maxBytes: null,
  usedRatio: null,
  policy: null,
  evictedKeys: null,
  keys: null,
};

it.each([
  {
    id: "a text of Upstash, which limits the size on disk",
    text: asUpstash,
    is: {
      usedBytes: 201_326_592,
      maxBytes: 268_435_456,
      usedRatio: 0.75,
      policy: "noeviction",
      evictedKeys: 7,
      keys: 15,
    },
  },
  {
    id: "a start without an append-only file",
    text: "uptime_in_seconds:7\naof_enabled:0",
    is: { uptimeMs: 7_000 },
  },
  { id: "an append-only file", text: "uptime_in_seconds:7\naof_enabled:1", is: {} },
  { id: "a start, but not how data is saved", text: "uptime_in_seconds:7", is: {} },
  { id: "an empty text", text: "", is: {} },
  { id: "an object", text: "[object Object]", is: {} },
  { id: "no numbers", text: "used_memory:\nmaxmemory:-1\nevicted_keys:1e3", is: {} },
  { id: "names in values", text: "x:used_memory:1\n used_memory:2\n# used_memory:3", is: {} },
  { id: "no limit", text: "used_memory:5\nmaxmemory:0", is: { usedBytes: 5 } },
  { id: "only a limit", text: "maxmemory:10", is: { maxBytes: 10 } },
  {
    id: "several databases",
    text: "# Keyspace\ndb0:keys=2\ndb11:keys=3,expires=1",
    is: { keys: 5 },
  },
  { id: "an empty keyspace", text: "# Keyspace\n", is: { keys: 0 } },
])("reads a text of INFO: $id", ({ text, is }) => {
  expect(databaseInfoIn(text.replaceAll("\n", "\r\n"))).toEqual({ ...unknown, ...is });
});
