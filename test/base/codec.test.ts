// What structured JSON brings back as it was, and what it refuses.
import { isDeepStrictEqual } from "node:util";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { encodedBy, structuredJson } from "../../src/base/codec.ts";
import { deepFreeze } from "../../src/data/value/frozen.ts";

const again = (value: unknown) =>
  structuredJson.decode(encodedBy(structuredJson, value, "articles/42"));

class Row {
  readonly n = 1;
  get twice() {
    return 2 * this.n;
  }
}
class Decimal {
  readonly digits = "1.10";
}
class Rows extends Array<number> {}
class Lookup extends Map<number, number> {}
class Moment extends Date {}
const shared = { n: 1 };
const circular: { self?: unknown } = {};
circular.self = circular;

describe("comes back as it was", () => {
  it.each([
    { id: "a date", value: new Date(1_234) },
    { id: "no date", value: new Date(Number.NaN) },
    {
      id: "a map with keys of any kind",
      value: new Map<unknown, unknown>([
        [{ a: 1 }, 1n],
        [1, "x"],
      ]),
    },
    { id: "a set", value: new Set([1, "1"]) },
    { id: "a large integer", value: 2n ** 70n },
    { id: "bytes", value: new Uint8Array([0, 255]) },
    { id: "a buffer", value: new Uint8Array([7]).buffer },
    { id: "numbers that JSON lacks", value: [Number.NaN, Infinity, -Infinity, -0] },
    { id: "undefined within", value: { a: undefined, b: [undefined] } },
    { id: "a gap", value: Object.assign(Array(3), { 0: 1, 2: 2 }) },
    { id: "text in any script", value: "\u2028 é 漢字 \u{1f600} \ud800" },
    { id: "a circle", value: circular },
    { id: "a Buffer", value: Buffer.from("text") },
    { id: "Buffers within", value: { a: [Buffer.alloc(0), new Map([["b", Buffer.from([7])]])] } },
    { id: "a part of bytes", value: new Uint8Array([1, 2, 3]).subarray(1, 2) },
    { id: "numbers of eight bytes", value: [new BigInt64Array([1n]), new Float64Array([0.5])] },
    { id: "a view of bytes", value: new DataView(new ArrayBuffer(3)) },
    { id: "a regular expression", value: /a(?<b>c)/giu },
    { id: "a URL", value: new URL("https://a.example/?b=c") },
    { id: "a query", value: new URLSearchParams("a=1&a=2") },
    { id: "an object without a prototype", value: Object.assign(Object.create(null), { a: 1 }) },
    { id: "a frozen object", value: Object.freeze({ a: Object.freeze([1]) }) },
    { id: "a boxed text", value: Object("x") as unknown },
  ])("$id", ({ value }) => {
    expect(again(value)).toStrictEqual(value);
    expect(Object.getPrototypeOf(again(value))).toBe(Object.getPrototypeOf(value));
  });

  it("a getter becomes the value that it returned", () => {
    const value = {
      get a() {
        return 1;
      },
    };
    expect(again(value)).toStrictEqual({ a: 1 });
  });

  it("a value that the cache has frozen is an ordinary one again", () => {
    const value = made();
    deepFreeze(value);
    expect(again(value)).toStrictEqual(made());
  });

  it("an object of another realm is one of this realm", () => {
    const value = runInNewContext(
      "({ a: [new Date(0), new Map([[1, new Set([/x/g])]])] })",
    ) as unknown;
    expect(again(value)).toStrictEqual({ a: [new Date(0), new Map([[1, new Set([/x/g])]])] });
  });

  it("one object in two places is one object", () => {
    const value = again([shared, shared]) as readonly unknown[];
    expect(value[0]).toBe(value[1]);
  });
});

