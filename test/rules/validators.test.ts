// One row per rule on validators and preconditions (RFC 9110 §8.8, §13; RFC 9111 §4.3).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHttpDate } from "../../src/rules/http-date.ts";
import {
  conditionalFieldNames,
  conditionalFields,
  entityTag,
  freshensWhatWasSent,
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
  ])("$id (RFC 9110 §8.8.3)", ({ text, tag }) => {
    expect(entityTag(fieldsWith({ etag: text }))).toBe(tag);
  });

  it("is null where there is none (RFC 9110 §8.8.3)", () => {
    expect(entityTag(fieldsWith({}))).toBeNull();
  });

  it("never throws, and finds a well-formed tag or none", () => {
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
])("isWeak: $tag (RFC 9110 §8.8.3)", ({ tag, weak }) => {
  expect(isWeak(tag)).toBe(weak);
});

describe("conditionalFields and hasValidator", () => {
  const modified = date(-60);
  it.each([
    { id: "neither", fields: {}, sent: [] },
    { id: "etag", fields: { etag: 'W/"a"' }, sent: [["if-none-match", 'W/"a"']] },
    {
      id: "modified",
      fields: { "last-modified": modified },
      sent: [["if-modified-since", modified]],
    },
    {
      id: "both",
      fields: { etag: '"a"', "last-modified": modified },
      sent: [
        ["if-none-match", '"a"'],
        ["if-modified-since", modified],
      ],
    },
    { id: "malformed-etag", fields: { etag: "a" }, sent: [] },
    {
      id: "malformed-etag-beside",
      fields: { etag: "a", "last-modified": modified },
      sent: [["if-modified-since", modified]],
    },
  ])("$id (RFC 9111 §4.3.1)", ({ fields, sent }) => {
    const stored = fieldsWith(fields);
    expect(conditionalFields(stored)).toEqual(sent);
    expect(hasValidator(stored)).toBe(sent.length > 0);
  });

  it("names every precondition (RFC 9110 §13.1)", () => {
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
    { id: "same-strong", now: { etag: '"a"' }, stored: { etag: '"a"' }, freshens: true },
    { id: "other-strong", now: { etag: '"b"' }, stored: { etag: '"a"' }, freshens: false },
    { id: "strong-for-weak", now: { etag: '"a"' }, stored: { etag: 'W/"a"' }, freshens: false },
    {
      id: "strong-for-none",
      now: { etag: '"a"' },
      stored: { "last-modified": older },
      freshens: false,
    },
    { id: "same-weak", now: { etag: 'W/"a"' }, stored: { etag: 'W/"a"' }, freshens: true },
    { id: "weak-for-strong", now: { etag: 'W/"a"' }, stored: { etag: '"a"' }, freshens: true },
    { id: "other-weak", now: { etag: 'W/"b"' }, stored: { etag: 'W/"a"' }, freshens: false },
    { id: "capitals-differ", now: { etag: '"A"' }, stored: { etag: '"a"' }, freshens: false },
    {
      id: "same-date",
      now: { "last-modified": older },
      stored: { "last-modified": older },
      freshens: true,
    },
    {
      id: "other-date",
      now: { "last-modified": newer },
      stored: { "last-modified": older },
      freshens: false,
    },
    {
      id: "date-for-etag-alone",
      now: { "last-modified": newer },
      stored: { etag: '"a"' },
      freshens: false,
    },
    {
      id: "strong-over-date",
      now: { etag: '"a"', "last-modified": newer },
      stored: { etag: '"a"', "last-modified": older },
      freshens: true,
    },
    {
      id: "date-beside-etag",
      now: { "last-modified": older },
      stored: { etag: '"a"', "last-modified": older },
      freshens: true,
    },
    { id: "none-for-none", now: {}, stored: {}, freshens: true },
    { id: "none-for-the-one-sent", now: {}, stored: { etag: '"a"' }, freshens: true },
    { id: "malformed-is-none", now: { etag: "a" }, stored: { etag: '"a"' }, freshens: true },
  ])("$id (RFC 9111 §4.3.4)", ({ now, stored, freshens }) => {
    const verdict = freshensWhatWasSent(fieldsWith(now), fieldsWith(stored));
    expect(verdict).toBe(freshens);
  });
});
