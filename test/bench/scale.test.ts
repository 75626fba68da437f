// Plays tiny sites in simulated time: the same seed gives the same counts, the journal is read as
// often as docs/costs.md states, and requests that are not played change nothing.
import { expect, it } from "vitest";
import {
  dollarsAMillionOf,
  isFree,
  loadOf,
  monthlyBillOf,
  tightestOf,
} from "../../bench/scale/bill.ts";
import { svgOf } from "../../bench/scale/chart.ts";
import { countsIn, PlayedSite } from "../../bench/scale/played-site.ts";
import { PlayedTime } from "../../bench/scale/played-time.ts";
import { type Counted, played, type PointSettings } from "../../bench/scale/point.ts";
import { usual } from "../../bench/scale/points.ts";
import { sampledPages } from "../../bench/scale/sample.ts";
import { openStores } from "../../bench/scale/stores.ts";
import { once } from "../../src/base/once.ts";
import { Draws } from "../../testing/draws.ts";

const tiny = {
  ...usual,
  mix: "all in Redis",
  colos: 3,
  requestsPerSecond: 6_000,
  sampleCount: 10,
  isolateRequestsPerSecond: 1_000,
  windowSeconds: 120,
} satisfies PointSettings;

/** The counts of the tiny site, with N = 10. */
const counts = once(() => played(tiny));

it("the same seed gives the same counts, and the place of the journal changes no record", async () => {
  const [one, same] = [await counts(), await played(tiny)];
  expect(same).toEqual(one);
  expect(one.troubles).toEqual([]);
  expect(one.playedCount).toBeGreaterThan(100);
  const apart = await played({ ...tiny, mix: "records in Redis, journal in a Durable Object" });
  expect(apart.originPerSecond / one.originPerSecond).toBeCloseTo(1, 1);
  expect(apart.writesPerSecond / one.writesPerSecond).toBeCloseTo(1, 1);
});

it.each([10, 60])("reads the journal as often as docs/costs.md states, with N = %d", async (n) => {
  const point =
    n === tiny.maxLagSeconds ? await counts() : await played({ ...tiny, maxLagSeconds: n });
  const { clockAllowanceSeconds, colos, editsPerSecond } = tiny;
  const most = (2.9 * colos) / (n - clockAllowanceSeconds);
  // A purge may cause one more read.
  expect(point.journalReadsPerSecond).toBeLessThanOrEqual(most + editsPerSecond);
  expect(point.journalReadsPerSecond).toBeGreaterThan(0.6 * most);
});

it.each([
  { mix: "all in Redis", isolates: 2, most: 1.1 },
  { mix: "records and journal in Durable Objects", isolates: 1, most: 1.03 },
] as const)("many purges cost little more than their appends: $mix", async (given) => {
  const { mix, isolates, most } = given;
  // Half of the purges are sent before the reply to another.
  const busy = { otherPurges: { perSecond: 40, isolates }, roundTripMs: 20, windowSeconds: 5 };
  const point = await played({ ...tiny, ...busy, mix, colos: 2, requestsPerSecond: 100 });
  const sum = Object.values(point.journalPerSecond).reduce((all, count) => all + count, 0);
  expect(point.journalPerSecond["purge, written"]).toBeGreaterThan(30);
  expect(sum).toBeLessThan(most * (point.journalPerSecond["purge, written"] ?? 0));
});

it("counts at the isolates what the fake of Redis receives", async () => {
  const time = new PlayedTime();
  await time.keeping(async () => {
    const draws = new Draws(1);
    const stores = openStores("all in Redis", time, 8);
    const pages = sampledPages({ pageCount: 10, sampleCount: 10 }, draws);
    const config = { metrics: "off", routes: [{ name: "all", match: "*" }] } as const;
    const site = new PlayedSite({ time, stores, draws, config, pages });
    const isolates = [0, 1].map((colo) => site.startIsolate(colo, false));
    const [first] = isolates;
    for (const page of pages) {
      for (const isolate of isolates) {
        void isolate.ask(page);
        await time.passTo(time.atMs + 1_000);
      }
    }
    if (first)
      void site.edit({ pages: pages.slice(0, 1), by: { tag: pages[0]?.tag ?? "" } }, first);
    await time.passTo(time.atMs + 60_000);
    const { redisCommands } = countsIn(isolates.map((isolate) => isolate.taken()));
    const sum = Object.values(redisCommands).reduce<number>((all, count = 0) => all + count, 0);
    expect(sum).toBe(stores.calls().redisCommands);
    expect(redisCommands).toMatchObject({ "look-up": 20, fill: 10, "purge, written": 1 });
    expect(site.troubles).toEqual([]);
  });
});

