// Tests the map with a size limit: what it evicts, and its sums, against a plain map.
import { describe, expect, it } from "vitest";
import { BoundedMap } from "../../src/base/bounded-map.ts";
import { Draws } from "../../testing/draws.ts";

const names = (map: BoundedMap<number>) => [...map.entries()].map(([name]) => name);

describe("`BoundedMap` without a trial", () => {
  it("evicts the entry that was set first, unless it was read", () => {
    const map = new BoundedMap<number>({ sizeMax: 3 });
    for (const name of ["a", "b", "c"]) map.set(name, 0);
    map.get("a");
    map.peek("b");
    map.set("d", 0);
    expect(names(map)).toEqual(["a", "c", "d"]);
  });

  it("keeps the entries that were set last, whatever was read before", () => {
    const map = new BoundedMap<number>({ sizeMax: 3 });
    for (const name of ["a", "b", "c"]) for (const _ of [1, 2, 3, 4]) map.set(name, 0);
    for (const name of ["a", "b", "c"]) map.get(name);
    map.set("a", 1);
    map.set("d", 0);
    expect(names(map).toSorted()).toEqual(["a", "c", "d"]);
  });

  it("has no value for a name if the new value is larger than the limit", () => {
    const map = new BoundedMap<number>({ sizeMax: 3, sizeOf: (value) => value });
    map.set("a", 1);
    map.set("a", 4);
    expect([map.get("a"), map.size, map.count]).toEqual([undefined, 0, 0]);
  });
});

describe("`BoundedMap` with a trial", () => {
  const filled = () => {
    const map = new BoundedMap<number>({ sizeMax: 100, trialShare: 0.1 });
    for (let at = 0; at < 100; at += 1) {
      map.set(`read${at}`, at);
      map.get(`read${at}`);
    }
    return map;
  };

  it("keeps the read entries through a scan of ten times its size, except on trial", () => {
    const map = filled();
    for (let at = 0; at < 1_000; at += 1) map.set(`scanned${at}`, at);
    const isRead = (name: string) => name.startsWith("read");
    expect(names(map).filter(isRead).length).toBeGreaterThanOrEqual(89);
  });

  it("keeps an entry that returns after its eviction without a second trial", () => {
    const map = filled();
    for (let at = 0; at < 20; at += 1) map.set(`scanned${at}`, at);
    expect(map.has("scanned0")).toBe(false);
    map.set("scanned0", 0);
    for (let at = 20; at < 60; at += 1) map.set(`scanned${at}`, at);
    expect([map.has("scanned0"), map.has("scanned20")]).toEqual([true, false]);
  });
});

it.each([0, 0.05, 0.5])("`BoundedMap` agrees with a plain map: trial share %d", (trialShare) => {
  const plain = new Map<string, number>();
  const removed: string[] = [];
  const map = new BoundedMap<number>({
    sizeMax: 500,
    trialShare,
    sizeOf: (value) => 1 + (value % 60),
    onRemoved: (value, name, why) => {
      removed.push(why);
      expect(plain.get(name)).toBe(value);
      plain.delete(name);
    },
  });
  const draws = new Draws(7);
  const ten = [...Array(10).keys()];
  const eighty = [...Array(80).keys()];
  for (let at = 0; at < 20_000; at += 1) {
    const name = `n${draws.oneOf(eighty)}`;
    const kind = draws.oneOf(ten);
    expect(kind < 5 ? map.get(name) : map.peek(name)).toBe(plain.get(name));
    if (kind > 4 && kind < 8) {
      map.set(name, at);
      plain.set(name, at);
    } else if (kind === 8) map.delete(name);
    else if (draws.isLucky(0.01)) map.clear();
    else if (draws.isLucky(0.25)) map.evict();
    const sizes = [...plain.values()].map((value) => 1 + (value % 60));
    expect(map.size).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect(map.size).toBeLessThanOrEqual(500);
    expect(map.count).toBe(plain.size);
  }
  expect(new Set(removed)).toEqual(new Set(["evicted", "removed", "replaced"]));
});
