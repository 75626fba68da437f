// What is kept of names that clients choose: bounded in bytes, the least recently used goes first.
import { expect, it } from "vitest";
import { BoundedMarks } from "../../../src/cache/record/bounded-marks.ts";

it("keeps as many names as fit, the last used ones", () => {
  // A name of 4 characters takes 64 + 8 bytes.
  const marks = new BoundedMarks<number>(2 * 72);
  for (const [at, name] of ["/one", "/two"].entries()) marks.set(name, at);
  expect(marks.get("/one")).toBe(0);
  marks.set("/new", 2);
  expect(["/one", "/two", "/new"].map((name) => marks.get(name))).toEqual([0, undefined, 2]);
});

it.each([
  { id: "fits to the byte", length: 18, isKept: true },
  { id: "has a character more", length: 19, isKept: false },
])("a name that $id", ({ length, isKept }) => {
  const marks = new BoundedMarks<number>(100);
  marks.set("p".repeat(length), 1);
  expect(marks.size).toBe(isKept ? 1 : 0);
});

it.each([
  { id: "fits to the byte", length: 10, isKept: true },
  { id: "has a character more", length: 11, isKept: false },
])("a mark counts by its text: one that $id", ({ length, isKept }) => {
  const marks = new BoundedMarks<string>(150, (text) => text);
  marks.set("p", "m".repeat(length));
  expect(marks.size).toBe(isKept ? 1 : 0);
});

it("holds a flood of names to a mebibyte", () => {
  const marks = new BoundedMarks<number>();
  for (let at = 0; at < 2_000; at += 1) marks.set(`/${"p".repeat(1_000)}${at}`, at);
  expect(marks.calculatedSize).toBeLessThanOrEqual(1_048_576);
  expect(marks.size).toBeGreaterThan(400);
});
