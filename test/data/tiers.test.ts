// Tests the tiers of a value. A value of another schema or codec is never read.
import { describe, expect, it } from "vitest";
import { DataIsolate, neverLoaded } from "../../testing/data/data-isolate.ts";

describe("a value", () => {
  it("reaches another isolate by the colo's cache, and another colo by Redis", async () => {
    const isolate = new DataIsolate();
    const value = { at: new Date(7) };
    await isolate.articles<unknown>().getOrSet("42", () => value);
    await isolate.settle();
    isolate.upstash.commands.length = 0;
    const near = isolate.beside().articles<unknown>();
    expect(await near.getOrSet("42", neverLoaded)).toEqual(value);
    expect(isolate.upstash.commands).toEqual([]);
    const far = isolate.elsewhere().articles<unknown>();
    expect(await far.getOrSet("42", neverLoaded)).toEqual(value);
    expect(isolate.upstash.commands).toEqual(["GETRANGE"]);
  });

  it("whose text begins with a byte order mark is the same in each tier", async () => {
    const isolate = new DataIsolate();
    const codec = { name: "text", encode: String, decode: String };
    await isolate.articles({ codec }).getOrSet("42", () => "\ufeffa");
    await isolate.settle();
    for (const each of [isolate, isolate.beside(), isolate.elsewhere()]) {
      expect(await each.articles({ codec }).get("42")).toBe("\ufeffa");
    }
  });

  it("that is too large for a tier removes the older value from that tier", async () => {
    const isolate = new DataIsolate({ config: { limits: { sharedBodyBytes: 20_000 } } });
    const articles = isolate.articles();
    await articles.set("42", "old");
    isolate.clock.advance(1);
    const large = Array.from({ length: 5_000 }, (_, nth) => `${nth * 7_919}`).join();
    expect(await articles.set("42", large)).toEqual(["memory", "edge"]);
    expect(await isolate.elsewhere().articles().get("42")).toBeUndefined();
  });

  it.each([
    { tiers: ["memory"], kept: ["memory"] },
    { tiers: ["shared", "memory"], kept: ["memory", "shared"] },
  ])("is stored in the tiers of the namespace: $tiers", async ({ tiers, kept }) => {
    const isolate = new DataIsolate();
    expect(await isolate.articles({ tiers }).set("42", "v")).toEqual(kept);
    expect(isolate.cache.puts).toBe(0);
  });
});

describe("a value of 256 KiB or more", () => {
  const large = "x".repeat(300_000);

  it("enters memory at its second use without an edge tier", async () => {
    const isolate = new DataIsolate({ cache: null });
    const articles = isolate.articles();
    expect(await articles.set("42", large)).toEqual(["shared"]);
    isolate.upstash.commands.length = 0;
    for (let times = 0; times < 3; times += 1) {
      expect(await articles.getOrSet("42", neverLoaded)).toBe(large);
    }
    expect(isolate.upstash.commands).toEqual(["GETRANGE"]);
  });

  it("enters memory at once if memory is the only tier", async () => {
    const articles = new DataIsolate().articles({ tiers: ["memory"] });
    expect(await articles.set("42", large)).toEqual(["memory"]);
    expect(await articles.get("42")).toBe(large);
  });

  it("is reported once if it is too large for all tiers", async () => {
    const isolate = new DataIsolate({ cache: null });
    const articles = isolate.articles();
    const largest = "x".repeat(1_048_576);
    for (const key of ["1", "2"]) expect(await articles.getOrSet(key, () => largest)).toBe(largest);
    await isolate.settle();
    const why = "It has 1048579 bytes, which is too large for every tier of the namespace.";
    const { articles: counts } = isolate.data.stats().namespaces;
    expect(counts).toMatchObject({ unstorableLoads: 2, unstorable: why });
    expect(isolate.log.filter((message) => message.includes(why))).toHaveLength(1);
    await articles.set("1", "small");
    expect(await articles.get("1")).toBe("small");
  });
});

const unread = { name: "own", encode: String, decode: () => expect.fail("The value was decoded.") };
it.each([
  { id: "schema", other: { schema: 2 } },
  { id: "codec", other: { schema: 1, codec: unread } },
])("a value of another $id never answers, not even as a stale answer", async ({ other }) => {
  const isolate = new DataIsolate();
  const options = { fresh: "1s", stale: "1h", schema: 1 };
  const before = isolate.articles(options);
  await before.getOrSet("42", () => "old");
  await isolate.settle();
  isolate.clock.advance(2);
  const after = isolate.beside().articles({ ...options, ...other });
  expect(await after.get("42")).toBeUndefined();
  const down = () => Promise.reject(new Error("down"));
  await expect(after.getOrSet("42", down)).rejects.toThrow("down");
  expect(isolate.data.stats()).toMatchObject({ badRecords: 0 });
  expect(await before.get("42")).toBe("old");
});

it("each of two schemas stores its own value, and a purge of the key covers both", async () => {
  const isolate = new DataIsolate();
  const beside = isolate.beside();
  const of = (each: DataIsolate, schema: number) => each.articles({ fresh: "10m", schema });
  await of(isolate, 0).getOrSet("42", () => "old");
  await of(beside, 1).getOrSet("42", () => "renewed");
  await isolate.settle();
  await beside.settle();
  const found = () => Promise.all([0, 1].map((schema) => of(isolate.beside(), schema).get("42")));
  expect(await found()).toEqual(["old", "renewed"]);
  await isolate.data.purge({ keys: ["articles/42"] });
  isolate.clock.advance(11);
  expect(await found()).toEqual([undefined, undefined]);
});

it("a value that cannot be decoded is counted, and loaded again", async () => {
  const isolate = new DataIsolate();
  await isolate.articles({ codec: { ...unread, decode: String } }).getOrSet("42", () => "old");
  await isolate.settle();
  const other = isolate.beside();
  let isBroken = true;
  const decode = (text: string) => {
    if (isBroken) throw new Error("broken");
    return text;
  };
  const articles = other.articles({ codec: { ...unread, decode } });
  expect(await articles.get("42")).toBeUndefined();
  expect(other.data.stats()).toMatchObject({ badRecords: 2 });
  isBroken = false;
  expect(await articles.get("42")).toBe("old");
});
