// Tests how a data cache reads its variables, and that it reads no clock before its first use.
import { describe, expect, it, vi } from "vitest";
import { type Config, defineConfig } from "../../src/config/config.ts";
import { createDataCache } from "../../src/data/create-data-cache.ts";
import type { LogLine } from "../../src/observe/log-line.ts";
import { durableObjectJournal } from "../../src/stores/durable-object/durable-object-journal.ts";
import { FakeCache } from "../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeUpstash, openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { FakeObject } from "../../testing/fakes/fake-object.ts";
import "../../testing/fakes/workers-globals.ts";
import { upstashStore } from "../../testing/fakes/upstash-store.ts";

openNetworkOfFakes();

function opened(env: object, given: object = {}) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const cache = new FakeCache(clock);
  const log: string[] = [];
  const platform = {
    env: { ...upstash.env, ...env },
    stores: { redis: upstashStore },
    cache: () => cache,
    nowAtMs: clock.nowAtMs,
    random: () => 0.5,
    log: ({ message }: LogLine) => void log.push(message),
    ...given,
  };
  const make = () => createDataCache(defineConfig({ namespace: "site" }), platform);
  const articles = () => make().namespace<string>("articles", { fresh: "1m" });
  return { upstash, cache, log, make, articles };
}

describe("the variables", () => {
  it("name the database, its namespace, and the host of values at the edge", async () => {
    const { upstash, cache, articles } = opened({
      NAMESPACE: "staging",
      SITE_HOST: "a.test b.test",
    });
    expect(await articles().set("42", "v")).toEqual(["memory", "edge", "shared"]);
    expect(upstash.keys).toEqual([expect.stringMatching(/^staging:d:[\da-f]{64}$/)]);
    expect(cache.addresses).toContainEqual(
      expect.stringMatching(/^https:\/\/a\.test\/_cache\/stored\/[\da-f]{64}$/),
    );
  });

  it("may omit the host and the namespace: no edge tier, and the configuration's namespace", async () => {
    const { upstash, cache, articles } = opened({});
    expect(await articles().set("42", "v")).toEqual(["memory", "shared"]);
    expect(upstash.keys).toEqual([expect.stringMatching(/^site:d:/)]);
    expect(cache.calls).toBe(0);
  });

  it("may name an unusable database: one log line, and values are stored elsewhere", async () => {
    const env = { UPSTASH_REDIS_REST_URL: "redis://a", SITE_HOST: "a.test" };
    const { log, articles } = opened(env);
    const space = articles();
    expect(await space.set("42", "v")).toEqual(["memory", "edge"]);
    await space.set("43", "v");
    expect(log).toEqual([expect.stringContaining("The database is not used")]);
  });

  it("name the database of values whose journal is another store", async () => {
    const journal = durableObjectJournal().bound({ JOURNAL: new FakeObject().namespace });
    const { upstash, articles } = opened({}, { journal });
    expect(await articles().set("42", "v")).toContain("shared");
    expect(upstash.keys).toEqual([expect.stringMatching(/^site:d:/)]);
  });

  it.each([
    { env: { SITE_HOST: "https://a.test" }, why: "SITE_HOST is invalid." },
    { env: { NAMESPACE: "a b" }, why: "NAMESPACE is invalid." },
  ])("are refused at once: $why", ({ env, why }) => {
    expect(opened(env).make).toThrow(why);
  });
});

it("reads no clock and no random number before its first use, as Workers require", async () => {
  const asked = vi.fn<() => number>(() => 1_000);
  const random = vi.spyOn(crypto, "getRandomValues");
  const articles = opened({}, { nowAtMs: asked, random: asked }).articles();
  expect([asked.mock.calls.length, random.mock.calls.length]).toEqual([0, 0]);
  await articles.set("42", "v");
  expect(asked).toHaveBeenCalled();
});

it("fails a load with the load's own error, although the log throws", async () => {
  const log = () => {
    throw new Error("of the log");
  };
  const failing = opened({}, { log })
    .articles()
    .getOrSet("42", () => Promise.reject(new Error("of the load")));
  await expect(failing).rejects.toThrow("of the load");
});

it("checks a configuration that was written without defineConfig", async () => {
  const written = { limits: { memoryBytes: 1_048_576 } } as unknown as Config;
  const articles = createDataCache(written).namespace<string>("articles", { fresh: "1m" });
  expect(await articles.getOrSet("42", () => "v")).toBe("v");
  expect(() => createDataCache({ limits: 7 } as unknown as Config)).toThrow("limits");
});

it("stores only in memory without a platform", async () => {
  const articles = createDataCache(defineConfig({})).namespace<string>("articles", { fresh: "1m" });
  expect(await articles.set("42", "v")).toEqual(["memory"]);
  expect(await articles.get("42")).toBe("v");
});
