// Tests the promises of a namespace: values, lifetimes, keys and frozen results.
import { deepStrictEqual } from "node:assert";
import { describe, expect, expectTypeOf, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";

const opened = () => {
  const isolate = new DataIsolate();
  const any = isolate.data.namespace<string>("any", { fresh: "1m" });
  return { isolate, any, articles: isolate.articles<unknown>() };
};

describe("getOrSet", () => {
  it("loads a missing value once, and again at the end of its lifetime", async () => {
    const { isolate, articles } = opened();
    let loads = 0;
    const load = () => ({ title: `t${(loads += 1)}` });
    expect(await articles.getOrSet("42", load)).toEqual({ title: "t1" });
    isolate.clock.advance(59.999);
    expect(await articles.getOrSet("42", load)).toEqual({ title: "t1" });
    isolate.clock.advance(0.001);
    expect(await articles.get("42")).toBeUndefined();
    expect(await articles.getOrSet("42", load)).toEqual({ title: "t2" });
  });

  const falsy = [0, "", false, 0n, Number.NaN, [], {}];
  it.each(falsy.map((value) => ({ value })))("stores $value", async ({ value }) => {
    const { articles } = opened();
    let loads = 0;
    const load = () => {
      loads += 1;
      return value;
    };
    await articles.getOrSet("42", load);
    expect(await articles.getOrSet("42", load)).toEqual(value);
    expect([loads, await articles.has("42")]).toEqual([1, true]);
  });

  it("refuses undefined, and stores nothing", async () => {
    const { articles } = opened();
    await expect(articles.getOrSet("42", () => undefined)).rejects.toThrow(
      "The load of articles/42 failed. It returned undefined",
    );
    expect(await articles.has("42")).toBe(false);
    await expect(articles.set("42", undefined)).rejects.toThrow("It is undefined");
  });

  it("returns null, and stores it only for the lifetime `negative`", async () => {
    const { isolate, articles } = opened();
    const none = await articles.getOrSet("42", ({ fresh }) => (fresh("1h"), null));
    expect([none, await articles.get("42")]).toEqual([null, undefined]);
    const known = isolate.data.namespace<string>("known", { fresh: "1h", negative: "5s" });
    expect(await known.getOrSet("42", () => null)).toBeNull();
    expect([await known.get("42"), await known.has("42")]).toEqual([null, true]);
    isolate.clock.advance(5);
    expect(await known.get("42")).toBeUndefined();
  });

  it("uses the namespace's own load, and fails without any load", async () => {
    const { isolate, articles } = opened();
    const load = (keys: readonly string[]) => new Map(keys.map((key) => [key, `of ${key}`]));
    const own = isolate.data.namespace<string, string>("own", { fresh: "1m", load });
    expect(await own.getOrSet("a")).toBe("of a");
    await expect(articles.getOrSet("a")).rejects.toThrow("Nothing can be loaded for");
  });

  it("shortens lifetimes randomly, by the jitter at most", async () => {
    const { isolate } = opened();
    const spread = isolate.data.namespace<string>("spread", { fresh: "100s", jitter: 0.2 });
    await spread.getOrSet("42", () => "a");
    isolate.clock.advance(89.9);
    expect(await spread.get("42")).toBe("a");
    isolate.clock.advance(0.2);
    expect(await spread.get("42")).toBeUndefined();
  });
});

it.each([
  { value: null, options: {} },
  { value: null, options: { fresh: "1h" } },
  { value: "a", options: { fresh: "0s" } },
] as const)("set refuses $value with $options, which has no lifetime", async (given) => {
  const setting = opened().articles.set("42", given.value, given.options);
  await expect(setting).rejects.toThrow("The value of articles/42 is not stored.");
});

describe("a returned value", () => {
  it("is deeply frozen, and is not the object that the load returned", async () => {
    const { articles } = opened();
    const row = { list: [{ n: 1 }], at: new Date(5), map: new Map([["k", { m: 1 }]]) };
    const value = (await articles.getOrSet("42", () => row)) as typeof row;
    row.list[0]!.n = 2;
    expect(value).toEqual({ list: [{ n: 1 }], at: new Date(5), map: new Map([["k", { m: 1 }]]) });
    expect(() => (value.list[0]!.n = 3)).toThrow(TypeError);
    expect(() => value.list.push({ n: 3 })).toThrow(TypeError);
    expect(() => value.at.setTime(1)).toThrow("is frozen");
    expect(() => value.map.set("x", { m: 2 })).toThrow("is frozen");
    expect(() => (value.map.get("k")!.m = 2)).toThrow(TypeError);
    expect(Object.isFrozen(row)).toBe(false);
  });

  it("is strictly equal to the loaded value after a load, from memory and from Redis", async () => {
    const { isolate, articles } = opened();
    const load = () => ({ at: new Date(5), map: new Map([["k", new Date(6)]]), set: new Set([1]) });
    const loaded = await articles.getOrSet("42", load);
    await isolate.settle();
    const elsewhere = isolate.elsewhere().articles<ReturnType<typeof load>>();
    for (const value of [loaded, await articles.get("42"), await elsewhere.get("42")]) {
      deepStrictEqual(value, load());
      expect(() => value.set.add(2)).toThrow("is frozen");
    }
  });

  it("with bytes, which cannot be frozen, is a copy for each caller", async () => {
    const { articles } = opened();
    const load = () => ({ bytes: new Uint8Array([1, 2]) });
    const first = (await articles.getOrSet("42", load)) as ReturnType<typeof load>;
    first.bytes[0] = 9;
    expect(await articles.getOrSet("42", load)).toEqual({ bytes: new Uint8Array([1, 2]) });
  });
});

describe("keys", () => {
  it.each([
    { a: 42, b: "42" },
    { a: "42/x", b: ["42", "x"] },
    { a: "42/7", b: [42, 7] },
    { a: "a b%20c/ä", b: ["a b%20c", "ä"] },
  ])("$a and $b are the same", async ({ a, b }) => {
    const { any } = opened();
    await any.set(a, "v");
    expect(await any.get(b)).toBe("v");
    await any.delete(b);
    expect(await any.get(a)).toBeUndefined();
  });

  it.each([
    { a: ["a/b"], b: "a/b" },
    { a: ["a/b"], b: ["a%2Fb"] },
    { a: "*", b: "%2A" },
    { a: "a?b", b: "a" },
    { a: "A", b: "a" },
  ])("$a and $b are different", async ({ a, b }) => {
    const { any } = opened();
    await any.set(a, "v");
    expect(await any.get(b)).toBeUndefined();
    await any.delete(b);
    expect(await any.get(a)).toBe("v");
  });

  it.each([
    { id: "an empty text", key: "", why: "an empty segment" },
    { id: "an empty segment", key: "a//b", why: "an empty segment" },
    { id: "a slash at the start", key: "/a", why: "an empty segment" },
    { id: "an empty list", key: [], why: "an empty segment" },
    { id: "a lone surrogate", key: "\ud800", why: "half a character" },
    { id: "NaN", key: Number.NaN, why: "strings and numbers" },
    { id: "1,025 bytes", key: "a".repeat(1_021), why: "longer than 1024 bytes" },
    { id: "1,025 bytes of UTF-8", key: `a${"語".repeat(340)}`, why: "longer than 1024 bytes" },
    { id: "a nested list", key: [["a"]] as never, why: "strings and numbers" },
    { id: "an object", key: { id: 1 } as never, why: "strings and numbers" },
    { id: "undefined", key: undefined as never, why: "strings and numbers" },
    { id: "null", key: null as never, why: "strings and numbers" },
  ])("of $id are refused with a rejected promise", async ({ key, why }) => {
    const { any } = opened();
    for (const call of ["get", "has", "delete", "expire"] as const) {
      const asked = { promise: any[call](key) };
      await expect(asked.promise).rejects.toThrow(why);
    }
  });

  it("may have 1,024 bytes", async () => {
    const { isolate, any } = opened();
    const tiers = ["memory", "edge", "shared"];
    expect(await any.set("a".repeat(1_020), "v")).toEqual(tiers);
    const key = "語".repeat(340);
    expect(await any.set(key, "v")).toEqual(tiers);
    expect(await isolate.beside().data.namespace("any", { fresh: "1m" }).get(key)).toBe("v");
    await any.delete(key);
    expect(await any.get(key)).toBeUndefined();
    await any.set([key], "v");
    await isolate.data.purge({ prefixes: [["any", key]] });
    expect(await any.get(key)).toBeUndefined();
  });
});

it("wrap stores the results of a function by the key of its parameters", async () => {
  const { articles } = opened();
  let calls = 0;
  const add = async (a: number, b: number) => {
    calls += 1;
    return a + b;
  };
  const sum = articles.wrap(add, { key: (a, b) => `${a}/${b}` });
  expect([await sum(1, 2), await sum(1, 2), await sum(2, 2), calls]).toEqual([3, 3, 4, 2]);
});

it("has null in the types of its values only where a value may be null", async () => {
  const { data } = new DataIsolate();
  interface Row {
    readonly id: number;
  }
  const row = async (): Promise<Row> => ({ id: 1 });
  const noRow = async (): Promise<Row | null> => null;
  const rows = data.namespace<Row>("rows", { fresh: "1m" });
  expectTypeOf(await rows.getOrSet("1", row)).toEqualTypeOf<Row>();
  expectTypeOf(await rows.getOrSet("2", noRow)).toEqualTypeOf<Row | null>();
  expectTypeOf(await rows.get("1")).toEqualTypeOf<Row | undefined>();
  expectTypeOf(await rows.wrap(row, { key: () => "1" })()).toEqualTypeOf<Row>();
  const absent = data.namespace<Row>("absent", { fresh: "1m", negative: "1s" });
  expectTypeOf(await absent.getOrSet("1", row)).toEqualTypeOf<Row | null>();
  expectTypeOf(await absent.get("1")).toEqualTypeOf<Row | null | undefined>();
  const any = data.namespace("any", { fresh: "1m" });
  expectTypeOf(await any.getOrSet("1", row)).toEqualTypeOf<Row>();
  expectTypeOf(await any.getOrSet("2", noRow)).toEqualTypeOf<Row | null>();
  const load = async (keys: readonly string[]) => new Map(keys.map((key) => [key, { id: 1 }]));
  const loading = data.namespace<Row, string>("loading", { fresh: "1m", load });
  expectTypeOf(await loading.getOrSet("1")).toEqualTypeOf<Row>();
  const lacking = data.namespace<Row, string>("lacking", { fresh: "1m", load, missing: "absent" });
  expectTypeOf(await lacking.getOrSet("1")).toEqualTypeOf<Row | null>();
});
