// Tests the calls for several values: one load for all missing keys, and a result for each key.
import { describe, expect, it } from "vitest";
import type { LoadManyContext } from "../../src/data/value/load-context.ts";
import { DataIsolate, HeldSource, heldMany } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

type Loaded = Map<string, string | null | Error>;

const opened = (options: object = {}) => {
  const isolate = new DataIsolate();
  const articles = isolate.articles(options);
  const asked: string[][] = [];
  const load = (keys: readonly string[]): Loaded => {
    asked.push([...keys]);
    return new Map(keys.map((key) => [key, `v${key}`]));
  };
  /** The stored values as an object. */
  const stored = async (...keys: string[]) => Object.fromEntries(await articles.getMany(keys));
  return { isolate, articles, asked, load, stored };
};

const object = Object.fromEntries;

describe("getOrSetMany", () => {
  it("loads missing keys in one load, and stores the values", async () => {
    const { articles, asked, load } = opened();
    await articles.set("2", "there");
    const { values, errors } = await articles.getOrSetMany(["1", "2", "3"], load);
    expect(object(values)).toEqual({ 1: "v1", 2: "there", 3: "v3" });
    expect([...values.keys()]).toEqual(["1", "2", "3"]);
    expect([errors.size, asked]).toEqual([0, [["1", "3"]]]);
    await articles.getOrSetMany(["3", "1"], load);
    expect(asked.length).toBe(1);
  });

  it("returns no stored value that was purged while the call waited for a load", async () => {
    const { isolate, articles, asked, load } = opened();
    await articles.set("1", "old");
    const { values } = await articles.getOrSetMany(["1", "2"], async (keys) => {
      if (asked.length === 0) await isolate.data.purge({ keys: [["articles", "1"]] });
      return load(keys);
    });
    expect([object(values), asked]).toEqual([{ 1: "v1", 2: "v2" }, [["2"], ["1"]]]);
  });

  it("loads a key once if it is repeated in several spellings", async () => {
    const any = new DataIsolate().data.namespace<string>("any", { fresh: "60s" });
    let given: readonly unknown[] = [];
    const { values } = await any.getOrSetMany([7, "7", "7"], (keys) => {
      given = keys;
      return new Map(keys.map((key) => [key, "v"]));
    });
    expect([given, new Map(values)]).toEqual([[7], new Map<unknown, string>([[7, "v"], ["7", "v"]])]); // prettier-ignore
  });

  it("takes lists as keys, in the map of the load and in the results", async () => {
    type Pair = readonly [string, number];
    const { isolate } = opened();
    const any = isolate.data.namespace<string, Pair>("any", { fresh: "60s" });
    const load = (keys: readonly Pair[], { of }: LoadManyContext<string, Pair>) =>
      new Map(
        keys.map(([shop, id]) => {
          of([shop, id]).tags(shop);
          return [[shop, id] as const, id === 3 ? new Error("of 3") : `${shop} ${id}`] as const;
        }),
      );
    const [a1, b2, a3]: Pair[] = [["a", 1], ["b/c", 2], ["a", 3]]; // prettier-ignore
    if (a1 === undefined || b2 === undefined || a3 === undefined) throw new Error("No keys.");
    const { values, errors } = await any.getOrSetMany([a1, b2, a3], load);
    expect([values.get(["a", 1]), values.get(["b/c", 2])]).toEqual(["a 1", "b/c 2"]);
    expect([values.has(["a", 3]), errors.has(["a", 3]), errors.size]).toEqual([false, true, 1]);
    const stored = await any.getMany([a1, b2]);
    expect([stored.get(["a", 1]), stored.has(["b", 2]), stored.size]).toEqual(["a 1", false, 2]);
    await isolate.data.purge({ tags: ["b/c"] });
    expect([...(await any.getMany([a1, b2])).values()]).toEqual(["a 1"]);
  });

  it("returns an error for each failed key, and stores the values of the others", async () => {
    const { articles, stored } = opened();
    const own = new Error("of 2");
    const entries = [["1", "a"], ["2", own], ["4", null], ["5", () => 0]]; // prettier-ignore
    const load = (): Loaded => new Map(entries as [string, string][]);
    const { values, errors } = await articles.getOrSetMany(["1", "2", "3", "4", "5"], load);
    expect(object(values)).toEqual({ 1: "a", 4: null, 5: expect.any(Function) });
    expect(errors.get("2")).toBe(own);
    expect(String(errors.get("3"))).toContain("It returned undefined");
    expect(await stored("1", "2", "5")).toEqual({ 1: "a" });
  });

  it.each(["call", "namespace"] as const)(
    "returns null for a key that the map lacks, with missing: absent of the %s",
    async (given) => {
      const load = () => new Map([["1", "a"]]);
      const missing = "absent";
      const { isolate, articles, stored } = opened({
        negative: "30s",
        ...(given === "namespace" && { missing, load }),
      });
      const { values, errors } =
        given === "namespace"
          ? await articles.getOrSetMany(["1", "2"])
          : await articles.getOrSetMany(["1", "2"], load, { missing });
      expect([object(values), errors.size]).toEqual([{ 1: "a", 2: null }, 0]);
      expect(await stored("1", "2")).toEqual({ 1: "a", 2: null });
      isolate.clock.advance(30);
      expect(await stored("1", "2")).toEqual({ 1: "a" });
    },
  );

  it("returns an error for a key that the map lacks, with missing: error of the call", async () => {
    const { articles } = opened({ missing: "absent" });
    const load = () => new Map<string, string>();
    const { values, errors } = await articles.getOrSetMany(["1"], load, { missing: "error" });
    const why = 'Return null if there is no value, or set missing: "absent".';
    expect([values.size, String(errors.get("1"))]).toEqual([0, expect.stringContaining(why)]);
  });

  it("returns an error for an undefined value, also with missing: absent", async () => {
    const { articles } = opened();
    const load = () => new Map([["1", undefined as never as string]]);
    const { errors } = await articles.getOrSetMany(["1"], load, { missing: "absent" });
    expect([...errors.keys()]).toEqual(["1"]);
  });

  it.each(
    [["v1", "v2"], [["1", "v1"]], { 1: "v1" }, undefined, null].flatMap((answer) =>
      (["error", "absent"] as const).map((missing) => ({ answer, missing })),
    ),
  )("names the cause if the load returns $answer, no Map, with missing: $missing", async (row) => {
    const { articles, stored } = opened({ negative: "1m" });
    const load = () => row.answer as never as Loaded;
    const { missing } = row;
    const { values, errors } = await articles.getOrSetMany(["1", "2"], load, { missing });
    expect([values.size, [...errors.keys()]]).toEqual([0, ["1", "2"]]);
    expect(String(errors.get("1"))).toContain("It returned no Map.");
    expect(await stored("1", "2")).toEqual({});
  });

  it("ignores rows of the map without a valid key, unless no row has one", async () => {
    const { articles, stored } = opened({ negative: "1m", missing: "absent" });
    const row = ["", "row without key"] as const;
    const { values, errors } = await articles.getOrSetMany(
      ["1", "2"],
      () => new Map([["1", "one"], row]),
    );
    expect([object(values), errors.size, values.get("")]).toEqual([
      { 1: "one", 2: null },
      0,
      undefined,
    ]);
    const partly = await articles.getOrSetMany(["5", "6"], () => new Map([["5", "five"], row]), {
      missing: "error",
    });
    expect(object(partly.values)).toEqual({ 5: "five" });
    expect(String(partly.errors.get("6"))).toContain(
      "Its Map lacks this key, and has a key that is not valid. It has an empty segment.",
    );
    const { errors: all } = await articles.getOrSetMany(["3", "4"], () => new Map([row]));
    expect([...all.values()].map(String)).toEqual(
      Array(2).fill(
        "OperatorError: A load of several values failed: no key of its Map is valid. It has an empty segment. " +
          'Write segments with one slash between them, such as "42/comments".',
      ),
    );
    expect(await stored("3", "4")).toEqual({});
  });

  it("returns stored values although the load of the other keys fails", async () => {
    const { articles } = opened();
    await articles.set("1", "there");
    const down = new Error("down");
    const { values, errors } = await articles.getOrSetMany(["1", "2"], () => Promise.reject(down));
    expect([object(values), object(errors)]).toEqual([{ 1: "there" }, { 2: down }]);
  });

  it("waits for another call's load of one key, and loads the rest", async () => {
    const { articles, asked, load } = opened();
    const source = new HeldSource();
    const first = articles.getOrSet("1", source.load);
    await until(() => source.count === 1);
    const many = articles.getOrSetMany(["1", "2"], load);
    await idle();
    source.answer("theirs");
    expect(object((await many).values)).toEqual({ 1: "theirs", 2: "v2" });
    expect([await first, asked]).toEqual(["theirs", [["2"]]]);
  });

  it("answers another call for one of its keys", async () => {
    const { articles } = opened();
    const source = new HeldSource();
    const many = articles.getOrSetMany(["1", "2"], heldMany(source));
    await until(() => source.count === 1);
    const one = articles.getOrSet("2", () => "own");
    await idle();
    source.answer("theirs");
    expect([await one, object((await many).values)]).toEqual([
      "theirs",
      { 1: "theirs", 2: "theirs" },
    ]);
  });

  it("stores each value with its own tags and lifetime", async () => {
    const { isolate, articles, stored } = opened();
    const load = (keys: readonly string[], { of }: LoadManyContext<string, string>): Loaded => {
      of("1").tags("red");
      of("2").skip();
      of("3").fresh("5s");
      return new Map(keys.map((key) => [key, key]));
    };
    await articles.getOrSetMany(["1", "2", "3", "4"], load);
    expect(await stored("1", "2", "3", "4")).toEqual({ 1: "1", 3: "3", 4: "4" });
    isolate.clock.advance(5);
    await isolate.data.purge({ tags: ["red"] });
    expect(await stored("1", "2", "3", "4")).toEqual({ 4: "4" });
  });

  it("refuses the context of a key that the load was not given", async () => {
    const { articles } = opened();
    const { errors } = await articles.getOrSetMany(["1"], (_, { of }) => {
      of("2").skip();
      return new Map();
    });
    expect(String(errors.get("1"))).toContain("an unknown key");
  });

  it("keeps a value that was set during the load, also while Redis is slow", async () => {
    const { isolate, articles, stored } = opened();
    const source = new HeldSource();
    const asked = articles.getOrSetMany(["1", "2"], heldMany(source));
    await until(() => source.count > 0);
    isolate.clock.advance(1);
    await articles.set("1", "set");
    const { upstash } = isolate;
    await until(() => upstash.storedCount === 1);
    isolate.clock.advance(1);
    const gate = Promise.withResolvers<void>();
    upstash.beforeStored = () => gate.promise;
    source.answer("loaded");
    await asked;
    await idle();
    expect(await stored("1", "2")).toEqual({ 1: "set", 2: "loaded" });
    gate.resolve();
    await until(() => upstash.storedCount === 2);
    await idle();
    expect(await articles.get("1")).toBe("set");
    const elsewhere = await isolate.elsewhere().articles().getMany(["1", "2"]);
    expect(object(elsewhere)).toEqual({ 1: "set", 2: "loaded" });
  });

  it("returns stale values, and reloads them in the background in one load", async () => {
    const { isolate, articles, asked, load, stored } = opened({ stale: "1h" });
    for (const key of ["1", "2"]) await articles.set(key, "old");
    isolate.clock.advance(70);
    const { values } = await articles.getOrSetMany(["1", "2", "3"], load);
    expect(object(values)).toEqual({ 1: "old", 2: "old", 3: "v3" });
    await idle();
    expect(asked).toHaveLength(2);
    expect(asked).toEqual(expect.arrayContaining([["1", "2"], ["3"]]));
    expect(await stored("1", "2")).toEqual({ 1: "v1", 2: "v2" });
  });

  it("loads nothing without keys", async () => {
    const { articles, asked, load, stored } = opened();
    const { values, errors } = await articles.getOrSetMany([], load);
    expect([values.size, errors.size, asked, await stored()]).toEqual([0, 0, [], {}]);
  });
});

describe("getMany", () => {
  it("returns stored values from any tier", async () => {
    const { isolate, articles } = opened({ negative: "60s" });
    await articles.set("1", "a");
    await articles.set("2", null);
    await idle();
    for (const other of [isolate.beside(), isolate.elsewhere()]) {
      const found = await other.articles({ negative: "60s" }).getMany(["1", "2", "3"]);
      expect(object(found)).toEqual({ 1: "a", 2: null });
    }
  });

  it("asks the Cache API for up to 32 keys, and does not ask it for more", async () => {
    const { isolate, articles } = opened();
    const keys = Array.from({ length: 33 }, (_, nth) => String(nth));
    await articles.getMany(keys.slice(0, 32));
    expect(isolate.cache.matches).toBe(32);
    await articles.getMany(keys);
    expect(isolate.cache.matches).toBe(32);
  });
});
