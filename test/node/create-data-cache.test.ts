// What a cache on Node is made with, and what is said of what is refused.
import { Cluster, Redis } from "ioredis";
import { createClientPool } from "redis";
import { describe, expect, it } from "vitest";
import { createDataCache, type NodeCacheOptions } from "../../src/node/create-data-cache.ts";
import { openProcess } from "../../testing/data/node-process.ts";
import { UnsteadyRestServer } from "../../testing/fakes/unsteady-rest-server.ts";

describe("what is refused, and the hint", () => {
  it.each([
    [{}, /The cache has no database\. `redis` is not set\. Set it to \{ url, token \}.* "none"/],
    [{ redis: null }, /`redis` is not set/],
    [{ redis: { url: "https://a.example", token: "" } }, /`redis\.token` is not set/],
    [{ redis: { url: "", token: "" } }, /`redis\.url` is not set/],
    [{ redis: { url: "redis://a.example", token: "t" } }, /`redis\.url` .*REST address/],
    [{ redis: { host: "a.example" } }, /neither a client of ioredis nor one of node-redis/],
  ])("%j", (options, message) => {
    expect(() => createDataCache(options as NodeCacheOptions)).toThrow(message);
  });

  it.each([
    ["ioredis", () => new Redis({ lazyConnect: true, keyPrefix: "shop:" })],
    ["a cluster", () => new Cluster([], { lazyConnect: true, keyPrefix: "shop:" })],
    ["its nodes", () => new Cluster([], { lazyConnect: true, redisOptions: { keyPrefix: "s:" } })],
  ] as [string, () => NodeCacheOptions["redis"]][])("keyPrefix of %s", (_, open) => {
    expect(() => createDataCache({ redis: open() })).toThrow(
      /unsuitable\. Its option `keyPrefix` .* Remove `keyPrefix`, and set `namespace`/,
    );
  });

  it("a pool of node-redis", () => {
    const redis = createClientPool() as unknown as NodeCacheOptions["redis"];
    expect(() => createDataCache({ redis })).toThrow(/It is a pool.* Pass `createClient\(…\)`/);
  });

  it("an option that there is not", () => {
    const redis = { url: "https://a.example", token: "t" };
    const options = { redis, namespce: "a" } as unknown as NodeCacheOptions;
    expect(() => createDataCache(options)).toThrow(/namespce/);
  });
});

it("the memory may be as large as the heap, and no larger", () => {
  const redis = { url: "https://a.example", token: "t" };
  const made = (memoryBytes: number) => () => createDataCache({ redis, limits: { memoryBytes } });
  expect(made(200 * 1_048_576)).not.toThrow();
  for (const memoryBytes of [2 ** 50, -1, 0.5]) {
    expect(made(memoryBytes)).toThrow("`limits.memoryBytes` is not a whole number of bytes up to");
  }
});

it("a memory of more than 96 MiB holds as much", async () => {
  const { cache } = openProcess({
    redis: { url: "https://a.invalid", token: "t" },
    limits: { memoryBytes: 400 * 1_048_576 },
    log: () => undefined,
  });
  const values = cache.namespace<string>("values", { fresh: "1h", tiers: ["memory"] });
  // The heap takes four times the text of a value.
  const text = "x".repeat(250_000);
  for (let nth = 0; nth < 120; nth += 1) await values.getOrSet(nth, () => text);
  expect(cache.stats().memory.count).toBe(120);
});

describe("a database that is not there", () => {
  it("over REST: a purge is refused, and loads go on; the log names the option", async () => {
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

  it("over a connection: the log says what to look at", async () => {
    const redis = new Redis({ port: 1, lazyConnect: true, retryStrategy: () => 20 });
    const { cache, log } = openProcess({ redis });
    const articles = cache.namespace<string>("articles", { fresh: "1h" });
    expect(await articles.getOrSet("1", () => "v")).toBe("v");
    expect(log.join("\n")).toMatch(/cannot be reached: check the address of the connection/);
    redis.disconnect();
  });
});
