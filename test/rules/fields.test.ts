// Tests the parsing of Content-Length. Lengths that a number cannot represent exactly are null.
import { expect, it } from "vitest";
import { contentLength } from "../../src/rules/fields.ts";

it.each([
  { text: "0", length: 0 },
  { text: "9007199254740991", length: Number.MAX_SAFE_INTEGER },
  { text: "9007199254740992", length: null },
  { text: "9".repeat(400), length: null },
  { text: "-1", length: null },
  { text: "1e9", length: null },
  { text: "5, 5", length: null },
])("reads a Content-Length of $text as $length", ({ text, length }) => {
  expect(contentLength(new Headers({ "content-length": text }))).toBe(length);
});
