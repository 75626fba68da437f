// Tests the purges of a cache in one process: each applies at once, and large purges are split.
import { describe, expect, it } from "vitest";
import { byInvalidation } from "../../src/purge/journal/entry.ts";
import { chainEntriesMax } from "../../src/purge/journal/journal.ts";
import { LocalPurges } from "../../src/purge/local-purges.ts";
import type { PurgeSubject } from "../../src/purge/view/view.ts";
import { orderOf, responseWith } from "../../testing/examples/purges.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";

/** The texts of entries are `n1`, the beginning, then `n2`, `n3`, … */
function open(stored: readonly PurgeSubject[] = []) {
  const clock = new FakeClock();
  let nth = 0;
  const randomText = () => `n${(nth += 1)}`;
  const purges = new LocalPurges({ nowAtMs: clock.nowAtMs, randomText, stored: () => stored });
  return { clock, purges };
}

const red = orderOf(["tag:red"]);

describe("a record", () => {
  it.each([
    { mode: "hard", since: {} },
    { mode: "soft", since: { sinceAtMs: new FakeClock().atMs } },
  ] as const)("is covered by a $mode purge from its acceptance on", async ({ mode, since }) => {
    const { purges } = open();
    const before = responseWith({ stamp: await purges.stamp() });
    expect(purges.judge(before)).toEqual({ kind: "usable" });
    await purges.accept({ ...red, mode });
    expect(purges.judge(before)).toMatchObject({ kind: "purged", mode, ...since });
    expect(purges.judge({ ...before, tags: ["green"] })).toEqual({ kind: "usable" });
    const after = responseWith({ stamp: await purges.stamp() });
    expect(purges.judge(after)).toEqual({ kind: "usable" });
  });

  it("outlives the entries of a chain, unless a purge covers it", async () => {
    const stored: PurgeSubject[] = [];
    const { purges } = open(stored);
    const stamp = await purges.stamp();
    stored.push(responseWith({ stamp, tags: ["green"] }), responseWith({ stamp, tags: ["red"] }));
    await purges.accept(red);
    for (let count = 0; count < chainEntriesMax; count += 1) {
      await purges.accept(orderOf([`tag:${count}`]));
    }
    expect(stored.map((record) => purges.judge(record).kind)).toEqual(["usable", "purged"]);
  });

  it.each([
    { id: "has no stamp", stamp: "none" },
    { id: "is from another process", stamp: { position: `${new FakeClock().atMs}-1`, n: "x" } },
  ] as const)("is neither used nor validated if it $id", ({ stamp }) => {
    const { purges } = open();
    const record = responseWith({ stamp });
    expect(purges.judge(record)).toEqual({ kind: "purged", mode: "hard" });
    expect(purges.mayBeValidated(record)).toBe(false);
  });

  it.each([
    { id: "no purge", order: orderOf(["tag:green"]), mayBe: true },
    { id: "a hard purge", order: red, mayBe: false },
    { id: "a soft purge", order: orderOf(["tag:red"], { mode: "soft" }), mayBe: true },
    { id: "an invalidation", order: orderOf(["tag:red"], { by: byInvalidation }), mayBe: true },
  ])("may be validated after $id: $mayBe", async ({ order, mayBe }) => {
    const { purges } = open();
    const record = responseWith({ stamp: await purges.stamp() });
    await purges.accept(order);
    expect(purges.mayBeValidated(record)).toBe(mayBe);
  });

  it.each([
    { id: "before the purge", sinceMs: -1, isPurged: true },
    { id: "at the purge", sinceMs: 0, isPurged: true },
    { id: "after the purge", sinceMs: 1, isPurged: false },
  ])("counts as purged since an instant $id: $isPurged", async ({ sinceMs, isPurged }) => {
    const { clock, purges } = open();
    clock.advance(60);
    await purges.accept(red);
    expect(purges.purgedSince(responseWith(), clock.atMs + sinceMs)).toBe(isPurged);
  });
});

describe("a purge", () => {
  const names = (count: number) => Array.from({ length: count }, (_, nth) => `name-${nth}`);

  it.each([
    { tags: 1_000, prefixes: 0, sizes: ["1000 0"] },
    { tags: 1_001, prefixes: 2, sizes: ["1000 2", "1 0"] },
    { tags: 0, prefixes: 2_001, sizes: ["0 1000", "0 1000", "0 1"] },
  ])("of $tags tags and $prefixes prefixes is split: $sizes", async ({ tags, prefixes, sizes }) => {
    const { purges } = open();
    const start = await purges.stamp();
    const targets = { tags: names(tags), prefixes: names(prefixes) };
    const accepted = await purges.accept(orderOf([], { targets }));
    const end = await purges.stamp();
    const { since = [] } = await purges.acceptAfter(red, start);
    const split = since.slice(0, -1).map((entry) => entry.targets);
    expect(split.map((part) => `${part.tags.length} ${part.prefixes.length}`)).toEqual(sizes);
    expect(split.flatMap((part) => part.tags)).toEqual(targets.tags);
    expect(split.flatMap((part) => part.prefixes)).toEqual(targets.prefixes);
    expect(end).toMatchObject({ position: accepted.position });
  });

  it("of a value that is being written returns its entry, and all since the stamp", async () => {
    const { clock, purges } = open();
    const start = await purges.stamp();
    await purges.accept(orderOf(["tag:green"]));
    const written = await purges.acceptAfter(red, start);
    const placed = { ...red, n: "n3", lost: "", position: `${clock.atMs}-3` };
    const green = { ...placed, ...orderOf(["tag:green"]), n: "n2", position: `${clock.atMs}-2` };
    expect(written).toEqual({ kind: "accepted", placed, since: [green, placed] });
    expect((await purges.acceptAfter(red, "none")).since).toBeUndefined();
  });

  it("has a position of its own if the clock is set back to an earlier purge", async () => {
    const { clock, purges } = open();
    const positions = [];
    for (const seconds of [0, 0.000_5, 60, -60]) {
      clock.advance(seconds);
      positions.push((await purges.accept(red)).position);
    }
    const { atMs } = new FakeClock();
    const expected = [`${atMs}-2`, `${atMs}-3`, `${atMs + 60_000}-4`, `${atMs}-5`];
    expect(positions).toEqual(expected);
  });
});

it("is never behind, so no request bypasses the cache, waits, or counts it as failed", () => {
  const { purges } = open();
  expect([purges.bypasses(), purges.isRenewedFirst(), purges.isUnreachable()]).toEqual([
    false,
    false,
    false,
  ]);
  expect([purges.attend(), purges.seek(), purges.failedAtMs]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
