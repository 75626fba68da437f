// Several values by one call: one load for what is missing, each key with a fate of its own.
import { describe, expect, it } from "vitest";
import type { LoadManyContext } from "../../src/data/value/load-context.ts";
import { DataIsolate, HeldSource } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

type Loaded = Map<string, string | null | Error>;

const opened = (options: object = {}) => {
  const isolate = new DataIsolate();
  const space = { fresh: "60s", ...options } as const;
  const articles = isolate.data.namespace<string, string>("articles", space);
  const asked: string[][] = [];
  const load = (keys: readonly string[]): Loaded => {
    asked.push([...keys]);
    return new Map(keys.map((key) => [key, `v${key}`]));
  };
  return { isolate, articles, space, asked, load };
};

describe("getOrSetMany", () => {
  it("loads what is missing, by one load, and keeps it", async () => {
    const { articles, asked, load } = opened();
    await articles.set("2", "there");
    const { values, errors } = await articles.getOrSetMany(["1", "2", "3"], load);
    expect([...values]).toEqual([
      ["1", "v1"],
      ["2", "there"],
      ["3", "v3"],
    ]);
    expect([errors.size, asked]).toEqual([0, [["1", "3"]]]);
    await articles.getOrSetMany(["3", "1"], load);
    expect(asked.length).toBe(1);
  });

  it("takes a key once, however it is written and repeated", async () => {
    const { isolate } = opened();
    const any = isolate.data.namespace<string>("any", { fresh: "60s" });
    let given: readonly unknown[] = [];
    const { values } = await any.getOrSetMany([7, "7", "7"], (keys) => {
      given = keys;
      return new Map(keys.map((key) => [key, "v"]));
    });
    expect([given, [...values]]).toEqual([
      [7],
      [
        [7, "v"],
        ["7", "v"],
      ],
    ]);
  });

  it("takes lists as keys, in the map of the load and in the results", async () => {
    const { isolate } = opened();
    const any = isolate.data.namespace<string, readonly [string, number]>("any", { fresh: "60s" });
    const load = (
      keys: readonly (readonly [string, number])[],
      { of }: LoadManyContext<string, readonly [string, number]>,
    ) =>
      new Map(
        keys.map(([shop, id]) => {
          of([shop, id]).tags(shop);
          return [[shop, id] as const, id === 3 ? new Error("of 3") : `${shop} ${id}`] as const;
        }),
      );
    const { values, errors } = await any.getOrSetMany(
      [
        ["a", 1],
        ["b/c", 2],
        ["a", 3],
      ],
      load,
    );
    expect([values.get(["a", 1]), values.get(["b/c", 2])]).toEqual(["a 1", "b/c 2"]);
    expect([values.has(["a", 3]), errors.has(["a", 3]), errors.size]).toEqual([false, true, 1]);
    const stored = await any.getMany([
      ["a", 1],
      ["b/c", 2],
    ]);
    expect([stored.get(["a", 1]), stored.get(["b", 2]), stored.size]).toEqual([
      "a 1",
      undefined,
      2,
    ]);
    await isolate.data.purge({ tags: ["b/c"] });
    expect([
      ...(
        await any.getMany([
          ["a", 1],
          ["b/c", 2],
        ])
      ).values(),
    ]).toEqual(["a 1"]);
  });

  it("a key whose load has failed fails alone", async () => {
    const { articles } = opened();
    const own = new Error("of 2");
    const { values, errors } = await articles.getOrSetMany(
      ["1", "2", "3", "4", "5"],
      (): Loaded =>
        new Map<string, never>([
          ["1", "a"],
          ["2", own],
          ["4", null],
          ["5", () => 0],
        ] as never),
    );
    expect([...values]).toEqual([
      ["1", "a"],
      ["4", null],
      ["5", expect.any(Function)],
    ]);
    expect(errors.get("2")).toBe(own);
    expect(String(errors.get("3"))).toContain("It returned undefined");
    expect([await articles.get("1"), await articles.has("2"), await articles.has("5")]).toEqual([
      "a",
      false,
      false,
    ]);
  });

  it.each(["call", "namespace"] as const)(
    "a key that the map lacks has no value, where the %s says so",
    async (given) => {
      const found = new Map([["1", "a"]]);
      const of = given === "namespace" ? { missing: "absent", load: () => found } : {};
      const { isolate, articles } = opened({ negative: "30s", ...of });
      const { values, errors } =
        given === "namespace"
          ? await articles.getOrSetMany(["1", "2"])
          : await articles.getOrSetMany(["1", "2"], () => found, { missing: "absent" });
      const both = [
        ["1", "a"],
        ["2", null],
      ];
      expect([[...values], errors.size]).toEqual([both, 0]);
      expect([...(await articles.getMany(["1", "2"]))]).toEqual(both);
      isolate.clock.advance(30);
      expect([...(await articles.getMany(["1", "2"]))]).toEqual([["1", "a"]]);
    },
  );

  it("a key that the map lacks is an error, where the call says so instead of the namespace", async () => {
    const { articles } = opened({ missing: "absent" });
    const load = () => new Map<string, string>();
    const { values, errors } = await articles.getOrSetMany(["1"], load, { missing: "error" });
    expect([values.size, String(errors.get("1"))]).toEqual([
      0,
      expect.stringContaining('Return null if there is no value, or set missing: "absent".'),
    ]);
  });

  it("a member that is undefined is an error all the same: a return was forgotten", async () => {
    const { articles } = opened();
    const load = () => new Map([["1", undefined as never as string]]);
    const { errors } = await articles.getOrSetMany(["1"], load, { missing: "absent" });
    expect([...errors.keys()]).toEqual(["1"]);
  });

  it("what is stored is handed out though the load of the others fails", async () => {
    const { articles } = opened();
    await articles.set("1", "there");
    const down = new Error("down");
    const { values, errors } = await articles.getOrSetMany(["1", "2"], () => Promise.reject(down));
    expect([[...values], [...errors]]).toEqual([[["1", "there"]], [["2", down]]]);
  });

  it("waits for what another call loads, and loads the rest", async () => {
    const { articles, asked, load } = opened();
    const source = new HeldSource();
    const first = articles.getOrSet("1", source.load);
    await until(() => source.count === 1);
    const many = articles.getOrSetMany(["1", "2"], load);
    await idle();
    source.answer("theirs");
    expect([...(await many).values]).toEqual([
      ["1", "theirs"],
      ["2", "v2"],
    ]);
    expect([await first, asked]).toEqual(["theirs", [["2"]]]);
  });

  it("a call for one key waits for the load of several", async () => {
    const { articles } = opened();
    const gate = Promise.withResolvers<Loaded>();
    let loads = 0;
    const many = articles.getOrSetMany(["1", "2"], () => {
      loads += 1;
      return gate.promise;
    });
    await until(() => loads === 1);
    const one = articles.getOrSet("2", () => "own");
    await idle();
    gate.resolve(
      new Map([
        ["1", "a"],
        ["2", "b"],
      ]),
    );
    expect([await one, [...(await many).values]]).toEqual([
      "b",
      [
        ["1", "a"],
        ["2", "b"],
      ],
    ]);
  });

  it("each value is kept as its load says", async () => {
    const { isolate, articles } = opened();
    const load = (keys: readonly string[], { of }: LoadManyContext<string, string>): Loaded => {
      of("1").tags("red");
      of("2").skip();
      of("3").fresh("5s");
      return new Map(keys.map((key) => [key, key]));
    };
    await articles.getOrSetMany(["1", "2", "3", "4"], load);
    expect([...(await articles.getMany(["1", "2", "3", "4"])).keys()]).toEqual(["1", "3", "4"]);
    isolate.clock.advance(5);
    await isolate.data.purge({ tags: ["red"] });
    expect([...(await articles.getMany(["1", "2", "3", "4"])).keys()]).toEqual(["4"]);
  });

  it("refuses the context of a key that it was not given", async () => {
    const { articles } = opened();
    const { errors } = await articles.getOrSetMany(["1"], (_, { of }) => {
      of("2").skip();
      return new Map();
    });
    expect(String(errors.get("1"))).toContain("an unknown key");
  });

  it("what was set while it was loaded stays, also until the others are in a slow Redis", async () => {
    const { isolate, articles } = opened();
    const { clock, upstash } = isolate;
    const source = new HeldSource();
    const load = async (keys: readonly string[]) => {
      const value = await source.load();
      return new Map(keys.map((key) => [key, value]));
    };
    const asked = articles.getOrSetMany(["1", "2"], load);
    await until(() => source.count > 0);
    clock.advance(1);
    await articles.set("1", "set");
    clock.advance(1);
    const gate = Promise.withResolvers<void>();
    upstash.beforeStored = () => gate.promise;
    source.answer("loaded");
    await asked;
    await idle();
    expect([...(await articles.getMany(["1", "2"])).values()]).toEqual(["set", "loaded"]);
    gate.resolve();
    await isolate.settle();
    expect(await articles.get("1")).toBe("set");
  });

  it("stale values answer, and are loaded anew behind that by one load", async () => {
    const { isolate, articles, asked, load } = opened({ stale: "1h" });
    for (const key of ["1", "2"]) await articles.set(key, "old");
    isolate.clock.advance(70);
    const { values } = await articles.getOrSetMany(["1", "2", "3"], load);
    expect([...values]).toEqual([
      ["1", "old"],
      ["2", "old"],
      ["3", "v3"],
    ]);
    await idle();
    expect(asked).toHaveLength(2);
    expect(asked).toEqual(expect.arrayContaining([["1", "2"], ["3"]]));
    expect([...(await articles.getMany(["1", "2"])).values()]).toEqual(["v1", "v2"]);
  });

  it("needs no keys", async () => {
    const { articles, asked, load } = opened();
    const { values, errors } = await articles.getOrSetMany([], load);
    expect([values.size, errors.size, asked, (await articles.getMany([])).size]).toEqual([
      0,
      0,
      [],
      0,
    ]);
  });
});

describe("getMany", () => {
  it("has what is stored, from whichever tier, and loads nothing", async () => {
    const { isolate, articles, space } = opened({ negative: "60s" });
    await articles.set("1", "a");
    await articles.set("2", null);
    await isolate.settle();
    for (const cache of [isolate.cache, undefined]) {
      const other = (
        cache === undefined
          ? new DataIsolate({ clock: isolate.clock, upstash: isolate.upstash })
          : isolate.beside()
      ).data;
      const there = other.namespace<string, string>("articles", space);
      expect([...(await there.getMany(["1", "2", "3"]))]).toEqual([
        ["1", "a"],
        ["2", null],
      ]);
    }
  });

  it("asks the Cache API for 32 keys at the most, and for none where there are more", async () => {
    const { isolate, articles } = opened();
    const keys = Array.from({ length: 33 }, (_, nth) => String(nth));
    await articles.getMany(keys.slice(0, 32));
    expect(isolate.cache.matches).toBe(32);
    await articles.getMany(keys);
    expect(isolate.cache.matches).toBe(32);
  });
});
