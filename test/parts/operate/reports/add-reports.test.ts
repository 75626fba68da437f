// Tests how reports of isolates are added to the totals: sums, states of colos, windows, and their
// limits.
import { describe, expect, it } from "vitest";
import { seriesMax } from "../../../../src/observe/sums.ts";
import { added, windowMs } from "../../../../src/parts/operate/reports/folding.ts";
import type { StandingReport } from "../../../../src/observe/reports/report-entry.ts";
import { totalsIn, totalsText, type Totals } from "../../../../src/observe/reports/totals.ts";
import { noGauges } from "../../../../testing/monitoring/made-totals.ts";

const nothing: Totals = { startedAtMs: 5, sums: new Map(), colos: new Map(), windows: [] };

const entry = (
  atMs: number,
  sums: Readonly<Record<string, number>>,
  colo = "HAM",
): StandingReport => {
  const report = {
    n: `n${atMs}`,
    colo,
    coversMs: 3,
    sums: new Map(Object.entries(sums)),
    gauges: noGauges,
  };
  return { id: `${atMs}-0`, n: report.n, atMs, report };
};
const foreign = (atMs: number) => ({ id: `${atMs}-0`, n: "", atMs, report: undefined });

/** Returns the totals after they were written as text for Redis and read again. */
const throughText = (totals: Totals): Totals => {
  const held = totalsIn(totalsText(totals, "v"));
  if (held.kind !== "held" || held.totals === undefined)
    throw new Error("The totals are unreadable.");
  return held.totals;
};

describe("reports that are added to the totals", () => {
  it("are summed by series, and counted by colo", () => {
    const { sums } = added(nothing, [
      entry(1, { purges: 2, "requests|a|hit|memory": 1 }),
      entry(2, { purges: 3, unheardOf: 4 }, "FRA"),
      foreign(3),
    ]);
    expect(Object.fromEntries(sums)).toEqual({
      "requests|a|hit|memory": 1,
      purges: 5,
      unheardOf: 4,
      "reports|HAM": 1,
      "reports|FRA": 1,
      reportsLost: 1,
    });
  });

  it.each([
    ["the oldest report's own start", { ...nothing, startedAtMs: Infinity }, 7],
    ["the known start if it is earlier", nothing, 5],
  ])("begin at %s", (_id, totals, startedAtMs) => {
    const sum = added(totals, [entry(11, {}), entry(10, {}), foreign(1)]);
    expect(sum.startedAtMs).toBe(startedAtMs);
  });

  it("have the same sums in pages, with a text in Redis in between, as at once", () => {
    const sumsAt = (at: number) => ({
      [`requests|r${at % 7}|hit|memory`]: at + 1,
      "redisSeconds|fill|sum": 0.1 * at,
    });
    const entries = Array.from({ length: 40 }, (_, at) => entry((at + 1) * 40_000, sumsAt(at)));
    const { odd: _, ...atOnce } = added(nothing, entries);
    let byPages: Totals = nothing;
    for (let at = 0; at < entries.length; at += 9) {
      const { odd: __, ...sum } = added(byPages, entries.slice(at, at + 9));
      byPages = throughText(sum);
    }
    expect(byPages.sums.get("redisSeconds|fill|sum")).toBeCloseTo(78, 6);
    const sumless = ({ sums, ...rest }: Totals) => [
      rest,
      [...sums].filter(([series]) => !series.endsWith("|sum")),
    ];
    expect(sumless(byPages)).toEqual(sumless(throughText(atOnce)));
  });

  it("do not change the given totals", () => {
    const { odd: _, ...first } = added(nothing, [entry(1, { "requests|a|hit|memory": 1 })]);
    const before = totalsText(first, "v");
    added(first, [entry(2, { "requests|a|hit|memory": 1 }), entry(3, {}, "FRA")]);
    expect(totalsText(first, "v")).toBe(before);
    expect(nothing.sums.size).toBe(0);
  });
});

describe("the colos of the totals", () => {
  it("have the state of their newest report", () => {
    const later = {
      ...entry(9, {}),
      report: { ...entry(9, {}).report!, gauges: { ...noGauges, memoryBytes: 8 } },
    };
    const { colos } = added(nothing, [entry(1, {}), entry(2, {}, "FRA"), later]);
    expect(Object.fromEntries(colos)).toEqual({
      HAM: { ...noGauges, atMs: 9, memoryBytes: 8 },
      FRA: { ...noGauges, atMs: 2 },
    });
  });

  it("are forgotten a day after their last report, and not before", () => {
    const day = 86_400_000;
    const names = (atMs: number) => [
      ...added(nothing, [entry(1, {}, "FRA"), entry(atMs, {})]).colos.keys(),
    ];
    expect(names(day)).toEqual(["FRA", "HAM"]);
    expect(names(day + 1)).toEqual(["HAM"]);
  });

  it("are at most 1,024", () => {
    const many = Array.from({ length: 1_030 }, (_, at) => entry(at, {}, `colo-${at}`));
    const { colos } = added(nothing, many);
    expect(colos.size).toBe(1_024);
    expect([colos.has("colo-5"), colos.has("colo-6")]).toEqual([false, true]);
  });
});

