// POST /_cache/warm with keys of data: one look and one load for a batch, under a stamp of before.
import { describe, expect, it, vi } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { createDataCache } from "../../src/data/create-data-cache.ts";
import type { LoadMany } from "../../src/data/value/load-context.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../testing/fakes/fake-upstash.ts";
import { idle, openSite, until } from "../../testing/site/harness.ts";
import { adminToken, send } from "../../testing/site/purge-sender.ts";
import { callWarm, toldOf } from "../../testing/site/warm-site.ts";

type Load = LoadMany<string | null, string>;

/** Values tell which load has brought them. */
function open(
  given: {
    load?: Load;
    upstash?: FakeUpstash;
    clock?: FakeClock;
    options?: { tiers?: readonly "memory"[]; hardTimeoutMs?: number };
  } = {},
) {
  const clock = given.clock ?? new FakeClock();
  const upstash = given.upstash ?? new FakeUpstash(clock);
  const data = createDataCache(defineConfig({}), { nowAtMs: clock.nowAtMs, random: () => 0.5 });
  const asked: string[][] = [];
  const load: Load = (keys, context) => {
    asked.push([...keys]);
    if (given.load) return given.load(keys, context);
    return new Map(keys.map((key) => [key, `${key} of load ${asked.length}`]));
  };
  const rates = data.namespace<string | null, string>("rates", {
    fresh: "10m",
    load,
    tags: ["r"],
    ...given.options,
  });
  data.namespace("plain", { fresh: "10m" });
  const site = openSite({
    clock,
    upstash,
    data,
    env: { ADMIN_TOKEN: adminToken, SITE_HOST: "www.example.com" },
  });
  const warm = async (order: object) => toldOf(await callWarm(site, order));
  return { clock, upstash, data, rates, asked, site, warm };
}

describe("keys", () => {
  it("are loaded by one load, unless they are fresh, and then answer everywhere", async () => {
    const { rates, asked, warm, upstash, clock } = open();
    await warm({ data: { rates: ["a"] } });
    expect([await rates.get("a"), asked]).toEqual(["a of load 1", [["a"]]]);
    const { done } = await warm({ data: { rates: ["a", "b", "c", "b"] } });
    expect(done).toEqual([
      { namespace: "rates", key: "a", result: "already" },
      { namespace: "rates", key: "b", result: "warmed" },
      { namespace: "rates", key: "c", result: "warmed" },
      { namespace: "rates", key: "b", result: "warmed" },
    ]);
    expect(asked).toEqual([["a"], ["b", "c"]]);
    const elsewhere = open({ upstash, clock });
    expect(await elsewhere.rates.get("c")).toBe("c of load 2");
    expect(elsewhere.asked).toEqual([]);
  });

  it("come after the pages, a hundred of one namespace at each call", async () => {
    const { asked, warm, site } = open();
    const keys = Array.from({ length: 150 }, (_, at) => `k${at}`);
    const order = { pages: ["/a"], data: { rates: keys } };
    const first = await warm(order);
    expect([first.done.length, first.next, first.total]).toEqual([1, 1, 151]);
    const second = await warm({ ...order, cursor: 1 });
    expect([second.done.length, second.next]).toEqual([100, 101]);
    const third = await warm({ ...order, cursor: 101 });
    expect([third.done.length, third.next]).toEqual([50, null]);
    expect(asked.map(({ length }) => length)).toEqual([100, 50]);
    expect(site.counted()).toMatchObject({ "warmed|data|warmed": 150 });
  });

  it("cost three round trips for a hundred, one of them to the journal, and no call of the colo's Cache API", async () => {
    const { warm, upstash, site } = open();
    await warm({ data: { rates: ["first"] } });
    const [requests, calls] = [upstash.requestCount, site.cache.calls];
    await warm({ data: { rates: Array.from({ length: 100 }, (_, at) => `k${at}`) } });
    expect([upstash.requestCount - requests, site.cache.calls - calls]).toEqual([3, 0]);
  });

  it("whose load fails, or has nothing, are told so, and no secret with it", async () => {
    const broken = open({
      load: () => {
        throw new TypeError("s3cret");
      },
    });
    expect((await broken.warm({ data: { rates: ["a"] } })).done).toEqual([
      { namespace: "rates", key: "a", result: "failed", why: "its load failed with TypeError" },
    ]);
    const empty = open({ load: (keys) => new Map(keys.map((key) => [key, null])) });
    expect((await empty.warm({ data: { rates: ["a"] } })).done).toMatchObject([
      { result: "not-stored" },
    ]);
  });

  it("that are purged while they are loaded do not answer afterwards", async () => {
    const held = Promise.withResolvers<void>();
    let loads = 0;
    const world = open({
      load: async (keys) => {
        loads += 1;
        const value = `load ${loads}`;
        if (loads === 1) await held.promise;
        return new Map(keys.map((key) => [key, value]));
      },
    });
    const warming = world.warm({ data: { rates: ["a"] } });
    await until(() => loads === 1);
    expect((await send(world.site, { tags: ["r"] })).status).toBe(200);
    held.resolve();
    await warming;
    expect(await world.rates.get("a")).toBeUndefined();
  });
});

