// Tests a data cache without a database. It serves one process, whose purges reach all of its
// values.
import { describe, expect, it, onTestFinished } from "vitest";
import { knownData, type Pages } from "../../../src/compose/data-beside-pages.ts";
import { createDataCache } from "../../../src/data/node/node-data-cache.ts";
import { AheadClock } from "../../../testing/data/node-process.ts";

function opened() {
  const clock = new AheadClock();
  const log: string[] = [];
  const cache = createDataCache({
    redis: "none",
    nowAtMs: clock.nowAtMs,
    log: ({ message }) => void log.push(message),
  });
  onTestFinished(() => expect(log).toEqual([]));
  const articles = cache.namespace<string, number>("articles", { fresh: "1h", stale: "1d" });
  let loads = 0;
  const load = async () => `load ${(loads += 1)}`;
  const others = cache.namespace<string, number>("others", { fresh: "1h" });
  return { cache, articles, others, clock, load };
}

/** Begins a load of a key. @returns a function that ends the load, and returns its value */
async function beginLoad({ articles }: ReturnType<typeof opened>, key: number) {
  const begun = Promise.withResolvers<void>();
  const read = Promise.withResolvers<string>();
  const loading = articles.getOrSet(key, () => {
    begun.resolve();
    return read.promise;
  });
  await begun.promise;
  return () => {
    read.resolve("read before");
    return loading;
  };
}

describe("a purge without a database", () => {
  const purges: [string, (of: ReturnType<typeof opened>) => Promise<unknown>][] = [
    ["delete", ({ articles }) => articles.delete(1)],
    ["clear", ({ articles }) => articles.clear()],
    ["a tag", ({ cache }) => cache.purge({ tags: ["author:7"] })],
    ["a prefix", ({ cache }) => cache.purge({ prefixes: ["articles"] })],
  ];

  it.each(purges)("removes a value at once: %s", async (_, purge) => {
    const of = opened();
    await of.articles.set(1, "old", { tags: ["author:7"] });
    expect(await of.articles.get(1)).toBe("old");
    expect(await purge(of)).toMatchObject({ position: expect.any(String) });
    expect(await of.articles.get(1)).toBeUndefined();
    expect(await of.articles.getOrSet(1, of.load)).toBe("load 1");
    expect(await of.articles.getOrSet(1, of.load)).toBe("load 1");
  });
});

it("stores the values of concurrent writes, and removes the value of a failed write", async () => {
  const { articles } = opened();
  const rows = new Map<number, string>();
  const writes = Array.from({ length: 300 }, (_, key) =>
    articles.write(key, `w${key}`, () => rows.set(key, `w${key}`)),
  );
  expect(new Set((await Promise.all(writes)).map(String))).toEqual(new Set(["memory"]));
  expect(await articles.get(299)).toBe("w299");
  await expect(
    articles.write(299, "lost", () => Promise.reject(new Error("The database is down."))),
  ).rejects.toThrow("The database is down.");
  expect(await articles.get(299)).toBeUndefined();
});

it("stores values in memory for a namespace that has only the shared tier", async () => {
  const { cache } = opened();
  const sessions = cache.namespace<string>("sessions", { fresh: "1h", tiers: ["shared"] });
  expect(await sessions.set("a", "1")).toEqual(["memory"]);
  expect(await sessions.get("a")).toBe("1");
  await sessions.delete("a");
  expect(await sessions.get("a")).toBeUndefined();
  expect(() => sessions.fields("a")).toThrow("Fields are stored in Redis");
});

describe("thousands of purges of other keys", () => {
  const deleteOthers = async ({ others }: ReturnType<typeof opened>, count: number) => {
    for (let nth = 0; nth < count; nth += 1) await others.delete(nth);
  };

  it("remove no value of this namespace, used or unused", async () => {
    const of = opened();
    const { articles, clock, load } = of;
    for (let key = 0; key < 200; key += 1) await articles.set(key, `v${key}`);
    await articles.delete(7);
    await deleteOthers(of, 30_000);
    await articles.delete(8);
    clock.advance(1_800);
    const keys = Array.from({ length: 200 }, (_, key) => key);
    const values = await Promise.all(keys.map((key) => articles.getOrSet(key, load)));
    expect(values.filter((value, key) => value !== `v${key}`)).toEqual(["load 1", "load 2"]);
  });

  it("do not restore a purged value, and do not store a load from before a purge", async () => {
    const of = opened();
    const { articles } = of;
    const finish = await beginLoad(of, 5);
    await articles.set(1, "old");
    await Promise.all([articles.delete(1), articles.delete(5)]);
    await deleteOthers(of, 8_190);
    expect(await finish()).toBe("read before");
    expect([await articles.get(1), await articles.get(5)]).toEqual([undefined, undefined]);
  });
});

it("measures the time since a soft purge with a clock that was set back", async () => {
  const { articles, clock } = opened();
  clock.advance(7_200);
  await articles.delete(1);
  clock.advance(-7_200);
  await articles.set(2, "v", { stale: "1m" });
  await articles.expire(2);
  clock.advance(59);
  expect(await articles.get(2)).toBe("v");
  clock.advance(2);
  expect(await articles.get(2)).toBeUndefined();
});

it("does not join pages, because their purges would not reach its values", () => {
  const { cache } = opened();
  const pages = { core: { settings: { platform: {}, config: {} } } } as unknown as Pages;
  expect(knownData(cache).join(pages)?.why).toContain("another database");
});

it("refuses a database that is only for the journal", () => {
  const journal = { url: "https://a.example", token: "t" };
  expect(() => createDataCache({ redis: "none", journal })).toThrow("Remove `journal`");
});
