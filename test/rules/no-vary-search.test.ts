// Tests the forms of No-Vary-Search, and the comparison of queries, with the examples of the draft.
import { expect, it } from "vitest";
import {
  canonicalQuery,
  ignores,
  isSameQuery,
  urlVariation,
  variationFault,
} from "../../src/rules/no-vary-search.ts";

it.each([
  ["the field is absent", null],
  ["the value is empty", ""],
  ["no parameter is ignored", "params=()"],
  ["params is false", "params=?0"],
  ["the order counts", "key-order=?0"],
  ["a later document defines all members", "later=1"],
])("is the default config if %s", (_reason, text) => {
  expect([urlVariation(text), variationFault(text)]).toEqual([undefined, undefined]);
});

it.each([
  ["key-order", 'key-order="not a boolean"'],
  ["params", 'params="not an inner list"'],
  ["params", "params=(not-a-string)"],
  ["params", "params=1"],
  ["except", 'except="x"'],
  ["except", "except=?1"],
  ["except", "except=(not-a-string)"],
  ["except", "params, except=?1"],
  ["except", 'params, except="x"'],
  ["params and except", 'params=("a"), except=("x")'],
  ["params and except", "params=(), except=()"],
  ["params and except", 'params=?0, except=("x")'],
  ["Dictionary", 'params=("a"'],
  ["1,024", `params=("${"a".repeat(1_024)}")`],
])("is as if absent for its fault in %s, which is reported: %s", (part, text) => {
  expect(urlVariation(text)).toBeUndefined();
  expect(variationFault(text)).toContain(part);
});

// The spellings of drafts 00 to 02, which browsers accept.
it.each([
  ["params", "except=()"],
  ["params=?1", "except=()"],
  ["key-order, params", "except=(), key-order"],
  ['params, except=("id")', 'except=("id")'],
  ["params=?0, key-order", "key-order"],
])("reads %s of browsers as %s", (browsers, draft) => {
  const [given, expected] = [urlVariation(browsers), urlVariation(draft)];
  expect(given).toEqual({ ...expected, text: browsers });
});

it.each([
  // The examples of the draft, §6.1.
  ["key-order", "", "&&"],
  ["key-order", "a=x", "%61=%78"],
  ["key-order", "a=%C3%A9", "a=%c3%a9"],
  ["key-order", "a=%f6", "a=%ef%bf%bd"],
  ["key-order", "a=x&&&&", "a=x"],
  ["key-order", "a=", "a"],
  ["key-order", "a=+", "a=%20&"],
  ["key-order", "b=1&a=2", "a=2&b=1"],
  ['params=("utm_source" "utm_medium")', "utm_source=a&id=1", "id=1&utm_medium=b"],
  ['params=("%C3%A9+%E6%B0%97")', "%C3%A9%20%E6%B0%97=1&a", "a&%C3%A9+%E6%B0%97=2"],
  ['params=("a&b" "c=d" "")', "a%26b=1&c%3Dd=2&=3", ""],
  ['except=("id")', "x=1&id=1&y", "id=1"],
  ["except=()", "x=1&id=1&y", ""],
  ['except=("b" "a"), key-order, later=1', "b=1&a=2&x", "a=2&b=1"],
  ['params=("a");p', "?a=1&b", "?a=1&b&a=2"],
])("with %s, treats %j and %j as one URL", (text, a, b) => {
  const variation = urlVariation(text);
  expect(variation).toBeDefined();
  expect(isSameQuery([a, b], variation)).toBe(true);
});

it.each([
  ["params=()", "a=1&", "a=1"],
  ["key-order", "a=1&a=2", "a=2&a=1"],
  ["key-order", "a=1", "A=1"],
  ['params=("a")', "b=1&c=2", "c=2&b=1"],
  ['params=("a")', "b=1", "b=2"],
  ['params=("a")', "a=1&b", "a=1"],
  ['except=("a"), key-order', "a=1&a=2", "a=1"],
])("with %s, distinguishes %j from %j", (text, a, b) => {
  expect(isSameQuery([a, b], urlVariation(text))).toBe(false);
});

it("keeps the spelling and the empty values of the parameters that count", () => {
  const variation = urlVariation('params=("x"), key-order');
  expect(variation && canonicalQuery("c=%7e&&b&%78=1&a=&b=+", variation)).toBe("a=&b&b=+&c=%7e");
  expect(variation && [ignores(variation, "%78"), ignores(variation, "c")]).toEqual([true, false]);
});
