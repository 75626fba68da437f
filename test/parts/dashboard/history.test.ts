// Tests the history of the dashboard: what it adds up, and its limits.
import { describe, expect, it } from "vitest";
import {
  addedToHistory,
  chartedOf,
  historyIn,
  seriesMax,
  spans,
  countIn,
  hitRateIn,
  percentileIn,
  stepsUpTo,
  wholeOf,
} from "../../../src/parts/dashboard/history/history.ts";

const minuteMs = spans.hour.stepMs;
const startMs = Date.UTC(2030, 0, 1, 12);

const report = (atMs: number, sums: Readonly<Record<string, number>>) => ({
  atMs,
  report: { sums: new Map(Object.entries(sums)) },
});

describe("a history", () => {
  it("adds reports by minute and hour, with the hit rate, bytes, origin requests and times", () => {
    const first = addedToHistory(undefined, [
      report(startMs + 1_000, {
        "requests|news|hit|memory": 6,
        "requests|news|stale-hit|shared": 2,
        "requests|news|forwarded|origin": 1,
        "requests|news|failed|none": 1,
        "requests|news|passed|origin": 5,
        "responseBytes|news|hit|memory": 600,
        "originResponses|news|2xx": 7,
        "responseSeconds|news|hit|shared|b9": 3,
        "responseSeconds|news|hit|shared|b21": 1,
        "responseSeconds|news|hit|shared|sum": 1.5,
        "redisCommands|tier": 9,
      }),
    ]);
    const stored = addedToHistory(first, [
      report(startMs + 61_000, { "requests|news|hit|memory": 10 }),
    ]);
    const history = historyIn(JSON.parse(JSON.stringify(stored)));
    expect(history.hour.map(({ atMs }) => atMs)).toEqual([startMs, startMs + minuteMs]);
    expect(history.week).toHaveLength(1);
    const [minute] = history.hour;
    const whole = wholeOf(history.week);
    if (minute === undefined) throw new Error("There is no step.");
    expect(hitRateIn(minute, { route: "news" })).toBe(0.8);
    expect(countIn(whole, "hit", { tier: "memory" })).toBe(16);
    expect(countIn(minute, "pass")).toBe(5);
    expect(countIn(minute, "bytes")).toBe(600);
    expect(countIn(minute, "origin", { route: "news" })).toBe(7);
    expect(percentileIn(minute, "tier-time", { tier: "shared", share: 0.5 })).toBe(8);
    expect(percentileIn(minute, "route-time", { route: "news", share: 0.99 })).toBe(512);
    // Most of its answers did not wait.
    expect(percentileIn(minute, "route-time", { route: "news", share: 0.5 })).toBe(0);
    expect([...minute.sums.keys()].join(" ")).not.toContain("redis");
  });

  it("keeps 60 minutes and 168 hours", () => {
    let stored: unknown;
    for (let minute = 0; minute < 200 * 60; minute += 7) {
      const atMs = startMs + minute * minuteMs;
      stored = addedToHistory(stored, [report(atMs, { "requests|news|hit|memory": 1 })]);
    }
    const { hour, week } = historyIn(stored);
    const newestMs = hour.at(-1)?.atMs ?? 0;
    expect(hour.length).toBeLessThanOrEqual(60);
    expect(newestMs - (hour[0]?.atMs ?? 0)).toBeLessThan(3_600_000);
    expect(week).toHaveLength(168);
    expect(stepsUpTo(historyIn(stored), "week", newestMs)).toHaveLength(168);
  });

  it.each([
    { minutes: [], atMinute: 70, first: 11, last: 70, why: "without a report, the whole hour" },
    { minutes: [70], atMinute: 70, first: 61, last: 70, why: "the first reports at once" },
    {
      minutes: [61, 70],
      atMinute: 70,
      first: 61,
      last: 70,
      why: "ten minutes with the current one",
    },
    { minutes: [60, 70], atMinute: 70, first: 60, last: 69, why: "ten whole minutes" },
    { minutes: [30, 70], atMinute: 70, first: 30, last: 69, why: "from the first report" },
    { minutes: [2, 12], atMinute: 70, first: 12, last: 69, why: "at most an hour" },
  ])("is charted: $why", ({ minutes, atMinute, first, last }) => {
    const at = (minute: number) => startMs + minute * minuteMs;
    const reports = minutes.map((one) => report(at(one), { "requests|news|hit|memory": 1 }));
    const history = historyIn(addedToHistory(undefined, reports));
    const charted = chartedOf(stepsUpTo(history, "hour", at(atMinute) + 1_000));
    expect([charted[0]?.atMs, charted.at(-1)?.atMs]).toEqual([at(first), at(last)]);
  });

  it("counts routes beyond its limit under a common route, so its size is bounded", () => {
    const sums = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, index) => [`requests|route-${index}|hit|memory`, 1]),
    );
    let stored: unknown;
    for (let hour = 0; hour < 170; hour += 1) {
      stored = addedToHistory(stored, [report(startMs + hour * 3_600_000, sums)]);
    }
    const [step] = historyIn(stored).hour;
    if (step === undefined) throw new Error("There is no step.");
    expect(step.sums.size).toBe(seriesMax + 1);
    expect(countIn(step, "hit")).toBe(1_000);
    expect(countIn(step, "hit", { route: "other routes" })).toBe(1_000 - seriesMax);
    expect(JSON.stringify(stored).length).toBeLessThan(200_000);
  });

  it("drops steps after the newest report, which a clock that was set back leaves", () => {
    const ahead = addedToHistory(undefined, [
      report(startMs + 86_400_000, { "requests|news|hit|memory": 1 }),
    ]);
    const stored = addedToHistory(ahead, [report(startMs, { "requests|news|hit|memory": 1 })]);
    expect(historyIn(stored).week.map(({ atMs }) => atMs)).toEqual([startMs]);
  });

  it.each([
    { id: "another form", stored: { names: "x" } },
    { id: "a text", stored: "<script>" },
    { id: "negative counts", stored: { names: ["hit|a|memory"], hour: [[1, -5]], week: [] } },
    {
      id: "too many rows",
      stored: { names: [], hour: Array.from({ length: 61 }, () => [1]), week: [] },
    },
  ])("is empty if Redis holds $id", ({ stored }) => {
    expect(historyIn(stored)).toEqual({ hour: [], week: [] });
    const added = addedToHistory(stored, [report(startMs, { "requests|a|hit|memory": 1 })]);
    expect(historyIn(added).hour).toHaveLength(1);
  });
});
