// Tests which groups a field names (RFC 9875 §2, §3). The field is a List, and only its Strings are
// groups.
import { expect, it } from "vitest";
import { groupsIn } from "../../src/rules/cache-groups.ts";

it.each([
  { id: "absent", value: null, groups: [] },
  { id: "one", value: '"news"', groups: ["news"] },
  { id: "several-in-order", value: '"b", "a"', groups: ["b", "a"] },
  { id: "without-normalisation", value: '" News", "news"', groups: [" News", "news"] },
  { id: "escapes", value: String.raw`"a\"b\\c"`, groups: [String.raw`a"b\c`] },
  { id: "parameters", value: '"a";x=1', groups: ["a"] },
  { id: "empty-string", value: '""', groups: [""] },
  { id: "token", value: 'a, "b"', groups: ["b"] },
  { id: "number", value: '1, 2.5, "b"', groups: ["b"] },
  { id: "boolean", value: '?1, "b"', groups: ["b"] },
  { id: "bytes", value: ':aGk=:, "b"', groups: ["b"] },
  { id: "date", value: '"b", @1659578233', groups: ["b"] },
  { id: "display-string", value: '%"b%c3%bc", "b"', groups: ["b"] },
  { id: "inner-list", value: '("a" "c"), "b"', groups: ["b"] },
  { id: "unclosed-quote", value: '"a', groups: [] },
  { id: "comma-at-the-end", value: '"a",', groups: [] },
  { id: "empty", value: "", groups: [] },
])("reads the Strings of a List as groups: $id", ({ value, groups }) => {
  expect(groupsIn(value)).toEqual(groups);
});
