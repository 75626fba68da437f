// Schemas that refuse what the schemas of Valibot accept or drop.
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { dataIn, finite, pathOf, record, strictObject, whole } from "../../src/base/schemas.ts";

const page = strictObject(
  { url: v.string("must be a string"), limit: v.optional(whole("must be a whole number")) },
  (names) => `has ${names.join(" and ")}`,
);
const pages = record(v.pipe(v.string(), v.minLength(1, "is empty")), page, "must be an object");

const issuesOf = (schema: v.GenericSchema, value: unknown) =>
  v
    .safeParse(schema, value)
    .issues?.map((issue) => [pathOf(issue).join("."), issue.message].join(": ")) ?? [];

describe("an object with fixed fields", () => {
  it.each([
    { id: "its fields", value: { url: "/a", limit: 1 }, says: [] },
    { id: "a list", value: [], says: [": must be an object"] },
    { id: "null", value: null, says: [": must be an object"] },
    { id: "a missing field", value: {}, says: ["url: must be a string"] },
    { id: "two unknown fields", value: { url: "/a", b: 1, c: 1 }, says: [": has b and c"] },
    {
      id: "an inherited name",
      value: JSON.parse('{"url":"/a","constructor":1,"__proto__":1}') as unknown,
      says: [": has constructor and __proto__"],
    },
    {
      id: "a wrong and an unknown field",
      value: { url: 1, b: 1 },
      says: ["url: must be a string", ": has b"],
    },
  ])("says what is wrong with $id", ({ value, says }) => {
    expect(issuesOf(page, value)).toEqual(says);
  });

  it("is the option of a union whose error counts, if only its fields are unknown", () => {
    const either = v.union([v.string(), page], "must be a path or an object");
    expect(issuesOf(either, { url: "/a", b: 1 })).toEqual([": has b"]);
  });
});

describe("an object whose names are data", () => {
  it.each([
    { id: "its values", value: { a: { url: "/a" } }, says: [] },
    { id: "a list", value: [], says: [": must be an object"] },
    { id: "a map", value: new Map(), says: [": must be an object"] },
    {
      id: "a name and a value",
      value: { "": {} },
      says: [": is empty", ".url: must be a string"],
    },
    ...["__proto__", "constructor", "prototype"].map((name) => ({
      id: name,
      value: JSON.parse(`{"${name}":{"url":"/a"}}`) as unknown,
      says: [`: may not name "${name}"`],
    })),
  ])("says what is wrong with $id", ({ value, says }) => {
    expect(issuesOf(pages, value)).toEqual(says);
  });
});

it.each([
  { json: "1.5", accepted: [1.5, undefined] },
  { json: "1e999", accepted: [undefined, undefined] },
  { json: "9007199254740992", accepted: [9_007_199_254_740_992, undefined] },
  { json: '"1"', accepted: [undefined, undefined] },
])("a number of JSON is finite, or a safe integer: $json", ({ json, accepted }) => {
  const number: unknown = JSON.parse(json);
  expect([dataIn(finite(), number), dataIn(whole(), number)]).toEqual(accepted);
});
