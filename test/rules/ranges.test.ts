// Tests the fields Range and If-Range, with one row for each form and on both sides of each bound
// (RFC 9110 §13.1.5, §14).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHttpDate } from "../../src/rules/http-date.ts";
import {
  contentRange,
  firstByteOf,
  lengthOf,
  rangeFields,
  rangeVerdict,
  type RangeVerdict,
} from "../../src/rules/ranges.ts";
import { fieldsWith, headerText, seeded } from "../../testing/examples/header-text.ts";

const whole: RangeVerdict = { kind: "whole" };
const unsatisfiable: RangeVerdict = { kind: "unsatisfiable" };
const part = (firstByte: number, lastByte: number): RangeVerdict => ({
  kind: "part",
  firstByte,
  lastByte,
});

const ask = (request: object, stored: object = {}, bodyBytes = 10, status = 200) => {
  const fields = fieldsWith(stored as Record<string, string>);
  return rangeVerdict({
    request: fieldsWith(request as Record<string, string>),
    stored: fields,
    status,
    bodyBytes,
    bodyDate: fields.get("date"),
  });
};

describe("the field Range", () => {
  it.each([
    ["first-and-last", "§14.1.2", "bytes=2-5", part(2, 5)],
    ["one-byte", "§14.1.2", "bytes=0-0", part(0, 0)],
    ["open", "§14.1.2", "bytes=4-", part(4, 9)],
    ["open-from-0", "§14.1.2", "bytes=0-", part(0, 9)],
    ["last-byte", "§14.1.2", "bytes=9-9", part(9, 9)],
    ["last-beyond", "§14.1.2", "bytes=8-10", part(8, 9)],
    ["last-before-end", "§14.1.2", "bytes=0-8", part(0, 8)],
    ["first-at-length", "§14.1.2", "bytes=10-", unsatisfiable],
    ["first-beyond", "§14.1.2", "bytes=11-20", unsatisfiable],
    ["last-before-first", "§14.1.1", "bytes=5-4", whole],
    ["suffix", "§14.1.2", "bytes=-3", part(7, 9)],
    ["suffix-of-1", "§14.1.2", "bytes=-1", part(9, 9)],
    ["suffix-of-length", "§14.1.2", "bytes=-10", part(0, 9)],
    ["suffix-longer", "§14.1.2", "bytes=-11", part(0, 9)],
    ["suffix-of-0", "§14.1.2", "bytes=-0", unsatisfiable],
    ["leading-zeros", "§14.1.1", "bytes=002-005", part(2, 5)],
    ["unit-in-capitals", "§14.1", "BYTES=2-5", part(2, 5)],
    ["white-space", "§14.1.1", " bytes= 2-5 \t", part(2, 5)],
    ["huge-last", "§14.1.2", `bytes=2-${"9".repeat(400)}`, part(2, 9)],
    ["huge-first", "§14.1.2", `bytes=${"9".repeat(400)}-`, unsatisfiable],
    ["huge-suffix", "§14.1.2", `bytes=-${"9".repeat(400)}`, part(0, 9)],
    ["several", "§14.2", "bytes=0-1, 3-4", whole],
    ["two-lines", "§14.2", "bytes=0-1, bytes=3-4", whole],
    ["other-unit", "§14.2", "lines=0-1", whole],
    ["no-unit", "§14.2", "0-1", whole],
    ["no-numbers", "§14.2", "bytes=-", whole],
    ["nothing", "§14.2", "bytes=", whole],
    ["empty", "§14.2", "", whole],
    ["space-before-equals", "§14.2", "bytes =0-1", whole],
    ["space-inside", "§14.2", "bytes=0 - 1", whole],
    ["negative", "§14.2", "bytes=-1-2", whole],
    ["fraction", "§14.2", "bytes=0.5-2", whole],
    ["quoted", "§14.2", 'bytes="0-1"', whole],
    ["multi-byte", "§14.2", "bytes=٠-١", whole],
    ["a-million-digits", "§14.1.2", `bytes=0-${"1".repeat(1_000_000)}`, part(0, 9)],
  ])(
    "selects a part or the whole body, or is unsatisfiable: %s (%s)",
    (_id, _clause, range, verdict) => {
      expect(ask({ range })).toEqual(verdict);
    },
  );

  it.each([
    { id: "from-0", range: "bytes=0-", verdict: unsatisfiable },
    { id: "suffix-of-1", range: "bytes=-1", verdict: whole },
    { id: "suffix-of-0", range: "bytes=-0", verdict: unsatisfiable },
  ])("applies to an empty body: $id (§14.1.2)", ({ range, verdict }) => {
    expect(ask({ range }, {}, 0)).toEqual(verdict);
  });

  it.each([200, 203, 204, 206, 301, 404])("applies only to a 200: status %d (§14.2)", (status) => {
    expect(ask({ range: "bytes=0-1" }, {}, 10, status)).toEqual(
      status === 200 ? part(0, 1) : whole,
    );
  });

  it("selects the whole body if it is absent (§14.2)", () => {
    expect(ask({})).toEqual(whole);
  });

  it("never throws, and selects only parts within the body", () => {
    const ranges = fc.oneof(
      headerText,
      fc
        .tuple(fc.option(fc.nat(40)), fc.option(fc.nat(40)))
        .map(([first, last]) => `bytes=${first ?? ""}-${last ?? ""}`),
    );
    const conditions = fc.option(headerText);
    fc.assert(
      fc.property(ranges, conditions, fc.nat(20), (range, condition, bodyBytes) => {
        const ifRange = condition === null ? {} : { "if-range": condition };
        const verdict = ask({ range, ...ifRange }, { etag: '"a"' }, bodyBytes);
        if (verdict.kind !== "part") return;
        expect(verdict.firstByte).toBeGreaterThanOrEqual(0);
        expect(verdict.firstByte).toBeLessThanOrEqual(verdict.lastByte);
        expect(verdict.lastByte).toBeLessThan(bodyBytes);
      }),
      { ...seeded, numRuns: 2_000 },
    );
  });
});

