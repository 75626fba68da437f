// Tests which JSON texts of a QUERY have one key. Different values must never have one key.
import { expect, it } from "vitest";
import { jsonForm } from "../../../src/parts/query/json-form.ts";

const formOf = (text: string) => jsonForm(new TextEncoder().encode(text));

it.each([
  ["white space", ' { "a" : [ 1 ,\n2 ] }\t', '{"a":[1,2]}'],
  ["the order of members", '{"b":{"d":1,"c":2},"a":[]}', '{"a":[],"b":{"c":2,"d":1}}'],
  ["an empty object", "[ { } , [ ] ]", "[{},[]]"],
  ["text with punctuation", '{"b" : "}, {\\"\\\\" , "a":" x "}', '{"a":" x ","b":"}, {\\"\\\\"}'],
  ["a single value", ' "x" ', '"x"'],
])("normalizes %s", (_id, text, form) => {
  expect(formOf(text)).toBe(form);
});

it.each([
  ["9007199254740992", "9007199254740993"],
  ["1e999", "2e999"],
  ["0", "-0"],
  ["1", "1.0"],
  ["1e2", "100"],
  ["[1,2]", "[2,1]"],
  ["[12]", "[1,2]"],
  ['"a b"', '"ab"'],
  ['"1"', "1"],
  ['{"a":"b"}', '["a","b"]'],
  ['{"__proto__":1}', "{}"],
  // These may have the same meaning, but keep their text.
  ['{"a":1}', '{"\\u0061":1}'],
])("distinguishes %s from %s", (a, b) => {
  expect(formOf(a)).toBeDefined();
  expect(formOf(a)).not.toBe(formOf(b));
});

it.each([
  ["is no JSON", "{a:1}"],
  ["ends early", '{"a":'],
  ["is empty", ""],
  ["has a byte order mark", "\ufeff{}"],
  ["repeats a name", '{"a":1,"a":2}'],
  ["repeats an escaped name", '{"a":1,"\\u0061":2}'],
  ["repeats a name below", '[{"x":{"a":1,"a":1}}]'],
  ["is nested 66 times", "[".repeat(66) + "]".repeat(66)],
  ["is nested 10,000 times", "[".repeat(10_000) + "]".repeat(10_000)],
])("keeps the bytes of a text that %s", (_id, text) => {
  expect(formOf(text)).toBeUndefined();
});

it("keeps bytes that are not UTF-8, or would be replaced", () => {
  expect(jsonForm(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined();
  expect(jsonForm(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))).toBeUndefined();
});
