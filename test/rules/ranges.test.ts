// One row per form of Range and If-Range, on both sides of every bound (RFC 9110 §13.1.5, §14).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHttpDate } from "../../src/rules/http-date.ts";
import { rangeVerdict, type RangeVerdict } from "../../src/rules/ranges.ts";
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

describe("Range", () => {
  it.each([
    { id: "first-and-last", clause: "§14.1.2", range: "bytes=2-5", verdict: part(2, 5) },
    { id: "one-byte", clause: "§14.1.2", range: "bytes=0-0", verdict: part(0, 0) },
    { id: "open", clause: "§14.1.2", range: "bytes=4-", verdict: part(4, 9) },
    { id: "open-from-0", clause: "§14.1.2", range: "bytes=0-", verdict: part(0, 9) },
    { id: "last-byte", clause: "§14.1.2", range: "bytes=9-9", verdict: part(9, 9) },
    { id: "last-beyond", clause: "§14.1.2", range: "bytes=8-10", verdict: part(8, 9) },
    { id: "last-before-end", clause: "§14.1.2", range: "bytes=0-8", verdict: part(0, 8) },
    { id: "first-at-length", clause: "§14.1.2", range: "bytes=10-", verdict: unsatisfiable },
    { id: "first-beyond", clause: "§14.1.2", range: "bytes=11-20", verdict: unsatisfiable },
    { id: "last-before-first", clause: "§14.1.1", range: "bytes=5-4", verdict: whole },
    { id: "suffix", clause: "§14.1.2", range: "bytes=-3", verdict: part(7, 9) },
    { id: "suffix-of-1", clause: "§14.1.2", range: "bytes=-1", verdict: part(9, 9) },
    { id: "suffix-of-length", clause: "§14.1.2", range: "bytes=-10", verdict: part(0, 9) },
    { id: "suffix-longer", clause: "§14.1.2", range: "bytes=-11", verdict: part(0, 9) },
    { id: "suffix-of-0", clause: "§14.1.2", range: "bytes=-0", verdict: unsatisfiable },
    { id: "leading-zeros", clause: "§14.1.1", range: "bytes=002-005", verdict: part(2, 5) },
    { id: "unit-in-capitals", clause: "§14.1", range: "BYTES=2-5", verdict: part(2, 5) },
    { id: "white-space", clause: "§14.1.1", range: "bytes= 2-5 ", verdict: part(2, 5) },
    {
      id: "huge-last",
      clause: "§14.1.2",
      range: `bytes=2-${"9".repeat(400)}`,
      verdict: part(2, 9),
    },
    {
      id: "huge-first",
      clause: "§14.1.2",
      range: `bytes=${"9".repeat(400)}-`,
      verdict: unsatisfiable,
    },
    {
      id: "huge-suffix",
      clause: "§14.1.2",
      range: `bytes=-${"9".repeat(400)}`,
      verdict: part(0, 9),
    },
    { id: "several", clause: "§14.2", range: "bytes=0-1, 3-4", verdict: whole },
    { id: "two-lines", clause: "§14.2", range: "bytes=0-1, bytes=3-4", verdict: whole },
    { id: "other-unit", clause: "§14.2", range: "lines=0-1", verdict: whole },
    { id: "no-unit", clause: "§14.2", range: "0-1", verdict: whole },
    { id: "no-numbers", clause: "§14.2", range: "bytes=-", verdict: whole },
    { id: "nothing", clause: "§14.2", range: "bytes=", verdict: whole },
    { id: "empty", clause: "§14.2", range: "", verdict: whole },
    { id: "space-before-equals", clause: "§14.2", range: "bytes =0-1", verdict: whole },
    { id: "space-inside", clause: "§14.2", range: "bytes=0 - 1", verdict: whole },
    { id: "negative", clause: "§14.2", range: "bytes=-1-2", verdict: whole },
    { id: "fraction", clause: "§14.2", range: "bytes=0.5-2", verdict: whole },
    { id: "quoted", clause: "§14.2", range: 'bytes="0-1"', verdict: whole },
    { id: "multi-byte", clause: "§14.2", range: "bytes=٠-١", verdict: whole },
    {
      id: "a-million-digits",
      clause: "§14.1.2",
      range: `bytes=0-${"1".repeat(1_000_000)}`,
      verdict: part(0, 9),
    },
  ])("$id ($clause)", ({ range, verdict }) => {
    expect(ask({ range })).toEqual(verdict);
  });

  it.each([
    { id: "from-0", range: "bytes=0-", verdict: unsatisfiable },
    { id: "suffix-of-1", range: "bytes=-1", verdict: whole },
    { id: "suffix-of-0", range: "bytes=-0", verdict: unsatisfiable },
  ])("of an empty body: $id (§14.1.2)", ({ range, verdict }) => {
    expect(ask({ range }, {}, 0)).toEqual(verdict);
  });

  it.each([200, 203, 204, 206, 301, 404])("of a %d (§14.2)", (status) => {
    expect(ask({ range: "bytes=0-1" }, {}, 10, status)).toEqual(
      status === 200 ? part(0, 1) : whole,
    );
  });

  it("absent asks for all (§14.2)", () => {
    expect(ask({})).toEqual(whole);
  });

  it("never throws, and a part always lies within the body", () => {
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

describe("If-Range", () => {
  const atMs = Date.UTC(2026, 0, 1, 12);
  const date = (offsetSeconds: number) => formatHttpDate(atMs + offsetSeconds * 1000);
  const stored = { etag: '"a"', "last-modified": date(0), date: date(60) };

  it.each([
    { id: "same-tag", clause: "§13.1.5", condition: '"a"', stored, holds: true },
    { id: "other-tag", clause: "§13.1.5", condition: '"b"', stored, holds: false },
    { id: "weak-asked", clause: "§8.8.3.2", condition: 'W/"a"', stored, holds: false },
    {
      id: "weak-both",
      clause: "§8.8.3.2",
      condition: 'W/"a"',
      stored: { etag: 'W/"a"' },
      holds: false,
    },
    {
      id: "weak-stored",
      clause: "§8.8.3.2",
      condition: '"a"',
      stored: { etag: 'W/"a"' },
      holds: false,
    },
    { id: "no-tag-stored", clause: "§13.1.5", condition: '"a"', stored: {}, holds: false },
    { id: "two-tags", clause: "§13.1.5", condition: '"a", "b"', stored, holds: false },
    { id: "unquoted", clause: "§13.1.5", condition: "a", stored, holds: false },
    { id: "empty", clause: "§13.1.5", condition: "", stored, holds: false },
    { id: "star", clause: "§13.1.5", condition: "*", stored, holds: false },
    { id: "same-date", clause: "§13.1.5", condition: date(0), stored, holds: true },
    { id: "later-date", clause: "§13.1.5", condition: date(1), stored, holds: false },
    { id: "earlier-date", clause: "§13.1.5", condition: date(-1), stored, holds: false },
    {
      id: "no-date-stored",
      clause: "§13.1.5",
      condition: date(0),
      stored: { etag: '"a"' },
      holds: false,
    },
    {
      id: "unreadable-both",
      clause: "§13.1.5",
      condition: "x",
      stored: { "last-modified": "x" },
      holds: false,
    },
    {
      id: "a-second-old",
      clause: "§8.8.2.2",
      condition: date(0),
      stored: { ...stored, date: date(1) },
      holds: true,
    },
    {
      id: "not-a-second-old",
      clause: "§8.8.2.2",
      condition: date(0),
      stored: { ...stored, date: date(0) },
      holds: false,
    },
    {
      id: "age-unknown",
      clause: "§8.8.2.2",
      condition: date(0),
      stored: { "last-modified": date(0) },
      holds: false,
    },
  ])("$id ($clause)", ({ condition, stored: fields, holds }) => {
    const verdict = ask({ range: "bytes=0-1", "if-range": condition }, fields);
    expect(verdict).toEqual(holds ? part(0, 1) : whole);
  });

  it("that fails hides an unsatisfiable Range (§13.1.5)", () => {
    expect(ask({ range: "bytes=99-", "if-range": '"b"' }, stored)).toEqual(whole);
  });

  it.each(["bytes=99-", "bytes=-0"])("that holds makes %s ignored (§13.2.2)", (range) => {
    expect(ask({ range, "if-range": '"a"' }, stored)).toEqual(whole);
  });

  it("says nothing without Range (§13.1.5)", () => {
    expect(ask({ "if-range": '"a"' }, stored)).toEqual(whole);
  });
});
