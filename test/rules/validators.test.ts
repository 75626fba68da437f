// Tests validators and preconditions, with one row for each rule (RFC 9110 §8.8, §13; RFC 9111
// §4.3).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHttpDate } from "../../src/rules/http-date.ts";
import {
  conditionalFieldNames,
  conditionalFields,
  entityTag,
  freshenedByHead,
  freshensWhatWasSent,
  hasStrongDate,
  hasValidator,
  isWeak,
} from "../../src/rules/validators.ts";
import { fieldsWith, headerText, seeded } from "../../testing/examples/header-text.ts";

const receivedAtMs = Date.UTC(2026, 0, 1, 12);
const date = (offsetSeconds: number) => formatHttpDate(receivedAtMs + offsetSeconds * 1000);

describe("entityTag", () => {
  it.each([
    { id: "strong", text: '"a"', tag: '"a"' },
    { id: "weak", text: 'W/"a"', tag: 'W/"a"' },
    { id: "empty-tag", text: '""', tag: '""' },
    { id: "comma-inside", text: '"a,b"', tag: '"a,b"' },
    { id: "backslash-is-no-escape", text: String.raw`"a\"`, tag: String.raw`"a\"` },
    { id: "obs-text", text: '"é"', tag: '"é"' },
    { id: "around-white-space", text: ' "a"\t', tag: '"a"' },
    { id: "oversized", text: `"${"a".repeat(100_000)}"`, tag: `"${"a".repeat(100_000)}"` },
    { id: "no-quotes", text: "a", tag: null },
    { id: "unclosed", text: '"a', tag: null },
    { id: "one-quote", text: '"', tag: null },
    { id: "quote-inside", text: '"a"b"', tag: null },
    { id: "space-inside", text: '"a b"', tag: null },
    { id: "delete-character", text: '"\u007f"', tag: null },
    { id: "small-w", text: 'w/"a"', tag: null },
    { id: "space-after-w", text: 'W/ "a"', tag: null },
    { id: "two", text: '"a", "b"', tag: null },
    { id: "star", text: "*", tag: null },
    { id: "empty", text: "", tag: null },
  ])("returns a well-formed tag, or null: $id (RFC 9110 §8.8.3)", ({ text, tag }) => {
    expect(entityTag(fieldsWith({ etag: text }))).toBe(tag);
  });

  it("returns null without ETag (RFC 9110 §8.8.3)", () => {
    expect(entityTag(fieldsWith({}))).toBeNull();
  });

  it("never throws, and returns a well-formed tag or null", () => {
    fc.assert(
      fc.property(headerText, (text) => {
        const tag = entityTag(fieldsWith({ etag: text }));
        expect(tag ?? '""').toMatch(/^(W\/)?"[^"\s]*"$/);
      }),
      seeded,
    );
  });
});

it.each([
  { tag: 'W/"a"', weak: true },
  { tag: '"W/a"', weak: false },
])("recognises a weak tag: $tag (RFC 9110 §8.8.3)", ({ tag, weak }) => {
  expect(isWeak(tag)).toBe(weak);
});

describe("conditionalFields and hasValidator", () => {
  const modified = date(-60);
  const since = ["if-modified-since", modified];
  it.each([
    ["neither", {}, []],
    ["etag", { etag: 'W/"a"' }, [["if-none-match", 'W/"a"']]],
    ["modified", { "last-modified": modified }, [since]],
    ["both", { etag: '"a"', "last-modified": modified }, [["if-none-match", '"a"'], since]],
    ["malformed-etag", { etag: "a" }, []],
    ["malformed-etag-and-modified", { etag: "a", "last-modified": modified }, [since]],
  ])("use each stored validator: %s (RFC 9111 §4.3.1)", (_id, fields, sent) => {
    const stored = fieldsWith(fields);
    expect(conditionalFields(stored)).toEqual(sent);
    expect(hasValidator(stored)).toBe(sent.length > 0);
  });

  it("know all preconditions by name (RFC 9110 §13.1)", () => {
    expect([...conditionalFieldNames].sort()).toEqual([
      "if-match",
      "if-modified-since",
      "if-none-match",
      "if-range",
      "if-unmodified-since",
    ]);
  });
});

