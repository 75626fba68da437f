// Tests `tidemark/keyv`: the contract of storage adapters of Keyv 6, and the real Keyv 6 and 5 over it. The suite
// `@keyv/test-suite` for Keyv 6 is not published, so the rows of its storage tests are written here.
import { Keyv } from "keyv";
import { Keyv as Keyv5 } from "keyv5";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cached, keyvStore } from "../../src/adapters/keyv.ts";
import { DataIsolate, HeldSource } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

function opened(isolate = new DataIsolate(), options: object = {}) {
  vi.setSystemTime(isolate.clock.nowAtMs());
  const values = isolate.data.namespace<unknown>("keyv", { fresh: "1d", tags: ["red"] });
  const store = keyvStore(values);
  const errors: unknown[] = [];
  const keyv = new Keyv({ store, ...options });
  keyv.on("error", (error: unknown) => void errors.push(error));
  const advance = (seconds: number) => {
    isolate.clock.advance(seconds);
    vi.setSystemTime(isolate.clock.nowAtMs());
  };
  return { isolate, values, store, keyv, errors, advance };
}

describe("a storage adapter", () => {
  it("gets, has and deletes what it has set", async () => {
    const { store } = opened();
    expect(await store.set("a", "text")).toBe(true);
    expect([await store.get("a"), await store.has("a")]).toEqual(["text", true]);
    expect(await store.delete("a")).toBe(true);
    expect([await store.get("a"), await store.has("a")]).toEqual([undefined, false]);
  });

  it("refuses to iterate, because an iteration would be empty", () => {
    expect(() => opened().store.iterator()).toThrow("The cache has no list of its keys");
  });

  it("clears all values", async () => {
    const { store } = opened();
    await store.set("a", "1");
    await store.set("b/c", "2");
    expect(await store.clear()).toBeUndefined();
    expect(await store.getMany(["a", "b/c"])).toEqual([undefined, undefined]);
  });

  it("sets, gets, has and deletes many values", async () => {
    const { store } = opened();
    const entries = ["a", "b", "c"].map((key) => ({ key, value: key.toUpperCase() }));
    expect(await store.setMany(entries)).toEqual([true, true, true]);
    expect(await store.getMany(["c", "none", "a"])).toEqual(["C", undefined, "A"]);
    expect(await store.hasMany(["c", "none", "a"])).toEqual([true, false, true]);
    expect(await store.deleteMany(["a", "b"])).toEqual([true, true]);
    expect(await store.deleteMany(["a", "b"])).toEqual([false, false]);
    expect(await store.getMany(["a", "b", "c"])).toEqual([undefined, undefined, "C"]);
  });

  it("accepts empty lists", async () => {
    const { store } = opened();
    const results = [store.setMany([]), store.getMany([]), store.hasMany([]), store.deleteMany([])];
    expect(await Promise.all(results)).toEqual([[], [], [], []]);
  });

  it("keeps a value until `expires`, and one without `expires` longer", async () => {
    const { store, advance } = opened();
    const expires = Date.now() + 300;
    await store.setMany([
      { key: "a", value: "short", expires },
      { key: "b", value: "long" },
    ]);
    expect(await store.getMany(["a", "b"])).toEqual(["short", "long"]);
    advance(0.301);
    expect(await store.getMany(["a", "b"])).toEqual([undefined, "long"]);
    expect(await store.has("a")).toBe(false);
  });

  it.each([0, -300])("a value that expires in %d ms ends the older value", async (ms) => {
    const { store } = opened();
    await store.set("a", "older");
    expect(await store.set("a", "new", Date.now() + ms)).toBe(true);
    expect(await store.get("a")).toBeUndefined();
  });

  it("has a namespace that Keyv may set", () => {
    const { store } = opened();
    expect(store.namespace).toBeUndefined();
    store.namespace = "a";
    expect(store.namespace).toBe("a");
  });
});

