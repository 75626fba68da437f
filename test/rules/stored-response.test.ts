// The fields of a stored response, read where they stand (RFC 9111 §3).
import { expect, it } from "vitest";
import { type FieldLine, fieldsOf } from "../../src/rules/fields.ts";

const response = (fields: readonly FieldLine[]) => ({ fields });

it.each([
  ["none", [], "etag", null],
  ["one", [["etag", '"a"']], "ETag", '"a"'],
  ["combined", ["a", "b"].map((value): FieldLine => ["vary", value]), "vary", "a, b"],
  ["obs-text", [["x", "é"]], "x", "é"],
] as const)("%s (RFC 9110 §5.3)", (_id, lines, name, value) => {
  expect(fieldsOf(response(lines)).get(name)).toBe(value);
});

it("are found whatever the case of the name that is asked for", () => {
  const fields = fieldsOf(response([["etag", ""]]));
  expect([fields.has("ETag"), fields.get("ETag")]).toEqual([true, ""]);
  expect([fields.has("age"), fields.get("age")]).toEqual([false, null]);
});
