// Tests hashes in Redis: many fields, large numbers, and values of other programs.
import { expect, it } from "vitest";
import { openProcess } from "../../../testing/data/node-process.ts";
import { openRestDatabase } from "../../../testing/fakes/rest-database.ts";

const database = openRestDatabase();

let namespaces = 0;

function opened(options: object = {}) {
  const namespace = `h${(namespaces += 1)}`;
  const { cache } = openProcess({ redis: database.redis, namespace });
  const space = { fresh: "10m", ...options } as const;
  const fields = cache.namespace<Record<string, unknown>>("articles", space).fields("42");
  return { fields, cache, namespace };
}

it("sets 5,000 fields at once", async () => {
  const { fields, cache } = opened();
  const views = Array.from({ length: 5_000 }, (_, nth) => [`day ${nth}`, nth] as const);
  const all: Record<string, number> = Object.fromEntries(views);
  expect(await fields.set(all)).toBe(true);
  expect(await fields.all()).toEqual(all);
  expect(cache.stats().redis.troubleWithWrites).toBeUndefined();
});

it("raises numbers exactly, and not beyond the largest safe integer", async () => {
  const { fields, cache } = opened();
  await fields.set({ views: 123_456_789_012_345 });
  expect(await fields.increment("views")).toBe(123_456_789_012_346);
  await fields.set({ views: Number.MAX_SAFE_INTEGER - 1 });
  expect(await fields.increment("views")).toBe(Number.MAX_SAFE_INTEGER);
  expect(await fields.increment("views")).toBeUndefined();
  expect(await fields.increment("views", -Number.MAX_SAFE_INTEGER)).toBe(0);
  expect(await fields.increment("views", -7)).toBe(-7);
  expect(cache.stats().redis.troubleWithWrites).toBeUndefined();
});

it("bounds the memory for heads of hashes, and reads a dropped head again", async () => {
  const { redis } = database;
  const tags = Array.from({ length: 32 }, (_, nth) => `${nth}`.padEnd(250, "-"));
  const { cache } = opened();
  const articles = cache.namespace<{ views: number }, number>("tagged", { fresh: "10m", tags });
  const scripts = async (key: number) => {
    await redis.config("RESETSTAT");
    await articles.fields(key).set({ views: 1 });
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info("commandstats"))?.[1]);
  };
  await articles.fields(0).set({ views: 0 });
  expect(await scripts(0)).toBe(1);
  for (let key = 1; key < 100; key += 1) await articles.fields(key).set({ views: 0 });
  expect([await scripts(1), await scripts(99)]).toEqual([2, 1]);
});

it("replaces a value of another type", async () => {
  const { fields, namespace } = opened();
  await fields.set({ title: "Tides" });
  const [key = ""] = await database.redis.keys(`${namespace}:f:*`);
  await database.redis.del(key);
  await database.redis.set(key, "text");
  expect(await fields.all()).toBeUndefined();
  expect(await fields.increment("views")).toBeUndefined();
  expect(await fields.set({ views: 1 })).toBe(true);
  expect(await fields.all()).toEqual({ views: 1 });
});

it("treats fields as absent that the codec cannot read", async () => {
  const decode = (text: string): unknown => {
    if (text.includes("odd")) throw new Error("It is odd.");
    return JSON.parse(text);
  };
  const { fields, cache } = opened({ codec: { name: "own", encode: JSON.stringify, decode } });
  await fields.set({ title: "odd" });
  expect(await fields.all()).toBeUndefined();
  expect(cache.stats().badRecords).toBe(1);
  await fields.set({ title: "Ebb" });
  expect(await fields.get(["title"])).toEqual({ title: "Ebb" });
});
