// What doctor makes of the counts of all isolates, and of the instants of two clocks.
import { expect, it } from "vitest";
import type { OperatorAnswer, ConfiguredRoute } from "../../../../src/protocol/answers.ts";
import { families, type FamilyName } from "../../../../src/protocol/families.ts";
import { boundsMs, bucketOf } from "../../../../src/observe/histogram.ts";
import { clockFindings } from "../../src/doctor/site/clock-findings.ts";
import { notJudged, trafficFindings } from "../../src/doctor/site/traffic-findings.ts";

type Labels = Readonly<Record<string, string>>;

const counter = (family: FamilyName, value: number, labels: Labels = {}) => ({
  name: families[family].name,
  labels,
  value,
});

/** @param durations by milliseconds: how many took so long */
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
  match: [`/${name}/*`],
  bypass: false,
  origin: "default",
  originTimeoutSeconds: 30,
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

interface Row {
  readonly name: string;
  readonly counters?: OperatorAnswer<"metrics">["counters"];
  readonly histograms?: OperatorAnswer<"metrics">["histograms"];
  readonly routes?: readonly ConfiguredRoute[];
  readonly found: readonly string[];
}

const rows: readonly Row[] = [
  { name: "all is well", found: [] },
  {
    name: "a database of which half the round trips take 60 ms",
    histograms: [histogram("redisSeconds", { 12: 90, 91: 200 }, { purpose: "read" })],
    found: ["database-far warning"],
  },
  {
    name: "a far database that was hardly asked",
    histograms: [histogram("redisSeconds", { 91: 99 }, { purpose: "read" })],
    found: [],
  },
  {
    name: "an origin of which 1 % takes as long as the time-out",
    histograms: [histogram("originSeconds", { 80: 300, 9_000: 92, 31_000: 4 }, { route: "a" })],
    found: ['origin-timeout-short warning route "a"'],
  },
  {
    name: "a slow origin of which 2 % gets no answer",
    counters: [...wellCounters, counter("originResponses", 8, { route: "a", class: "failed" })],
    histograms: [histogram("originSeconds", { 80: 300, 9_000: 92 }, { route: "a" })],
    found: ['origin-timeout-short warning route "a"'],
  },
  {
    name: "a fast origin of which 2 % gets no answer, since it was down",
    counters: [...wellCounters, counter("originResponses", 8, { route: "a", class: "failed" })],
    found: [],
  },
  {
    name: "a route that nobody asks for",
    routes: [...wellRoutes, route("c")],
    found: ['route-unmatched info route "c"'],
  },
  {
    name: "a route behind one that fits everything",
    routes: [route("a", { match: ["*"] }), route("b", { bypass: true }), route("c")],
    found: ['route-unmatched warning route "c"'],
  },
  {
    name: "a route that nobody asks for, of a site that hardly anybody asks for",
    counters: [requests("a", "hit", 999)],
    routes: [route("a"), route("c")],
    found: [],
  },
  {
    name: "more routes than are counted by themselves",
    counters: [...wellCounters, requests("other routes", "hit", 50)],
    routes: [...wellRoutes, route("c")],
    found: [],
  },
  {
    name: "a route with few hits",
    counters: [
      requests("a", "hit", 19),
      requests("a", "forwarded", 81),
      counter("refusals", 80, { route: "a", rule: "set-cookie" }),
      counter("refusals", 1, { route: "a", rule: "private" }),
    ],
    found: ['route-few-hits info route "a"'],
  },
  {
    name: "a route with a fifth of hits",
    counters: [requests("a", "hit", 20), requests("a", "forwarded", 80)],
    found: [],
  },
  {
    name: "a route with few requests",
    counters: [requests("a", "forwarded", 99)],
    found: [],
  },
];

const metricsOf = ({
  counters = wellCounters,
  histograms = wellHistograms,
}: Partial<Row>): OperatorAnswer<"metrics"> => ({
  startedAt: "2026-11-01T00:00:00.000Z",
  at: "2026-11-01T01:00:00.000Z",
  counters,
  gauges: [],
  boundsSeconds: boundsMs.map((ms) => ms / 1_000),
  histograms,
});

it.each(rows)("$name", (row) => {
  const findings = trafficFindings(metricsOf(row), row.routes ?? wellRoutes);
  const texts = findings.map(({ code, level, about }) =>
    [code, level, ...(about ? [about] : [])].join(" "),
  );
  expect(texts).toEqual(row.found);
});

it("names the rule that keeps most from being stored", () => {
  const row = rows.find(({ name }) => name === "a route with few hits");
  const [finding] = trafficFindings(metricsOf(row ?? {}), wellRoutes);
  expect(finding?.cause).toBe("80 answers were not stored because of the rule set-cookie.");
});

it("says that few requests tell nothing of routes", () => {
  expect(notJudged(metricsOf({}))).toEqual([]);
  expect(notJudged(metricsOf({ counters: [requests("a", "hit", 5)] }))).toHaveLength(1);
});

const clocks = [
  { name: "equal", siteMs: 100, found: [] },
  { name: "apart by as much as the way took", siteMs: -900, found: [] },
  { name: "ahead by 1.1 s", siteMs: -1_100, found: ["machine-clock info"] },
  { name: "behind by less than the way took", siteMs: 1_150, found: [] },
  { name: "behind by 1.1 s", siteMs: 1_300, found: ["machine-clock info"] },
  { name: "ahead by five minutes", siteMs: -300_000, found: ["machine-clock warning"] },
] as const;

it.each(clocks)("a clock that is $name", ({ siteMs, found }) => {
  const askedAtMs = Date.UTC(2026, 10, 1);
  const at = new Date(askedAtMs + siteMs).toISOString();
  const findings = clockFindings({ at, askedAtMs, answeredAtMs: askedAtMs + 200 });
  expect(findings.map(({ code, level }) => `${code} ${level}`)).toEqual(found);
});

it("a site without a clock is no finding", () => {
  expect(clockFindings({ at: null, askedAtMs: 0, answeredAtMs: 0 })).toEqual([]);
});
