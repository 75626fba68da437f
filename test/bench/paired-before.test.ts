// What the paired bench takes for the other side, and how it says so.
import { expect, it } from "vitest";
import { beforeFrom, beforeSaid } from "../../bench/paired/before.ts";

it.each([
  [{ against: "../main" }, "../main"],
  [{ configuration: '{"heuristics":true}' }, 'the same with {"heuristics":true}'],
  [{ against: "../main", configuration: '{"a":1}' }, '../main with {"a":1}'],
])("%j is %s", (given, said) => expect(beforeSaid(beforeFrom(given))).toBe(said));

it.each([{}, { configuration: "heuristics" }, { configuration: "[]" }, { configuration: "null" }])(
  "%j is refused",
  (given) => expect(() => beforeFrom(given)).toThrow(/--configuration/),
);
