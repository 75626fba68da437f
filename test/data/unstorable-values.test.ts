// Tests values that the codec cannot restore. A load returns them, and `set` and `write` refuse
// them.
import { describe, expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

/** A row of an object-relational mapper. */
class Product {
  readonly id = 42;
  get label() {
    return `${this.id}`;
  }
}

const open = (options: object = {}) => {
  const isolate = new DataIsolate();
  const space = { fresh: "60s", ...options } as const;
  const products = isolate.data.namespace<unknown, number>("products", space);
  return { isolate, products, counts: () => isolate.data.stats().namespaces["products"] };
};

const changed = 'is a Product, which the codec "json" would change or lose.';

describe("a load of a value that the codec cannot restore", () => {
  it("returns the same object to all waiting calls, and stores nothing", async () => {
    const { isolate, products, counts } = open({ collapse: "global" });
    const product = new Product();
    const gate = Promise.withResolvers<Product>();
    let loads = 0;
    const load = () => {
      loads += 1;
      return gate.promise;
    };
    const calls = [1, 2, 3].map(() => products.getOrSet(42, load));
    await until(() => loads === 1);
    await idle();
    gate.resolve(product);
    for (const value of await Promise.all(calls)) expect(value).toBe(product);
    await isolate.settle();
    expect([loads, await products.get(42)]).toEqual([1, undefined]);
    expect(counts()).toMatchObject({ unstorableLoads: 1, workedLoads: 1, failedLoads: 0 });
  });

  it("removes an older stored value", async () => {
    const { products } = open();
    await products.getOrSet(42, () => "older");
    await products.getOrSet(42, () => new Product(), { forceFresh: true });
    await idle();
    expect(await products.get(42)).toBeUndefined();
  });

  it("stores the values of the other keys", async () => {
    const { products } = open();
    const load = (keys: readonly number[]) =>
      new Map(keys.map((key) => [key, key === 1 ? new Product() : key] as const));
    const { values, errors } = await products.getOrSetMany([1, 2], load);
    expect([values.get(1), values.get(2), errors.size]).toEqual([expect.any(Product), 2, 0]);
    expect([...(await products.getMany([1, 2]))]).toEqual([[2, 2]]);
  });

  it("is logged once per namespace, with the cause and the fix, and without a name in the value", async () => {
    const { isolate, products, counts } = open();
    for (const key of [1, 2])
      await products.getOrSet(key, () => ({ "alice@example.com": new Product() }));
    const why = `A part of it ${changed}`;
    expect(isolate.log).toEqual([
      `Data: Values of products are not stored, so each call loads them. ${why} Return plain objects, arrays, ` +
        "strings, numbers, dates, maps, sets or bytes, or set a codec.",
    ]);
    expect(counts()).toMatchObject({ unstorableLoads: 2, unstorable: why });
  });

  it("is logged if the codec cannot decode what it has encoded", async () => {
    const decode = () => {
      throw new RangeError("s3cret");
    };
    const { isolate, products } = open({ codec: { name: "broken", encode: String, decode } });
    expect(await products.getOrSet(1, () => 7)).toBe(7);
    expect(isolate.log.join()).toContain("cannot decode what it has encoded (RangeError)");
  });
});

it.each(["set", "write"] as const)(
  "%s refuses a value that the codec cannot restore, before any write",
  async (call) => {
    const { products } = open();
    const writes: unknown[] = [];
    const value = { lines: [{ secret: new Product() }] };
    const called =
      call === "set" ? products.set(1, value) : products.write(1, value, () => writes.push(value));
    await expect(called).rejects.toThrow(
      `The value of products/1 is not stored: lines[0].secret. A part of it ${changed}`,
    );
    expect(writes).toEqual([]);
  },
);

it("a Buffer of Node is restored as a Buffer from memory and from Redis", async () => {
  const { isolate, products } = open();
  await products.getOrSet(1, () => ({ hash: Buffer.from("abc") }));
  await isolate.settle();
  const beside = isolate.beside().data.namespace<unknown, number>("products", { fresh: "60s" });
  for (const value of [await products.get(1), await beside.get(1)]) {
    expect(value).toStrictEqual({ hash: Buffer.from("abc") });
  }
});

describe("a value that is too large for every tier", () => {
  const tiers = ["memory"] as const;
  const large = "x".repeat(1_100_000);
  const why = "A value is not stored. It has 1100003 bytes, which is too large for every tier";

  it.each([
    ["set", {}],
    ["set in this isolate", { everywhere: false }],
  ])("is refused by %s, which ends the older value", async (_, options) => {
    const { products, counts } = open({ tiers });
    await products.set(1, "older");
    await expect(products.set(1, large, options)).rejects.toThrow(why);
    expect(await products.get(1)).toBeUndefined();
    expect(counts()).toMatchObject({ unstorableLoads: 1 });
  });

  it("is refused by set with a start", async () => {
    const { products } = open({ tiers });
    const { start } = await products.lookUp(1);
    await expect(products.set(1, large, { start, everywhere: false })).rejects.toThrow(why);
  });

  it("is returned by a load, and written through without being stored", async () => {
    const { products, counts } = open({ tiers });
    expect(await products.getOrSet(1, () => large)).toBe(large);
    expect(await products.write(2, large, () => undefined)).toEqual([]);
    expect(counts()).toMatchObject({ unstorableLoads: 2 });
  });
});
