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
    ["a date", new Date(1_234)],
    ["no date", new Date(Number.NaN)],
    ["a map with keys of any kind", new Map<unknown, unknown>([[{ a: 1 }, 1n]]).set(1, "x")],
    ["a set", new Set([1, "1"])],
    ["a large integer", 2n ** 70n],
    ["bytes", new Uint8Array([0, 255])],
    ["a buffer", new Uint8Array([7]).buffer],
    ["numbers that JSON lacks", [Number.NaN, Infinity, -Infinity, -0]],
    ["undefined within", { a: undefined, b: [undefined] }],
    ["a gap", Object.assign(Array(3), { 0: 1, 2: 2 })],
    ["text in any script", "\u2028 é 漢字 \u{1f600} \ud800"],
    ["a circle", circular],
    ["a Buffer", Buffer.from("text")],
    ["Buffers within", { a: [Buffer.alloc(0), new Map([["b", Buffer.from([7])]])] }],
    ["a part of bytes", new Uint8Array([1, 2, 3]).subarray(1, 2)],
    ["numbers of eight bytes", [new BigInt64Array([1n]), new Float64Array([0.5])]],
    ["a view of bytes", new DataView(new ArrayBuffer(3))],
    ["a regular expression", /a(?<b>c)/giu],
    ["a URL", new URL("https://a.example/?b=c")],
    ["a query", new URLSearchParams("a=1&a=2")],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 })],
    ["a frozen object", Object.freeze({ a: Object.freeze([1]) })],
    ["a boxed text", Object("x") as unknown],
  ])("%s", (_id, value) => {
    expect(again(value)).toStrictEqual(value);
    expect(Object.getPrototypeOf(again(value))).toBe(Object.getPrototypeOf(value));
  });

  it("a getter becomes the value that it returned", () => {
    const value = Object.defineProperty({}, "a", { get: () => 1, enumerable: true });
    expect(again(value)).toStrictEqual({ a: 1 });
  });

  it("a value that the cache has frozen is an ordinary one again", () => {
    const value = made();
    deepFreeze(value);
    expect(again(value)).toStrictEqual(made());
  });

  it("an object of another realm is one of this realm", () => {
    const value = runInNewContext("[new Date(0), new Map([[1, new Set([/x/g])]])]") as unknown;
    expect(again(value)).toStrictEqual([new Date(0), new Map([[1, new Set([/x/g])]])]);
  });

  it("one object in two places is one object", () => {
    const value = again([shared, shared]) as readonly unknown[];
    expect(value[0]).toBe(value[1]);
  });
});

describe("is refused", () => {
  const price = new Decimal();
  const hidden = Object.defineProperty({}, "a", { value: 1 });
  const prototyped = JSON.parse('{"a": {"__proto__": 1}}') as unknown;

  it.each([
    ["a function", { f: () => 0 }, "f is a function"],
    ["a method of an object", { toJSON: () => 5 }, "toJSON is a function"],
    ["a symbol", Symbol("x"), "It is a symbol"],
    ["an instance of a class", new Row(), "It is a Row"],
    ["one within", { rows: [0, 1, 2, { price }] }, "rows[3].price is a Decimal"],
    ["one in a map", new Map([["k)ey", [price]]]), "get(…)[0] is a Decimal"],
    ["a list of a library", Rows.from([1]), "It is a Rows"],
    ["a map of a library", new Lookup(), "It is a Lookup"],
    ["a date of a library", [new Moment(0)], "[0] is a Moment"],
    ["an error", new TypeError("x"), "It is a TypeError"],
    ["a promise", { a: Promise.resolve(1) }, "a is a Promise"],
    ["an object that inherits", Object.create({ a: 1 }), "It is an instance of a class"],
    ["a date with a member", Object.assign(new Date(0), { zone: "UTC" }), "It has the member zone"],
    ["a list with a member", Object.assign([1], { count: 1 }), "It has the member count"],
    ["a map with a member", Object.assign(new Map(), { size2: 1 }), "It has the member size2"],
    ["an expression in use", Object.assign(/a/g, { lastIndex: 2 }), "It has a lastIndex"],
    ["a key that is a symbol", { a: { [Symbol("b")]: 1 } }, "a has a member whose key is a symbol"],
    ["a hidden member", hidden, "It has a member that is not enumerable"],
    ["a prototype as member", prototyped, "a has a member __proto__"],
  ])("%s", (_id, value, why) => {
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
