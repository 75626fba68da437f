// Tests `tidemark/unstorage` with the real library. The driver suite of unstorage is not exported, so the rows of
// a driver without a list of keys are written here.
import { createStorage, restoreSnapshot } from "unstorage";
import { describe, expect, it } from "vitest";
import { unstorageDriver } from "../../src/adapters/unstorage.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";

function opened(isolate = new DataIsolate(), options: object = {}) {
  const space = { fresh: "1d", tags: ["red"], ...options } as const;
  const namespace = isolate.data.namespace<unknown>("nitro", space);
  return { isolate, storage: createStorage({ driver: unstorageDriver(namespace) }) };
}

describe("a driver", () => {
  it("restores a snapshot, and is empty before", async () => {
    const { storage } = opened();
    expect([await storage.hasItem("s1:a"), await storage.getItem("s1:a")]).toEqual([false, null]);
    expect(await storage.getKeys()).toEqual([]);
    await restoreSnapshot(storage, { initial: "works" });
    expect(await storage.getItem("initial")).toBe("works");
  });

  it("sets, has and removes items", async () => {
    const { storage } = opened();
    await storage.setItem("s1:a", "one");
    await storage.setItem("s2:a?q=1", "two");
    expect([await storage.hasItem("s1:a"), await storage.getItem("s1:a")]).toEqual([true, "one"]);
    expect(await storage.getItem("s2:a?q=2")).toBe("two");
    await storage.removeItem("s1:a");
    expect([await storage.hasItem("s1:a"), await storage.getItem("s1:a")]).toEqual([false, null]);
    expect(await storage.getItem("s2:a")).toBe("two");
  });

  it.each([{ json: "works" }, true, false, 0, "text", [1, null], { toJSON: () => "as JSON" }])(
    "keeps %j for other processes",
    async (value) => {
      const { isolate, storage } = opened();
      await storage.setItem("/data/a.json", value);
      const found = await opened(isolate.elsewhere()).storage.getItem("/data/a.json");
      expect(found).toEqual(JSON.parse(JSON.stringify(value)));
    },
  );

  it("refuses instances of classes", async () => {
    const setting = opened().storage.setItem(
      "a",
      new (class Row {
        id = 1;
      })(),
    );
    await expect(setting).rejects.toThrow("Cannot stringify value");
  });

  it("refuses an item that is too large for every tier", async () => {
    const space = { fresh: "1d", tiers: ["memory"] } as const;
    const namespace = new DataIsolate().data.namespace<unknown>("nitro", space);
    const storage = createStorage({ driver: unstorageDriver(namespace) });
    const setting = storage.setItem("a", "x".repeat(1_100_000));
    await expect(setting).rejects.toThrow("too large for every tier");
  });

  it("hands out raw objects that one may change", async () => {
    const { storage } = opened();
    await storage.setItemRaw("a", { list: [1] });
    for (const _ of [1, 2]) {
      const found = await storage.getItemRaw<{ list: number[] }>("a");
      expect(found).toEqual({ list: [1] });
      found?.list.push(2);
    }
  });

  it("keeps raw bytes", async () => {
    const { isolate, storage } = opened();
    await storage.setItemRaw("raw.bin", new Uint8Array([1, 2, 255]));
    const found = await opened(isolate.elsewhere()).storage.getItemRaw("raw.bin");
    expect(found).toEqual(new Uint8Array([1, 2, 255]));
  });

  it("sets and gets several items", async () => {
    const { storage } = opened();
    await storage.setItems(["1", "2"].map((key) => ({ key: `t:${key}`, value: `v${key}` })));
    const found = await storage.getItems([{ key: "t:1" }, "t:2?q=1", "t:3"]);
    expect(found).toEqual([
      { key: "t:1", value: "v1" },
      { key: "t:2", value: "v2" },
      { key: "t:3", value: null },
    ]);
  });

  it("clears one mount alone, twice", async () => {
    const { isolate, storage } = opened();
    const mounted = isolate.data.namespace<unknown>("mounted", { fresh: "1d" });
    storage.mount("a", unstorageDriver(mounted));
    for (const key of ["a:b", "ab:c"]) await storage.setItem(key, key);
    const items = () => Promise.all(["a:b", "ab:c"].map((key) => storage.getItem(key)));
    await storage.clear("a");
    expect(await items()).toEqual([null, "ab:c"]);
    for (let times = 0; times < 2; times += 1) await storage.clear();
    expect(await items()).toEqual([null, null]);
  });
});

