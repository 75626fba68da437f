// Tests which values structured JSON restores, and which values it refuses.
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

describe("a value that structured JSON decodes", () => {
  it.each([
    ["a date", new Date(1_234)],
    ["an invalid date", new Date(Number.NaN)],
    ["a map with keys of any kind", new Map<unknown, unknown>([[{ a: 1 }, 1n]]).set(1, "x")],
    ["a set", new Set([1, "1"])],
    ["a large integer", 2n ** 70n],
    ["bytes", new Uint8Array([0, 255])],
    ["a buffer", new Uint8Array([7]).buffer],
    ["numbers that JSON lacks", [Number.NaN, Infinity, -Infinity, -0]],
    ["zero below zero", [-0]],
    ["no number", { a: Number.NaN }],
    ["undefined members", { a: undefined, b: [undefined] }],
    ["a sparse array", Object.assign(Array(3), { 0: 1, 2: 2 })],
    ["text in any script", "\u2028 é 漢字 \u{1f600} \ud800"],
    ["a circular object", circular],
    ["a Buffer", Buffer.from("text")],
    ["nested Buffers", { a: [Buffer.alloc(0), new Map([["b", Buffer.from([7])]])] }],
    ["a subarray of bytes", new Uint8Array([1, 2, 3]).subarray(1, 2)],
    ["arrays of eight-byte numbers", [new BigInt64Array([1n]), new Float64Array([0.5])]],
    ["a DataView", new DataView(new ArrayBuffer(3))],
    ["a regular expression", /a(?<b>c)/giu],
    ["a URL", new URL("https://a.example/?b=c")],
    ["search parameters", new URLSearchParams("a=1&a=2")],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 })],
    ["a frozen object", Object.freeze({ a: Object.freeze([1]) })],
    ["a boxed string", Object("x") as unknown],
  ])("equals the encoded value: %s", (_id, value) => {
    expect(again(value)).toStrictEqual(value);
    expect(Object.getPrototypeOf(again(value))).toBe(Object.getPrototypeOf(value));
  });

  it("has the result of a getter in place of the getter", () => {
    const value = Object.defineProperty({}, "a", { get: () => 1, enumerable: true });
    expect(again(value)).toStrictEqual({ a: 1 });
  });

  it("equals the original value if the encoded value was frozen", () => {
    const value = made();
    deepFreeze(value);
    expect(again(value)).toStrictEqual(made());
  });

  it("belongs to this realm if the encoded value was from another realm", () => {
    const value = runInNewContext("[new Date(0), new Map([[1, new Set([/x/g])]])]") as unknown;
    expect(again(value)).toStrictEqual([new Date(0), new Map([[1, new Set([/x/g])]])]);
  });

  it("is written as JSON if it is plain", () => {
    const text = encodedBy(structuredJson, { a: [1, "b", null], c: { d: true } }, "articles/42");
    expect(JSON.parse(text)).toEqual({ a: [1, "b", null], c: { d: true } });
  });

  it("has what a getter or a proxy returned first, and not what it returns later", () => {
    let reads = 0;
    const returns = (): unknown => ((reads += 1) % 2 === 1 ? 1 : new Date(0));
    expect(
      again({
        get a() {
          return returns();
        },
      }),
    ).toStrictEqual({ a: 1 });
    const list = Object.defineProperty([0], 0, { get: returns, enumerable: true });
    expect(again([list])).toStrictEqual([[1]]);
    const get = (_: object, key: string | symbol) => (key === "a" ? returns() : () => "forged");
    expect(again(new Proxy({ a: 0 }, { get }))).toStrictEqual({ a: 1 });
  });

  it.each([Object.prototype, Array.prototype])("ignores toJSON of a prototype", (prototype) => {
    Object.defineProperty(prototype, "toJSON", { value: () => "forged", configurable: true });
    try {
      expect(again({ a: [1] })).toStrictEqual({ a: [1] });
    } finally {
      Reflect.deleteProperty(prototype, "toJSON");
    }
  });

  it("is an array of holes only, of any length", () => {
    const holes: unknown[] = [];
    holes.length = 4_294_967_295;
    expect(again(holes)).toHaveLength(holes.length);
  });

  it("has one object in two places if the encoded value had", () => {
    const value = again([shared, shared]) as readonly unknown[];
    expect(value[0]).toBe(value[1]);
  });
});

