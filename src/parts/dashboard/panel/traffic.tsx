// Traffic over time: hit rate, requests, latency, origin requests and bytes, by route and tier.
import { Chart, type ChartProps, type Line, linesMax } from "../chart/chart.tsx";
import { Table, shown } from "../chart/elements.tsx";
import {
  chartedOf,
  historyIn,
  type Span,
  type Step,
  countIn,
  hitRateIn,
  labelsIn,
  percentileIn,
  stepsUpTo,
  wholeOf,
} from "../history/history.ts";
import type { DashboardTotals } from "../port/ports.ts";

interface TrafficProps {
  readonly totals: DashboardTotals;
  readonly span: Span;
  readonly atMs: number;
}

const texts = {
  hour: { heading: "The last hour", per: "a minute" },
  week: { heading: "The last week", per: "an hour" },
} as const;

/** The empty name of requests that no route matches. */
const routeName = (route: string) => route || "no route";

export function Traffic({ totals, span, atMs }: TrafficProps) {
  const steps = stepsUpTo(historyIn(totals.history), span, atMs);
  const whole = wholeOf(steps);
  const { heading } = texts[span];
  return (
    <section>
      <h2>{heading}</h2>
      <dl class="figures">
        <Figure name="Hit rate" value={shown(hitRateIn(whole), "percent")} />
        <Figure name="Requests" value={shown(requestsIn(whole), "count")} />
        <Figure name="Origin requests" value={shown(countIn(whole, "origin"), "count")} />
        <Figure name="Bytes to clients" value={shown(countIn(whole, "bytes"), "bytes")} />
      </dl>
      <Charts steps={chartedOf(steps)} {...{ whole, span }} />
      <Table
        caption={`Routes, ${heading.toLowerCase()}`}
        heads={["Route", "Requests", "Hit rate", "Origin requests", "Bytes", "p50", "p95"]}
        rows={routesIn(whole).map((route) => rowOf(whole, route))}
      />
      <p class="quiet">
        The isolate that answered has just reported. The others report every minute, or every five
        minutes if they receive few requests.
      </p>
    </section>
  );
}

const routesIn = (whole: Step) => labelsIn(whole, ["hit", "miss", "pass"], "route");

interface ChartsProps {
  readonly steps: readonly Step[];
  readonly whole: Step;
  readonly span: Span;
}

function Charts({ steps, whole, span }: ChartsProps) {
  const { per } = texts[span];
  const common = { timesMs: steps.map(({ atMs }) => atMs), isDated: span === "week" };
  const linesOf = (
    names: readonly string[],
    valueOf: (step: Step, name: string) => number | undefined,
  ): Line[] =>
    names.slice(0, linesMax).map((name) => ({
      name: routeName(name),
      values: steps.map((step) => (step.sums.size === 0 ? undefined : valueOf(step, name))),
    }));
  const tiers = labelsIn(whole, ["hit"], "tier").slice(0, linesMax - 1);
  const byTier = linesOf(tiers, (step, tier) => countIn(step, "hit", { tier }));
  const others = linesOf(["not a hit"], (step) => countIn(step, "miss") + countIn(step, "pass"));
  const charts: readonly Pick<ChartProps, "id" | "title" | "unit" | "note" | "lines">[] = [
    {
      id: "hit-rate",
      title: "Hit rate by route",
      unit: "percent",
      lines: linesOf(routesIn(whole), (step, route) => hitRateIn(step, { route })),
    },
    {
      id: "requests",
      title: `Requests ${per}, by answering tier`,
      unit: "count",
      lines: [...byTier, ...others],
    },
    {
      id: "latency",
      title: "Latency by tier",
      note: "The 95th percentile of all answers. Most hits in memory do not wait, which counts as 0 ms.",
      unit: "ms",
      lines: linesOf(labelsIn(whole, ["tier-time"], "tier"), (step, tier) =>
        percentileIn(step, "tier-time", { tier, share: 0.95 }),
      ),
    },
    {
      id: "origin",
      title: `Origin requests ${per}, by route`,
      unit: "count",
      lines: linesOf(labelsIn(whole, ["origin"], "route"), (step, route) =>
        countIn(step, "origin", { route }),
      ),
    },
    {
      id: "bytes",
      title: `Bytes to clients ${per}, by tier`,
      unit: "bytes",
      lines: linesOf(labelsIn(whole, ["bytes"], "tier"), (step, tier) =>
        countIn(step, "bytes", { tier }),
      ),
    },
  ];
  return (
    <div class="charts">
      {charts.map((chart) => (
        <Chart {...common} {...chart} />
      ))}
    </div>
  );
}

function rowOf(whole: Step, route: string): string[] {
  const time = (share: number) => shown(percentileIn(whole, "route-time", { route, share }), "ms");
  return [
    routeName(route),
    shown(requestsIn(whole, route), "count"),
    shown(hitRateIn(whole, { route }), "percent"),
    shown(countIn(whole, "origin", { route }), "count"),
    shown(countIn(whole, "bytes", { route }), "bytes"),
    time(0.5),
    time(0.95),
  ];
}

function requestsIn(step: Step, route?: string): number {
  const of = route === undefined ? {} : { route };
  return countIn(step, "hit", of) + countIn(step, "miss", of) + countIn(step, "pass", of);
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
