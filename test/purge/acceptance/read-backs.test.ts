// Rule 22 for many purges at once: one look for up to 128 of them, and another's request may vanish.
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
  const written = (n: string): Entry => ({
    ...newEntry({ n }),
    position: journal.write(newEntry({ n })),
  });
  const lookedFor = () => standing.mock.calls.map(([places]) => places.map(({ n }) => n).join(" "));
  return { journal, clock, readBacks, standing, written, lookedFor };
}

it("looks for those of a second together, and leaves later ones to their own time", async () => {
  const { clock, readBacks, written, lookedFor } = open();
  void readBacks.later([written("a")]);
  clock.advance(1);
  void readBacks.later([written("b")]);
  clock.advance(0.001);
  const last = readBacks.later([written("c")]);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2);
  await last;
  expect(lookedFor()).toEqual(["a b", "c"]);
});

it("looks for what a request that vanished has accepted", async () => {
  const { journal, clock, readBacks, written, lookedFor } = open();
  const vanished = written("vanished");
  void readBacks.later([vanished]);
  vi.clearAllTimers();
  journal.stream.loseNewest(1, clock.atMs);
  const other = readBacks.later([written("other")]);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2);
  await other;
  expect(lookedFor()).toEqual(["other vanished"]);
  expect(journal.stream.items.length).toBe(2);
});

it("looks again where the look of another request never ends", async () => {
  const { readBacks, standing, written, lookedFor } = open();
  standing.mockImplementationOnce(() => new Promise(() => undefined));
  void readBacks.later([written("a")]);
  const other = readBacks.later([written("b")]);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2);
  expect(lookedFor()).toEqual(["a b"]);
  await vi.advanceTimersByTimeAsync(3_000);
  await other;
  expect(lookedFor()).toEqual(["a b", "b"]);
});

it("looks for what was left by a request that vanished while it looked", async () => {
  const { clock, readBacks, standing, written, lookedFor } = open();
  standing.mockImplementationOnce(() => new Promise(() => undefined));
  void readBacks.later([written("left")]);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2);
  vi.clearAllTimers();
  clock.advance(41);
  const other = readBacks.later([written("other")]);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2);
  await other;
  expect(lookedFor()).toEqual(["left", "other left"]);
});

it("asks four times for all of them while the journal is away", async () => {
  const { journal, readBacks, written, lookedFor } = open();
  journal.down = ["standing"];
  const all = Array.from({ length: 100 }, (_, at) => readBacks.later([written(`${at}`)]));
  await vi.advanceTimersByTimeAsync(60_000);
  await Promise.all(all);
  expect(lookedFor().length).toBe(4);
});

it("looks again for an entry that is accepted again, half of N after that", async () => {
  const { clock, readBacks, written, lookedFor } = open();
  const entry = written("a");
  void readBacks.later([entry]);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2 - 1);
  clock.advance((maxLagMs / 2 - 1) / 1_000);
  const again = readBacks.later([entry]);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2);
  await again;
  expect(lookedFor()).toEqual(["a", "a"]);
});

it("goes on for an entry that was accepted again when its first request has given up", async () => {
  const { journal, readBacks, written, lookedFor } = open();
  const entry = written("a");
  journal.down = ["standing"];
  void readBacks.later([entry]);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2 + 14_000);
  const again = readBacks.later([entry]);
  await vi.advanceTimersByTimeAsync(2_000);
  journal.down = [];
  const before = lookedFor().length;
  await vi.advanceTimersByTimeAsync(maxLagMs);
  await again;
  expect(lookedFor().slice(before)).toEqual(["a"]);
});

it("looks at its own time for what it looked for before that", async () => {
  const { readBacks, written, lookedFor } = open();
  const entry = written("a");
  const later = readBacks.later([entry]);
  await readBacks.now([entry]);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2);
  await later;
  expect(lookedFor()).toEqual(["a", "a"]);
});

it("looks for what was written again, where the entry was accepted once more", async () => {
  const { journal, clock, readBacks, written, lookedFor } = open();
  written("first");
  const entry = written("a");
  void readBacks.later([entry]);
  clock.advance(2);
  await vi.advanceTimersByTimeAsync(2_000);
  const again = readBacks.later([entry]);
  journal.stream.loseNewest(1, clock.atMs);
  await vi.advanceTimersByTimeAsync(maxLagMs / 2);
  await again;
  expect(lookedFor()).toEqual(["a", "again 1"]);
});
