// What a cache on Node is made with, and what is said of what is refused.
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { createDataCache, type NodeCacheOptions } from "../../src/node/create-data-cache.ts";
import { openProcess } from "../../testing/data/node-process.ts";
import { UnsteadyRestServer } from "../../testing/fakes/unsteady-rest-server.ts";

describe("what is refused, and the hint", () => {
  it.each([
    [{}, /The cache has no database\. `redis` is not set\. Set it to \{ url, token \}/],
    [{ redis: null }, /`redis` is not set/],
    [{ redis: { url: "https://a.example", token: "" } }, /`redis\.token` is not set/],
    [{ redis: { url: "", token: "" } }, /`redis\.url` is not set/],
    [{ redis: { url: "redis://a.example", token: "t" } }, /`redis\.url` .*REST address/],
    [{ redis: { host: "a.example" } }, /neither a client of ioredis nor one of node-redis/],
  ])("%j", (options, message) => {
    expect(() => createDataCache(options as NodeCacheOptions)).toThrow(message);
  });

  it("an option that there is not", () => {
    const redis = { url: "https://a.example", token: "t" };
    const options = { redis, namespce: "a" } as unknown as NodeCacheOptions;
    expect(() => createDataCache(options)).toThrow(/namespce/);
  });
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
    expect(log.join("\n")).toMatch(/cannot be reached: check that the connection/);
    redis.disconnect();
  });
});
