// Tests what `tidemark doctor` finds in the site's metrics, and in the difference between the
// site's clock and the clock of the user's machine.
import { expect, it } from "vitest";
import type { OperatorAnswer, ConfiguredRoute } from "../../../../src/protocol/answers.ts";
import { families, type FamilyName } from "../../../../src/protocol/families.ts";
import { boundsMs, bucketOf } from "../../../../src/observe/histogram.ts";
import { trafficFindings } from "../../src/doctor/site/traffic-findings.ts";

type Labels = Readonly<Record<string, string>>;

const counter = (family: FamilyName, value: number, labels: Labels = {}) => ({
  name: families[family].name,
  labels,
  value,
});

/** @param durations the number of samples for each duration in milliseconds */
function histogram(
  family: FamilyName,
  durations: Readonly<Record<number, number>>,
  labels: Labels = {},
) {
  const counts = [...boundsMs, Infinity].map(() => 0);
  let sum = 0;
  for (const [ms, count] of Object.entries(durations)) {
    counts[bucketOf(Number(ms))] = count;
    sum += (Number(ms) / 1_000) * count;
  }
  return { name: families[family].name, labels, counts, sum };
}

const route = (name: string, more: Partial<ConfiguredRoute> = {}): ConfiguredRoute => ({
  name,
  bypass: false,
  ...more,
});

const requests = (name: string, result: string, count: number) =>
  counter("requests", count, { route: name, result, tier: "memory" });

const wellCounters = [
  requests("a", "hit", 600),
  requests("a", "stored", 300),
  requests("b", "passed", 100),
  counter("originResponses", 399, { route: "a", class: "2xx" }),
  counter("originResponses", 1, { route: "a", class: "failed" }),
];
const wellHistograms = [
  histogram("redisSeconds", { 12: 500, 200: 20 }, { purpose: "read" }),
  histogram("originSeconds", { 80: 390, 900: 9 }, { route: "a" }),
];
const wellRoutes = [route("a"), route("b", { bypass: true })];

type Metrics = OperatorAnswer<"metrics">;

interface Traffic {
  readonly counters?: Metrics["counters"];
  readonly histograms?: Metrics["histograms"];
  readonly routes?: readonly ConfiguredRoute[];
}

const reads = (durations: Readonly<Record<number, number>>) => ({
  histograms: [histogram("redisSeconds", durations, { purpose: "read" })],
});
const fewHits = [
  requests("a", "hit", 19),
  requests("a", "forwarded", 81),
  counter("refusals", 80, { route: "a", rule: "set-cookie" }),
  counter("refusals", 1, { route: "a", rule: "private" }),
];

const rows: readonly [name: string, traffic: Traffic, ...found: string[]][] = [
  ["normal traffic", {}],
  [
    "more than half of the round trips to the database over 60 ms",
    reads({ 12: 90, 91: 200 }),
    "database-far warning",
  ],
  ["99 slow round trips to the database", reads({ 91: 99 })],
  ["19 % hits", { counters: fewHits }, 'route-few-hits info route "a"'],
  ["20 % hits", { counters: [requests("a", "hit", 20), requests("a", "forwarded", 80)] }],
  ["99 requests without a hit", { counters: [requests("a", "forwarded", 99)] }],
];

const metricsOf = ({ counters = wellCounters, histograms = wellHistograms }: Traffic): Metrics => ({
  startedAt: "2026-11-01T00:00:00.000Z",
  at: "2026-11-01T01:00:00.000Z",
  counters,
  gauges: [],
  boundsSeconds: boundsMs.map((ms) => ms / 1_000),
  histograms,
});

it.each(rows)("`trafficFindings` judges %s", (_, traffic, ...found) => {
  const findings = trafficFindings(metricsOf(traffic), traffic.routes ?? wellRoutes);
  const texts = findings.map(({ code, level, about }) =>
    [code, level, ...(about ? [about] : [])].join(" "),
  );
  expect(texts).toEqual(found);
});

it("`trafficFindings` names the rule that refused most responses", () => {
  const [finding] = trafficFindings(metricsOf({ counters: fewHits }), wellRoutes);
  expect(finding?.cause).toBe("80 answers were not stored because of the rule set-cookie.");
});
