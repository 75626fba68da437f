// Tests Vary and the comparison of the fields that it names, with one row for each rule (RFC 9111
// §4.1; RFC 9110 §12.5.5).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  originAnswered,
  prefersAnother,
  selectingFieldNames,
  selectingValues,
  selects,
} from "../../src/rules/selecting.ts";
import { fieldsWith, headerText, seeded } from "../../testing/examples/header-text.ts";

describe("selectingFieldNames", () => {
  it.each([
    { id: "one", vary: "Accept-Encoding", names: ["accept-encoding"] },
    { id: "sorted", vary: "b, A", names: ["a", "b"] },
    { id: "repeated", vary: "a, A,a", names: ["a"] },
    { id: "empty-members", vary: ",, a ,", names: ["a"] },
    { id: "empty", vary: "", names: [] },
    { id: "star", vary: "*", names: ["*"] },
    { id: "star-among-names", vary: "a, *", names: ["*", "a"] },
    { id: "invalid-field-name", vary: "a b", names: ["*"] },
    { id: "quoted", vary: '"a", b', names: ["*", "b"] },
    { id: "multi-byte", vary: "größe", names: ["*"] },
    { id: "range", vary: "Range, a", names: ["*", "a"] },
    { id: "if-range", vary: "If-Range", names: ["*"] },
    { id: "trace", vary: "Traceparent, a, tracestate", names: ["a"] },
  ])("returns sorted names in lower case: $id (RFC 9110 §12.5.5)", ({ vary, names }) => {
    expect(selectingFieldNames(fieldsWith({ vary }))).toEqual(names);
  });

  it("returns no names without Vary (RFC 9110 §12.5.5)", () => {
    expect(selectingFieldNames(fieldsWith({}))).toEqual([]);
  });

  it("combines the lines of a repeated Vary (RFC 9110 §5.3)", () => {
    const fields = new Headers([
      ["Vary", "b"],
      ["Vary", "a"],
    ]);
    expect(selectingFieldNames(fields)).toEqual(["a", "b"]);
  });

  it("never throws, and selectingValues has a value for each name", () => {
    fc.assert(
      fc.property(headerText, headerText, (vary, text) => {
        const names = selectingFieldNames(fieldsWith({ vary }));
        for (const request of [new Headers({ a: "1" }), fieldsWith({ a: text, z: text })]) {
          expect(selectingValues(names, request)).toHaveLength(names.length);
        }
      }),
      seeded,
    );
  });
});

describe("selects", () => {
  const language = "accept-language";
  const accepting = (value: string) => ({ [language]: value });
  const select = (vary: string, stored: object, asked: object) => {
    const names = selectingFieldNames(fieldsWith({ vary }));
    const values = selectingValues(names, fieldsWith(stored as Record<string, string>));
    return selects(values, fieldsWith(asked as Record<string, string>));
  };

  it.each([
    ["no-vary", "", { a: "1" }, { a: "2" }, true],
    ["same", "a", { a: "1" }, { a: "1" }, true],
    ["other", "a", { a: "1" }, { a: "2" }, false],
    ["capitals-in-value", "a", { a: "x" }, { a: "X" }, false],
    ["capitals-in-language", language, accepting("en, de"), accepting("eN,De"), true],
    ["other-letters-in-language", language, accepting("ß"), accepting("ss"), false],
    ["order-of-languages", language, accepting("en, de"), accepting("de, en"), false],
    ["capitals-in-name", "A", { a: "x" }, { a: "x" }, true],
    ["unnamed-field", "a", { a: "1", b: "1" }, { a: "1" }, true],
    ["absent-from-both", "a", {}, {}, true],
    ["absent-from-the-request", "a", { a: "1" }, {}, false],
    ["absent-from-the-stored-request", "a", {}, { a: "1" }, false],
    ["empty-is-not-absent", "a", { a: "" }, {}, false],
    ["all-must-match", "a, b", { a: "1", b: "1" }, { a: "1", b: "2" }, false],
    ["space-after-comma", "a", { a: "x, y" }, { a: "x,y" }, true],
    ["space-before-comma", "a", { a: "x\t ,y" }, { a: "x,y" }, true],
    ["space-at-the-ends", "a", { a: " x " }, { a: "x" }, true],
    ["space-between-words", "a", { a: "x y" }, { a: "xy" }, false],
    ["more-spaces-between-words", "a", { a: "x y" }, { a: "x  y" }, false],
    ["order-matters", "a", { a: "x, y" }, { a: "y, x" }, false],
    ["space-inside-quotes", "a", { a: '"x, y"' }, { a: '"x,y"' }, false],
    ["same-quotes", "a", { a: '"x, y"' }, { a: '"x, y"' }, true],
    ["space-around-quotes", "a", { a: ' "x, y" ' }, { a: '"x, y"' }, true],
    ["space-inside-comment", "a", { a: "x (y, z)" }, { a: "x (y,z)" }, false],
    ["multi-byte", "a", { a: "é" }, { a: "é" }, true],
    ["multi-byte-other", "a", { a: "é" }, { a: "e" }, false],
    ["star", "*", {}, {}, false],
    ["star-among-names", "a, *", { a: "1" }, { a: "1" }, false],
    ["invalid-field-name", "a b", {}, {}, false],
  ])("compares the fields that Vary names: %s (§4.1)", (_id, vary, stored, asked, selected) => {
    expect(select(vary, stored, asked)).toBe(selected);
  });

  it("combines the lines of a repeated field (§4.1)", () => {
    const lines = new Headers([
      ["a", "x"],
      ["a", "y"],
    ]);
    expect(selects([["a", "x,y"]], lines)).toBe(true);
  });

  it("reads 200,000 spaces within a second", () => {
    const text = `x${" ".repeat(200_000)}y`;
    expect(select("a", { a: text }, { a: text })).toBe(true);
  }, 1_000);

  it("is true for the same request as stored, unless Vary contains a star", () => {
    fc.assert(
      fc.property(headerText, headerText, headerText, (vary, a, b) => {
        const starred = selectingFieldNames(fieldsWith({ vary })).includes("*");
        expect(select(vary, { a, z: b }, { a, z: b })).toBe(!starred);
      }),
      seeded,
    );
  });
});

