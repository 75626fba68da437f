// The length that a response states, as far as a number can hold it.
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
])("a content-length of $text is $length", ({ text, length }) => {
  expect(contentLength(new Headers({ "content-length": text }))).toBe(length);
});