it("counts the same if requests that memory answers are played, too", async () => {
  const settings = {
    ...tiny,
    requestsPerSecond: 400,
    isolateRequestsPerSecond: 400,
    sampleCount: 20,
    windowSeconds: 600,
  };
  const [sparse, whole] = [await played(settings), await played({ ...settings, isWhole: true })];
  expect(whole.playedCount).toBeGreaterThan(2 * sparse.playedCount);
  expect(sparse.originPerSecond / whole.originPerSecond).toBeCloseTo(1, 0.7);
  expect(sparse.lookUpsPerSecond / whole.lookUpsPerSecond).toBeCloseTo(1, 0.7);
});

const counted: Counted = {
  settings: { ...tiny, requestsPerSecond: 1_000, objects: 2 },
  isolates: 3,
  sampleCount: 10,
  playedCount: 0,
  windowSeconds: 1,
  originPerSecond: 1,
  lookUpsPerSecond: 0,
  foundPerSecond: 0,
  writesPerSecond: 0,
  rowsPerSecond: 0,
  redisPerSecond: { "look-up": 10, fill: 5, "journal read": 1_000 },
  journalReadsPerSecond: 1,
  journalPerSecond: {},
  epochReadsPerSecond: 0,
  lagMs: { median: 0, p99: 0 },
  purgesPerSecond: 1,
  recordObjectsPerSecond: 0,
  troubles: [],
};

it("prices a point as the price lists say", () => {
  // The journal: a read, and two commands of a purge.
  expect(loadOf(counted)).toMatchObject({ records: 15, journal: 3 });
  const settings = { ...counted.settings, mix: "records and journal in Durable Objects" } as const;
  const inObjects = { ...counted, settings, recordObjectsPerSecond: 1_500, rowsPerSecond: 100 };
  expect(loadOf(inObjects)).toMatchObject({ records: 1_500, journal: 2, others: 0 });
  expect(tightestOf(inObjects)).toEqual({ store: "an object of records", share: 0.75 });
  const seconds = 2_592_000;
  const objects = 3 * 1.6 * (seconds / 1e6);
  const records = (1_500 * 0.15 + 100 * 1) * (seconds / 1e6);
  // The journal: a read and a purge, which writes three rows.
  const others = (1_001 * 0.3 + 2 * 0.15 + 3 * 1) * (seconds / 1e6);
  const dollars = (records + others + objects) / ((1_000 * seconds) / 1e6);
  expect(dollarsAMillionOf(inObjects)).toBeCloseTo(dollars, 9);
  const quiet = { ...inObjects, recordObjectsPerSecond: 10 };
  const savedCalls = 1_490 * 0.15 * (seconds / 1e6);
  const savedTime = (3 - 12 * 0.025) * 1.6 * (seconds / 1e6);
  const fewer = dollars - (savedCalls + savedTime) / ((1_000 * seconds) / 1e6);
  expect(dollarsAMillionOf(quiet)).toBeCloseTo(fewer, 9);
  // Beyond what Workers Paid includes are only calls of objects.
  const small = {
    ...inObjects,
    settings: { ...settings, requestsPerSecond: 1 },
    recordObjectsPerSecond: 0.5,
    rowsPerSecond: 0.1,
  };
  expect(monthlyBillOf(small)).toBeCloseTo(5 + 0.15 * (2.5 * (seconds / 1e6) - 1), 9);
  expect(isFree(small)).toBe(false);
  expect(isFree({ ...small, purgesPerSecond: 0.01, journalReadsPerSecond: 0.1 })).toBe(true);
});

it("draws a chart with a title, a description and one line for each name", () => {
  const svg = svgOf({
    title: "Load & limit",
    description: "One line.",
    x: { label: "colos", values: [3, 330] },
    y: { label: "%", text: String },
    lines: [{ name: "Redis", values: [1, 50] }],
    limit: { value: 100, name: "the limit" },
  });
  expect(svg).toContain('<title id="title">Load &amp; limit</title>');
  expect(svg).toContain('<desc id="description">One line.</desc>');
  expect(svg.match(/<polyline /g)).toHaveLength(1);
  expect(svg).toContain("prefers-color-scheme: dark");
  expect(svg).not.toContain("NaN");
});
