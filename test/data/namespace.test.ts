// What a namespace promises: values and what is none, lifetimes, keys, frozen results.
import { describe, expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";

const one = () => {
  const isolate = new DataIsolate();
  const articles = isolate.data.namespace<unknown, string>("articles", { fresh: "1m" });
  return { isolate, articles };
};

describe("getOrSet", () => {
  it("loads what is missing, once, and hands out what is stored after that", async () => {
    const { articles } = one();
    let loads = 0;
    const load = () => ({ title: `t${(loads += 1)}` });
    expect(await articles.getOrSet("42", load)).toEqual({ title: "t1" });
    expect(await articles.getOrSet("42", load)).toEqual({ title: "t1" });
    expect(loads).toBe(1);
  });

  it("loads anew once the lifetime is over, at that very instant", async () => {
    const { isolate, articles } = one();
    await articles.getOrSet("42", () => "a");
    isolate.clock.advance(59.999);
    expect(await articles.get("42")).toBe("a");
    isolate.clock.advance(0.001);
    expect(await articles.get("42")).toBeUndefined();
    expect(await articles.getOrSet("42", () => "b")).toBe("b");
  });

  it.each([
    { id: "0", value: 0 },
    { id: "an empty text", value: "" },
    { id: "false", value: false },
    { id: "0n", value: 0n },
    { id: "NaN", value: Number.NaN },
    { id: "an empty list", value: [] },
    { id: "an empty object", value: {} },
  ])("stores $id, which is a value", async ({ value }) => {
    const { articles } = one();
    let loads = 0;
    const load = () => {
      loads += 1;
      return value;
    };
    await articles.getOrSet("42", load);
    expect(await articles.getOrSet("42", load)).toEqual(value);
    expect([loads, await articles.has("42")]).toEqual([1, true]);
  });

  it("refuses undefined with an error that says so, and stores nothing", async () => {
    const { articles } = one();
    await expect(articles.getOrSet("42", () => undefined)).rejects.toThrow(
      "The load of articles/42 failed. It returned undefined",
    );
    expect(await articles.has("42")).toBe(false);
    await expect(articles.set("42", undefined)).rejects.toThrow("It is undefined");
  });

  it.each([
    { id: "null", value: null, options: {} },
    { id: "a value", value: "a", options: { fresh: "0s" } as const },
  ])("refuses to set $id that has no lifetime: an older one would answer", async (given) => {
    const { articles } = one();
    const setting = articles.set("42", given.value, given.options);
    await expect(setting).rejects.toThrow("The value of articles/42 is not stored.");
  });

  it("rejects, and does not throw, for a key that is refused", async () => {
    const { articles } = one();
    for (const call of ["delete", "expire", "get", "has"] as const) {
      const asked = { promise: articles[call]("a//b") };
      await expect(asked.promise).rejects.toThrow("an empty segment");
    }
  });

  it("hands out null and does not store it, unless it has a lifetime of its own", async () => {
    const { isolate, articles } = one();
    expect(await articles.getOrSet("42", () => null)).toBeNull();
    expect(await articles.get("42")).toBeUndefined();
    const known = isolate.data.namespace<string>("known", { fresh: "1h", negative: "5s" });
    expect(await known.getOrSet("42", () => null)).toBeNull();
    expect([await known.get("42"), await known.has("42")]).toEqual([null, true]);
    isolate.clock.advance(5);
    expect(await known.get("42")).toBeUndefined();
  });

  it("does not store null without `negative`, whatever lifetime a call names", async () => {
    const { articles } = one();
    const none = await articles.getOrSet("42", ({ fresh }) => {
      fresh("1h");
      return null;
    });
    expect([none, await articles.get("42")]).toEqual([null, undefined]);
    await expect(articles.set("42", null, { fresh: "1h" })).rejects.toThrow("is not stored");
  });

  it("loads by the namespace's own load, and says what is missing where there is none", async () => {
    const { isolate, articles } = one();
    const load = (keys: readonly string[]) => new Map(keys.map((key) => [key, `of ${key}`]));
    const own = isolate.data.namespace<string, string>("own", { fresh: "1m", load });
    expect(await own.getOrSet("a")).toBe("of a");
    await expect(articles.getOrSet("a")).rejects.toThrow("Nothing can be loaded for");
  });

  it("keeps a value for as long as its load says", async () => {
    const { isolate, articles } = one();
    await articles.getOrSet("42", (context) => {
      context.fresh("2s");
      return "a";
    });
    isolate.clock.advance(2);
    expect(await articles.get("42")).toBeUndefined();
  });

  it("hands out what is skipped, and does not store it", async () => {
    const { articles } = one();
    const value = await articles.getOrSet("42", (context) => {
      context.skip();
      return "a";
    });
    expect([value, await articles.has("42")]).toEqual(["a", false]);
  });

  it("shortens lifetimes by chance, by the jitter at the most", async () => {
    const { isolate } = one();
    const spread = isolate.data.namespace<string>("spread", { fresh: "100s", jitter: 0.2 });
    await spread.getOrSet("42", () => "a");
    isolate.clock.advance(89.9);
    expect(await spread.get("42")).toBe("a");
    isolate.clock.advance(0.2);
    expect(await spread.get("42")).toBeUndefined();
  });
});

describe("what is handed out", () => {
  it("is frozen in all its depth, and no object of the load's own", async () => {
    const { articles } = one();
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

  it("is made anew for each caller where it has bytes, which cannot be frozen", async () => {
    const { articles } = one();
    const load = () => ({ bytes: new Uint8Array([1, 2]) });
    const first = (await articles.getOrSet("42", load)) as ReturnType<typeof load>;
    first.bytes[0] = 9;
    expect(await articles.getOrSet("42", load)).toEqual({ bytes: new Uint8Array([1, 2]) });
  });
});

describe("keys", () => {
  it.each([
    { id: "a number and its text", a: 42, b: "42" },
    { id: "a path and its segments", a: "42/x", b: ["42", "x"] },
    { id: "a segment that is a number", a: "42/7", b: [42, 7] },
  ])("$id are one key", async ({ a, b }) => {
    const { isolate } = one();
    const any = isolate.data.namespace<string>("any", { fresh: "1m" });
    await any.set(a, "v");
    expect(await any.get(b)).toBe("v");
  });

  it.each([
    { id: "a slash within a segment", a: ["a/b"], b: "a/b" },
    { id: "an escape", a: ["a/b"], b: ["a%2Fb"] },
    { id: "a star", a: "*", b: "%2A" },
    { id: "a question mark", a: "a?b", b: "a" },
    { id: "letters", a: "A", b: "a" },
  ])("$id makes two keys", async ({ a, b }) => {
    const { isolate } = one();
    const any = isolate.data.namespace<string>("any", { fresh: "1m" });
    await any.set(a, "v");
    expect(await any.get(b)).toBeUndefined();
    await any.delete(b);
    expect(await any.get(a)).toBe("v");
  });

  it.each([
    { id: "empty", key: "", why: "an empty segment" },
    { id: "an empty segment", key: "a//b", why: "an empty segment" },
    { id: "a slash before it", key: "/a", why: "an empty segment" },
    { id: "no segments", key: [], why: "an empty segment" },
    { id: "half a character", key: "\ud800", why: "half a character" },
    { id: "not a number", key: Number.NaN, why: "strings and numbers" },
    { id: "too long", key: "a".repeat(1_016), why: "longer than 1024 bytes" },
    { id: "too long in bytes", key: `a${"語".repeat(339)}`, why: "longer than 1024 bytes" },
    { id: "a nested list", key: [["a"]] as never, why: "strings and numbers" },
    { id: "an object", key: { id: 1 } as never, why: "strings and numbers" },
  ])("refuses $id", async ({ key, why }) => {
    const { isolate } = one();
    const any = isolate.data.namespace<string>("any-name", { fresh: "1m" });
    await expect(any.get(key)).rejects.toThrow(why);
  });

  it("takes the longest", async () => {
    const { isolate } = one();
    const any = isolate.data.namespace<string>("any", { fresh: "1m" });
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

describe("wrap", () => {
  it("stores what a function returns under the key of its parameters", async () => {
    const { articles } = one();
    let calls = 0;
    const add = async (a: number, b: number) => {
      calls += 1;
      return a + b;
    };
    const sum = articles.wrap(add, { key: (a, b) => `${a}/${b}` });
    expect([await sum(1, 2), await sum(1, 2), await sum(2, 2), calls]).toEqual([3, 3, 4, 2]);
  });
});
