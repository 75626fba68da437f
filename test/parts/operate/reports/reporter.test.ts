// Tests the reports of one isolate, which it sends in the background after answers. Each report has
// the counts since the previous report.
import "../../../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import type { Sums } from "../../../../src/observe/sums.ts";
import { sumsIn } from "../../../../src/observe/reports/sums-text.ts";
import { createReports } from "../../../../src/parts/operate/reports/create-reports.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUpstash, openNetworkOfFakes } from "../../../../testing/fakes/fake-upstash.ts";
import { noGauges } from "../../../../testing/monitoring/made-totals.ts";
import { upstashStore } from "../../../../testing/fakes/upstash-store.ts";

openNetworkOfFakes();

function open({ isOn = true, hasDatabase = true } = {}) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const log: string[] = [];
  let counted: Sums = new Map();
  const take = () => {
    const taken = counted;
    counted = new Map();
    return taken;
  };
  const metrics = {
    colo: "HAM",
    takenAtMs: clock.nowAtMs() - 60_000,
    take,
    add: () => undefined,
    took: () => undefined,
  };
  const settings = {
    config: { namespace: "site", reportsMetrics: isOn },
    metrics,
    gauges: () => ({ ...noGauges, memoryBytes: 7 }),
  };
  const reports = createReports(settings, {
    nowAtMs: clock.nowAtMs,
    log: ({ message }) => void log.push(message),
    redis: upstashStore,
    ...(hasDatabase && { database: upstash }),
  });
  /** Sets the counts, starts a report in the background, and waits until it ends. */
  const tell = async (sums: Readonly<Record<string, number>>) => {
    counted = new Map(Object.entries(sums));
    let work: Promise<void> | undefined;
    reports.report((begun) => void (work = begun()));
    await work;
  };
  /** Returns the counts of each report in the stream. */
  const reported = () =>
    upstash.reports
      .range()
      .map(([, fields]) => Object.fromEntries(sumsIn(JSON.parse(fields[7] ?? "")) ?? []));
  return { reports, upstash, clock, log, tell, reported };
}

describe("the report of an isolate", () => {
  it("is one command with the counts since the previous report", async () => {
    const { tell, upstash, reported } = open();
    await tell({ purges: 1 });
    await tell({ purges: 2, "requests|a|hit|memory": 3 });
    expect(upstash.reports.commands.map(([name]) => name)).toEqual(["EVAL", "EVAL"]);
    expect(reported()).toEqual([{ purges: 1 }, { purges: 2, "requests|a|hit|memory": 3 }]);
    const [[, fields] = []] = upstash.reports.range();
    expect(fields?.filter((_, at) => at % 2 === 0)).toEqual(["v", "n", "colo", "d", "g", "ms"]);
    expect(JSON.parse(fields?.[9] ?? "")).toEqual({ ...noGauges, memoryBytes: 7 });
    expect(fields?.[11]).toBe("60000");
  });

  it("is counted as lost in the next stored report if Redis does not confirm it", async () => {
    const { tell, upstash, reported, log } = open();
    upstash.mode = "down";
    await tell({ purges: 1 });
    await tell({ purges: 2 });
    upstash.mode = "works";
    await tell({ purges: 4 });
    expect(reported()).toEqual([{ purges: 4, reportsLost: 2 }]);
    const lost = "Metrics: A report with counts of this isolate is lost: Redis did not confirm it.";
    expect(log).toEqual([
      expect.stringMatching(/^Metrics: .*The database cannot be reached/),
      lost,
      lost,
      expect.stringMatching(/^Metrics: The database .*works again|accepts writes again/),
    ]);
  });

  const many = Object.fromEntries(
    Array.from({ length: 600 }, (_, at) => [`requests|route-${at}|hit|memory`, at + 1]),
  );
  const sizesOf = ({ reports }: FakeUpstash) =>
    reports.range().map(([, fields]) => (fields[7] ?? "").length);

  it("is split into several if it is too large, and each count is in one of these", async () => {
    const { tell, upstash, reported } = open();
    await tell({ ...many, purges: 1 });
    const sizes = sizesOf(upstash);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8_192);
    expect(sizes.length).toBeGreaterThan(2);
    const all = reported().flatMap((sums) => Object.entries(sums));
    expect(all).toHaveLength(601);
    expect(Object.fromEntries(all)).toEqual({ ...many, purges: 1 });
    // The oldest series is in the first report.
    expect(all[0]).toEqual(["requests|route-0|hit|memory", 1]);
    await tell({ purges: 1 });
    expect(sizesOf(upstash)).toHaveLength(sizes.length + 1);
  });

  it("loses only the counts of a lost part, and the next report has the unsent counts", async () => {
    const { tell, upstash, reported } = open();
    upstash.mode = "down";
    await tell(many);
    upstash.mode = "works";
    await tell({});
    const all = reported().flatMap((sums) => Object.entries(sums));
    const counts = Object.fromEntries(all);
    expect(counts["reportsLost"]).toBe(1);
    expect(counts["requests|route-599|hit|memory"]).toBe(600);
    expect(Object.hasOwn(counts, "requests|route-0|hit|memory")).toBe(false);
  });

  it("is split into at most sixteen, and later reports have the other counts", async () => {
    const { tell, upstash, reported } = open();
    const more = Array.from({ length: 6_000 }, (_, at) => [`requests|route-${at}|hit|memory`, 1]);
    await tell(Object.fromEntries(more) as Record<string, number>);
    expect(sizesOf(upstash)).toHaveLength(16);
    for (let time = 0; time < 3; time += 1) await tell({});
    expect(reported().flatMap((sums) => Object.entries(sums))).toHaveLength(6_000);
  });
});

it("the cron trigger sends the report of the fifth minute even if the isolate's clock is 0.1 s slow", async () => {
  const { reports, upstash, clock, tell } = open();
  await tell({ purges: 1 });
  clock.advance(299.9 - ((clock.atMs / 1_000) % 300));
  const before = upstash.reports.commands.length;
  await reports.runCron();
  expect(upstash.reports.commands.length).toBeGreaterThan(before);
});
