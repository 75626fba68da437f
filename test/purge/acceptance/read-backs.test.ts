// Rule 22 for many purges at once: up to 128 entries share a read-back, even if their requests have
// ended.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Entry } from "../../../src/purge/journal/entry.ts";
import { ReadBacks } from "../../../src/purge/acceptance/read-backs.ts";
import { Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const { journal, view, clock } = new Isolate();
  let nth = 0;
  const randomText = () => `again ${(nth += 1)}`;
  const nowAtMs = clock.nowAtMs;
  const readBacks = new ReadBacks({ journal, view, nowAtMs, randomText, maxLagMs });
  const standing = vi.spyOn(journal, "standing");
  const written = (n: string): Entry => {
    const entry = newEntry({ n });
    return { ...entry, position: journal.write(entry) };
  };
  const readBack = () => standing.mock.calls.map(([places]) => places.map(({ n }) => n).join(" "));
  return { journal, clock, readBacks, standing, written, readBack };
}

/** Waits until the read-back of entries that were accepted now. */
const halfLag = () => vi.advanceTimersByTimeAsync(maxLagMs / 2);

it("shares a read between entries of one second", async () => {
  const { clock, readBacks, written, readBack } = open();
  void readBacks.later([written("a")]);
  clock.advance(1);
  void readBacks.later([written("b")]);
  clock.advance(0.001);
  const last = readBacks.later([written("c")]);
  await halfLag();
  await last;
  expect(readBack()).toEqual(["a b", "c"]);
});

it("reads back the entries of a request that has ended", async () => {
  const { journal, clock, readBacks, written, readBack } = open();
  void readBacks.later([written("ended")]);
  vi.clearAllTimers();
  journal.stream.loseNewest(1, clock.atMs);
  const other = readBacks.later([written("other")]);
  await halfLag();
  await other;
  expect(readBack()).toEqual(["other ended"]);
  expect(journal.stream.items.length).toBe(2);
});

it("repeats another request's read that does not end within 3 s", async () => {
  const { readBacks, standing, written, readBack } = open();
  standing.mockImplementationOnce(() => new Promise(() => undefined));
  void readBacks.later([written("a")]);
  const other = readBacks.later([written("b")]);
  await halfLag();
  expect(readBack()).toEqual(["a b"]);
  await vi.advanceTimersByTimeAsync(3_000);
  await other;
  expect(readBack()).toEqual(["a b", "b"]);
});

it("reads back the entries of a request that ended during its read", async () => {
  const { clock, readBacks, standing, written, readBack } = open();
  standing.mockImplementationOnce(() => new Promise(() => undefined));
  void readBacks.later([written("left")]);
  await halfLag();
  vi.clearAllTimers();
  clock.advance(41);
  const other = readBacks.later([written("other")]);
  await halfLag();
  await other;
  expect(readBack()).toEqual(["left", "other left"]);
});

it("tries four times for a hundred purges while the journal is unreachable", async () => {
  const { journal, readBacks, written, readBack } = open();
  journal.down = ["standing"];
  const all = Array.from({ length: 100 }, (_, at) => readBacks.later([written(`${at}`)]));
  await vi.advanceTimersByTimeAsync(60_000);
  await Promise.all(all);
  expect(readBack().length).toBe(4);
});

it("reads an entry back N/2 after each of two acceptances", async () => {
  const { clock, readBacks, written, readBack } = open();
  const entry = written("a");
  void readBacks.later([entry]);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2 - 1);
  clock.advance((maxLagMs / 2 - 1) / 1_000);
  const again = readBacks.later([entry]);
  await halfLag();
  await again;
  expect(readBack()).toEqual(["a", "a"]);
});

it("reads an entry back for its second acceptance after the first has given up", async () => {
  const { journal, readBacks, written, readBack } = open();
  const entry = written("a");
  journal.down = ["standing"];
  void readBacks.later([entry]);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2 + 14_000);
  const again = readBacks.later([entry]);
  await vi.advanceTimersByTimeAsync(2_000);
  journal.down = [];
  const before = readBack().length;
  await vi.advanceTimersByTimeAsync(maxLagMs);
  await again;
  expect(readBack().slice(before)).toEqual(["a"]);
});

it("reads an entry back after N/2, even if it was already read back as overdue", async () => {
  const { readBacks, written, readBack } = open();
  const entry = written("a");
  const later = readBacks.later([entry]);
  await readBacks.now([entry]);
  await halfLag();
  await later;
  expect(readBack()).toEqual(["a", "a"]);
});

it("reads back the new entry for the second acceptance of a lost entry", async () => {
  const { journal, clock, readBacks, written, readBack } = open();
  written("first");
  const entry = written("a");
  void readBacks.later([entry]);
  clock.advance(2);
  await vi.advanceTimersByTimeAsync(2_000);
  const again = readBacks.later([entry]);
  journal.stream.loseNewest(1, clock.atMs);
  await halfLag();
  await again;
  expect(readBack()).toEqual(["a", "again 1"]);
});

it("reads nothing back from a store that keeps each confirmed entry", async () => {
  const { readBacks, written, readBack, journal } = open();
  Object.defineProperty(journal, "keepsConfirmed", { value: true });
  await readBacks.later([written("a")]);
  await halfLag();
  expect(readBack()).toEqual([]);
});