it.each([
  ["bytes=7-", undefined, 7],
  ["bytes=7-9", 10, 7],
  ["bytes=7-", 7, 0],
  ["bytes=-3", 10, 7],
  ["bytes=-30", 10, 0],
  ["bytes=-0", 10, 0],
  ["bytes=-3", undefined, 0],
  ["bytes=999999999999999-", undefined, 999_999_999_999_999],
  ["bytes=1000000000000000-", undefined, 0],
  ["bytes=5-4", undefined, 0],
  ["bytes=7-8,1-2", 10, 0],
  [null, 10, 0],
])("the first byte of %s of a body of %s bytes is %i (§14.1.2)", (range, bodyBytes, firstByte) => {
  expect(firstByteOf(range, bodyBytes)).toBe(firstByte);
});

describe("the range that an origin gets", () => {
  const date = formatHttpDate(Date.UTC(2026, 0, 1));
  const eight = Array.from({ length: 8 }, (_, nth) => `${nth * 2}-${nth * 2}`).join(",");

  it.each([
    ["one", "bytes=2-5", "bytes=2-5"],
    ["open", "bytes=4-", "bytes=4-"],
    ["suffix", "bytes=-3", "bytes=-3"],
    ["unit-in-capitals", "BYTES=2-5", "bytes=2-5"],
    ["white-space", " bytes= 2-5 \t", "bytes=2-5"],
    ["leading-zeros", "bytes=002-005", "bytes=2-5"],
    ["huge-last", `bytes=2-${"9".repeat(400)}`, "bytes=2-"],
    ["huge-suffix", `bytes=-${"9".repeat(400)}`, "bytes=-999999999999999"],
    ["largest-first", "bytes=999999999999999-", "bytes=999999999999999-"],
    ["several", "bytes=0-1, 3-4", "bytes=0-1,3-4"],
    ["eight", `bytes=${eight}`, `bytes=${eight}`],
    ["nine", `bytes=${eight},20-20`, undefined],
    ["many", `bytes=0-${",0-".repeat(50_000)}`, undefined],
    ["several-with-an-invalid-one", "bytes=0-1,5-4", undefined],
    ["several-with-an-unsatisfiable-one", "bytes=0-1,-0", undefined],
    ["empty-member", "bytes=0-1,", undefined],
    ["last-before-first", "bytes=5-2", undefined],
    ["suffix-of-0", "bytes=-0", undefined],
    ["huge-first", "bytes=1000000000000000-", undefined],
    ["nothing", "bytes=", undefined],
    ["no-numbers", "bytes=-", undefined],
    ["other-unit", "items=0-1", undefined],
    ["no-unit", "0-1", undefined],
    ["negative", "bytes=-1-2", undefined],
    ["words", "bytes=a-b", undefined],
    ["empty", "", undefined],
  ])("has one form, and selects a part of some body: %s (§14.1, §14.2)", (_id, range, sent) => {
    const fields = sent === undefined ? [] : [["range", sent]];
    expect(rangeFields(fieldsWith({ range }))).toEqual(fields);
  });

  it.each([
    ['"a"', true],
    [date, true],
    ["Thursday, 01-Jan-26 00:00:00 GMT", true],
    ['W/"a"', false],
    ['"a", "b"', false],
    ["a", false],
    ["*", false],
    ["", false],
    ["2026-01-01", false],
  ])("has the condition %s only if some response makes it true (§13.1.5)", (condition, mayHold) => {
    const asked = { range: "bytes=0-1", "if-range": condition };
    expect(rangeFields(fieldsWith(asked))).toEqual(mayHold ? Object.entries(asked) : []);
  });

  it("has no condition without a range (§13.1.5)", () => {
    expect(rangeFields(fieldsWith({ "if-range": '"a"' }))).toEqual([]);
  });
});

