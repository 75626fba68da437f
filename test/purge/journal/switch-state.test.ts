// The state of the switch: which routes it bypasses, and which stored states are valid.
import { expect, it } from "vitest";
import { type Bypass, isBypassed, readState } from "../../../src/purge/journal/switch-state.ts";

it.each<{ bypass: Bypass; route: string; expected: boolean }>([
  { bypass: true, route: "articles", expected: true },
  { bypass: true, route: "", expected: true },
  { bypass: false, route: "articles", expected: false },
  { bypass: ["articles", "feeds"], route: "feeds", expected: true },
  { bypass: ["articles"], route: "feeds", expected: false },
  { bypass: ["articles"], route: "", expected: false },
  { bypass: [], route: "articles", expected: false },
])("the switch $bypass bypasses the route `$route`: $expected", ({ bypass, route, expected }) => {
  expect(isBypassed(bypass, route)).toBe(expected);
});

const state = { post: "p1", position: "1700000000000-12", n: "n1", bypass: ["articles"] };

it.each([
  { id: "routes", changes: {} },
  { id: "all routes", changes: { bypass: true } },
  { id: "the first entry", changes: { position: "0-1" } },
])("a stored state is restored: $id", ({ changes }) => {
  expect(readState({ ...state, ...changes })).toEqual({ ...state, ...changes });
});

it.each([
  { id: "text before the position", changes: { position: "x1-10" } },
  { id: "text after the position", changes: { position: "1-10x" } },
  { id: "no sequence number", changes: { position: "1" } },
  { id: "no `n`", changes: { n: undefined } },
  { id: "no post", changes: { post: undefined } },
  { id: "a word as bypass", changes: { bypass: "all" } },
])("a stored state is ignored if it is invalid: $id", ({ changes }) => {
  expect(readState({ ...state, ...changes })).toBeUndefined();
});
