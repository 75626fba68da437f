// Tests the options of a data cache on Node, and the messages for invalid options.
import { Cluster, Redis } from "ioredis";
import { createClientPool, createSentinel } from "redis";
import { describe, expect, it } from "vitest";
import { createDataCache, type NodeCacheOptions } from "../../../src/data/node/node-data-cache.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../../testing/fakes/rest-database.ts";
import { openProcess } from "../../../testing/data/node-process.ts";
import { UnsteadyRestServer } from "../../../testing/fakes/unsteady-rest-server.ts";

describe("an invalid option", () => {
  it.each([
    [undefined, /`redis` is not set/],
    [{}, /The cache has no database\. `redis` is not set\. Set it to \{ url, token \}.* "none"/],
    [{ redis: null }, /`redis` is not set/],
    [
      { redis: "redis://127.0.0.1" },
      /`redis` is a text, not a connection\..* `new Redis\("redis:\/\/…"\)` of "ioredis"/,
    ],
    [{ redis: { url: "https://a.example", token: "" } }, /`redis\.token` is not set/],
    [{ redis: { url: "", token: "" } }, /`redis\.url` is not set/],
    [{ redis: { url: "redis://a.example", token: "t" } }, /`redis\.url` .*REST address/],
    [{ redis: { host: "a.example" } }, /no client of ioredis, node-redis or @upstash/],
  ])("is refused with a hint: %j", (options, message) => {
    expect(() => createDataCache(options as NodeCacheOptions)).toThrow(message);
  });

  it.each([
    ["ioredis", () => new Redis({ lazyConnect: true, keyPrefix: "shop:" })],
    ["a cluster", () => new Cluster([], { lazyConnect: true, keyPrefix: "shop:" })],
    ["its nodes", () => new Cluster([], { lazyConnect: true, redisOptions: { keyPrefix: "s:" } })],
  ] as [string, () => NodeCacheOptions["redis"]][])(
    "is refused with a hint: keyPrefix of %s",
    (_, open) => {
      expect(() => createDataCache({ redis: open() })).toThrow(
        /unsuitable\. Its option `keyPrefix` .* Remove `keyPrefix`, and set `namespace`/,
      );
    },
  );

  it("is refused with a hint: a pool of node-redis", () => {
    const redis = createClientPool() as unknown as NodeCacheOptions["redis"];
    expect(() => createDataCache({ redis })).toThrow(/It is a pool.* Pass `createClient\(…\)`/);
  });

  it("is refused with a hint: Redis Sentinel by node-redis", () => {
    const sentinel = createSentinel({ name: "shop", sentinelRootNodes: [] });
    const redis = sentinel as unknown as NodeCacheOptions["redis"];
    expect(() => createDataCache({ redis })).toThrow(/Sentinel by node-redis.* of "ioredis"/);
  });

  it.each([
    [{ purge: { settleSeconds: 5 } }, "applies only to pages: `purge.settleSeconds`. Remove it"],
    [{ limits: { bufferBytes: 1_024, variants: 2 } }, "`limits.bufferBytes`, `limits.variants`."],
  ])("is refused with its name if only pages have it: %j", (options, message) => {
    const redis = { url: "https://a.example", token: "t" };
    const all = { redis, ...options } as unknown as NodeCacheOptions;
    expect(() => createDataCache(all)).toThrow(message);
  });

  it("is refused with its name if it does not exist", () => {
    const redis = { url: "https://a.example", token: "t" };
    const options = { redis, namespce: "a" } as unknown as NodeCacheOptions;
    expect(() => createDataCache(options)).toThrow(/namespce/);
  });
});

it("twelve caches add one listener to a connection", async () => {
  const redis = new Redis({ lazyConnect: true });
  for (let count = 0; count < 12; count += 1) {
    await createDataCache({ redis })
      .namespace("a", { fresh: "1m" })
      .has("1")
      .catch(() => false);
  }
  expect(redis.listenerCount("error")).toBe(1);
  redis.disconnect();
});

describe.each(oneRedisServer)("over $redis", ({ start }) => {
  const database = openRestDatabase(start);
  const opened = () => openProcess({ redis: database.address, log: () => undefined }).cache;

  it("a value stays at a purge of another tag, whose reason has half a character", async () => {
    const [one, two, three] = [opened(), opened(), opened()];
    await one.namespace<string>("values", { fresh: "1h" }).set("a", "one", { tags: ["a"] });
    await two.purge({ tags: ["b"], reason: "cut \ud83d" });
    expect(await three.namespace<string>("values", { fresh: "1h" }).get("a")).toBe("one");
  });
});

it("the memory tier may hold more than 96 MiB", async () => {
  const { cache } = openProcess({
    redis: { url: "https://a.invalid", token: "t" },
    limits: { memoryBytes: 400 * 1_048_576 },
    log: () => undefined,
  });
  const values = cache.namespace<string>("values", { fresh: "1h", tiers: ["memory"] });
  // A value takes four times the size of its text in the heap, so 120 values exceed 96 MiB.
  const text = "x".repeat(250_000);
  for (let nth = 0; nth < 120; nth += 1) await values.getOrSet(nth, () => text);
  expect(cache.stats().memory.count).toBe(120);
});

describe("an unreachable database", () => {
  it("over REST refuses purges, lets loads continue, and is logged with its option", async () => {
    const server = await UnsteadyRestServer.start();
    const redis = { url: server.url, token: "t" };
    await server.stop();
    const { cache, log } = openProcess({ redis });
    const articles = cache.namespace<string>("articles", { fresh: "1h" });
    expect(await articles.getOrSet("1", () => "v")).toBe("v");
    await expect(articles.delete("1")).rejects.toThrow(/The purge was not accepted/);
    expect(log.join("\n")).toMatch(/cannot be reached: check `redis\.url`/);
    expect(log.join("\n")).not.toMatch(/UPSTASH/);
  });

  it("over a connection is logged with a hint to check the address", async () => {
    const redis = new Redis({ port: 1, lazyConnect: true, retryStrategy: () => 20 });
    const { cache, log } = openProcess({ redis });
    const articles = cache.namespace<string>("articles", { fresh: "1h" });
    expect(await articles.getOrSet("1", () => "v")).toBe("v");
    expect(log.join("\n")).toMatch(/cannot be reached: check the address of the connection/);
    redis.disconnect();
  });
});
