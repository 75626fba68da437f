// Tests the encoding of records as text. Each record is restored, the text is ASCII, and other
// texts are refused.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeRecord as decodeBy,
  encodeRecord,
  headOf,
  version,
  versionApart,
} from "../../../src/cache/tiers/record-codec.ts";
import { dataForm } from "../../../src/data/value/data-record.ts";
import { unknownValue } from "../../../src/rules/selecting.ts";
import { responseForm, responseFormOnNode } from "../../../src/pages/stored/response-form.ts";
import type { ResponseHead } from "../../../src/pages/stored/stored-response.ts";
import { dataMetadata } from "../../../testing/data/data-metadata.ts";
import { bytesOf, keepUntilAtMs, responseOf } from "../../../testing/examples/records.ts";

const decodeRecord = (given: string) => decodeBy(given, responseForm);

const runs = { seed: 20_261_117, numRuns: 300 };

/** Any UTF-16 text, including half surrogate pairs and control characters. */
const text = fc.string({ unit: fc.integer({ min: 0, max: 0xff_ff }).map(String.fromCharCode) });
const anyText = fc.oneof(text, fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));
const name = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9a-z]{1,20}$/);
const value = anyText.map((given) => given.replaceAll(/[\0\r\n]/g, ""));
const sent = fc.stringMatching(/^[\t\u0020-\u007e\u0080-\u00ff]{0,256}$/);
const instant = fc.integer({ min: -8.64e15 / 2, max: 8.64e15 / 2 });
const amount = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0));

const response: fc.Arbitrary<ResponseHead> = fc.record({
  kind: fc.constant("response" as const),
  metadata: fc.record({
    url: anyText,
    route: anyText,
    status: fc.integer({ min: 200, max: 599 }),
    statusText: value,
    fields: fc.array(fc.tuple(name, value)),
    requestedAtMs: instant,
    respondedAtMs: instant,
    bodyBytes: fc.option(fc.nat()),
    bodyDigest: fc.option(anyText),
    selecting: fc.array(fc.tuple(name, fc.option(anyText))),
    tags: fc.array(anyText),
    withheldTags: fc.option(fc.array(fc.tuple(name, fc.array(anyText))), { nil: undefined }),
    isOfClient: fc.option(fc.boolean(), { nil: undefined }),
    stamp: fc.oneof(fc.constant("none" as const), fc.record({ position: anyText, n: anyText })),
    colo: anyText,
    fillCostMs: amount,
  }),
});
const digest = fc.stringMatching(/^[\da-f]{64}$/);
const marker: fc.Arbitrary<ResponseHead> = fc.record({
  kind: fc.constant("vary" as const),
  names: fc.array(name),
  sinceAtMs: amount,
  variants: fc.array(fc.tuple(digest, amount)),
  listedSinceAtMs: amount,
});
const anyRecord = fc.oneof(response, marker);

/** Returns the record without the values that select it, because they may be secrets of a client. */
function readable(record: ResponseHead): ResponseHead {
  if (record.kind === "vary") return record;
  const selecting = record.metadata.selecting.map(([of]) => [of, unknownValue] as const);
  return { ...record, metadata: { ...record.metadata, selecting } };
}

describe("any record", () => {
  it("is decoded as it was encoded, without the values that select it", () => {
    fc.assert(
      fc.property(anyRecord, instant, (record, untilAtMs) => {
        const decoded = decodeRecord(encodeRecord(record, untilAtMs, responseForm));
        expect(decoded).toEqual({ keepUntilAtMs: untilAtMs, record: readable(record) });
      }),
      runs,
    );
  });

  it("is encoded in printable ASCII, as a header field's value must be (RFC 9110 §5.5)", () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const encoded = encodeRecord(record, keepUntilAtMs, responseForm);
        expect(encoded).toMatch(/^[\u0020-\u007e]*$/);
        const fields = new Headers({ record: encoded });
        expect(fields.get("record")).toBe(encoded);
      }),
      runs,
    );
  });

  it("is refused if it is cut anywhere", () => {
    const encoded = encodeRecord(headOf(responseOf(bytesOf("é"))), keepUntilAtMs, responseForm);
    for (let at = 0; at < encoded.length; at += 1) {
      expect(decodeRecord(encoded.slice(0, at))).toBe(undefined);
    }
  });
});

describe("a record with text that only a Worker can send", () => {
  const decodedOnNode = (fields: [string, string][], statusText = "OK") => {
    const { metadata } = responseOf(bytesOf("page")).stored;
    const record = { kind: "response" as const, metadata: { ...metadata, fields, statusText } };
    return decodeBy(encodeRecord(record, keepUntilAtMs, responseForm), responseFormOnNode)?.record;
  };

  it.each(["\u0001", "\u007f", "\u0142", "\ufffd"])("is a miss on Node: %j", (unsendable) => {
    expect(
      decodedOnNode([
        ["x-a", "a"],
        ["x-b", `b${unsendable}`],
      ]),
    ).toBe(undefined);
    expect(decodedOnNode([["x-a", "a"]], unsendable)).toBe(undefined);
  });

  it("is distinguished from a record with text that Node can also send", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, sent)), sent, (fields, statusText) => {
        expect(decodedOnNode(fields, statusText)).toMatchObject({
          metadata: { fields, statusText },
        });
      }),
      runs,
    );
  });
});

