// Wider targets replace targets that do not fit into one entry. No target is omitted.
import { expect, it } from "vitest";
import { encodeEntry } from "../../../src/purge/journal/entry.ts";
import {
  allBytesMax,
  BoundedTargets,
  exactBytesMax,
} from "../../../src/purge/acceptance/bounded-targets.ts";
import { newEntry } from "../../../testing/examples/purges.ts";

/** Returns a tag whose JSON text, with quotes and a comma, has this many bytes. */
const tagOf = (bytes: number, letter = "a") => letter.repeat(bytes - 3);
const one = (exact: string, wider = "route:a") => ({ exact, wider });

it.each([
  { id: "at the limit", tag: tagOf(exactBytesMax), taken: "exact" },
  { id: "over the limit", tag: tagOf(exactBytesMax + 1), taken: "wider" },
  { id: "two-byte letters at the limit", tag: `a${"é".repeat(3_070)}`, taken: "exact" },
  { id: "two-byte letters over the limit", tag: `aa${"é".repeat(3_070)}`, taken: "wider" },
  { id: "escapes at the limit", tag: `a${'"'.repeat(3_070)}`, taken: "exact" },
  { id: "escapes over the limit", tag: `aa${'"'.repeat(3_070)}`, taken: "wider" },
])("takes the exact target up to the limit: $id", ({ tag, taken }) => {
  const targets = new BoundedTargets();
  expect(targets.add(one(tag))).toBe(taken);
  expect(targets.tags).toEqual([taken === "exact" ? tag : "route:a"]);
});

it("adds no target twice, and none after its wider target, but keeps earlier targets", () => {
  const targets = new BoundedTargets();
  const full = tagOf(exactBytesMax - 100);
  for (const exact of ["b", "b", full, tagOf(100, "c"), tagOf(50, "d"), "b"]) {
    targets.add(one(exact));
  }
  expect(targets.tags).toEqual(["b", full, "route:a"]);
});

it("covers everything if even the wider targets do not fit", () => {
  const targets = new BoundedTargets();
  let count = 0;
  while (count < 100 && !targets.tags.includes("everything")) {
    targets.add(one(tagOf(exactBytesMax + 1), tagOf(100, String(count).padStart(4, "r"))));
    count += 1;
  }
  expect([targets.tags, count]).toEqual([["everything"], Math.floor(allBytesMax / 388) + 1]);
  expect(targets.add(one("late", "route:late"))).toBe("wider");
  expect(targets.tags).toEqual(["everything"]);
});

it("leaves room for the other fields of an entry of 8 KiB", () => {
  const targets = new BoundedTargets();
  targets.add(one(tagOf(exactBytesMax)));
  targets.add(one("b", tagOf(allBytesMax - exactBytesMax, "b")));
  const reason = { reason: "RFC 9111 §4.4", by: "invalidation" };
  const entry = newEntry({ ...reason, n: crypto.randomUUID(), tags: [...targets.tags] });
  const text = Object.entries(encodeEntry(entry)).flat().join("");
  expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(8_192);
});
