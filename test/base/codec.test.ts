// What structured JSON brings back as it was, and what it refuses.
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { encodedBy, structuredJson } from "../../src/base/codec.ts";
import { deepFreeze } from "../../src/data/value/frozen.ts";

const again = (value: unknown) =>
  structuredJson.decode(encodedBy(structuredJson, value, "articles/42"));

class Row {
  readonly n = 1;
}
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
  ])("$id", ({ value }) => {
    expect(again(value)).toStrictEqual(value);
  });

  it("one object in two places is one object", () => {
    const value = again([shared, shared]) as readonly unknown[];
    expect(value[0]).toBe(value[1]);
  });
});

describe("is refused", () => {
  it.each([
    { id: "a function", value: { f: () => 0 } },
    { id: "an instance of a class", value: new Row() },
    { id: "an error", value: new Error("x") },
    { id: "a symbol", value: Symbol("x") },
    {
      id: "a member that would change a prototype",
      value: JSON.parse('{"__proto__": 1}') as unknown,
    },
  ])("$id", ({ value }) => {
    expect(() => again(value)).toThrow("The value of articles/42 is not stored.");
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
