// What isolates of a site report, and what that comes to for whoever reads it.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { ReportFold } from "../../../src/reports/folding.ts";
import { ReportStream } from "../../../src/reports/report-stream.ts";
import { RedisClient } from "../../../src/redis/redis-client.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { Site, openSite } from "../../../testing/site/harness.ts";

const config: ConfigInput = { routes: [{ name: "all", match: "*", fresh: "1h" }] };

function openTwo(more: ConfigInput = {}, env: Readonly<Record<string, unknown>> = {}) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const options = { clock, upstash, config: { ...config, ...more }, env };
  const first = openSite(options);
  const second = new Site({ ...options, env: { COLO: "FRA", ...env } }, first.origin);
  const names = () =>
    upstash.reports.commands.splice(0).map(([name]) => String(name).toUpperCase());
  return { clock, upstash, first, second, names };
}

/** As a reader of another isolate sees it. */
async function totalsIn(upstash: FakeUpstash, clock: FakeClock) {
  const redis = new RedisClient({
    url: upstash.url,
    token: upstash.token,
    nowAtMs: clock.nowAtMs,
  });
  const stream = new ReportStream({ redis, namespace: "tidemark" });
  const settings = { stream, nowAtMs: clock.nowAtMs, log: () => undefined };
  const totals = await new ReportFold({ ...settings, randomText: () => "x" }).read();
  if ("kind" in totals) throw new Error(totals.why);
  const sumOf = (beginning: string) =>
    [...totals.sums].reduce(
      (all, [name, count]) => all + (name.startsWith(beginning) ? count : 0),
      0,
    );
  return { ...totals, sumOf };
}

describe("reports of two colos", () => {
  it("come to all requests that were answered, once each", async () => {
    const { first, second, clock, upstash, names } = openTwo();
    for (let asked = 0; asked < 7; asked += 1) await first.get("/page");
    for (let asked = 0; asked < 4; asked += 1) await second.get("/page");
    expect(names()).toEqual([]);
    clock.advance(300);
    await first.get("/page");
    await second.get("/page");
    expect(names()).toEqual(["EVAL", "EVAL"]);
    const totals = await totalsIn(upstash, clock);
    expect(totals.sumOf("requests|")).toBe(13);
    expect(totals.sumOf("requests|all|")).toBe(13);
    expect([...totals.colos.keys()]).toEqual(["HAM", "FRA"]);
    expect(totals.colos.get("HAM")?.memoryRecords).toBe(1);
    expect(totals.colos.get("HAM")?.viewAgeMs).toBeLessThanOrEqual(300_000);
  });

  it("come after a minute where a thousand requests were answered", async () => {
    const { first, clock, names } = openTwo();
    for (let asked = 0; asked < 999; asked += 1) await first.get("/page");
    clock.advance(60);
    await first.get("/page");
    expect(names()).toEqual(["EVAL"]);
    clock.advance(299);
    await first.get("/page");
    expect(names()).toEqual([]);
    clock.advance(1);
    await first.get("/page");
    expect(names()).toEqual(["EVAL"]);
  });

  it("tell how late a purge was read", async () => {
    const env = { ADMIN_TOKEN: "admin-of-a-test-colo" };
    const { first, second, clock, upstash } = openTwo({}, env);
    await first.get("/page");
    await second.get("/page");
    const order = { method: "POST", body: JSON.stringify({ tags: ["red"] }) };
    await first.get("/_cache/purge", {
      ...order,
      headers: { authorization: "Bearer admin-of-a-test-colo" },
    });
    clock.advance(7);
    await second.get("/page");
    clock.advance(293);
    await second.get("/page");
    const { colos } = await totalsIn(upstash, clock);
    expect(colos.get("FRA")).toMatchObject({ lagMs: 7_000, lagWorstMs: 7_000 });
    // What stood before an isolate began says nothing of how late it hears.
    const late = new Site({ clock, upstash, config, env: { COLO: "LHR" } }, first.origin);
    await late.get("/page");
    clock.advance(300);
    await late.get("/page");
    const after = await totalsIn(upstash, clock);
    expect(after.colos.get("LHR")).toMatchObject({ lagMs: null, lagWorstMs: null });
  });
});

describe("the cron trigger", () => {
  it("reports and adds up also where nobody asks", async () => {
    const { first, clock, upstash, names } = openTwo();
    await first.fireCron();
    expect(names()).toEqual(["EVAL", "SET", "GET", "XRANGE", "EVAL"]);
    expect(upstash.reports.range()).toEqual([]);
    clock.advance(60);
    await first.fireCron();
    expect(names()).toEqual([]);
    expect((await totalsIn(upstash, clock)).sumOf("reports|HAM")).toBe(1);
  });
});

describe("nothing is sent", () => {
  const busy = async (site: Site, clock: FakeClock) => {
    await site.get("/page");
    clock.advance(300);
    await site.get("/page");
    await site.fireCron();
  };

  it("where metrics are off", async () => {
    const { first, clock, names } = openTwo({ metrics: "off" });
    await busy(first, clock);
    expect(names()).toEqual([]);
  });

  it("where a dataset gets points", async () => {
    const points: unknown[] = [];
    const METRICS = { writeDataPoint: (point: unknown) => void points.push(point) };
    const { first, clock, names } = openTwo({}, { METRICS });
    await busy(first, clock);
    expect(names()).toEqual([]);
    expect(points.length).toBeGreaterThan(2);
    expect(first.log).toEqual([]);
  });

  it.each([{ METRICS: "yes" }, { METRICS: {} }])(
    "but to the database by $METRICS, which is no dataset",
    async (env) => {
      const { first, clock, names } = openTwo({}, env);
      await busy(first, clock);
      expect(names()).not.toEqual([]);
      expect(first.log).toEqual([
        "METRICS is not usable, so reports go to the database. It is not bound to a dataset of " +
          "Analytics Engine. Name it under [[analytics_engine_datasets]] in wrangler.toml.",
      ]);
    },
  );
});