describe("a key that is no path of data", () => {
  const long = Array.from({ length: 60 }, (_, nth) => `${nth}-${"é".repeat(20)}`);
  const keys = {
    "of many segments": long.join(":"),
    "of many segments, with another end": [...long.slice(0, -1), "end"].join(":"),
    "of one long segment": "x".repeat(5_000),
    "with half characters": "a:\ud800",
    "with the name of a property": "__proto__:constructor",
    "with a digest": "sha256:00",
  };

  it.each(Object.entries(keys))("sets, has, gets and removes its item: %s", async (_, key) => {
    const namespace = new DataIsolate().data.namespace<unknown>("n".repeat(64), { fresh: "1d" });
    const driver = unstorageDriver(namespace);
    for (const other of Object.values(keys)) await driver.setItem(other, "other");
    await driver.setItem(key, "own");
    expect([await driver.getItem(key), await driver.hasItem(key)]).toEqual(["own", true]);
    await driver.removeItem(key);
    expect([await driver.getItem(key), await driver.hasItem(key)]).toEqual([null, false]);
    const left = await Promise.all(Object.values(keys).map((each) => driver.getItem(each)));
    expect(left.filter((item) => item === "other").length).toBe(Object.keys(keys).length - 1);
  });
});

it.each([
  { ttl: 60, gone: 60 },
  { ttl: undefined, gone: 86_400 },
  { ttl: 0, gone: 86_400 },
  { ttl: Infinity, gone: 31_536_000 },
])("an item with ttl $ttl ends after $gone s", async ({ ttl, gone }) => {
  const { isolate, storage } = opened();
  await storage.setItem("a", "value", { ttl });
  isolate.clock.advance(gone - 1);
  expect(await storage.getItem("a")).toBe("value");
  isolate.clock.advance(1);
  expect(await storage.getItem("a")).toBeNull();
});

it.each(["its ttl", "a soft purge"])("%s ends an item also with `stale`", async (end) => {
  const { isolate, storage } = opened(undefined, { stale: "1h" });
  await storage.setItem("a", "value", { ttl: 60 });
  if (end === "its ttl") isolate.clock.advance(60);
  else await isolate.data.purge({ tags: ["red"], soft: true });
  expect([await storage.getItem("a"), await storage.hasItem("a")]).toEqual([null, false]);
});

it.each([{ tags: ["red"] }, { keys: ["nitro/a/b"] }, { prefixes: ["nitro/a"] }])(
  "the purge %j and a new set end the items of other processes",
  async (order) => {
    const { isolate, storage } = opened();
    const elsewhere = opened(isolate.elsewhere()).storage;
    await storage.setItem("a:b", "old");
    expect(await elsewhere.getItem("a:b")).toBe("old");
    await storage.setItem("a:b", "new");
    isolate.clock.advance(10);
    expect(await elsewhere.getItem("a:b")).toBe("new");
    await isolate.data.purge(order);
    expect(await storage.getItem("a:b")).toBeNull();
    isolate.clock.advance(10);
    expect(await elsewhere.getItem("a:b")).toBeNull();
  },
);

it("without Redis, finds nothing, and rejects writes", async () => {
  const { isolate, storage } = opened();
  isolate.upstash.mode = "down";
  expect([await storage.getItem("a"), await storage.hasItem("a")]).toEqual([null, false]);
  await expect(storage.setItem("a", "value")).rejects.toThrow("was not set");
  await expect(storage.removeItem("a")).rejects.toThrow("The purge was not accepted");
  await expect(storage.clear()).rejects.toThrow("The purge was not accepted");
});

it("accepts a long segment, and a purge of its prefix covers it", async () => {
  const { isolate, storage } = opened();
  const key = `a:${"é".repeat(3_000)}`;
  await storage.setItem(key, "value");
  expect(await storage.getItem(key)).toBe("value");
  await isolate.data.purge({ prefixes: ["nitro/a"] });
  expect(await storage.getItem(key)).toBeNull();
});