describe("any other text", () => {
  it("is refused without throwing", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.json()), (given) => {
        expect(decodeRecord(given)).toBe(undefined);
      }),
      runs,
    );
  });

  it("causes no exception if it differs from a record in some places", () => {
    const encoded = encodeRecord(headOf(responseOf(bytesOf("page"))), keepUntilAtMs, responseForm);
    const place = fc.nat({ max: encoded.length - 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(place, anyText), { minLength: 1 }), (changes) => {
        let changed = encoded;
        for (const [at, put] of changes)
          changed = changed.slice(0, at) + put + changed.slice(at + 1);
        expect(() => decodeRecord(changed)).not.toThrow();
      }),
      runs,
    );
  });

  it("is refused if it nests deeper than the stack", () => {
    const depth = 1_000_000;
    expect(decodeRecord("[".repeat(depth) + "]".repeat(depth))).toBe(undefined);
  });
});

const { metadata } = responseOf(bytesOf("page")).stored;
const ownText = encodeRecord({ kind: "response", metadata }, keepUntilAtMs, responseForm);
const written = (changed: object): string => JSON.stringify({ ...JSON.parse(ownText), ...changed });
const withMarker = (changed: object): string => {
  const own = { kind: "vary", names: ["a"], sinceAtMs: 0, listedSinceAtMs: 0, variants: [] };
  return JSON.stringify({ v: version, k: keepUntilAtMs, ...own, ...changed });
};

describe("an encoded record of another form", () => {
  it("is read without the members that a later version added", () => {
    const added = written({}).replace("{", '{"later":1,"__proto__":{"polluted":1},');
    expect(decodeRecord(added)?.record).toEqual({ kind: "response", metadata });
    const read = decodeRecord(withMarker({}).replace("{", '{"later":1,"__proto__":{"a":1},'));
    expect(read).toEqual(decodeRecord(withMarker({})));
    expect(Object.keys(read?.record ?? {})).toHaveLength(5);
  });

  it("is made from a record that is accepted without a change", () => {
    expect(decodeRecord(written({}))?.record).toEqual({ kind: "response", metadata });
    expect(decodeRecord(withMarker({}))?.record.kind).toBe("vary");
  });

  it.each([
    ["an invalid digest", withMarker({ variants: [["0", 1]] })],
    ["the next version", written({ v: version + 1 })],
    ["the version before", written({ v: version - 1 })],
    ["no version", written({ v: undefined })],
    ["the version as text", written({ v: String(version) })],
    ["the version of a body in another store", written({ v: versionApart })],
    ["a marker of another version", withMarker({ v: version + 1 })],
    ["no time", written({ k: undefined })],
    ["the time as text", written({ k: "4102444800000" })],
    ["a time that is null", written({ k: null })],
    ["an infinite time", written({ k: 0 }).replace('"k":0', '"k":1e999')],
    ["an infinite time of a response", written({ q: 1.7e308, a: 1.7e308, k: 0 })],
    ["no time of the request", written({ q: undefined })],
    ["no metadata", JSON.stringify({ v: version, k: 1 })],
    ["no URL", written({ u: undefined })],
    ["a URL in a prototype", written({ u: undefined }).replace("{", '{"__proto__":{"u":"/"},')],
    ["a marker without names", withMarker({ names: undefined })],
    ["a marker whose names are numbers", withMarker({ names: [1] })],
    ["a status with a fraction", written({ S: 200.5 })],
    ["a status below 200", written({ S: 199 })],
    ["a status above 599", written({ S: 600 })],
    ["a status text of two lines", written({ T: "a\nb" })],
    ["a field name that is not a token", written({ H: [["a b", "c"]] })],
    ["a field value of two lines", written({ H: [["a", "b\r\nc: d"]] })],
    ["a marker name that is not a token", withMarker({ names: ["a b"] })],
    ["a marker without its variants", withMarker({ variants: undefined })],
    ["a marker with a variant without a time", withMarker({ variants: [["a"]] })],
    ["a status as text", written({ S: "200" })],
    ["a status that is null", written({ S: null })],
    ["fields as an object", written({ H: { a: "b" } })],
    ["a field of three parts", written({ H: [["a", "b", "c"]] })],
    ["a field without a value", written({ H: [["a"]] })],
    ["a field whose value is null", written({ H: [["a", null]] })],
    ["a length as text", written({ b: "4" })],
    ["a negative length", written({ b: -1 })],
    ["no digest", written({ d: undefined })],
    ["a selecting field with its value", written({ V: [["a", "b"]] })],
    ["tags as text", written({ t: "a" })],
    ["isOfClient as text", written({ I: "true" })],
    ["an unknown stamp", written({ s: "some" })],
    ["half a stamp", written({ s: ["1-0"] })],
    ["an array", "[]"],
    ["null", "null"],
    ["nothing", ""],
  ])("is refused: %s", (_id, given) => {
    expect(decodeRecord(given)).toBe(undefined);
  });
});

it.each([0, 60_000, 60_001, -5])(
  "a value of data is kept for %d ms, as it was encoded",
  (keptMs) => {
    const valued = { ...dataMetadata, respondedAtMs: 1_795_780_341_106 };
    const untilAtMs = valued.respondedAtMs + keptMs;
    const encoded = encodeRecord({ kind: "response", metadata: valued }, untilAtMs, dataForm);
    const record = { kind: "response", metadata: valued };
    expect(decodeBy(encoded, dataForm)).toEqual({ keepUntilAtMs: untilAtMs, record });
    expect(encoded.includes('"k":')).toBe(keptMs !== valued.freshMs);
  },
);

it.each([
  ["pages", responseForm],
  ["data", dataForm],
])("the members of %s have different names in text", (_id, { members }) => {
  const names = ["v", "k", "kind", ...members.map(({ inText }) => inText)];
  expect(new Set(names).size).toBe(names.length);
});
