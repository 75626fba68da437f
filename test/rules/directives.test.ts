// One row per way of writing a directive (RFC 9111 §5.2; RFC 9110 §5.6.1, §5.6.4).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDirectives } from "../../src/rules/directives.ts";
import { headerText, seeded } from "../../testing/examples/header-text.ts";

describe("parseDirectives", () => {
  it.each([
    { id: "absent", clause: "§5.2", text: null, directives: [] },
    { id: "empty", clause: "RFC 9110 §5.6.1", text: "", directives: [] },
    { id: "no-argument", clause: "§5.2", text: "no-store", directives: [["no-store", undefined]] },
    { id: "token", clause: "§5.2", text: "max-age=60", directives: [["max-age", "60"]] },
    { id: "quoted", clause: "§5.2", text: 'max-age="60"', directives: [["max-age", "60"]] },
    { id: "empty-argument", clause: "§5.2", text: "max-age=", directives: [["max-age", ""]] },
    { id: "empty-quoted", clause: "§5.2", text: 'private=""', directives: [["private", ""]] },
    { id: "name-in-capitals", clause: "§5.2", text: "MAX-Age=A", directives: [["max-age", "A"]] },
    {
      id: "in-order-with-repeats",
      clause: "§4.2.1",
      text: "a=1, b, a=2",
      directives: [
        ["a", "1"],
        ["b", undefined],
        ["a", "2"],
      ],
    },
    {
      id: "empty-members",
      clause: "RFC 9110 §5.6.1.2",
      text: ",, a ,\t, b ,",
      directives: [
        ["a", undefined],
        ["b", undefined],
      ],
    },
    {
      id: "comma-in-quotes",
      clause: "RFC 9110 §5.6.4",
      text: 'private="a, b", no-store',
      directives: [
        ["private", "a, b"],
        ["no-store", undefined],
      ],
    },
    {
      id: "directive-inside-quotes-is-text",
      clause: "RFC 9110 §5.6.4",
      text: 'ext="max-age=9, no-store", max-age=1',
      directives: [
        ["ext", "max-age=9, no-store"],
        ["max-age", "1"],
      ],
    },
    {
      id: "escaped-quote",
      clause: "RFC 9110 §5.6.4",
      text: String.raw`ext="a\", b\\", c`,
      directives: [
        ["ext", String.raw`a", b` + "\\"],
        ["c", undefined],
      ],
    },
    {
      id: "equals-in-argument",
      clause: "§5.2",
      text: 'ext="a=b"',
      directives: [["ext", "a=b"]],
    },
    {
      id: "unclosed-quote-takes-the-rest",
      clause: "RFC 9110 §5.6.4",
      text: 'a, ext="b, c',
      directives: [
        ["a", undefined],
        ["ext", "b, c"],
      ],
    },
    { id: "only-a-quote", clause: "RFC 9110 §5.6.4", text: '"', directives: [] },
    { id: "quote-as-argument", clause: "RFC 9110 §5.6.4", text: 'a="', directives: [["a", ""]] },
    {
      id: "space-before-equals-restricts-without-its-argument",
      clause: "§5.2",
      text: "max-age =60, b",
      directives: [
        ["max-age", undefined],
        ["b", undefined],
      ],
    },
    {
      id: "space-before-equals-is-no-directive-otherwise",
      clause: "§5.2",
      text: "public =1, b",
      directives: [["b", undefined]],
    },
    {
      id: "semicolons-hide-nothing-that-restricts",
      clause: "§5.2",
      text: "no-store; no-cache",
      directives: [["no-store", undefined]],
    },
    {
      id: "an-unclosed-quote-hides-nothing-that-restricts",
      clause: "§5.2",
      text: 'ext="abc, private',
      directives: [
        ["ext", "abc, private"],
        ["private", undefined],
      ],
    },
    { id: "space-after-equals-stays", clause: "§5.2", text: "a= 60", directives: [["a", " 60"]] },
    { id: "no-name", clause: "§5.2", text: "=60, ;", directives: [] },
    {
      id: "multi-byte-name",
      clause: "§5.2",
      text: "größe=1, b=ü日",
      directives: [["b", "ü日"]],
    },
  ])("$id ($clause)", ({ text, directives }) => {
    const found = parseDirectives(text).map(({ name, argument }) => [name, argument]);
    expect(found).toEqual(directives);
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

  it("never throws, and every name is a lower-case token", () => {
    fc.assert(
      fc.property(headerText, (text) => {
        for (const { name } of parseDirectives(text)) {
          expect(name).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
        }
      }),
      seeded,
    );
  });

  it("reads back what was kept, joined again", () => {
    fc.assert(
      fc.property(headerText, (text) => {
        const once = parseDirectives(text);
        const closed = once.filter((directive) => !directive.text.includes('"'));
        const joined = closed.map((directive) => directive.text).join(", ");
        expect(parseDirectives(joined)).toEqual(closed);
      }),
      seeded,
    );
  });
});