describe("keys that Redis does not have afterwards", () => {
  it("are told to have failed where it does not take them", async () => {
    const { warm, upstash } = open();
    await warm({ data: { rates: ["other"] } });
    upstash.mode = "refuses";
    const why = "the shared tier did not store it (unavailable)";
    expect((await warm({ data: { rates: ["a", "b"] } })).done).toEqual([
      { namespace: "rates", key: "a", result: "failed", why },
      { namespace: "rates", key: "b", result: "failed", why },
    ]);
  });

  it("are loaded anew where it has lost them, though this isolate has them fresh", async () => {
    const { warm, rates, upstash, asked, clock } = open();
    await warm({ data: { rates: ["a"] } });
    expect(await rates.get("a")).toBe("a of load 1");
    upstash.lay({ ...upstash.kept, records: [] });
    expect((await warm({ data: { rates: ["a"] } })).done).toMatchObject([{ result: "warmed" }]);
    expect(asked).toEqual([["a"], ["a"]]);
    expect(await open({ upstash, clock }).rates.get("a")).toBe("a of load 2");
  });

  it("are told to be too large for it, each by itself", async () => {
    const { warm } = open({
      load: (keys) => new Map(keys.map((key) => [key, key.repeat(key === "a" ? 2_000_000 : 1)])),
    });
    expect((await warm({ data: { rates: ["a", "b"] } })).done).toEqual([
      {
        namespace: "rates",
        key: "a",
        result: "not-stored",
        why: "the shared tier did not store it (too-large)",
      },
      { namespace: "rates", key: "b", result: "warmed" },
    ]);
  });

  it("are told to be in one isolate alone where their namespace leaves Redis out", async () => {
    const { warm } = open({ options: { tiers: ["memory"] } });
    expect((await warm({ data: { rates: ["a"] } })).done).toMatchObject([
      { result: "warmed", why: expect.stringContaining("only in one isolate") },
    ]);
  });

  it("are not waited for longer than 25 s, however long their load may take", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { warm, asked } = open({
        load: () => new Promise<never>(() => undefined),
        options: { hardTimeoutMs: 600_000 },
      });
      const warming = warm({ data: { rates: ["a"] } });
      await until(() => asked.length === 1);
      await idle();
      await vi.advanceTimersByTimeAsync(25_000);
      expect((await warming).done).toEqual([
        {
          namespace: "rates",
          key: "a",
          result: "failed",
          why: "its load did not end within 25 s, and continues in the background",
        },
      ]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a call for keys that cannot be loaded", () => {
  it.each([
    { id: "unknown", data: { other: ["a"] }, why: 'has no namespace "other"', hint: "rates" },
    { id: "no-load", data: { plain: ["a"] }, why: '"plain" has no load', hint: "option load" },
    { id: "key", data: { rates: ["a", "b//c"] }, why: 'data[rates][1] is "b//c"', hint: "omit" },
    { id: "no-key", data: { rates: ["a", {}] }, why: "data[rates][1] must be a string", hint: "" },
    { id: "no-list", data: { rates: "a" }, why: "data[rates] must be an array of keys", hint: "" },
  ])("loads nothing, and says why: $id", async ({ data, why, hint }) => {
    const { site, asked } = open();
    const seen = await callWarm(site, { data });
    const { error } = JSON.parse(seen.text) as { error: { why: string; hint: string } };
    expect(seen.status).toBe(400);
    expect(error.why).toContain(why);
    expect(error.hint).toContain(hint);
    expect(asked).toEqual([]);
  });
});
