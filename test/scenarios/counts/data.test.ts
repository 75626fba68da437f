// Tests that reports, stats, findings and dry runs of a site include the site's data: values of the
// application that Tidemark stores like responses.
import { describe, expect, it } from "vitest";
import { openBeside } from "../../../testing/data/beside-pages.ts";
import { idle, type Site, until } from "../../../testing/site/harness.ts";
import { MemoryCounterSink } from "../../../testing/write-behind/memory-sink.ts";
import { bearer, send } from "../../../testing/site/purge-sender.ts";
import { writeBehind } from "../../../src/write-behind/write-behind.ts";

const ofData = (site: Site) => {
  const all = Object.entries(site.counted());
  return Object.fromEntries(all.filter(([series]) => series.startsWith("data")));
};

const answerOf = async (site: Site, path: string) =>
  (await (await site.ask(path, { headers: bearer })).json()) as Record<string, unknown>;

const findingsOf = async (site: Site) =>
  (await answerOf(site, "/_cache/health"))["findings"] as { code: string }[];

describe("the reports of a site with data", () => {
  it("count requests by result and tier, and loads with their duration", async () => {
    const { site, values, clock } = await openBeside();
    await values.get("42");
    await values.getOrSet("42", () => {
      clock.advance(2);
      return "value";
    });
    for (let nth = 0; nth < 3; nth += 1) await values.get("42");
    await expect(values.getOrSet("43", () => Promise.reject(new Error("no")))).rejects.toThrow(
      "no",
    );
    await idle();
    expect(ofData(site)).toEqual({
      "dataRequests|values|absent|none": 1,
      "dataRequests|values|loaded|source": 1,
      "dataRequests|values|hit|memory": 3,
      "dataRequests|values|failed|none": 1,
      "dataLoads|values|worked": 1,
      "dataLoads|values|failed": 1,
      "dataWrites|values|memory|kept": 1,
      "dataWrites|values|edge|kept": 1,
      "dataWrites|values|shared|kept": 1,
      "dataLoadSeconds|values|b0": 1,
      "dataLoadSeconds|values|b26": 1,
      "dataLoadSeconds|values|sum": 2,
    });
  });

  it("contain each count once, and count stale values by tier", async () => {
    const { site, data, clock } = await openBeside();
    const old = data.namespace<string, string>("old", { fresh: "1m", stale: "1h" });
    await old.set("42", "v");
    ofData(site);
    clock.advance(61);
    await old.get("42");
    expect(ofData(site)).toEqual({ "dataRequests|old|stale|memory": 1 });
    expect(ofData(site)).toEqual({});
  });

  it("count write-through by result, and writes whose purge was not accepted", async () => {
    const { site, values, upstash } = await openBeside();
    await values.get("42");
    await values.write("42", "v", () => undefined);
    const fail = () => Promise.reject(new Error("full"));
    await expect(values.write("42", "v", fail)).rejects.toThrow("full");
    upstash.journalMode = "down";
    await expect(values.write("42", "v", () => undefined)).rejects.toThrow("not accepted");
    expect(ofData(site)).toMatchObject({
      "dataPersists|values|worked": 2,
      "dataPersists|values|failed": 1,
      "dataUnpurged|values": 1,
    });
    const unpurged = expect.objectContaining({ code: "data-unpurged", level: "critical" });
    expect(await findingsOf(site)).toContainEqual(unpurged);
  });
});

it("counts failed flushes of a set, and reports a finding after a minute", async () => {
  const { site, data, upstash, clock } = await openBeside();
  const views = writeBehind(data).counter("views", { sink: new MemoryCounterSink() });
  const counted = () =>
    Object.entries(site.counted()).filter(([name]) => name.startsWith("behind"));
  const codes = async () =>
    (await findingsOf(site)).map(({ code }) => code).filter((code) => code.startsWith("behind"));
  await site.get("/page");
  upstash.mode = "down";
  expect(await views.flush()).toMatchObject({ state: "failed" });
  expect(counted()).toEqual([["behindFlushes|views|failed", 1]]);
  expect(await codes()).toEqual([]);
  clock.advance(60);
  await views.flush();
  expect(counted()).toEqual([["behindFlushes|views|failed", 1]]);
  expect(await codes()).toEqual(["behind-backlog"]);
  expect(await answerOf(site, "/_cache/stats")).toMatchObject({
    data: { sets: { views: { kind: "counter", flushes: { failed: 2 } } } },
  });
});

it("includes data in the stats", async () => {
  const { site, values } = await openBeside();
  await values.set("42", "v");
  expect(await answerOf(site, "/_cache/stats")).toMatchObject({
    memory: { records: 0 },
    data: {
      namespaces: { values: { writes: { memory: { kept: 1 } } } },
      unpurged: { keys: 0 },
      memory: { count: 1 },
    },
  });
});

it("counts data in memory in a dry run, except if the purge names only pages", async () => {
  const { site, values } = await openBeside();
  await values.set("42", "v");
  const dryRun = async (order: object) => JSON.parse((await send(site, order)).text) as unknown;
  expect(await dryRun({ dryRun: true, tags: ["red"] })).toMatchObject({
    isolate: { examined: 0, covered: 0 },
    data: { examined: 1, covered: 1 },
    limits: expect.stringContaining("For data, the counts include only this isolate's memory"),
  });
  expect(await dryRun({ dryRun: true, prefixes: ["https://www.example.com/"] })).toMatchObject({
    data: { examined: 1, covered: 0 },
  });
});

it("reports a finding for loads that fail for a minute, until a load succeeds", async () => {
  const { site, values, clock } = await openBeside();
  const fail = () => values.getOrSet("42", () => Promise.reject(new TypeError("x"))).catch(() => 0);
  const found = async () => (await findingsOf(site)).filter(({ code }) => code.startsWith("data"));
  await fail();
  expect(await found()).toEqual([]);
  clock.advance(60);
  await fail();
  expect(await found()).toEqual([
    expect.objectContaining({
      code: "data-loads-fail",
      about: 'namespace "values"',
      values: { end: "TypeError" },
    }),
  ]);
  await values.getOrSet("42", () => "v");
  await until(() => true);
  expect(await found()).toEqual([]);
});
