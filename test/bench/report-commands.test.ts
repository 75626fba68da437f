// Tests the formula for the commands of reports against isolates of the product, and the figures of
// docs/costs.md against the formula.
import { readFileSync } from "node:fs";
import "../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import {
  commandsByTheClock,
  dollarsOf,
  reportCommands,
  reportCommandsOf,
} from "../../bench/cost/report-commands.ts";
import { metricsRoute } from "../../src/parts/operate/metrics-route.ts";
import { createReports } from "../../src/parts/operate/reports/create-reports.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeUpstash, openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { upstashStore } from "../../testing/fakes/upstash-store.ts";

openNetworkOfFakes();

const gauges = { lagMs: null, lagWorstMs: null, viewAgeMs: 1, memoryBytes: 1, memoryRecords: 1 };

/**
 * Returns how many commands isolates, the cron trigger and a scrape per minute send in `minutes`.
 */
async function commandsSent(isolates: number, reportEveryMinutes: number, minutes: number) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const open = (colo: string) =>
    createReports(
      {
        config: { namespace: "site", reportsMetrics: true },
        metrics: {
          colo,
          takenAtMs: 0,
          take: () => new Map([["requests|all|hit|memory", 1_000]]),
          add: () => undefined,
          took: () => undefined,
        },
        gauges: () => gauges,
      },
      { database: upstash, redis: upstashStore, nowAtMs: clock.nowAtMs, log: () => undefined },
    );
  const cron = open("");
  let infoCount = 0;
  const look = async () => {
    infoCount += 1;
    return { kind: "answered", value: "" as never } as const;
  };
  const all = Array.from({ length: isolates }, (_, at) => open(`colo-${at % 20}`));
  let reported = 0;
  for (let minute = 0; minute < minutes; minute += 1) {
    await cron.runCron();
    for (const [at, reports] of all.entries()) {
      if (at % reportEveryMinutes !== minute % reportEveryMinutes) continue;
      let telling: Promise<void> | undefined;
      reports.report((work) => void (telling = work()));
      await telling;
      reported += 1;
    }
    const scrape = await metricsRoute(new Request("https://www.example.com/"), {
      ...cron,
      redis: { look },
      purgeBoundSeconds: 10,
      parts: [],
      nowAtMs: clock.nowAtMs,
    });
    expect(scrape.status).toBe(200);
    expect(await scrape.text()).toMatch(/^tidemark_reports_lost_total 0$/m);
    clock.advance(60);
  }
  expect(reported).toBe((isolates * minutes) / reportEveryMinutes);
  return upstash.reports.commands.length + infoCount;
}

const rows = [
  { isolates: 10, reportEveryMinutes: 5, minutes: 60, name: "10, quiet" },
  { isolates: 10, reportEveryMinutes: 1, minutes: 60, name: "10, busy" },
  { isolates: 1_000, reportEveryMinutes: 5, minutes: 10, name: "1,000, quiet" },
  { isolates: 1_000, reportEveryMinutes: 1, minutes: 5, name: "1,000, busy" },
] as const;

describe.each(rows)(
  "the reports of isolates: $name",
  ({ isolates, reportEveryMinutes, minutes, name }) => {
    const of = { isolates, reportEveryMinutes, scrapesAMinute: 1 };

    it("need at most the commands of the formula, and over 90 % of them", async () => {
      const share =
        (await commandsSent(isolates, reportEveryMinutes, minutes)) / reportCommands(of, minutes);
      expect(share).toBeLessThanOrEqual(1);
      expect(share).toBeGreaterThan(0.9);
    });

    it("cost what docs/costs.md says", () => {
      const commands = reportCommands(of);
      const shown = commands.toLocaleString("en", { maximumSignificantDigits: 3 });
      expect(readFileSync("docs/costs.md", "utf8")).toContain(
        `| ${name} | ${shown} | $${dollarsOf(commands).toFixed(2)} |`,
      );
    });
  },
);

describe("isolates that share a site's traffic", () => {
  const minutes = 90;
  it.each([
    { requests: 3 * 1_000 * minutes, reportEveryMinutes: 1 },
    { requests: 3 * 1_000 * minutes - 1, reportEveryMinutes: 5 },
  ])("report every $reportEveryMinutes minutes with $requests requests", (given) => {
    const { requests, reportEveryMinutes } = given;
    const of = { isolates: 3, reportEveryMinutes, scrapesAMinute: 1 };
    const commands = reportCommandsOf({ isolates: 3, requests, minutes });
    expect(commands).toBe(reportCommands(of, minutes));
  });

  it("also check the free space each five minutes, and the cron trigger does with two commands", () => {
    const traffic = { isolates: 3, requests: 1, minutes };
    const ofRoom = commandsByTheClock(traffic) - reportCommandsOf(traffic);
    expect(ofRoom).toBeCloseTo(3 * 18 + 2 * 90);
  });
});
