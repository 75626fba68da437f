// Tests how the bench of Next.js histories judges reads after purges: which histories are good, and
// which violations it finds.
import { describe, expect, it } from "vitest";
import type { Fault } from "../../bench/histories/events.ts";
import {
  type HistoryEvent,
  type Purge,
  type Read,
  type Render,
  violationsIn,
} from "../../bench/next/judge.ts";

const bounds = { withinMs: 1_000, refreshMs: 2_000 };

/** A read at process 0 that takes 10 ms. By default, its value was loaded long before. */
const read = (sentAtMs: number, version: number, of: Partial<Read> = {}): Read => ({
  kind: "read",
  cache: "plain",
  process: 0,
  sentAtMs,
  answeredAtMs: sentAtMs + 10,
  version,
  loadedAtMs: [-100, -50],
  ...of,
});

/** An accepted call of `updateTag` at 0, after the change to version 2. */
const purge = (of: Partial<Purge> = {}): Purge => ({
  kind: "purge",
  isSoft: false,
  call: "updateTag",
  via: "action",
  path: undefined,
  process: 1,
  sentAtMs: 0,
  answeredAtMs: 10,
  isAccepted: true,
  version: 2,
  isDuringLoad: false,
  ...of,
});

const soft = purge({ call: "staleTag", isSoft: true });
const judged = (
  events: readonly HistoryEvent[],
  faults: readonly Fault[] = [],
  rejectedAtMs: readonly (readonly number[])[] = [],
  renders: readonly Render[] = [],
) => violationsIn(events, { faults, rejectedAtMs, renders }, bounds);

describe("a hard purge", () => {
  it.each([
    ["old versions until N after its success", [purge(), read(1_010, 1), read(1_011, 2)]],
    ["versions that are newer than its own", [purge(), read(5_000, 3)]],
    ["old versions after a failed call", [purge({ isAccepted: false }), read(5_000, 1)]],
    ["other paths than the purged one", [purge({ call: "path", path: "page" }), read(5_000, 1)]],
  ])("permits %s", (_what, events) => {
    expect(judged(events)).toEqual([]);
  });

  it("is violated once by all old versions after N", () => {
    const [first, last] = [read(1_011, 1), read(5_000, 1)];
    const expected = { purge: purge(), read: first, cause: "handler" };
    expect(judged([purge(), first, last])).toEqual([expected]);
  });

  it("is violated on its path", () => {
    const events = [purge({ call: "path", path: "page" }), read(5_000, 1, { cache: "page" })];
    expect(judged(events)).toHaveLength(1);
  });

  it("was never confirmed if a route handler sent it during a fault", () => {
    const ofRoute = [purge({ via: "route" }), read(5_000, 1)];
    expect(judged(ofRoute, [[900, 950]])).toMatchObject([{ cause: "unconfirmed" }]);
    expect(judged(ofRoute, [[1_011, 1_050]])).toMatchObject([{ cause: "handler" }]);
    expect(judged([purge(), read(5_000, 1)], [[5, 6]])).toMatchObject([{ cause: "handler" }]);
  });

  it("was never confirmed if a route handler sent it, and its process then logged an error", () => {
    const ofRoute = [purge({ via: "route" }), read(5_000, 1)];
    expect(judged(ofRoute, [], [[], [6_010]])).toMatchObject([{ cause: "unconfirmed" }]);
    expect(judged(ofRoute, [], [[20], [6_011]])).toMatchObject([{ cause: "handler" }]);
    const ofAction = [purge(), read(5_000, 1)];
    expect(judged(ofAction, [], [[], [20]])).toMatchObject([{ cause: "handler" }]);
  });

  it("is violated by Next.js if the read joined a load from before the purge", () => {
    const joined = read(2_000, 1, { loadedAtMs: [-100, 2_500], answeredAtMs: 2_510 });
    expect(judged([purge(), joined])).toMatchObject([{ cause: "joined" }]);
    const rendered = read(-200, 1, { answeredAtMs: 3_000 });
    expect(judged([purge(), rendered, read(2_000, 1)])).toMatchObject([{ cause: "joined" }]);
    const afterwards = { ...joined, sentAtMs: 2_600 };
    expect(judged([purge(), joined, afterwards])).toMatchObject([{ cause: "handler" }]);
  });
});

describe("a stale page while it is rendered again", () => {
  const stale = read(2_000, 1, { cache: "page" });
  it.each([
    ["joined", "a render from before the purge", "page", [-10, 2_500]],
    ["joined", "a render whose load has just ended", "page", [-10, 1_701]],
    ["handler", "a render that has ended", "page", [-10, 1_699]],
    ["handler", "a render from after N", "page", [1_011, 2_500]],
    ["handler", "a render of another cache", "isr", [-10, 2_500]],
  ] as const)("counts as %s beside %s", (cause, _what, cache, loadedAtMs) => {
    expect(judged([purge(), stale], [], [], [{ cache, loadedAtMs }])).toMatchObject([{ cause }]);
  });
});

describe("a nested function", () => {
  const nested = { cache: "nested", loadedAtMs: [-100, 400] } as const;
  it.each([
    ["joined", "after the purge", 300],
    ["handler", "before the purge", -50],
    ["handler", "after the load", 500],
  ])("counts as %s if it was called %s", (cause, _when, sentAtMs) => {
    const events = [purge(), read(sentAtMs, 1, nested), read(5_000, 1, nested)];
    expect(judged(events)).toMatchObject([{ cause }]);
  });
});

describe("a soft purge", () => {
  it.each([
    ["one stale answer, and more during the refresh", [soft, read(1_011, 1), read(3_021, 1)]],
    ["one stale answer at each process", [soft, read(2_000, 1), read(9_000, 1, { process: 1 })]],
    ["one stale answer long afterwards", [soft, read(90_000, 1), read(93_000, 2)]],
  ])("permits %s", (_what, events) => {
    expect(judged(events)).toEqual([]);
  });

  it("is violated by a stale answer after the refresh", () => {
    const events = [soft, read(1_011, 1), read(3_022, 1)];
    expect(judged(events)).toMatchObject([{ read: { sentAtMs: 3_022 } }]);
  });

  it("waits for another answer if a fault may have stopped the refresh", () => {
    const events = [soft, read(1_011, 1), read(4_000, 1)];
    expect(judged(events, [[2_000, 2_500]])).toEqual([]);
    expect(judged([...events, read(6_011, 1)], [[2_000, 2_500]])).toHaveLength(1);
  });
});
