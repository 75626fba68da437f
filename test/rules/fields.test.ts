// Tests which values can be sent, and the parsing of Content-Length. Lengths that a number cannot represent exactly are null.
import { expect, it } from "vitest";
import { areSendable, contentLength } from "../../src/rules/fields.ts";

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

it.each([
  { values: ["a", "\t b~", "\u0080\u00ff", ""], isSendable: true },
  { values: [], isSendable: true },
  { values: ["a", "b\u0000"], isSendable: false },
  { values: ["\u0000", "a"], isSendable: false },
  { values: ["\u001f"], isSendable: false },
  { values: ["\u007f"], isSendable: false },
  { values: ["\u0100"], isSendable: false },
  { values: ["a\n"], isSendable: false },
])("areSendable($values) is $isSendable (RFC 9110 §5.5)", ({ values, isSendable }) => {
  expect(areSendable(values)).toBe(isSendable);
});