describe("a value that structured JSON cannot encode", () => {
  const price = new Decimal();
  const hidden = Object.defineProperty({}, "a", { value: 1 });
  const prototyped = JSON.parse('{"a": {"__proto__": 1}}') as unknown;

  it.each([
    ["a function", { f: () => 0 }, ": f. A part of it is a function"],
    ["a method of an object", { toJSON: () => 5 }, ": toJSON. A part of it is a function"],
    ["a symbol", Symbol("x"), ". It is a symbol"],
    ["an instance of a class", new Row(), ". It is a Row"],
    [
      "a nested instance of a class",
      { rows: [0, 1, 2, { price }] },
      ": rows[3].price. A part of it is a Decimal",
    ],
    [
      "an instance of a class in a map",
      new Map([["k)ey", [price]]]),
      ": get(…)[0]. A part of it is a Decimal",
    ],
    ["an instance of a subclass of Array", Rows.from([1]), ". It is a Rows"],
    ["an instance of a subclass of Map", new Lookup(), ". It is a Lookup"],
    ["an instance of a subclass of Date", [new Moment(0)], ": [0]. A part of it is a Moment"],
    ["an error", new TypeError("x"), ". It is a TypeError"],
    ["a promise", { a: Promise.resolve(1) }, ": a. A part of it is a Promise"],
    [
      "a date without its class",
      Object.setPrototypeOf(new Date(0), Object.prototype),
      ". It is an instance of a class",
    ],
    [
      "a boxed number without its class",
      Object.setPrototypeOf(Object(1), Object.prototype),
      ". It is an instance of a class",
    ],
    ["an object that inherits", Object.create({ a: 1 }), ". It is an instance of a class"],
    [
      "a date with a member",
      Object.assign(new Date(0), { zone: "UTC" }),
      ". It has a member of its own",
    ],
    ["a list with a member", Object.assign([1], { count: 1 }), ". It has a member of its own"],
    ["a map with a member", Object.assign(new Map(), { size2: 1 }), ". It has a member of its own"],
    [
      "a regular expression with a lastIndex",
      Object.assign(/a/g, { lastIndex: 2 }),
      ". It has a lastIndex",
    ],
    [
      "a key that is a symbol",
      { a: { [Symbol("b")]: 1 } },
      ": a. A part of it has a member whose key is a symbol",
    ],
    ["a hidden member", hidden, ". It has a member that is not enumerable"],
    ["a prototype as member", prototyped, ": a. A part of it has a member __proto__"],
  ])("is refused with a reason: %s", (_id, value, why) => {
    expect(() => again(value)).toThrow(`The value of articles/42 is not stored${why}`);
  });

  it("is refused if a getter throws", () => {
    const value = {
      get a(): number {
        throw new Error("s3cret");
      },
    };
    expect(() => again(value)).toThrow('The codec "json" cannot encode it as well-formed text.');
  });

  it("is refused if a custom codec returns no text", () => {
    const codec = { name: "own", encode: () => undefined as never, decode: () => 0 };
    expect(() => encodedBy(codec, 1, "a/b")).toThrow(
      'The codec "own" cannot encode it as well-formed text.',
    );
  });

  it("is refused if a custom codec returns text that UTF-8 would change", () => {
    const codec = { name: "own", encode: String, decode: String };
    const encode = () => encodedBy(codec, "cut \ud83d", "a/b");
    expect(encode).toThrow('The codec "own" cannot encode it as well-formed text.');
  });
});

describe("a value that `deepFreeze` freezes", () => {
  it.each([
    {
      id: "plain data",
      value: { a: [1, { b: null }], d: new Date(0), m: new Map([[1, []]]), s: new Set([{}]) },
      is: true,
    },
    { id: "bytes", value: { a: new Uint8Array(1) }, is: false },
    { id: "bytes and other values", value: [new Uint8Array(1), { a: 1 }], is: false },
    { id: "a URL", value: new URL("https://a.example/"), is: false },
    { id: "an instance of a class", value: new Row(), is: false },
    { id: "a circular object", value: circular, is: true },
  ])("is immutable or not: $id, $is", ({ value, is }) => {
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
  ])("throws on a change: $id", ({ change }) => {
    const value = made();
    deepFreeze(value);
    expect(() => change(value)).toThrow(TypeError);
    expect(value).toEqual(made());
  });

  it("still contains usable dates, maps and sets", () => {
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
