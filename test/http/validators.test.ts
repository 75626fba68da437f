// One row per rule on validators and preconditions (RFC 9110 §8.8, §13; RFC 9111 §4.3).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHttpDate } from "../../src/http/http-date.ts";
import {
  conditionalFieldNames,
  conditionalFields,
  entityTag,
  freshensWhatWasSent,
  hasValidator,
  isNotModified,
  isWeak,
} from "../../src/http/validators.ts";
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

describe("isNotModified", () => {
  const tagged = { etag: '"a"' };
  const dated = { "last-modified": date(-60), date: date(-30) };
  const noneMatch = (text: string) => ({ "if-none-match": text });
  const since = (text: string) => ({ "if-modified-since": text });
  const ask = (request: object, stored: object, status = 200) =>
    isNotModified({
      request: fieldsWith(request as Record<string, string>),
      stored: fieldsWith(stored as Record<string, string>),
      status,
      receivedAtMs,
    });

  it.each([
    { id: "no-condition", clause: "§13.2.2", request: {}, stored: tagged, holds: false },
    { id: "same", clause: "§13.1.2", request: noneMatch('"a"'), stored: tagged, holds: true },
    { id: "other", clause: "§13.1.2", request: noneMatch('"b"'), stored: tagged, holds: false },
    {
      id: "weak-asked",
      clause: "§13.1.2",
      request: noneMatch('W/"a"'),
      stored: tagged,
      holds: true,
    },
    {
      id: "weak-stored",
      clause: "§13.1.2",
      request: noneMatch('"a"'),
      stored: { etag: 'W/"a"' },
      holds: true,
    },
    {
      id: "in-list",
      clause: "§13.1.2",
      request: noneMatch('"x", W/"a" ,"y"'),
      stored: tagged,
      holds: true,
    },
    {
      id: "empty-members",
      clause: "§5.6.1.2",
      request: noneMatch(',, "a",'),
      stored: tagged,
      holds: true,
    },
    {
      id: "comma-in-tag",
      clause: "§8.8.3",
      request: noneMatch('"x,a"'),
      stored: tagged,
      holds: false,
    },
    { id: "star", clause: "§13.1.2", request: noneMatch(" * "), stored: {}, holds: true },
    {
      id: "star-as-tag",
      clause: "§13.1.2",
      request: noneMatch('"*"'),
      stored: tagged,
      holds: false,
    },
    { id: "no-quotes", clause: "§8.8.3", request: noneMatch("a"), stored: tagged, holds: false },
    { id: "unclosed", clause: "§8.8.3", request: noneMatch('"a'), stored: tagged, holds: false },
    { id: "empty", clause: "§13.1.2", request: noneMatch(""), stored: tagged, holds: false },
    {
      id: "nothing-stored-to-match",
      clause: "§13.1.2",
      request: noneMatch('"a"'),
      stored: dated,
      holds: false,
    },
    {
      id: "multi-byte",
      clause: "§8.8.3",
      request: noneMatch('"é"'),
      stored: { etag: '"é"' },
      holds: true,
    },
    {
      id: "long-list",
      clause: "§13.1.2",
      request: noneMatch(`${'"x",'.repeat(50_000)}"a"`),
      stored: tagged,
      holds: true,
    },
    { id: "since-later", clause: "§13.1.3", request: since(date(-59)), stored: dated, holds: true },
    { id: "since-same", clause: "§13.1.3", request: since(date(-60)), stored: dated, holds: true },
    {
      id: "since-earlier",
      clause: "§13.1.3",
      request: since(date(-61)),
      stored: dated,
      holds: false,
    },
    {
      id: "modified-unreadable",
      clause: "§13.1.3",
      request: since(date(0)),
      stored: { "last-modified": "yesterday", date: date(-60) },
      holds: false,
    },
    {
      id: "since-unreadable",
      clause: "§13.1.3",
      request: since("now"),
      stored: dated,
      holds: false,
    },
    {
      id: "since-twice",
      clause: "§13.1.3",
      request: since(`${date(0)}, ${date(0)}`),
      stored: dated,
      holds: false,
    },
    {
      id: "since-rfc850",
      clause: "§5.6.7",
      request: since("Thursday, 01-Jan-26 12:00:00 GMT"),
      stored: dated,
      holds: true,
    },
    {
      id: "by-date",
      clause: "RFC 9111 §4.3.2",
      request: since(date(-30)),
      stored: { date: date(-30) },
      holds: true,
    },
    {
      id: "by-date-earlier",
      clause: "RFC 9111 §4.3.2",
      request: since(date(-31)),
      stored: { date: date(-30) },
      holds: false,
    },
    {
      id: "by-receipt",
      clause: "RFC 9111 §4.3.2",
      request: since(date(0)),
      stored: {},
      holds: true,
    },
    {
      id: "by-receipt-earlier",
      clause: "RFC 9111 §4.3.2",
      request: since(date(-1)),
      stored: {},
      holds: false,
    },
    {
      id: "tag-hides-date",
      clause: "§13.2.2",
      request: { "if-none-match": '"b"', "if-modified-since": date(0) },
      stored: { ...tagged, ...dated },
      holds: false,
    },
    {
      id: "malformed-tag-hides-date",
      clause: "§13.2.2",
      request: { "if-none-match": "b", "if-modified-since": date(0) },
      stored: { ...tagged, ...dated },
      holds: false,
    },
    {
      id: "if-match-is-the-origins",
      clause: "RFC 9111 §4.3.2",
      request: { "if-match": '"a"' },
      stored: tagged,
      holds: false,
    },
    {
      id: "if-unmodified-since-is-the-origins",
      clause: "RFC 9111 §4.3.2",
      request: { "if-unmodified-since": date(0) },
      stored: dated,
      holds: false,
    },
  ])("$id ($clause)", ({ request, stored, holds }) => {
    expect(ask(request, stored)).toBe(holds);
  });

  it.each([
    { status: 199, holds: false },
    { status: 200, holds: true },
    { status: 299, holds: true },
    { status: 300, holds: false },
    { status: 404, holds: false },
  ])("status $status (§13.2.1)", ({ status, holds }) => {
    expect(ask({ "if-none-match": '"a"' }, tagged, status)).toBe(holds);
  });

  it("never throws", () => {
    const texts = fc.tuple(headerText, headerText, headerText, headerText);
    fc.assert(
      fc.property(texts, ([listed, instant, etag, modified]) => {
        const stored = { etag, "last-modified": modified, date: instant };
        const judge = () => [
          ask({ ...noneMatch(listed), ...since(instant) }, stored),
          ask(since(instant), stored),
          freshensWhatWasSent(fieldsWith({ etag: listed }), fieldsWith(stored)),
          conditionalFields(fieldsWith(stored)),
        ];
        expect(judge).not.toThrow();
      }),
      seeded,
    );
  });

  it("compares weakly, and so alike in both directions (§8.8.3.2)", () => {
    const tags = fc
      .tuple(fc.boolean(), fc.string({ unit: fc.constantFrom("a", "b", ",", "W", "/", "é") }))
      .map(([weak, opaque]) => `${weak ? "W/" : ""}"${opaque.slice(0, 2)}"`);
    fc.assert(
      fc.property(tags, tags, (one, other) => {
        const matches = ask({ "if-none-match": one }, { etag: other });
        expect(ask({ "if-none-match": other }, { etag: one })).toBe(matches);
        const opaqueTag = (tag: string) => tag.replace(/^W\//, "");
        expect(matches).toBe(opaqueTag(one) === opaqueTag(other));
      }),
      seeded,
    );
  });
});
