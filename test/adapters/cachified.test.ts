// Tests `tidemark/cachified` with the real library: purges during loads of each kind, lifetimes, and outages.
import {
  type Cache,
  cachified,
  type CachifiedOptions,
  createCacheEntry,
  softPurge,
} from "@epic-web/cachified";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cachifiedCache, type CachifiedEntry } from "../../src/adapters/cachified.ts";
import { DataIsolate, HeldSource } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** Opens a cache of cachified. Its clock is that of the isolate. */
function opened(isolate = new DataIsolate()) {
  vi.setSystemTime(isolate.clock.nowAtMs());
  const articles = isolate.data.namespace<CachifiedEntry>("articles", {
    fresh: "1d",
    tags: ["red"],
  });
  const cache: Cache = cachifiedCache(articles);
  const advance = (seconds: number) => {
    isolate.clock.advance(seconds);
    vi.setSystemTime(isolate.clock.nowAtMs());
  };
  const ask = (load: () => unknown, options: Partial<CachifiedOptions<unknown>> = {}) =>
    cachified({ key: "42", cache, ttl: 60_000, getFreshValue: load, ...options });
  const value = async (key = "42") => (await cache.get(key))?.value;
  return { isolate, articles, cache, advance, ask, value };
}

const never = () => Promise.reject(new Error("It was loaded."));

const loads = [
  { id: "a miss", age: undefined, options: {} },
  { id: "an expired value", age: 70, options: {} },
  { id: "a refresh of a stale value", age: 70, options: { swr: 600_000 } },
  { id: "a forced load", age: 1, options: { forceFresh: true } },
] as const;

describe.each(loads)("a load of cachified ($id)", ({ age, options }) => {
  async function begun() {
    const world = opened();
    const { isolate, ask, advance } = world;
    const source = new HeldSource();
    await ask(() => "of another key", { key: "41" });
    if (age !== undefined) await ask(() => "first", { ...options, forceFresh: false });
    await isolate.settle();
    advance(age ?? 1);
    const asked = ask(source.load, options);
    await until(() => source.count === 1);
    advance(1);
    return { ...world, source, asked };
  }

  it("is stored for all isolates", async () => {
    const { isolate, source, asked, ask } = await begun();
    source.answer("new");
    await asked;
    await idle();
    expect(await ask(never)).toBe("new");
    expect(await opened(isolate.elsewhere()).ask(never)).toBe("new");
  });

  it.each([{ tags: ["red"] }, { keys: ["articles/42"] }, { prefixes: ["articles"] }])(
    "is covered by the purge %j during the load",
    async (order) => {
      const { isolate, source, asked, advance, ask, value } = await begun();
      await isolate.data.purge(order);
      source.answer("read before the purge");
      await asked;
      await idle();
      expect(await value()).toBeUndefined();
      advance(10);
      expect(await opened(isolate.elsewhere()).value()).toBeUndefined();
      expect(await ask(() => "read after it")).toBe("read after it");
      expect(await ask(never)).toBe("read after it");
    },
  );

  it("is covered by another isolate's purge during the load, although a call joined it after the purge", async () => {
    const { isolate, source, asked, advance, ask, value } = await begun();
    await isolate.elsewhere().data.purge({ tags: ["red"] });
    advance(10);
    const joined = ask(source.load);
    await idle();
    source.answer("read before the purge");
    await Promise.all([asked, joined]);
    await idle();
    expect(source.count).toBe(1);
    advance(10);
    expect(await value()).toBeUndefined();
    expect(await opened(isolate.elsewhere()).value()).toBeUndefined();
  });
});

it("a slow load does not get the start of a later lookup", async () => {
  const { isolate, ask, advance, value } = opened();
  const source = new HeldSource();
  const first = ask(source.load, { ttl: 600_000 });
  await until(() => source.count === 1);
  await isolate.data.purge({ keys: ["articles/42"] });
  advance(5);
  const second = ask(never, { ttl: 600_000 });
  await idle();
  source.answer("old");
  expect(await Promise.all([first, second])).toEqual(["old", "old"]);
  expect(await value()).toBeUndefined();
});

it("a forced load does not get the start of a later lookup", async () => {
  const { isolate, ask, advance, value } = opened();
  await ask(() => "of another key", { key: "41" });
  advance(1);
  const source = new HeldSource();
  const forced = ask(source.load, { forceFresh: true });
  await until(() => source.count === 1);
  await isolate.data.purge({ keys: ["articles/42"] });
  advance(5);
  expect(await value()).toBeUndefined();
  source.answer("old");
  await forced;
  expect(await value()).toBeUndefined();
});

it("a load during which the clock is set back gets no start of a later lookup", async () => {
  const { isolate, ask, advance, value } = opened();
  await ask(() => "of another key", { key: "41" });
  advance(1);
  const source = new HeldSource();
  const asked = ask(source.load);
  await until(() => source.count === 1);
  await isolate.elsewhere().data.purge({ keys: ["articles/42"] });
  isolate.clock.advance(10);
  vi.setSystemTime(isolate.clock.nowAtMs() - 60_000);
  expect(await value()).toBeUndefined();
  source.answer("old");
  expect(await asked).toBe("old");
  isolate.clock.advance(10);
  expect(await value()).toBeUndefined();
});

