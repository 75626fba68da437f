// When a conditional request is answered with 304 (RFC 9110 §13.1.2, §13.1.3, §13.2).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHttpDate } from "../../src/rules/http-date.ts";
import {
  conditionalFields,
  freshensWhatWasSent,
  isNotModified,
} from "../../src/rules/validators.ts";
import { fieldsWith, headerText, seeded } from "../../testing/examples/header-text.ts";

const receivedAtMs = Date.UTC(2026, 0, 1, 12);
const date = (offsetSeconds: number) => formatHttpDate(receivedAtMs + offsetSeconds * 1000);

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
