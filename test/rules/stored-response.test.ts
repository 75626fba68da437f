// Tests the reading of fields from the lines of a stored response (RFC 9111 §3).
import { expect, it } from "vitest";
import { type FieldLine, fieldsOf } from "../../src/rules/fields.ts";

const response = (fields: readonly FieldLine[]) => ({ fields });

it.each([
  ["none", [], "etag", null],
  ["one", [["etag", '"a"']], "ETag", '"a"'],
  ["combined", ["a", "b"].map((value): FieldLine => ["vary", value]), "vary", "a, b"],
  ["obs-text", [["x", "é"]], "x", "é"],
] as const)(
  "returns the combined value of a field: %s (RFC 9110 §5.3)",
  (_id, lines, name, value) => {
    expect(fieldsOf(response(lines)).get(name)).toBe(value);
  },
);

it("finds fields by a name in any case", () => {
  const fields = fieldsOf(response([["etag", ""]]));
  expect([fields.has("ETag"), fields.get("ETag")]).toEqual([true, ""]);
  expect([fields.has("age"), fields.get("age")]).toEqual([false, null]);
});
