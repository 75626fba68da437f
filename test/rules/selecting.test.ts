// One row per rule on Vary and the fields it names (RFC 9111 §4.1; RFC 9110 §12.5.5).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selectingFieldNames, selectingValues, selects } from "../../src/rules/selecting.ts";
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
    { id: "no-field-name", vary: "a b", names: ["*"] },
    { id: "quoted", vary: '"a", b', names: ["*", "b"] },
    { id: "multi-byte", vary: "größe", names: ["*"] },
    { id: "trace", vary: "Traceparent, a, tracestate", names: ["a"] },
  ])("$id (RFC 9110 §12.5.5)", ({ vary, names }) => {
    expect(selectingFieldNames(fieldsWith({ vary }))).toEqual(names);
  });

  it("finds none where there is no Vary (RFC 9110 §12.5.5)", () => {
    expect(selectingFieldNames(fieldsWith({}))).toEqual([]);
  });

  it("takes the lines of a repeated Vary together (RFC 9110 §5.3)", () => {
    const fields = new Headers([
      ["Vary", "b"],
      ["Vary", "a"],
    ]);
    expect(selectingFieldNames(fields)).toEqual(["a", "b"]);
  });

  it("never throws, and a request can be asked for every name", () => {
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
  const select = (vary: string, stored: object, asked: object) => {
    const names = selectingFieldNames(fieldsWith({ vary }));
    const values = selectingValues(names, fieldsWith(stored as Record<string, string>));
    return selects(values, fieldsWith(asked as Record<string, string>));
  };

  it.each([
    { id: "no-vary", vary: "", stored: { a: "1" }, asked: { a: "2" }, selected: true },
    { id: "same", vary: "a", stored: { a: "1" }, asked: { a: "1" }, selected: true },
    { id: "other", vary: "a", stored: { a: "1" }, asked: { a: "2" }, selected: false },
    { id: "capitals-in-value", vary: "a", stored: { a: "x" }, asked: { a: "X" }, selected: false },
    {
      id: "capitals-in-language",
      vary: "accept-language",
      stored: { "accept-language": "en, de" },
      asked: { "accept-language": "eN,De" },
      selected: true,
    },
    {
      id: "order-of-languages",
      vary: "accept-language",
      stored: { "accept-language": "en, de" },
      asked: { "accept-language": "de, en" },
      selected: false,
    },
    { id: "capitals-in-name", vary: "A", stored: { a: "x" }, asked: { a: "x" }, selected: true },
    {
      id: "unnamed-field",
      vary: "a",
      stored: { a: "1", b: "1" },
      asked: { a: "1" },
      selected: true,
    },
    { id: "absent-from-both", vary: "a", stored: {}, asked: {}, selected: true },
    { id: "absent-now", vary: "a", stored: { a: "1" }, asked: {}, selected: false },
    { id: "absent-then", vary: "a", stored: {}, asked: { a: "1" }, selected: false },
    { id: "empty-is-not-absent", vary: "a", stored: { a: "" }, asked: {}, selected: false },
    {
      id: "all-must-match",
      vary: "a, b",
      stored: { a: "1", b: "1" },
      asked: { a: "1", b: "2" },
      selected: false,
    },
    {
      id: "space-after-comma",
      vary: "a",
      stored: { a: "x, y" },
      asked: { a: "x,y" },
      selected: true,
    },
    {
      id: "space-before-comma",
      vary: "a",
      stored: { a: "x\t ,y" },
      asked: { a: "x,y" },
      selected: true,
    },
    { id: "space-at-the-ends", vary: "a", stored: { a: " x " }, asked: { a: "x" }, selected: true },
    {
      id: "space-between-words",
      vary: "a",
      stored: { a: "x y" },
      asked: { a: "xy" },
      selected: false,
    },
    {
      id: "more-spaces-between-words",
      vary: "a",
      stored: { a: "x y" },
      asked: { a: "x  y" },
      selected: false,
    },
    {
      id: "order-matters",
      vary: "a",
      stored: { a: "x, y" },
      asked: { a: "y, x" },
      selected: false,
    },
    {
      id: "space-inside-quotes",
      vary: "a",
      stored: { a: '"x, y"' },
      asked: { a: '"x,y"' },
      selected: false,
    },
    {
      id: "same-quotes",
      vary: "a",
      stored: { a: '"x, y"' },
      asked: { a: '"x, y"' },
      selected: true,
    },
    {
      id: "space-inside-comment",
      vary: "a",
      stored: { a: "x (y, z)" },
      asked: { a: "x (y,z)" },
      selected: false,
    },
    { id: "multi-byte", vary: "a", stored: { a: "é" }, asked: { a: "é" }, selected: true },
    { id: "multi-byte-other", vary: "a", stored: { a: "é" }, asked: { a: "e" }, selected: false },
    { id: "star", vary: "*", stored: {}, asked: {}, selected: false },
    {
      id: "star-among-names",
      vary: "a, *",
      stored: { a: "1" },
      asked: { a: "1" },
      selected: false,
    },
    { id: "no-field-name", vary: "a b", stored: {}, asked: {}, selected: false },
  ])("$id (§4.1)", ({ vary, stored, asked, selected }) => {
    expect(select(vary, stored, asked)).toBe(selected);
  });

  it("combines the lines of a repeated field (§4.1)", () => {
    const lines = new Headers([
      ["a", "x"],
      ["a", "y"],
    ]);
    expect(selects([["a", "x,y"]], lines)).toBe(true);
  });

  it("reads a long run of white space in time that grows with its length", () => {
    const text = `x${" ".repeat(200_000)}y`;
    expect(select("a", { a: text }, { a: text })).toBe(true);
  }, 1_000);

  it("always selects for the very request it was stored for, unless Vary has a star", () => {
    fc.assert(
      fc.property(headerText, headerText, headerText, (vary, a, b) => {
        const starred = selectingFieldNames(fieldsWith({ vary })).includes("*");
        expect(select(vary, { a, z: b }, { a, z: b })).toBe(!starred);
      }),
      seeded,
    );
  });
});