it("forced loads replace the values of other isolates, one after the other", async () => {
  const { isolate, ask, advance } = opened();
  await ask(() => "first");
  const elsewhere = opened(isolate.elsewhere());
  expect(await elsewhere.ask(never)).toBe("first");
  for (const next of ["second", "third", "fourth"]) {
    advance(3);
    await ask(() => next, { forceFresh: true });
    expect(await ask(never)).toBe(next);
  }
  advance(10);
  expect(await elsewhere.ask(never)).toBe("fourth");
});

it("the first forced load of a process is not stored, and ends older values", async () => {
  const { isolate, ask } = opened();
  await ask(() => "first");
  const restarted = opened(isolate.elsewhere());
  const source = new HeldSource();
  const forced = restarted.ask(source.load, { forceFresh: true });
  restarted.advance(1);
  source.answer("second");
  expect(await forced).toBe("second");
  expect(await restarted.value()).toBeUndefined();
  restarted.advance(1);
  await restarted.ask(() => "third", { forceFresh: true });
  expect(await restarted.ask(never)).toBe("third");
});

it("an entry that the application creates is stored everywhere", async () => {
  const { isolate, cache, advance, ask, value } = opened();
  await cache.set("42", createCacheEntry("first", { ttl: 60_000 }));
  expect(await ask(never)).toBe("first");
  advance(5);
  await cache.set("42", createCacheEntry("second", { ttl: 60_000 }));
  expect(await value()).toBe("second");
  expect(await opened(isolate.elsewhere()).value()).toBe("second");
});

it("the first lookup of a process may begin 100 ms after cachified has read the clock", async () => {
  const { cache, advance, value } = opened();
  const entry = createCacheEntry("cold", { ttl: 60_000 });
  advance(0.1);
  await cache.set("42", entry);
  expect(await value()).toBe("cold");
  const { cache: late, advance: pass, value: valueLate } = opened();
  const older = createCacheEntry("too late", { ttl: 60_000 });
  pass(0.101);
  await late.set("42", older);
  expect(await valueLate()).toBeUndefined();
});

it.each([
  { id: "fresh", age: 5, options: {} },
  { id: "fresh, found again at once", age: 5, options: {}, isFoundBefore: true },
  { id: "expired", age: 70, options: {} },
  { id: "stale", age: 70, options: { swr: 600_000 } },
])("a value that checkValue refuses costs one load: $id", async ({ age, options, ...row }) => {
  const { advance, ask, isolate } = opened();
  await ask(() => "of another key", { key: "41" });
  advance(1);
  await ask(() => "old", options);
  await isolate.settle();
  advance(age);
  if (row.isFoundBefore === true) await ask(never);
  const load = vi.fn<() => string>(() => "new");
  const checkValue = (value: unknown) => value === "new";
  expect(await ask(load, { ...options, checkValue })).toBe("new");
  await idle();
  expect(await ask(never, { ...options, checkValue })).toBe("new");
  expect(load).toHaveBeenCalledTimes(1);
});

it("a purge during the load after a refused value covers the loaded value", async () => {
  const { isolate, advance, ask, value } = opened();
  await ask(() => "old");
  advance(5);
  const source = new HeldSource();
  const asked = ask(source.load, { checkValue: (found: unknown) => found !== "old" });
  await until(() => source.count === 1);
  advance(1);
  await isolate.elsewhere().data.purge({ tags: ["red"] });
  advance(10);
  await value("another key, so that the view is renewed");
  source.answer("read before the purge");
  expect(await asked).toBe("read before the purge");
  expect(await value()).toBeUndefined();
});

it("a value may be changed, and no other reader gets the change", async () => {
  const { advance, ask } = opened();
  const load = vi.fn<() => object>(() => ({ list: [1] }));
  for (const _ of [1, 2, 3]) {
    const found = (await ask(load)) as { list: number[] };
    expect(found).toEqual({ list: [1] });
    found.list.push(2);
    advance(1);
  }
  expect(load).toHaveBeenCalledTimes(1);
});

it.each([
  { id: "stale in the process that looked up before", isSame: true, found: "old" },
  { id: "gone in another process", isSame: false, found: "new" },
])("softPurge makes the value $id", async ({ isSame, found }) => {
  const { isolate, cache, advance, ask } = opened();
  await ask(() => "of another key", { key: "41" });
  advance(1);
  await ask(() => "old");
  advance(1);
  const purging = isSame ? cache : opened(isolate.elsewhere()).cache;
  await softPurge({ cache: purging, key: "42" });
  advance(10);
  const load = vi.fn<() => string>(() => "new");
  expect(await ask(load)).toBe(found);
  await until(() => load.mock.calls.length === 1);
  await idle();
  // In the idle process, the purge may have come during the lookup.
  if (!isSame) await ask(load);
  expect(await ask(never)).toBe("new");
});