describe("freshensWhatWasSent", () => {
  const [older, newer] = [date(-60), date(-30)];
  it.each([
    ["same-strong", { etag: '"a"' }, { etag: '"a"' }, true],
    ["other-strong", { etag: '"b"' }, { etag: '"a"' }, false],
    ["strong-for-weak", { etag: '"a"' }, { etag: 'W/"a"' }, true],
    ["other-strong-for-weak", { etag: '"b"' }, { etag: 'W/"a"' }, false],
    ["strong-for-none", { etag: '"a"' }, { "last-modified": older }, false],
    ["same-weak", { etag: 'W/"a"' }, { etag: 'W/"a"' }, true],
    ["weak-for-strong", { etag: 'W/"a"' }, { etag: '"a"' }, true],
    ["other-weak", { etag: 'W/"b"' }, { etag: 'W/"a"' }, false],
    ["capitals-differ", { etag: '"A"' }, { etag: '"a"' }, false],
    ["same-date", { "last-modified": older }, { "last-modified": older }, true],
    ["other-date", { "last-modified": newer }, { "last-modified": older }, false],
    ["date-for-etag", { "last-modified": newer }, { etag: '"a"' }, false],
    [
      "strong-over-date",
      { etag: '"a"', "last-modified": newer },
      { etag: '"a"', "last-modified": older },
      true,
    ],
    [
      "date-for-etag-and-date",
      { "last-modified": older },
      { etag: '"a"', "last-modified": older },
      true,
    ],
    ["none-for-none", {}, {}, true],
    ["none-for-etag", {}, { etag: '"a"' }, true],
    ["none-for-date", {}, { "last-modified": older }, true],
    ["malformed-for-etag", { etag: "a" }, { etag: '"a"' }, true],
  ])(
    "compares the validators of a 304 with the stored ones: %s (RFC 9111 §4.3.4)",
    (_id, now, stored, freshens) => {
      const verdict = freshensWhatWasSent(fieldsWith(now), fieldsWith(stored));
      expect(verdict).toBe(freshens);
    },
  );
});

describe("hasStrongDate", () => {
  const modified = { "last-modified": date(-60) };
  it.each([
    ["a-second-older", { ...modified, date: date(-59) }, undefined, true],
    ["same-second", { ...modified, date: date(-60) }, undefined, false],
    ["no-date", modified, undefined, false],
    ["not-modified", { date: date(0) }, undefined, false],
    ["date-of-an-earlier-body", { ...modified, date: date(0) }, date(-60), false],
  ])(
    "compares Last-Modified with Date: %s (RFC 9110 §8.8.2.2)",
    (_id, fields, bodyDate, strong) => {
      expect(hasStrongDate(fieldsWith(fields), bodyDate)).toBe(strong);
    },
  );
});

describe("freshenedByHead", () => {
  const old = { etag: '"a"', "last-modified": date(-60), date: date(0) };
  const body = { bodyBytes: 5, bodyDate: date(0) };
  it.each([
    { id: "same-tag", head: { etag: '"a"' }, stored: old, says: "same" },
    { id: "other-tag", head: { etag: '"b"' }, stored: old, says: "other" },
    { id: "tag-only-in-head", head: { etag: '"b"' }, stored: {}, says: "other" },
    { id: "malformed-tag", head: { etag: "a" }, stored: { etag: "a" }, says: "unknown" },
    {
      id: "same-length",
      head: { "content-length": " 5 ", etag: '"a"' },
      stored: old,
      says: "same",
    },
    {
      id: "other-length",
      head: { "content-length": "6", etag: '"a"' },
      stored: old,
      says: "other",
    },
    { id: "length-alone", head: { "content-length": "5" }, stored: old, says: "unknown" },
    { id: "same-date", head: { "last-modified": date(-60) }, stored: old, says: "same" },
    { id: "other-date", head: { "last-modified": date(-59) }, stored: old, says: "other" },
    {
      id: "same-tag-other-date",
      head: { etag: '"a"', "last-modified": date(0) },
      stored: old,
      says: "other",
    },
    { id: "nothing", head: {}, stored: old, says: "unknown" },
    {
      id: "weak-date",
      head: { "last-modified": date(0) },
      stored: { "last-modified": date(0), date: date(0) },
      says: "unknown",
    },
  ])("$id: $says (RFC 9111 §4.3.5)", ({ head, stored, says }) => {
    expect(freshenedByHead(fieldsWith(head), fieldsWith(stored), body)).toBe(says);
  });

  it("ignores a length if that of the body is unknown", () => {
    const head = fieldsWith({ "content-length": "6", etag: '"a"' });
    expect(freshenedByHead(head, fieldsWith(old), { ...body, bodyBytes: null })).toBe("same");
  });
});
