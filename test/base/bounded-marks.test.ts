// Tests the marks of names that clients choose. Their bytes are bounded, and the oldest names are
// evicted first.
import { expect, it } from "vitest";
import { BoundedMarks } from "../../src/base/bounded-map.ts";

it("`BoundedMarks` keeps the names that were set last, whatever was read", () => {
  // A name of 4 characters takes 64 + 8 bytes.
  const marks = new BoundedMarks<number>(3 * 72);
  for (const [at, name] of ["/one", "/two", "/six"].entries()) marks.set(name, at);
  for (const _ of [1, 2, 3]) for (const name of ["/two", "/six"]) marks.get(name);
  for (const [at, name] of ["/new", "/far"].entries()) marks.set(name, at);
  const names = ["/one", "/two", "/six", "/new", "/far"];
  expect(names.filter((name) => marks.has(name))).toEqual(["/six", "/new", "/far"]);
});

it.each([
  { id: "exactly as large as the limit", length: 18, isKept: true },
  { id: "one character too long", length: 19, isKept: false },
])("`BoundedMarks` keeps a name only if it fits: $id", ({ length, isKept }) => {
  const marks = new BoundedMarks<number>(100);
  marks.set("p".repeat(length), 1);
  expect(marks.count).toBe(isKept ? 1 : 0);
});

it.each([
  { id: "exactly as large as the limit", length: 10, isKept: true },
  { id: "one character too long", length: 11, isKept: false },
])("`BoundedMarks` counts the bytes of a mark's text: $id", ({ length, isKept }) => {
  const marks = new BoundedMarks<string>(150, (text) => text);
  marks.set("p", "m".repeat(length));
  expect(marks.count).toBe(isKept ? 1 : 0);
});

it("`BoundedMarks` limits a flood of names to a mebibyte", () => {
  const marks = new BoundedMarks<number>();
  for (let at = 0; at < 2_000; at += 1) marks.set(`/${"p".repeat(1_000)}${at}`, at);
  expect(marks.size).toBeLessThanOrEqual(1_048_576);
  expect(marks.count).toBeGreaterThan(400);
});