describe("the field If-Range", () => {
  const atMs = Date.UTC(2026, 0, 1, 12);
  const date = (offsetSeconds: number) => formatHttpDate(atMs + offsetSeconds * 1000);
  const stored = { etag: '"a"', "last-modified": date(0), date: date(60) };

  it.each([
    ["same-tag", "§13.1.5", '"a"', stored, true],
    ["other-tag", "§13.1.5", '"b"', stored, false],
    ["weak-in-request", "§8.8.3.2", 'W/"a"', stored, false],
    ["weak-both", "§8.8.3.2", 'W/"a"', { etag: 'W/"a"' }, false],
    ["weak-stored", "§8.8.3.2", '"a"', { etag: 'W/"a"' }, false],
    ["no-tag-stored", "§13.1.5", '"a"', {}, false],
    ["two-tags", "§13.1.5", '"a", "b"', stored, false],
    ["unquoted", "§13.1.5", "a", stored, false],
    ["empty", "§13.1.5", "", stored, false],
    ["star", "§13.1.5", "*", stored, false],
    ["same-date", "§13.1.5", date(0), stored, true],
    [
      "space-around-dates",
      "§5.5",
      ` ${date(0)} `,
      { ...stored, "last-modified": `\t${date(0)} ` },
      true,
    ],
    ["later-date", "§13.1.5", date(1), stored, false],
    ["earlier-date", "§13.1.5", date(-1), stored, false],
    ["no-date-stored", "§13.1.5", date(0), { etag: '"a"' }, false],
    ["unreadable-both", "§13.1.5", "x", { "last-modified": "x" }, false],
    ["a-second-old", "§8.8.2.2", date(0), { ...stored, date: date(1) }, true],
    ["not-a-second-old", "§8.8.2.2", date(0), { ...stored, date: date(0) }, false],
    ["age-unknown", "§8.8.2.2", date(0), { "last-modified": date(0) }, false],
  ])(
    "is compared strongly with the stored validator: %s (%s)",
    (_id, _clause, condition, fields, holds) => {
      const verdict = ask({ range: "bytes=0-1", "if-range": condition }, fields);
      expect(verdict).toEqual(holds ? part(0, 1) : whole);
    },
  );

  it("selects the whole body instead of an unsatisfiable Range if it is false (§13.1.5)", () => {
    expect(ask({ range: "bytes=99-", "if-range": '"b"' }, stored)).toEqual(whole);
  });

  it.each(["bytes=99-", "bytes=-0"])(
    "selects the whole body instead of %s if it is true (§13.2.2)",
    (range) => {
      expect(ask({ range, "if-range": '"a"' }, stored)).toEqual(whole);
    },
  );

  it("is ignored without Range (§13.1.5)", () => {
    expect(ask({ "if-range": '"a"' }, stored)).toEqual(whole);
  });
});

it.each([
  { firstByte: 0, lastByte: 0, bodyBytes: 1, length: 1, text: "bytes 0-0/1" },
  { firstByte: 0, lastByte: 499, bodyBytes: 1_234, length: 500, text: "bytes 0-499/1234" },
  { firstByte: 734, lastByte: 1_233, bodyBytes: 1_234, length: 500, text: "bytes 734-1233/1234" },
])("describes a part as $text (§14.4)", ({ bodyBytes, length, text, ...range }) => {
  expect(lengthOf(range)).toBe(length);
  expect(contentRange(range, bodyBytes)).toBe(text);
});
