// Tests the metrics that isolates report to Redis, and the totals that a reader gets.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { ReportFold } from "../../../src/parts/operate/reports/folding.ts";
import { RedisReportStream } from "../../../src/parts/operate/reports/redis-report-stream.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { Site, openSite } from "../../../testing/site/harness.ts";
import { adminToken, send } from "../../../testing/site/purge-sender.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

const routes: ConfigInput["routes"] = [{ name: "all", match: "*", fresh: "1h" }];

function openTwo(more: ConfigInput = {}) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const env = { ADMIN_TOKEN: adminToken };
  const options = { clock, upstash, config: { routes, ...more }, env };
  const first = openSite(options);
  const isolate = (COLO: string) => new Site({ ...options, env: { COLO, ...env } }, first.origin);
  const names = () =>
    upstash.reports.commands.splice(0).map(([name]) => String(name).toUpperCase());
  const totals = () => totalsIn(upstash, clock);
  return { clock, upstash, first, second: isolate("FRA"), isolate, names, totals };
}

/** Returns the totals that a reader in another isolate gets. */
async function totalsIn({ url, token }: FakeUpstash, { nowAtMs }: FakeClock) {
  const redis = upstashStore.client({ url, token, nowAtMs });
  const stream = new RedisReportStream({ redis, namespace: "tidemark" });
  const settings = { stream, nowAtMs, log: () => undefined, randomText: () => "x" };
  const totals = await new ReportFold(settings).read();
  if ("kind" in totals) throw new Error(totals.why);
  const sumOf = (prefix: string) =>
    [...totals.sums].reduce((all, [name, count]) => all + (name.startsWith(prefix) ? count : 0), 0);
  return { ...totals, sumOf };
}

async function get(site: Site, count: number): Promise<void> {
  for (let asked = 0; asked < count; asked += 1) await site.get("/page");
}

it("the reports of two colos count every request once", async () => {
  const { first, second, clock, names, totals } = openTwo();
  await get(first, 7);
  await get(second, 4);
  expect(names()).toEqual([]);
  clock.advance(300);
  for (const site of [first, second]) await get(site, 1);
  expect(names()).toEqual(["EVAL", "EVAL"]);
  const { sumOf, colos } = await totals();
  expect([sumOf("requests|"), sumOf("requests|all|")]).toEqual([13, 13]);
  expect([...colos.keys()]).toEqual(["HAM", "FRA"]);
  expect(colos.get("HAM")?.memoryRecords).toBe(1);
  expect(colos.get("HAM")?.viewAgeMs).toBeLessThanOrEqual(300_000);
});

it("a report is due after five minutes, or after one minute with a thousand requests", async () => {
  const { first, clock, names } = openTwo();
  await get(first, 999);
  clock.advance(60);
  await get(first, 1);
  expect(names()).toEqual(["EVAL"]);
  clock.advance(299);
  await get(first, 1);
  expect(names()).toEqual([]);
  clock.advance(1);
  await get(first, 1);
  expect(names()).toEqual(["EVAL"]);
});

it("a report has the delay with which its isolate read a purge", async () => {
  const { first, second, isolate, clock, totals } = openTwo();
  for (const site of [first, second]) await get(site, 1);
  await send(first, { tags: ["red"] });
  clock.advance(7);
  await get(second, 1);
  clock.advance(293);
  await get(second, 1);
  expect((await totals()).colos.get("FRA")).toMatchObject({ lagMs: 7_000, lagWorstMs: 7_000 });
  // A purge from before the isolate's start has no delay.
  const late = isolate("LHR");
  await get(late, 1);
  clock.advance(300);
  await get(late, 1);
  expect((await totals()).colos.get("LHR")).toMatchObject({ lagMs: null, lagWorstMs: null });
});

it("the cron trigger reports and folds without a request", async () => {
  const { first, clock, upstash, names, totals } = openTwo();
  await first.fireCron();
  expect(names()).toEqual(["EVAL", "SET", "GET", "XRANGE", "EVAL"]);
  expect(upstash.reports.range()).toEqual([]);
  clock.advance(60);
  await first.fireCron();
  expect(names()).toEqual([]);
  expect((await totals()).sumOf("reports|HAM")).toBe(1);
});

describe("Redis", () => {
  const busy = async ({ first, clock, names }: ReturnType<typeof openTwo>) => {
    await get(first, 1);
    clock.advance(300);
    await get(first, 1);
    await first.fireCron();
    return names();
  };

  it("gets no report with metrics off", async () => {
    expect(await busy(openTwo())).not.toEqual([]);
    expect(await busy(openTwo({ metrics: "off" }))).toEqual([]);
  });
});
