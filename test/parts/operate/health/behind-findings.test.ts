// Tests the findings of health on counters and buffers, with values on both sides of each limit.
import { describe, expect, it } from "vitest";
import { findingsOf } from "../../../../src/parts/operate/health/findings.ts";
import type { SetTroubles } from "../../../../src/compose/data-beside-pages.ts";
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
  readonly clock?: SetTroubles["clock"];
}) {
  const { backlog = {}, flushes, deadLetterCount = 0, clock } = troubles;
  const set = { backlog: { ...well, ...backlog }, flushes, deadLetterCount, clock };
  const data = {
    unpurged: { keys: 0, trouble: undefined },
    loads: new Map(),
    sets: new Map([["views", set]]),
  };
  return findingsOf(lookedAt({ data }));
}

describe("the finding behind-backlog", () => {
  it.each([
    ["79 % of the limit", undefined, { keyCount: 79 }],
    ["80 % of the limit", "critical", { keyCount: 80 }],
    ["overdue by five flush intervals", undefined, { overdueMs: 5 * minuteMs }],
    ["overdue by more than five flush intervals", "warning", { overdueMs: 5 * minuteMs + 1 }],
    [
      "overdue by six minutes, with an interval of an hour",
      undefined,
      { overdueMs: 6 * minuteMs, everyMs: 60 * minuteMs },
    ],
    [
      "full, but last reported ten minutes ago",
      undefined,
      { keyCount: 100, heardAtMs: atMs - 10 * minuteMs },
    ],
    ["never reported", undefined, { keyCount: 0, heardAtMs: -Infinity }],
  ])("has a level by the backlog: %s, %s", (_id, level, backlog) => {
    const expected = { code: "behind-backlog", level, about: 'set "views"' };
    expect(foundOf({ backlog })).toMatchObject(level === undefined ? [] : [expected]);
  });

  it("names the number of waiting keys, and since when a flush is overdue", () => {
    expect(foundOf({ backlog: { keyCount: 95 } })).toMatchObject([
      {
        case: "backlog-full",
        values: { keyCount: 95, fullShare: 0.95, backlogMax: 100 },
        since: null,
      },
    ]);
    expect(foundOf({ backlog: { overdueMs: 6 * minuteMs } })).toMatchObject([
      {
        values: { overdueMs: 6 * minuteMs },
        since: new Date(atMs - 6 * minuteMs).toISOString(),
      },
    ]);
  });
});

it("the finding behind-dead-letters names the number of dead letters", () => {
  expect(foundOf({ deadLetterCount: 3 })).toMatchObject([
    {
      code: "behind-dead-letters",
      level: "warning",
      about: 'set "views"',
      values: { count: 3 },
    },
  ]);
});

describe("the finding behind-backlog on failing flushes", () => {
  const failing = (sinceMs: number, lastMs: number) => ({
    kind: "TypeError",
    sinceAtMs: atMs - sinceMs,
    lastAtMs: atMs - lastMs,
    isOver: false,
    counts: { TypeError: 2 },
  });

  it.each([
    { id: "flushes fail for less than a minute", flushes: failing(minuteMs - 1, 0), found: false },
    { id: "flushes fail for a minute", flushes: failing(minuteMs, 0), found: true },
    {
      id: "the last failure was ten minutes ago",
      flushes: failing(20 * minuteMs, 10 * minuteMs),
      found: false,
    },
    {
      id: "the last failure was less than ten minutes ago",
      flushes: failing(20 * minuteMs, 10 * minuteMs - 1),
      found: true,
    },
  ])("exists after a minute of recent failures: $id, $found", ({ flushes, found }) => {
    const expected = {
      code: "behind-backlog",
      level: "warning",
      about: 'set "views"',
      values: { end: "TypeError" },
    };
    expect(foundOf({ flushes })).toMatchObject(found ? [expected] : []);
  });

  it("quotes the sink's report", () => {
    const flushes = { ...failing(minuteMs, 0), detail: "SQL: UPDATE articles" };
    expect(foundOf({ flushes })).toMatchObject([
      { values: { end: "TypeError", detail: "SQL: UPDATE articles" } },
    ]);
  });
});

it("the finding behind-clock names how far slices are ahead of the clock of Redis", () => {
  const sinceAtMs = atMs - minuteMs;
  expect(foundOf({ clock: { leadMs: 3_600_000, sinceAtMs } })).toMatchObject([
    {
      code: "behind-clock",
      level: "warning",
      about: 'set "views"',
      since: new Date(sinceAtMs).toISOString(),
      values: { leadMs: 3_600_000 },
    },
  ]);
});
