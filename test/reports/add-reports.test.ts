// What reports come to: sums, colos, windows, and the bounds of each.
import { describe, expect, it } from "vitest";
import { families } from "../../src/protocol/families.ts";
import { added, seriesMax, windowMs } from "../../src/reports/add-reports.ts";
import type { StandingReport } from "../../src/reports/report-entry.ts";
import { totalsIn, totalsText } from "../../src/reports/totals-text.ts";
import type { Totals } from "../../src/reports/totals.ts";
import { noGauges } from "./reports-world.ts";

const nothing: Totals = { startedAtMs: 5, sums: new Map(), colos: new Map(), windows: [] };

const entry = (
  atMs: number,
  sums: Readonly<Record<string, number>>,
  colo = "HAM",
): StandingReport => {
  const report = { n: `n${atMs}`, colo, sums: new Map(Object.entries(sums)), gauges: noGauges };
  return { id: `${atMs}-0`, n: report.n, atMs, report };
};
const foreign = (atMs: number): StandingReport => ({
  id: `${atMs}-0`,
  n: "",
  atMs,
  report: undefined,
});

/** As it lies in Redis, and is read again. */
const throughText = (totals: Totals): Totals => {
  const held = totalsIn(totalsText(totals, "v"));
  if (held.kind !== "held" || held.totals === undefined) throw new Error("Not read.");
  return held.totals;
};

describe("reports", () => {
  it("add up, and are counted themselves", () => {
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

  it("come to the same page by page as at once, through the text that lies in Redis", () => {
    const entries = Array.from({ length: 40 }, (_, at) =>
      entry(at * 40_000, {
        [`requests|r${at % 7}|hit|memory`]: at + 1,
        "redisSeconds|fill|sum": 0.1 * at,
      }),
    );
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

  it("change no totals that they were added to", () => {
    const { odd: _, ...first } = added(nothing, [entry(1, { "requests|a|hit|memory": 1 })]);
    const before = totalsText(first, "v");
    added(first, [entry(2, { "requests|a|hit|memory": 1 }), entry(3, {}, "FRA")]);
    expect(totalsText(first, "v")).toBe(before);
    expect(nothing.sums.size).toBe(0);
  });
});

describe("colos", () => {
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

  it("are bounded", () => {
    const many = Array.from({ length: 1_030 }, (_, at) => entry(at, {}, `colo-${at}`));
    const { colos } = added(nothing, many);
    expect(colos.size).toBe(1_024);
    expect([colos.has("colo-5"), colos.has("colo-6")]).toEqual([false, true]);
  });
});

describe("windows", () => {
  it("are of five minutes of the entry's own time, the newest first, three at most", () => {
    const requests = { "requests|a|hit|memory": 1 };
    const { windows } = added(nothing, [
      entry(0, requests),
      entry(windowMs - 1, requests),
      entry(windowMs, requests),
      entry(2 * windowMs, requests),
      entry(9 * windowMs + 7, requests),
    ]);
    expect(
      windows.map(({ fromAtMs, sums }) => [fromAtMs / windowMs, sums.get("requests|a|hit|memory")]),
    ).toEqual([
      [9, 1],
      [2, 1],
      [1, 1],
    ]);
    expect(added(nothing, [entry(0, requests), entry(windowMs - 1, requests)]).windows).toEqual([
      { fromAtMs: 0, sums: new Map([["requests|a|hit|memory", 2]]) },
    ]);
  });

  it("of a clock that was set back take no room from those of now", () => {
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

  it("have what health looks at alone", () => {
    const { windows } = added(nothing, [
      entry(0, {
        "requests|a|hit|memory": 1,
        "prefixRequests|docs|hit": 2,
        "staleIfError|a": 3,
        "unverified|a": 4,
        "originResponses|a|5xx": 5,
        "originSeconds|a|b3": 6,
        purges: 7,
      }),
    ]);
    expect([...(windows[0]?.sums.values() ?? [])]).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("more series than there is room for", () => {
  const full = Object.fromEntries(
    Array.from({ length: seriesMax }, (_, at) => [`requests|r${at}|hit|memory`, 1]),
  );

  it("count as other routes, and are told of", () => {
    const before = added(nothing, [entry(1, full)]);
    // One is the report's own.
    expect([before.sums.get("requests|other routes|hit|memory"), before.odd.isCrowded]).toEqual([
      1,
      true,
    ]);
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
    expect(sums.get("requests|new|hit|memory")).toBe(undefined);
    expect(sums.get("requests|other routes|hit|memory")).toBe(4);
    expect(sums.get("requests|r5|hit|memory")).toBe(2);
    expect(sums.get("originSeconds|other routes|b4")).toBe(2);
    expect(sums.get("purges")).toBe(9);
    expect(sums.get("unheardOf")).toBe(undefined);
    // However many more there are, they come to no more series.
    const labels = families.requests.labels.length;
    expect([labels, sums.size < seriesMax + 10]).toEqual([3, true]);
  });

  it("come to no more than that, whatever their names are", () => {
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

  it("are not told of where all have room", () => {
    expect(added(nothing, [entry(1, { purges: 1 })]).odd).toEqual({ foreign: 0, isCrowded: false });
  });

  it("lie in Redis in less than half a MiB", () => {
    const { odd: _, ...totals } = added(nothing, [entry(1, full)]);
    expect(totalsText(totals, "v").length).toBeLessThan(524_288);
  });
});