describe("the windows of the totals", () => {
  it("are the newest three of five minutes, by the time of the entries, newest first", () => {
    const requests = { "requests|a|hit|memory": 1 };
    const times = [0, windowMs - 1, windowMs, 2 * windowMs, 9 * windowMs + 7];
    const { windows } = added(
      nothing,
      times.map((atMs) => entry(atMs, requests)),
    );
    const sums = new Map(Object.entries(requests));
    expect(windows).toEqual([9, 2, 1].map((at) => ({ fromAtMs: at * windowMs, sums })));
    expect(added(nothing, [entry(0, requests), entry(windowMs - 1, requests)]).windows).toEqual([
      { fromAtMs: 0, sums: new Map([["requests|a|hit|memory", 2]]) },
    ]);
  });

  it("are removed, like colos, if they are in the future because a clock was ahead", () => {
    const requests = { "requests|a|hit|memory": 1 };
    const ahead = added(
      nothing,
      [7, 8, 9].map((at) => entry(at * windowMs, requests)),
    );
    const { windows, colos } = added(ahead, [entry(2 * windowMs, requests, "FRA")]);
    expect(windows.map(({ fromAtMs }) => fromAtMs / windowMs)).toEqual([2]);
    expect([...colos.keys()]).toEqual(["HAM", "FRA"]);
    const yearAhead = added(nothing, [entry(365 * 86_400_000, {})]);
    expect([...added(yearAhead, [entry(1, {}, "FRA")]).colos.keys()]).toEqual(["FRA"]);
  });

  it("contain only the families that the health check needs", () => {
    const { windows } = added(nothing, [
      entry(0, {
        "requests|a|hit|memory": 1,
        "unverified|a": 3,
        "originResponses|a|5xx": 4,
        "originSeconds|a|b3": 5,
        purges: 6,
      }),
    ]);
    expect([...(windows[0]?.sums.values() ?? [])]).toEqual([1, 3, 4]);
  });
});

describe("the series of the totals", () => {
  const full = Object.fromEntries(
    Array.from({ length: seriesMax }, (_, at) => [`requests|r${at}|hit|memory`, 1]),
  );

  it("count as other routes above the limit, and the result says so", () => {
    const before = added(nothing, [entry(1, full)]);
    // The count of reports is also a series, so one series is above the limit.
    expect(before.sums.get("requests|other routes|hit|memory")).toBe(1);
    expect(before.odd.isCrowded).toBe(true);
    const { sums, odd } = added(before, [
      entry(2, {
        "requests|new|hit|memory": 3,
        "requests|r5|hit|memory": 1,
        "originSeconds|new|b4": 2,
        unheardOf: 1,
        purges: 9,
      }),
    ]);
    expect(odd.isCrowded).toBe(true);
    expect(Object.fromEntries(sums)).toMatchObject({
      "requests|other routes|hit|memory": 4,
      "requests|r5|hit|memory": 2,
      "originSeconds|other routes|b4": 2,
      purges: 9,
    });
    expect([sums.has("requests|new|hit|memory"), sums.has("unheardOf")]).toEqual([false, false]);
    expect(sums.size).toBeLessThan(seriesMax + 10);
  });

  it("stay below a limit of their number for any names", () => {
    const made = (family: string) =>
      Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`${family}|${at}|x`, 1]));
    let totals: Totals = added(nothing, [entry(1, full)]);
    for (const family of ["tierReads", "requests|a", "purgeRefusals"]) {
      totals = added(totals, [entry(2, made(family))]);
    }
    const colos = Array.from({ length: 3_000 }, (_, at) => entry(3, {}, `c${at}`));
    const { sums, odd } = added(totals, colos);
    expect([sums.size <= seriesMax + 1_024, odd.isCrowded]).toEqual([true, true]);
    expect(sums.get("requests|r5|hit|memory")).toBe(1);
  });

  it("are not reported as too many below the limit", () => {
    expect(added(nothing, [entry(1, { purges: 1 })]).odd).toEqual({ foreign: 0, isCrowded: false });
  });

  it("need less than half a MiB in Redis at the limit", () => {
    const { odd: _, ...totals } = added(nothing, [entry(1, full)]);
    expect(totalsText(totals, "v").length).toBeLessThan(524_288);
  });
});