it("a member of Accept with an invalid weight does not hide a preferred type", () => {
  const request = new Headers({ accept: "application/json, text/plain;q=x" });
  expect(prefersAnother(request, new Headers({ "content-type": "text/html" }))).toBe(true);
});

describe("originAnswered", () => {
  const site = "https://a.example";
  const echo = { "access-control-allow-origin": site };
  const all = { "access-control-allow-origin": "*" };
  it.each([
    { id: "no-cors-field", response: {}, origin: site, isKnown: false, answered: "any" },
    { id: "echo", response: echo, origin: site, isKnown: false, answered: "this" },
    { id: "echo-spaced", response: echo, origin: ` ${site} `, isKnown: false, answered: "this" },
    {
      id: "echo-in-a-list",
      response: { "timing-allow-origin": `https://b.example , ${site.toUpperCase()}` },
      origin: site,
      isKnown: false,
      answered: "this",
    },
    {
      id: "null",
      response: { "timing-allow-origin": "null" },
      origin: "null",
      isKnown: false,
      answered: "this",
    },
    {
      id: "another-origin",
      response: echo,
      origin: "https://b.example",
      isKnown: false,
      answered: "any",
    },
    { id: "no-origin", response: echo, origin: "", isKnown: false, answered: "any" },
    { id: "all-origins", response: all, origin: site, isKnown: false, answered: "any" },
    { id: "made-up", response: echo, origin: "x", isKnown: false, answered: "one-client" },
    {
      id: "default-port",
      response: echo,
      origin: `${site}:443`,
      isKnown: false,
      answered: "one-client",
    },
    { id: "other-port", response: echo, origin: `${site}:444`, isKnown: false, answered: "any" },
    { id: "port-4430", response: echo, origin: `${site}:4430`, isKnown: false, answered: "any" },
    {
      id: "http-on-8080",
      response: echo,
      origin: "http://a.example:8080",
      isKnown: false,
      answered: "any",
    },
    {
      id: "text-before-an-origin",
      response: echo,
      origin: `x ${site}`,
      isKnown: false,
      answered: "one-client",
    },
    {
      id: "http-port",
      response: echo,
      origin: "http://a.example:80",
      isKnown: false,
      answered: "one-client",
    },
    {
      id: "http-on-443",
      response: echo,
      origin: "http://a.example:443",
      isKnown: false,
      answered: "any",
    },
    {
      id: "capitals",
      response: echo,
      origin: "https://A.example",
      isKnown: false,
      answered: "one-client",
    },
    {
      id: "with-a-path",
      response: echo,
      origin: `${site}/`,
      isKnown: false,
      answered: "one-client",
    },
    { id: "made-up-for-all", response: all, origin: "x", isKnown: false, answered: "any" },
    { id: "known-no-origin", response: {}, origin: "", isKnown: true, answered: "this" },
    {
      id: "known-other-origin",
      response: echo,
      origin: "https://b.example",
      isKnown: true,
      answered: "one-client",
    },
    { id: "known-echo", response: echo, origin: site, isKnown: true, answered: "this" },
    { id: "known-for-all", response: all, origin: site, isKnown: true, answered: "any" },
    {
      id: "known-for-all-spaced",
      response: { "access-control-allow-origin": " * " },
      origin: site,
      isKnown: true,
      answered: "any",
    },
    {
      id: "vary-origin",
      response: { ...echo, vary: "Origin" },
      origin: site,
      isKnown: true,
      answered: "any",
    },
    {
      id: "vary-star",
      response: { ...echo, vary: "*" },
      origin: site,
      isKnown: true,
      answered: "any",
    },
  ])("$id: the response is for $answered", ({ response, origin, isKnown, answered }) => {
    const request = fieldsWith(origin === "" ? {} : { origin });
    expect(originAnswered(fieldsWith(response), { request, isKnown })).toBe(answered);
  });
});
