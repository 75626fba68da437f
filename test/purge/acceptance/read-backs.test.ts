// Rule 22 for many purges at once: up to 128 entries share a read-back, even if their requests have
// ended.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Entry } from "../../../src/purge/journal/entry.ts";
import { ReadBacks } from "../../../src/purge/acceptance/read-backs.ts";
import { Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";

beforeEach(() => {
  vi.useFakeTimers();
  // Only Workers have this global, and requests that share no timers.
  vi.stubGlobal("WebSocketPair", () => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function open(lagMs = maxLagMs) {
  const { journal, view, clock } = new Isolate();
  let nth = 0;
  const randomText = () => `again ${(nth += 1)}`;
  const nowAtMs = clock.nowAtMs;
  const readBacks = new ReadBacks({ journal, view, nowAtMs, randomText, visibleWithinMs: lagMs });
  const standing = vi.spyOn(journal, "standing");
  const written = (n: string): Entry => {
    const entry = newEntry({ n });
    return { ...entry, position: journal.write(entry) };
  };
  const readBack = () => standing.mock.calls.map(([places]) => places.map(({ n }) => n).join(" "));
  const counts = () => standing.mock.calls.map(([places]) => places.length);
  return { journal, clock, readBacks, standing, written, readBack, counts };
}

/** Returns a function that lists the seconds at which an entry was read back. */
function secondsOf(standing: ReturnType<typeof open>["standing"]): (n: string) => number[] {
  const beganAtMs = Date.now();
  const reads: { atSeconds: number; names: readonly string[] }[] = [];
  standing.mockImplementation((places) => {
    const atSeconds = (Date.now() - beganAtMs) / 1_000;
    reads.push({ atSeconds, names: places.map(({ n }) => n) });
    return Promise.resolve({ kind: "unavailable" });
  });
  return (n) => reads.filter(({ names }) => names.includes(n)).map(({ atSeconds }) => atSeconds);
}

/** Waits until the turn ends, so that a later call is of another request. */
async function nextInvocation(): Promise<void> {
  for (let hop = 0; hop < 32; hop += 1) await Promise.resolve();
}

/** Waits until the read-back of entries that were accepted now. */
const halfLag = () => vi.advanceTimersByTimeAsync(maxLagMs / 2);

it.each([
  { lagMs: 2_000, sharedMs: 200 },
  { lagMs: 10_000, sharedMs: 1_000 },
  { lagMs: 60_000, sharedMs: 1_000 },
])("shares a read between entries of N/10, but at most 1 s: $lagMs", async (given) => {
  const { clock, readBacks, written, readBack } = open(given.lagMs);
  void readBacks.later([written("a")]);
  clock.advance(given.sharedMs / 1_000);
  void readBacks.later([written("b")]);
  clock.advance(0.001);
  const last = readBacks.later([written("c")]);
  await vi.advanceTimersByTimeAsync(given.lagMs / 2);
  await last;
  expect(readBack()).toEqual(["a b", "c"]);
});

it.each([
  { lagMs: 2_000, seconds: [1, 6, 11, 16] },
  { lagMs: 60_000, seconds: [20, 25, 30, 35] },
])("tries after N/2, but at most 20 s, then three times 5 s apart: $lagMs", async (given) => {
  const { readBacks, standing, written } = open(given.lagMs);
  const secondsAt = secondsOf(standing);
  const later = readBacks.later([written("a")]);
  await vi.advanceTimersByTimeAsync(60_000);
  await later;
  expect(secondsAt("a")).toEqual(given.seconds);
});

it("tries an entry 5 s apart, even if requests of later entries try in between", async () => {
  const { clock, readBacks, standing, written } = open();
  const secondsAt = secondsOf(standing);
  void readBacks.later([written("a")]);
  clock.advance(1.5);
  await vi.advanceTimersByTimeAsync(1_500);
  void readBacks.later([written("b")]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(secondsAt("a")).toEqual([5, 10, 15, 20]);
  expect(secondsAt("b")).toEqual([6.5, 11.5, 16.5, 21.5]);
});

it.each([
  { count: 128, counts: [128] },
  { count: 130, counts: [128, 2] },
])("reads at most 128 entries at once: $count", async (given) => {
  const all = Array.from({ length: given.count }, (_, at) => `${at}`);
  const now = open();
  expect(await now.readBacks.now(all.map(now.written))).toBe(true);
  const later = open();
  const ofOne = later.readBacks.later(all.map(later.written));
  const ofMany = open();
  void Promise.all(all.map((n) => ofMany.readBacks.later([ofMany.written(n)])));
  await halfLag();
  await ofOne;
  for (const { counts } of [now, later, ofMany]) expect(counts()).toEqual(given.counts);
});

it.each([{ down: "standing" }, { down: "append" }] as const)(
  "reports that a read-back failed: $down",
  async ({ down }) => {
    const { journal, clock, readBacks, written } = open();
    const lost = written("a");
    journal.stream.loseNewest(1, clock.atMs);
    journal.down = [down];
    expect(await readBacks.now([lost])).toBe(false);
  },
);

it("on Node, shares a timer among requests, until it fires", async () => {
  vi.unstubAllGlobals();
  const { clock, readBacks, written, readBack } = open();
  for (const n of ["a", "b"]) {
    void readBacks.later([written(n)]);
    await nextInvocation();
    clock.advance(0.25);
  }
  expect(vi.getTimerCount()).toBe(1);
  await halfLag();
  void readBacks.later([written("c")]);
  await halfLag();
  expect(readBack()).toEqual(["a b", "c"]);
});

it("reads back the entries of a request that has ended", async () => {
  const { journal, clock, readBacks, written, readBack } = open();
  void readBacks.later([written("ended")]);
  await nextInvocation();
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
  await nextInvocation();
  const other = readBacks.later([written("b")]);
  await halfLag();
  expect(readBack()).toEqual(["a b"]);
  await vi.advanceTimersByTimeAsync(3_000);
  await other;
  expect(readBack()).toEqual(["a b", "b"]);
});

it.each([
  { afterSeconds: 40, reads: ["left", "other"] },
  { afterSeconds: 41, reads: ["left", "other left"] },
])("reads an entry back over 40 s after its request began a read: %o", async (given) => {
  const { clock, readBacks, standing, written, readBack } = open();
  standing.mockImplementationOnce(() => new Promise(() => undefined));
  void readBacks.later([written("left")]);
  await halfLag();
  vi.clearAllTimers();
  clock.advance(given.afterSeconds);
  const other = readBacks.later([written("other")]);
  await halfLag();
  await other;
  expect(readBack()).toEqual(given.reads);
});

it("tries four times for a hundred purges while the journal is unreachable", async () => {
  const { journal, readBacks, written, readBack } = open();
  journal.down = ["standing"];
  const all = Array.from({ length: 100 }, (_, at) => readBacks.later([written(`${at}`)]));
  await vi.advanceTimersByTimeAsync(60_000);
  await Promise.all(all);
  expect(readBack().length).toBe(4);
});

it("leaves an entry to the renewals of the view after four tries", async () => {
  const { journal, clock, readBacks, written, readBack } = open();
  journal.down = ["standing"];
  void readBacks.later([written("given up")]);
  await vi.advanceTimersByTimeAsync(60_000);
  clock.advance(60);
  const other = readBacks.later([written("other")]);
  journal.down = [];
  await halfLag();
  await other;
  expect(readBack().at(-1)).toBe("other");
});

it("reads on for a lost entry after the other entries of its request were found", async () => {
  const { journal, clock, readBacks, written, readBack } = open();
  const placed = ["a", "b"].map(written);
  const later = readBacks.later(placed);
  journal.stream.loseNewest(1, clock.atMs);
  await halfLag();
  await vi.advanceTimersByTimeAsync(5_000);
  await later;
  expect(readBack()).toEqual(["a b", "again 1"]);
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
