// Where values are kept, and which of those that are kept are read: none of another schema or codec.
import { describe, expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";

const one = () => {
  const isolate = new DataIsolate();
  const articles = isolate.data.namespace<unknown, string>("articles", { fresh: "1m" });
  return { isolate, articles };
};

describe("the tiers", () => {
  it("bring a value to another isolate by the colo, and to another colo by Redis", async () => {
    const { isolate, articles } = one();
    await articles.getOrSet("42", () => ({ at: new Date(7) }));
    await isolate.settle();
    const inColo = isolate.beside();
    isolate.upstash.commands.length = 0;
    const options = { fresh: "1m" } as const;
    const never = () => Promise.reject(new Error("It was loaded."));
    const near = inColo.data.namespace<unknown>("articles", options);
    expect(await near.getOrSet("42", never)).toEqual({ at: new Date(7) });
    expect(isolate.upstash.commands).toEqual([]);
    isolate.cache.empty();
    const far = isolate.beside().data.namespace<unknown>("articles", options);
    expect(await far.getOrSet("42", never)).toEqual({ at: new Date(7) });
    expect(isolate.upstash.commands).toEqual(["GETRANGE"]);
  });

  it("that a value is too large for keep no older one in its place", async () => {
    const isolate = new DataIsolate({ config: { limits: { sharedBodyBytes: 20_000 } } });
    const articles = isolate.data.namespace<string, string>("articles", { fresh: "1m" });
    await articles.set("42", "old");
    isolate.clock.advance(1);
    const large = Array.from({ length: 5_000 }, (_, nth) => `${nth * 7_919}`).join();
    expect(await articles.set("42", large)).toEqual(["memory", "edge"]);
    const { clock, upstash } = isolate;
    const there = new DataIsolate({ clock, upstash }).data;
    expect(await there.namespace("articles", { fresh: "1m" }).get("42")).toBeUndefined();
  });

  it.each([
    { tiers: ["memory"], kept: ["memory"] },
    { tiers: ["shared", "memory"], kept: ["memory", "shared"] },
  ] as const)("are those of the namespace: $tiers", async ({ tiers, kept }) => {
    const { isolate } = one();
    const some = isolate.data.namespace<string>("some", { fresh: "1m", tiers });
    expect(await some.set("42", "v")).toEqual(kept);
    expect(isolate.cache.puts).toBe(0);
  });

  it("are memory alone where nothing else is there", async () => {
    const isolate = new DataIsolate({ upstash: null, cache: null });
    const articles = isolate.data.namespace<string>("articles", { fresh: "1m" });
    expect(await articles.set("42", "v")).toEqual(["memory"]);
    expect(await articles.getOrSet("42", () => "w")).toBe("v");
  });
});

describe("values of 256 KiB and more", () => {
  const large = "x".repeat(300_000);
  const largest = "x".repeat(1_048_576);

  it("enter memory at their second use, where there is no edge tier", async () => {
    const isolate = new DataIsolate({ cache: null });
    const articles = isolate.data.namespace<string>("articles", { fresh: "1m" });
    const never = () => Promise.reject(new Error("It was loaded."));
    expect(await articles.set("42", large)).toEqual(["shared"]);
    isolate.upstash.commands.length = 0;
    for (let times = 0; times < 3; times += 1) {
      expect(await articles.getOrSet("42", never)).toBe(large);
    }
    expect(isolate.upstash.commands).toEqual(["GETRANGE"]);
  });

  it("enter memory at once, where it is the only tier", async () => {
    const isolate = new DataIsolate();
    const inMemory = { fresh: "1m", tiers: ["memory"] } as const;
    const some = isolate.data.namespace<string>("some", inMemory);
    expect(await some.set("42", large)).toEqual(["memory"]);
    expect(await some.get("42")).toBe(large);
  });

  it("that no tier takes are reported once", async () => {
    const isolate = new DataIsolate({ cache: null });
    const articles = isolate.data.namespace<string>("articles", { fresh: "1m" });
    for (const key of ["1", "2"]) expect(await articles.getOrSet(key, () => largest)).toBe(largest);
    await isolate.settle();
    const why = "It has 1048580 bytes, which is too large for every tier of the namespace.";
    const { articles: counts } = isolate.data.stats().namespaces;
    expect(counts).toMatchObject({ unstorableLoads: 2, unstorable: why });
    expect(isolate.log.filter((message) => message.includes(why))).toHaveLength(1);
    await articles.set("1", "small");
    expect(await articles.get("1")).toBe("small");
  });
});

describe("schema and codec", () => {
  it.each([
    { id: "schema", other: { schema: 2 } },
    {
      id: "codec",
      other: {
        schema: 1,
        codec: { name: "own", encode: String, decode: () => expect.fail("It was read.") },
      },
    },
  ])("a value of another $id is never served, not even stale", async ({ other }) => {
    const isolate = new DataIsolate();
    const options = { fresh: "1s", stale: "1h" } as const;
    const before = isolate.data.namespace<string>("articles", { ...options, schema: 1 });
    await before.getOrSet("42", () => "old");
    await isolate.settle();
    isolate.clock.advance(2);
    const after = isolate.beside().data.namespace<string>("articles", { ...options, ...other });
    expect(await after.get("42")).toBeUndefined();
    const down = () => Promise.reject(new Error("down"));
    await expect(after.getOrSet("42", down)).rejects.toThrow("down");
    expect(isolate.data.stats()).toMatchObject({ badRecords: 0 });
    expect(await before.get("42")).toBe("old");
  });

  it("two schemas side by side keep a copy each, and a purge of the key covers both", async () => {
    const isolate = new DataIsolate();
    const beside = isolate.beside();
    const openedIn = ({ data }: DataIsolate, schema: number) =>
      data.namespace<string>("articles", { fresh: "10m", schema, tags: ["red"] });
    const [old, renewed] = [openedIn(isolate, 0), openedIn(beside, 1)];
    await old.getOrSet("42", () => "old");
    await renewed.getOrSet("42", () => "renewed");
    await isolate.settle();
    await beside.settle();
    const elsewhere = async () => {
      const spaces = [0, 1].map((schema) => openedIn(isolate.beside(), schema));
      return Promise.all(spaces.map((space) => space.get("42")));
    };
    expect(await elsewhere()).toEqual(["old", "renewed"]);
    await isolate.data.purge({ keys: ["articles/42"] });
    isolate.clock.advance(11);
    expect(await elsewhere()).toEqual([undefined, undefined]);
  });

  it("says where a value cannot be written, and none of its contents", async () => {
    const { articles } = one();
    const refused = articles.set("42", { list: [{ secret: () => "s3cret" }] });
    await expect(refused).rejects.toThrow(
      'The value of articles/42 is not stored. list[0].secret is a function, which the codec "json" would change or lose.',
    );
  });

  it("counts what cannot be decoded, and loads anew", async () => {
    const isolate = new DataIsolate();
    const broken = { name: "own", encode: String, decode: (text: string) => text.slice(0) };
    const options = { fresh: "1m", codec: broken } as const;
    await isolate.data.namespace<string>("articles", options).getOrSet("42", () => "old");
    await isolate.settle();
    const other = isolate.beside();
    let isBroken = true;
    const decode = (text: string) => {
      if (isBroken) throw new Error("broken");
      return text;
    };
    const codec = { ...broken, decode };
    const articles = other.data.namespace<string>("articles", { fresh: "1m", codec });
    expect(await articles.get("42")).toBeUndefined();
    expect(other.data.stats()).toMatchObject({ badRecords: 2 });
    isBroken = false;
    expect(await articles.get("42")).toBe("old");
  });
});
