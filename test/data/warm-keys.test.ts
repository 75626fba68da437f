// Tests POST /_cache/warm with keys of data. A batch takes one lookup and one load, with an earlier
// stamp.
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

interface Given {
  readonly load?: Load;
  readonly upstash?: FakeUpstash;
  readonly clock?: FakeClock;
  readonly options?: { tiers?: readonly "memory"[]; hardTimeoutMs?: number };
}

/** Opens a site with a namespace, whose values contain the number of their load. */
function open({ clock = new FakeClock(), upstash = new FakeUpstash(clock), ...given }: Given = {}) {
  const data = createDataCache(defineConfig({}), { nowAtMs: clock.nowAtMs, random: () => 0.5 });
  const asked: string[][] = [];
  const load: Load = (keys, context) => {
    asked.push([...keys]);
    if (given.load) return given.load(keys, context);
    return new Map(keys.map((key) => [key, `${key} of load ${asked.length}`]));
  };
  const space = { fresh: "10m", load, tags: ["r"], ...given.options } as const;
  const rates = data.namespace<string | null, string>("rates", space);
  data.namespace("plain", { fresh: "10m" });
  const env = { ADMIN_TOKEN: adminToken, SITE_HOST: "www.example.com" };
  const site = openSite({ clock, upstash, data, env });
  const warm = async (order: object) => toldOf(await callWarm(site, order));
  const warmRates = async (...keys: string[]) => (await warm({ data: { rates: keys } })).done;
  return { clock, upstash, rates, asked, site, warm, warmRates };
}

const done = (key: string, result: string, why?: string) => ({
  namespace: "rates",
  key,
  result,
  ...(why !== undefined && { why }),
});
const named = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);

it("one load loads all keys that are not fresh, for all isolates", async () => {
  const { rates, asked, warmRates, upstash, clock } = open();
  await warmRates("a");
  expect([await rates.get("a"), asked]).toEqual(["a of load 1", [["a"]]]);
  const [b, c] = [done("b", "warmed"), done("c", "warmed")];
  expect(await warmRates("a", "b", "c", "b")).toEqual([done("a", "already"), b, c, b]);
  expect(asked).toEqual([["a"], ["b", "c"]]);
  const elsewhere = open({ upstash, clock });
  expect(await elsewhere.rates.get("c")).toBe("c of load 2");
  expect(elsewhere.asked).toEqual([]);
});

it("a call warms the pages, or at most a hundred keys of one namespace", async () => {
  const { asked, warm, site } = open();
  const order = { pages: ["/a"], data: { rates: named("k", 150) } };
  const counts = async (cursor: object) => {
    const told = await warm({ ...order, ...cursor });
    return [told.done.length, told.next, told.total];
  };
  expect(await counts({})).toEqual([1, 1, 151]);
  expect(await counts({ cursor: 1 })).toEqual([100, 101, 151]);
  expect(await counts({ cursor: 101 })).toEqual([50, null, 151]);
  expect(asked.map(({ length }) => length)).toEqual([100, 50]);
  expect(site.counted()).toMatchObject({ "warmed|data|warmed": 150 });
});

it("a hundred keys cost three round trips, one of them to the journal, and no use of the Cache API", async () => {
  const { warmRates, upstash, site } = open();
  await warmRates("first");
  const [requests, calls] = [upstash.requestCount, site.cache.calls];
  await warmRates(...named("k", 100));
  expect([upstash.requestCount - requests, site.cache.calls - calls]).toEqual([3, 0]);
});

it("a failed load and a missing value are reported, without secrets", async () => {
  const failing = () => {
    throw new TypeError("s3cret");
  };
  expect(await open({ load: failing }).warmRates("a")).toEqual([
    done("a", "failed", "its load failed with TypeError"),
  ]);
  const empty: Load = (keys) => new Map(keys.map((key) => [key, null]));
  expect(await open({ load: empty }).warmRates("a")).toMatchObject([{ result: "not-stored" }]);
});

it("a purge during the load covers its values", async () => {
  const held = Promise.withResolvers<void>();
  let loads = 0;
  const load: Load = async (keys) => {
    loads += 1;
    const value = `load ${loads}`;
    if (loads === 1) await held.promise;
    return new Map(keys.map((key) => [key, value]));
  };
  const { warmRates, rates, site } = open({ load });
  const warming = warmRates("a");
  await until(() => loads === 1);
  expect((await send(site, { tags: ["r"] })).status).toBe(200);
  held.resolve();
  await warming;
  expect(await rates.get("a")).toBeUndefined();
});

describe("a warmed key that Redis does not have afterwards", () => {
  it("is reported as failed if Redis refuses it", async () => {
    const { warmRates, upstash } = open();
    await warmRates("other");
    upstash.mode = "refuses";
    const why = "the shared tier did not store it (unavailable)";
    expect(await warmRates("a", "b")).toEqual([done("a", "failed", why), done("b", "failed", why)]);
  });

  it("is loaded again if Redis has lost it, although this isolate has a fresh copy", async () => {
    const { warmRates, rates, upstash, asked, clock } = open();
    await warmRates("a");
    expect(await rates.get("a")).toBe("a of load 1");
    upstash.lay({ ...upstash.kept, records: [] });
    expect(await warmRates("a")).toEqual([done("a", "warmed")]);
    expect(asked).toEqual([["a"], ["a"]]);
    expect(await open({ upstash, clock }).rates.get("a")).toBe("a of load 2");
  });

  it("is reported as not stored if its value is too large", async () => {
    const load: Load = (keys) =>
      new Map(keys.map((key) => [key, key.repeat(key === "a" ? 2_000_000 : 1)]));
    const why = "the shared tier did not store it (too-large)";
    expect(await open({ load }).warmRates("a", "b")).toEqual([
      done("a", "not-stored", why),
      done("b", "warmed"),
    ]);
  });

  it("is reported as warmed in only one isolate if its namespace omits Redis", async () => {
    const { warmRates } = open({ options: { tiers: ["memory"] } });
    const why = expect.stringContaining("only in one isolate") as string;
    expect(await warmRates("a")).toEqual([done("a", "warmed", why)]);
  });

  it("is reported as failed if its load takes more than 25 s", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const load = () => new Promise<never>(() => undefined);
      const { warmRates, asked } = open({ load, options: { hardTimeoutMs: 600_000 } });
      const warming = warmRates("a");
      await until(() => asked.length === 1);
      await idle();
      await vi.advanceTimersByTimeAsync(25_000);
      const why = "its load did not end within 25 s, and continues in the background";
      expect(await warming).toEqual([done("a", "failed", why)]);
    } finally {
      vi.useRealTimers();
    }
  });
});

it.each([
  { data: { other: ["a"] }, why: 'has no namespace "other"', hint: "rates" },
  { data: { plain: ["a"] }, why: '"plain" has no load', hint: "option load" },
  { data: { rates: ["a", "b//c"] }, why: 'data[rates][1] is "b//c"', hint: "omit" },
  { data: { rates: ["a", {}] }, why: "data[rates][1] must be a string", hint: "" },
  { data: { rates: "a" }, why: "data[rates] must be an array of keys", hint: "" },
])("a call with an invalid key loads nothing: $why", async ({ data, why, hint }) => {
  const { site, asked } = open();
  const seen = await callWarm(site, { data });
  const { error } = JSON.parse(seen.text) as { error: { why: string; hint: string } };
  expect(seen.status).toBe(400);
  expect(error.why).toContain(why);
  expect(error.hint).toContain(hint);
  expect(asked).toEqual([]);
});
