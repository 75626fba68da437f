// Tests which conditional requests get a 304 (RFC 9110 §13.1.2, §13.1.3, §13.2).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHttpDate } from "../../src/rules/http-date.ts";
import { isNotModified } from "../../src/rules/validators.ts";
import { fieldsWith, seeded } from "../../testing/examples/header-text.ts";

const receivedAtMs = Date.UTC(2026, 0, 1, 12);
const date = (offsetSeconds: number) => formatHttpDate(receivedAtMs + offsetSeconds * 1000);

describe("isNotModified", () => {
  const tagged = { etag: '"a"' };
  const dated = { "last-modified": date(-60), date: date(-30) };
  const both = { ...tagged, ...dated };
  const undatable = { "last-modified": "yesterday", date: date(-60) };
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
    ["no-condition", "§13.2.2", {}, tagged, false],
    ["same", "§13.1.2", noneMatch('"a"'), tagged, true],
    ["other", "§13.1.2", noneMatch('"b"'), tagged, false],
    ["weak-in-request", "§13.1.2", noneMatch('W/"a"'), tagged, true],
    ["weak-stored", "§13.1.2", noneMatch('"a"'), { etag: 'W/"a"' }, true],
    ["in-list", "§13.1.2", noneMatch('"x", W/"a" ,"y"'), tagged, true],
    ["empty-members", "§5.6.1.2", noneMatch(',, "a",'), tagged, true],
    ["comma-in-tag", "§8.8.3", noneMatch('"x,a"'), tagged, false],
    ["star", "§13.1.2", noneMatch(" * "), {}, true],
    ["star-as-tag", "§13.1.2", noneMatch('"*"'), tagged, false],
    ["no-quotes", "§8.8.3", noneMatch("a"), tagged, false],
    ["unclosed", "§8.8.3", noneMatch('"a'), tagged, false],
    ["text-behind", "§13.1.2", noneMatch('"a"x'), tagged, false],
    ["text-before", "§13.1.2", noneMatch('x"a"'), tagged, false],
    ["no-comma", "§13.1.2", noneMatch('"a" "b"'), tagged, false],
    ["no-space", "§13.1.2", noneMatch('"b""a"'), tagged, false],
    ["small-w", "§8.8.3", noneMatch('w/"a"'), tagged, false],
    ["space-in-weak", "§8.8.3", noneMatch('W/ "a"'), tagged, false],
    ["parameter", "§13.1.2", noneMatch('"a";q=1'), tagged, false],
    ["non-breaking-space", "§5.6.3", noneMatch('"a"\u00a0'), tagged, false],
    ["after-unclosed", "§13.1.2", noneMatch('"x, "a"'), tagged, false],
    ["beside-malformed", "§13.1.2", noneMatch('"a"x, "a"'), tagged, true],
    ["before-malformed", "§13.1.2", noneMatch('"a", x"b", *'), tagged, true],
    ["empty", "§13.1.2", noneMatch(""), tagged, false],
    ["no-tag-stored", "§13.1.2", noneMatch('"a"'), dated, false],
    ["multi-byte", "§8.8.3", noneMatch('"é"'), { etag: '"é"' }, true],
    ["long-list", "§13.1.2", noneMatch(`${'"x",'.repeat(50_000)}"a"`), tagged, true],
    ["since-later", "§13.1.3", since(date(-59)), dated, true],
    ["since-same", "§13.1.3", since(date(-60)), dated, true],
    ["since-earlier", "§13.1.3", since(date(-61)), dated, false],
    ["modified-unreadable", "§13.1.3", since(date(0)), undatable, false],
    ["since-unreadable", "§13.1.3", since("now"), dated, false],
    ["since-twice", "§13.1.3", since(`${date(0)}, ${date(0)}`), dated, false],
    ["since-rfc850", "§5.6.7", since("Thursday, 01-Jan-26 12:00:00 GMT"), dated, true],
    ["by-date", "RFC 9111 §4.3.2", since(date(-30)), { date: date(-30) }, true],
    ["by-date-earlier", "RFC 9111 §4.3.2", since(date(-31)), { date: date(-30) }, false],
    ["by-receipt", "RFC 9111 §4.3.2", since(date(0)), {}, true],
    ["by-receipt-earlier", "RFC 9111 §4.3.2", since(date(-1)), {}, false],
    ["tag-hides-date", "§13.2.2", { ...noneMatch('"b"'), ...since(date(0)) }, both, false],
    ["malformed-tag-hides-date", "§13.2.2", { ...noneMatch("b"), ...since(date(0)) }, both, false],
    ["if-match", "RFC 9111 §4.3.2", { "if-match": '"a"' }, tagged, false],
    ["if-unmodified-since", "RFC 9111 §4.3.2", { "if-unmodified-since": date(0) }, dated, false],
  ])(
    "compares a condition with the stored response: %s (%s)",
    (_id, _clause, request, stored, holds) => {
      expect(ask(request, stored)).toBe(holds);
    },
  );

  it.each([
    { status: 199, holds: false },
    { status: 200, holds: true },
    { status: 299, holds: true },
    { status: 300, holds: false },
    { status: 404, holds: false },
  ])("is true only for a 2xx: status $status (§13.2.1)", ({ status, holds }) => {
    expect(ask({ "if-none-match": '"a"' }, tagged, status)).toBe(holds);
  });

  it("compares tags weakly, so that both may be exchanged (§8.8.3.2)", () => {
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
