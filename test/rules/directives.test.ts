// Tests the parser of directives, with one row for each spelling (RFC 9111 §5.2; RFC 9110 §5.6.1,
// §5.6.4).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDirectives } from "../../src/rules/cache-control.ts";
import { headerText, seeded } from "../../testing/examples/header-text.ts";

/** Returns the directives as texts, which are short enough for rows. */
const read = (text: string | null) =>
  parseDirectives(text).map(({ name, argument }) =>
    argument === undefined ? name : `${name}=${argument}`,
  );

describe("parseDirectives", () => {
  it.each([
    ["absent", "§5.2", null, []],
    ["empty", "RFC 9110 §5.6.1", "", []],
    ["no-argument", "§5.2", "no-store", ["no-store"]],
    ["token", "§5.2", "max-age=60", ["max-age=60"]],
    ["quoted", "§5.2", 'max-age="60"', ["max-age=60"]],
    ["empty-argument", "§5.2", "max-age=", ["max-age="]],
    ["empty-quoted", "§5.2", 'private=""', ["private="]],
    ["name-in-capitals", "§5.2", "MAX-Age=A", ["max-age=A"]],
    ["in-order-with-repeats", "§4.2.1", "a=1, b, a=2", ["a=1", "b", "a=2"]],
    ["empty-members", "RFC 9110 §5.6.1.2", ",, a ,\t, b ,", ["a", "b"]],
    ["comma-in-quotes", "RFC 9110 §5.6.4", 'x="a, b", no-store', ["x=a, b", "no-store"]],
    ["in-quotes", "RFC 9110 §5.6.4", 'x="a=9, no-store", a=1', ["x=a=9, no-store", "a=1"]],
    ["escaped-quote", "RFC 9110 §5.6.4", String.raw`x="a\", b\\", c`, ['x=a", b\\', "c"]],
    ["equals-in-argument", "§5.2", 'ext="a=b"', ["ext=a=b"]],
    ["unclosed-quote", "RFC 9110 §5.6.4", 'a, x="b, c', ["a", "x=b, c"]],
    ["only-a-quote", "RFC 9110 §5.6.4", '"', []],
    ["quote-as-argument", "RFC 9110 §5.6.4", 'a="', ["a="]],
    ["restriction-before-space-and-equals", "§5.2", "max-age =60, b", ["max-age", "b"]],
    ["grant-before-space-and-equals", "§5.2", "public =1, b", ["b"]],
    ["restriction-before-semicolon", "§5.2", "no-store; no-cache", ["no-store"]],
    ["restriction-after-a-grant", "§5.2", "public no-store, b", ["no-store", "b"]],
    ["lifetime-after-a-grant", "§5.2", "public max-age=60, b", ["b"]],
    ["restriction-in-quotes", "§5.2", `"max-age=60, private", b`, ["private", "b"]],
    ["restriction-after-another", "§5.2", "no-cache no-store", ["no-cache", "no-store"]],
    [
      "restriction-after-a-number",
      "§5.2",
      "max-age=0; Private, b",
      ["max-age=0; Private", "private", "b"],
    ],
    [
      "two-in-an-argument",
      "§5.2",
      "x=0 no-store|private",
      ["x=0 no-store|private", "no-store", "private"],
    ],
    [
      "in-a-token",
      "§5.2",
      "x=a.private, a.private, no-store.b=1",
      ["x=a.private", "a.private", "no-store.b=1"],
    ],
    ["after-a-bar", "§5.2", "max-age=60|private", ["max-age=60|private", "private"]],
    [
      "after-a-quoted-argument",
      "§5.2",
      'no-cache="x"; no-store',
      ['no-cache=x"; no-store', "no-store"],
    ],
    [
      "before-an-unclosed-quote",
      "RFC 9110 §5.6.4",
      'a=0 private="b',
      ['a=0 private="b', "private"],
    ],
    [
      "in-a-longer-name",
      "§5.2",
      "no-cache|no-store, 'private'",
      ["no-cache|no-store", "no-cache", "no-store", "'private'", "private"],
    ],
    [
      "in-an-argument",
      "§5.2",
      `a="private", b=private, private='set-cookie', c='no-store'`,
      ["a=private", "b=private", "private='set-cookie'", "c='no-store'"],
    ],
    ["longer-name-before-semicolon", "§5.2", "no-storage; a, private-x; a, b", ["b"]],
    ["unclosed-restriction", "RFC 9110 §5.6.4", 'private="a, b', ["private=a, b"]],
    [
      "escaped-quote-in-unclosed-quote",
      "RFC 9110 §5.6.4",
      String.raw`x="a\", private`,
      ['x=a", private', "private"],
    ],
    ["restriction-in-unclosed-quote", "§5.2", 'x="a, private', ["x=a, private", "private"]],
    ["space-after-equals-stays", "§5.2", "a= 60", ["a= 60"]],
    ["no-name", "§5.2", "=60, ;", []],
    ["multi-byte-name", "§5.2", "größe=1, b=ü日", ["b=ü日"]],
  ])("reads directives: %s (%s)", (_id, _clause, text, directives) => {
    expect(read(text)).toEqual(directives);
  });

  it("keeps each directive's own text (§5.2)", () => {
    const texts = parseDirectives(' A=1 ,  private="x, y" ,b').map(({ text }) => text);
    expect(texts).toEqual(["A=1", 'private="x, y"', "b"]);
  });

  it("reads a megabyte of directives", () => {
    expect(parseDirectives("a=1,".repeat(262_144))).toHaveLength(262_144);
  });

  it.each(["a", '"', '\\"', '"\\', "=", ","])("reads 256 KiB of %j", (piece) => {
    expect(parseDirectives(`max-age=1, ${piece.repeat(262_144)}`)[0]?.argument).toBe("1");
  });

  it("never throws, and returns only names that are lower-case tokens", () => {
    fc.assert(
      fc.property(headerText, (text) => {
        for (const { name } of parseDirectives(text)) {
          expect(name).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
        }
      }),
      seeded,
    );
  });

  it("reads the joined texts of parsed directives as the same directives, perhaps repeated", () => {
    fc.assert(
      fc.property(headerText, (text) => {
        const once = parseDirectives(text);
        const closed = once.filter((directive) => !directive.text.includes('"'));
        const joined = closed.map((directive) => directive.text).join(", ");
        const distinct = (all: typeof once) => new Set(all.map((one) => JSON.stringify(one)));
        expect(distinct(parseDirectives(joined))).toEqual(distinct(closed));
      }),
      seeded,
    );
  });
});