it.each([
  { call: "expire", swr: 600_000, first: "old" },
  { call: "a soft purge", swr: 600_000, first: "old" },
  { call: "expire", swr: 0, first: "new" },
])("$call with swr $swr ends a value before its ttl", async ({ call, swr, first }) => {
  const { isolate, articles, advance, ask } = opened();
  const how = { ttl: 3_600_000, swr };
  await ask(() => "old", how);
  advance(5);
  if (call === "expire") await articles.expire("42");
  else await isolate.data.purge({ tags: ["red"], soft: true });
  advance(10);
  const load = vi.fn<() => string>(() => "new");
  expect(await ask(load, how)).toBe(first);
  await until(() => load.mock.calls.length === 1);
  await idle();
  expect(await ask(never, how)).toBe("new");
  expect(await opened(isolate.elsewhere()).ask(never, how)).toBe("new");
});

it("a soft purge does not make a value younger for fallbackToCache, nor ends with it", async () => {
  const { isolate, advance, ask } = opened();
  const how = { ttl: 864_000_000, swr: 864_000_000 };
  await ask(() => "old", how);
  advance(7_200);
  await isolate.data.purge({ tags: ["red"], soft: true });
  advance(10);
  const failing = () => Promise.reject(new Error("down"));
  const fallback = { ...how, forceFresh: true, fallbackToCache: 60_000 };
  await expect(ask(failing, fallback)).rejects.toThrow("down");
  const load = vi.fn<() => string>(() => "new");
  expect(await ask(load, how)).toBe("old");
  await until(() => load.mock.calls.length === 1);
});

describe("lifetimes", () => {
  it.each([
    { ttl: 60_000, swr: 0, fresh: 59, gone: 61 },
    { ttl: 60_000, swr: 60_000, fresh: 59, gone: 121 },
    { ttl: 0.5, swr: 0, fresh: 0, gone: 1 },
    { ttl: Infinity, swr: 0, fresh: 86_399, gone: 86_401 },
    { ttl: 60_000, swr: Infinity, fresh: 31_000_000, gone: 31_536_061 },
    { ttl: 1e300, swr: 1e300, fresh: 31_536_000, gone: 63_072_001 },
  ])(
    "ttl $ttl and swr $swr: the value is stored after $fresh s",
    async ({ fresh, gone, ...how }) => {
      const { ask, value, advance } = opened();
      await ask(() => "value", how);
      advance(fresh);
      expect(await value()).toBe("value");
      advance(gone - fresh);
      expect(await value()).toBeUndefined();
    },
  );

  it.each([0, -1, Number.NaN])("ttl %d: the call gets the value", async (ttl) => {
    const { ask } = opened();
    expect(await ask(() => "value", { ttl })).toBe("value");
  });
});

it.each([
  { id: "user:42" },
  { id: "a/b" },
  { id: "/a//b/" },
  { id: "%2F" },
  { id: "empty", key: "" },
  { id: "of 800 bytes", key: "é".repeat(400) },
  { id: "of 5,000 bytes", key: "x".repeat(5_000) },
  { id: "half a character", key: "\ud800" },
])("stores and deletes a value under a key ($id)", async ({ id, key = id }) => {
  const { cache, ask, value, advance } = opened();
  for (const other of [`${key} `, "\ud802", "sha256:00"]) await ask(() => "other", { key: other });
  expect(await ask(() => "value", { key })).toBe("value");
  expect(await ask(never, { key })).toBe("value");
  advance(5);
  await cache.delete(key);
  expect(await value(key)).toBeUndefined();
  expect(await value(`${key} `)).toBe("other");
});

it("a digest is not the key of another value", async () => {
  const { ask, value, articles } = opened();
  await ask(() => "long", { key: "x".repeat(5_000) });
  const purges = vi.spyOn(articles, "set");
  await ask(() => "long", { key: "y".repeat(5_000) });
  const digest = String(purges.mock.calls[0]?.[0]);
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  await ask(() => "invented", { key: digest });
  expect(await value("y".repeat(5_000))).toBe("long");
});

it("stores a value of 3 MB, and values that JSON lacks", async () => {
  const { isolate, ask } = opened();
  const value = {
    of: new Map([[1, new Set([2])]]),
    big: 5n,
    text: "x".repeat(3_000_000),
    nothing: undefined,
  };
  await ask(() => value);
  await isolate.settle();
  expect(structuredClone(await opened(isolate.beside()).ask(never))).toEqual(value);
});

it("without Redis, calls load, and purges reject", async () => {
  const { isolate, ask, cache, advance } = opened();
  await ask(() => "first");
  advance(30);
  isolate.upstash.mode = "down";
  expect(await ask(() => "second")).toBe("second");
  expect(await ask(() => "forced", { forceFresh: true })).toBe("forced");
  expect(await cache.get("43")).toBeUndefined();
  await expect(cache.delete("42")).rejects.toThrow("The purge was not accepted");
});
