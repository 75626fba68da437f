// Findings on counters and buffers: each on both sides of its bound.
import { describe, expect, it } from "vitest";
import { findingsOf } from "../../../src/admin/health/findings.ts";
import type { SetTroubles } from "../../../src/data-beside-pages.ts";
import { atMs, lookedAt, minuteMs } from "./looked-examples.ts";

const well = {
  keyCount: 5,
  backlogMax: 100,
  overdueMs: 0,
  everyMs: minuteMs,
  heardAtMs: atMs,
} as const;

function foundOf(troubles: {
  readonly backlog?: Partial<SetTroubles["backlog"]>;
  readonly flushes?: SetTroubles["flushes"];
  readonly deadLetterCount?: number;
}) {
  const { backlog = {}, flushes, deadLetterCount = 0 } = troubles;
  const set = { backlog: { ...well, ...backlog }, flushes, deadLetterCount };
  const data = {
    unpurged: { keys: 0, trouble: undefined },
    loads: new Map(),
    unstorable: new Map(),
    sets: new Map([["views", set]]),
  };
  return findingsOf(lookedAt({ data }));
}

describe("behind-backlog", () => {
  it.each([
    ["79 % of the bound", undefined, { keyCount: 79 }],
    ["80 % of the bound", "critical", { keyCount: 80 }],
    ["five runs late", undefined, { overdueMs: 5 * minuteMs }],
    ["more than five runs late", "warning", { overdueMs: 5 * minuteMs + 1 }],
    [
      "as late, of a set that is flushed each hour",
      undefined,
      { overdueMs: 6 * minuteMs, everyMs: 60 * minuteMs },
    ],
    ["heard of ten minutes ago", undefined, { keyCount: 100, heardAtMs: atMs - 10 * minuteMs }],
    ["never heard of", undefined, { keyCount: 0, heardAtMs: -Infinity }],
  ])("%s: %s", (_id, level, backlog) => {
    const expected = { code: "behind-backlog", level, about: 'set "views"' };
    expect(foundOf({ backlog })).toMatchObject(level === undefined ? [] : [expected]);
  });

  it("says how much waits, and since when", () => {
    expect(foundOf({ backlog: { keyCount: 95 } })).toMatchObject([
      { cause: "95 keys wait, which is 95 % of the limit, 100.", since: null },
    ]);
    expect(foundOf({ backlog: { overdueMs: 6 * minuteMs } })).toMatchObject([
      {
        cause: "The oldest change could have been flushed 360 s ago.",
        since: new Date(atMs - 6 * minuteMs).toISOString(),
      },
    ]);
  });
});

it("behind-dead-letters: tells their number", () => {
  expect(foundOf({ deadLetterCount: 3 })).toMatchObject([
    {
      code: "behind-dead-letters",
      level: "warning",
      about: 'set "views"',
      cause: "3 dead letters wait.",
    },
  ]);
});

describe("behind-flushes-fail", () => {
  const failing = (sinceMs: number, lastMs: number) => ({
    kind: "TypeError",
    sinceAtMs: atMs - sinceMs,
    lastAtMs: atMs - lastMs,
    isOver: false,
    counts: { TypeError: 2 },
  });

  it.each([
    { id: "for less than a minute", flushes: failing(minuteMs - 1, 0), found: false },
    { id: "for a minute", flushes: failing(minuteMs, 0), found: true },
    { id: "ten minutes ago", flushes: failing(20 * minuteMs, 10 * minuteMs), found: false },
    { id: "before that", flushes: failing(20 * minuteMs, 10 * minuteMs - 1), found: true },
  ])("$id: $found", ({ flushes, found }) => {
    const expected = {
      code: "behind-flushes-fail",
      level: "warning",
      about: 'set "views"',
      cause: "The last flush ended with TypeError.",
    };
    expect(foundOf({ flushes })).toMatchObject(found ? [expected] : []);
  });

  it("quotes what the sink reports", () => {
    const flushes = { ...failing(minuteMs, 0), detail: "SQL: UPDATE articles" };
    expect(foundOf({ flushes })).toMatchObject([
      { cause: "The last flush ended with TypeError. SQL: UPDATE articles" },
    ]);
  });
});