describe("is refused", () => {
  const price = new Decimal();
  it.each([
    { id: "a function", value: { f: () => 0 }, why: "f is a function" },
    { id: "a method of an object", value: { toJSON: () => 5 }, why: "toJSON is a function" },
    { id: "a symbol", value: Symbol("x"), why: "It is a symbol" },
    { id: "an instance of a class", value: new Row(), why: "It is a Row" },
    { id: "one within", value: { rows: [0, 1, 2, { price }] }, why: "rows[3].price is a Decimal" },
    { id: "one in a map", value: new Map([["k)ey", [price]]]), why: "get(…)[0] is a Decimal" },
    { id: "a list of a library", value: Rows.from([1]), why: "It is a Rows" },
    { id: "a map of a library", value: new Lookup(), why: "It is a Lookup" },
    { id: "a date of a library", value: [new Moment(0)], why: "[0] is a Moment" },
    { id: "an error", value: new TypeError("x"), why: "It is a TypeError" },
    { id: "a promise", value: { a: Promise.resolve(1) }, why: "a is a Promise" },
    {
      id: "an object that inherits",
      value: Object.create({ a: 1 }),
      why: "It is an instance of a class",
    },
    {
      id: "a date with a member",
      value: Object.assign(new Date(0), { zone: "UTC" }),
      why: "It has the member zone",
    },
    {
      id: "a list with a member",
      value: Object.assign([1], { count: 1 }),
      why: "It has the member count",
    },
    {
      id: "a map with a member",
      value: Object.assign(new Map(), { size2: 1 }),
      why: "It has the member size2",
    },
    {
      id: "an expression in use",
      value: Object.assign(/a/g, { lastIndex: 2 }),
      why: "It has a lastIndex",
    },
    {
      id: "a key that is a symbol",
      value: { a: { [Symbol("b")]: 1 } },
      why: "a has a member whose key is a symbol",
    },
    {
      id: "a member that is not enumerable",
      value: Object.defineProperty({}, "a", { value: 1 }),
      why: "It has a member that is not enumerable",
    },
    {
      id: "a member that would change a prototype",
      value: JSON.parse('{"a": {"__proto__": 1}}') as unknown,
      why: "a has a member __proto__",
    },
  ])("$id", ({ value, why }) => {
    expect(() => again(value)).toThrow(`The value of articles/42 is not stored. ${why}`);
  });

  it("a getter that throws", () => {
    const value = {
      get a(): number {
        throw new Error("s3cret");
      },
    };
    expect(() => again(value)).toThrow('The codec "json" cannot encode it.');
  });

  it("what a codec of one's own makes no text of", () => {
    const codec = { name: "own", encode: () => undefined as never, decode: () => 0 };
    expect(() => encodedBy(codec, 1, "a/b")).toThrow('The codec "own" cannot encode it.');
  });
});

describe("frozen", () => {
  it.each([
    {
      id: "plain data",
      value: { a: [1, { b: null }], d: new Date(0), m: new Map([[1, []]]), s: new Set([{}]) },
      is: true,
    },
    { id: "bytes", value: { a: new Uint8Array(1) }, is: false },
    { id: "bytes beside other things", value: [new Uint8Array(1), { a: 1 }], is: false },
    { id: "a URL", value: new URL("https://a.example/"), is: false },
    { id: "an instance of a class", value: new Row(), is: false },
    { id: "a circle", value: circular, is: true },
  ])("$id: $is", ({ value, is }) => {
    expect(deepFreeze(value)).toBe(is);
  });

  it.each([
    { id: "set of a date", change: (v: Made) => v.date.setFullYear(1) },
    { id: "delete of a map", change: (v: Made) => v.map.delete("k") },
    { id: "clear of a map", change: (v: Made) => v.map.clear() },
    { id: "add of a set", change: (v: Made) => v.set.add(2) },
    { id: "clear of a set", change: (v: Made) => v.set.clear() },
    { id: "a member of an object in a set", change: (v: Made) => ([...v.objects][0]!.n = 2) },
    { id: "a key of a map", change: (v: Made) => ([...v.byObject.keys()][0]!.n = 2) },
  ])("$id throws", ({ change }) => {
    const value = made();
    deepFreeze(value);
    expect(() => change(value)).toThrow(TypeError);
    expect(value).toEqual(made());
  });

  it("dates, maps and sets are such still", () => {
    const value = made();
    deepFreeze(value);
    expect([value.date.getTime(), value.map.get("k"), value.set.has(1)]).toEqual([5, 1, true]);
    expect(value.date).toBeInstanceOf(Date);
    expect(value.map).toBeInstanceOf(Map);
    expect(structuredClone(value)).toEqual(made());
    expect(isDeepStrictEqual(structuredClone(value), made())).toBe(true);
  });
});

const made = () => ({
  date: new Date(5),
  map: new Map([["k", 1]]),
  set: new Set([1]),
  objects: new Set([{ n: 1 }]),
  byObject: new Map([[{ n: 1 }, 1]]),
});
type Made = ReturnType<typeof made>;