describe("Keyv", () => {
  it.each([false, null, 0, "", '"', { a: [1, { b: null }] }, Buffer.from("bar")])(
    "stores %j for other processes",
    async (value) => {
      const { isolate, keyv, errors } = opened();
      expect(await keyv.set("a", value)).toBe(true);
      const elsewhere = opened(isolate.elsewhere());
      expect(await elsewhere.keyv.get("a")).toEqual(value);
      expect([...errors, ...elsewhere.errors]).toEqual([]);
    },
  );

  it.each([
    { ttl: 1_000, gone: 1.001 },
    { ttl: undefined, gone: 86_400 },
    { ttl: 0, gone: 86_400 },
    { ttl: Infinity, gone: 86_400 },
  ])("a value with ttl $ttl expires after $gone s", async ({ ttl, gone }) => {
    const { keyv, advance, errors } = opened();
    expect(await keyv.set("a", "value", ttl)).toBe(true);
    advance(gone - 1);
    expect(await keyv.get("a")).toBe("value");
    advance(1);
    expect(await keyv.get("a")).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it("a soft purge ends a value that was set, also with `stale`", async () => {
    const { data } = new DataIsolate();
    const space = { fresh: "1d", stale: "1h", tags: ["red"] } as const;
    const store = keyvStore(data.namespace<unknown>("keyv", space));
    await store.set("a", "value");
    await data.purge({ tags: ["red"], soft: true });
    expect([await store.get("a"), await store.has("a")]).toEqual([undefined, false]);
  });

  it("separates namespaces, and clears one alone", async () => {
    const isolate = new DataIsolate();
    const [plain, one, two] = [undefined, "one", "two"].map(
      (namespace) => opened(isolate, { ...(namespace && { namespace }) }).keyv,
    );
    await plain?.set("one/a", "plain");
    await one?.set("a", 1);
    await one?.set("x".repeat(2_000), 1);
    await two?.set("a", 2);
    await one?.clear();
    expect(await one?.get(["a", "x".repeat(2_000)])).toEqual([undefined, undefined]);
    expect([await two?.get("a"), await plain?.get("one/a")]).toEqual([2, "plain"]);
  });

  it("without Redis, finds no value, and emits the error of a purge", async () => {
    const { isolate, keyv, errors, store } = opened();
    isolate.upstash.mode = "down";
    expect(await keyv.get("a")).toBeUndefined();
    expect(errors).toEqual([]);
    expect(await keyv.delete("a")).toBe(false);
    expect(await keyv.set("a", 1)).toBe(false);
    expect(errors.map(String)).toEqual([
      expect.stringContaining("The purge was not accepted"),
      expect.stringContaining("was not set"),
    ]);
    await expect(store.delete("a")).rejects.toThrow("The purge was not accepted");
  });
});

describe("Keyv 5", () => {
  const opened5 = (options: object = {}) => {
    const { isolate, store, advance } = opened();
    const other = keyvStore(
      isolate.data.namespace<unknown>("keyv", { fresh: "1d", tags: ["red"] }),
    );
    const keyv = new Keyv5({ store: other, namespace: "news", useKeyPrefix: false, ...options });
    const errors: unknown[] = [];
    keyv.on("error", (error: unknown) => void errors.push(error));
    return { isolate, store, keyv, advance, errors };
  };

  it.each([
    { ttl: 1_000, gone: 1.001 },
    { ttl: undefined, gone: 86_400 },
    { ttl: 0, gone: 86_400 },
    { ttl: Infinity, gone: 86_400 },
  ])("a value with ttl $ttl expires after $gone s", async ({ ttl, gone }) => {
    const { keyv, advance, errors } = opened5();
    expect(await keyv.set("a", { n: 1 }, ttl)).toBe(true);
    expect(await keyv.setMany([{ key: "b", value: 2, ...(ttl !== undefined && { ttl }) }])).toEqual(
      [true],
    );
    advance(gone - 1);
    expect(await keyv.get(["a", "b"])).toEqual([{ n: 1 }, 2]);
    advance(1);
    expect([await keyv.get(["a", "b"]), await keyv.has("a"), errors]).toEqual([
      [undefined, undefined],
      false,
      [],
    ]);
  });

  it("deletes and clears, and a purge by its key covers a value", async () => {
    const { isolate, keyv } = opened5();
    for (const key of ["a", "b", "c"]) await keyv.set(key, key);
    await isolate.data.purge({ keys: [["keyv", "news", "a"]] });
    expect(await keyv.get(["a", "b", "c"])).toEqual([undefined, "b", "c"]);
    expect([await keyv.delete("b"), await keyv.delete(["b", "a"])]).toEqual([true, false]);
    await keyv.clear();
    expect(await keyv.get("c")).toBeUndefined();
  });

  it("cached refuses it", async () => {
    await expect(cached(opened5().keyv as never, "a", () => 1)).rejects.toThrow("of Keyv 6");
  });
});

it("a value too large for every tier is false, with the error", async () => {
  const isolate = new DataIsolate();
  const values = isolate.data.namespace<unknown>("keyv", { fresh: "1d", tiers: ["memory"] });
  const errors: unknown[] = [];
  for (const keyv of [
    new Keyv({ store: keyvStore(values) }),
    new Keyv5({ store: keyvStore(values) }),
  ]) {
    keyv.on("error", (error: unknown) => void errors.push(String(error)));
    expect(await keyv.set("a", "x".repeat(1_100_000))).toBe(false);
  }
  expect(errors).toEqual([1, 2].map(() => expect.stringContaining("too large for every tier")));
});

it("a value without serialization may be changed, and no other reader gets the change", async () => {
  const { keyv, errors } = opened(undefined, { serialization: false });
  const load = () => ({ list: [1] });
  await keyv.set("set", load());
  for (const key of ["set", "loaded"]) {
    for (const _ of [1, 2]) {
      const value = await cached(keyv, key, load);
      expect(value).toEqual(load());
      value.list.push(2);
      const [found] = (await keyv.get([key])) as ReturnType<typeof load>[];
      expect(found).toEqual(load());
      found?.list.push(3);
    }
  }
  expect(errors).toEqual([]);
});

describe("cached", () => {
  it.each([{ tags: ["red"] }, { keys: [["keyv", "42"]] }, { prefixes: ["keyv"] }])(
    "a purge %j during the load covers the value",
    async (order) => {
      const { isolate, keyv, advance } = opened();
      await keyv.get("a view is there");
      const source = new HeldSource();
      const asked = cached(keyv, "42", source.load);
      await until(() => source.count === 1);
      await isolate.elsewhere().data.purge(order);
      advance(10);
      await keyv.get("the view is renewed");
      source.answer("read before the purge");
      expect(await asked).toBe("read before the purge");
      await idle();
      expect(await keyv.get("42")).toBeUndefined();
      expect(await cached(keyv, "42", () => "read after it")).toBe("read after it");
      expect(await keyv.get("42")).toBe("read after it");
    },
  );

  it("stores what keyv.get returns, for the ttl", async () => {
    const { keyv, advance } = opened(undefined, { namespace: "one", ttl: 60_000 });
    const load = vi.fn<() => unknown>(() => ({ n: 1 }));
    expect(await cached(keyv, "a", load)).toEqual({ n: 1 });
    expect(await cached(keyv, "a", load, 1)).toEqual({ n: 1 });
    expect(await keyv.get("a")).toEqual({ n: 1 });
    advance(60.001);
    expect(await keyv.get("a")).toBeUndefined();
    await cached(keyv, "a", load, 1_000);
    advance(1.001);
    await cached(keyv, "a", load);
    expect(load).toHaveBeenCalledTimes(3);
  });

  it("shares one load between concurrent calls", async () => {
    const { keyv } = opened();
    const source = new HeldSource();
    const asked = [cached(keyv, "a", source.load), cached(keyv, "a", source.load)];
    await until(() => source.count === 1);
    await idle();
    source.answer("value");
    expect(await Promise.all(asked)).toEqual(["value", "value"]);
  });

  it("uses the keys that Keyv sanitizes", async () => {
    const { keyv } = opened(undefined, { sanitize: { keys: true } });
    await cached(keyv, "a;--b", () => 1);
    expect(await keyv.get("a;--b")).toBe(1);
    await keyv.delete("a;--b");
    expect(await cached(keyv, "a;--b", () => 2)).toBe(2);
  });

  it("stores no undefined, and rejects with the error of the load", async () => {
    const { keyv } = opened();
    expect(await cached(keyv, "a", () => undefined)).toBeUndefined();
    expect(await cached(keyv, "a", () => 1)).toBe(1);
    const failing = cached(keyv, "b", () => Promise.reject(new Error("no row")));
    await expect(failing).rejects.toThrow("no row");
  });

  it("refuses a Keyv with another store", async () => {
    await expect(cached(new Keyv(), "a", () => 1)).rejects.toThrow("not that of keyvStore()");
  });
});
