// Tests the options of a data cache on Node, and the messages for invalid options.
import { Cluster, Redis } from "ioredis";
import { createClientPool, createSentinel } from "redis";
import { describe, expect, it } from "vitest";
import { createDataCache, type NodeCacheOptions } from "../../../src/data/node/node-data-cache.ts";
import type { LogLine } from "../../../src/observe/log-line.ts";
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

it.each([
  ["short", "A key of `sealKey` has fewer than 32 characters"],
  ["changeme ".repeat(6).replaceAll(" ", "-"), "A key of `sealKey` is a placeholder"],
])("an unusable sealKey is refused with a hint: %s", (sealKey, why) => {
  const redis = { url: "https://a.example", token: "t" };
  expect(() => createDataCache({ redis, sealKey })).toThrow(why);
});

it("a sealKey without Redis is refused with a hint, and an empty one is as none", () => {
  const made = (sealKey: string) => () => createDataCache({ redis: "none", sealKey });
  expect(made("vN2yqk7Rr0sWl1oXf8ZcUeB4tHpJmG6d9aQ3KxT5uVY")).toThrow(
    /`redis` is "none"\. Remove `sealKey`/,
  );
  expect(made("")).not.toThrow();
});

describe.each(oneRedisServer)("over $redis, values in a sealed database", ({ start }) => {
  const database = openRestDatabase(start);
  const keys = [1, 2].map((seed) => `${seed}vN2yqk7Rr0sWl1oXf8ZcUeB4tHpJmG6d9aQ3KxT5uVY`);
  const opened = (sealKey: string | undefined) => {
    const lines: LogLine[] = [];
    const redis = { url: database.address.url, token: database.address.token };
    const { cache } = openProcess({ redis, sealKey, log: (line) => void lines.push(line) });
    return { cache, values: cache.namespace<string>("values", { fresh: "1h" }), lines };
  };

  it("are shared by processes with the same key, and by no others", async () => {
    await opened(keys[0]).values.set("a", "one", { everywhere: false });
    const [same, other, unsealed] = [opened(keys[0]), opened(keys[1]), opened(undefined)];
    expect(await same.values.get("a")).toBe("one");
    expect(await other.values.get("a")).toBe(undefined);
    expect(await unsealed.values.get("a")).toBe("one");
    expect(same.lines.filter(({ event }) => event === "seal")).toEqual([]);
    expect(other.lines.filter(({ event }) => event === "seal")).not.toEqual([]);
  });

  it("stay at a purge of another tag, whose reason has half a character", async () => {
    const [one, two] = [opened(keys[0]), opened(keys[0])];
    await one.values.set("a", "one", { tags: ["a"] });
    await two.cache.purge({ tags: ["b"], reason: "cut \ud83d" });
    expect(await opened(keys[0]).values.get("a")).toBe("one");
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
