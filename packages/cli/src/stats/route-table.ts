// Formats the counts of routes as a table for people, and as data for programs.
import { tableOf } from "../terminal/table.ts";
import { quantileSeconds } from "./quantile.ts";
import { type RouteCounts, totalOf } from "./route-counts.ts";

const heads = [
  "route",
  "requests",
  "hits",
  "stale",
  "passed",
  "errors",
  "origin",
  "hit p50",
  "p99",
  "fwd p50",
  "p99",
];

const numberColumns: ReadonlySet<number> = new Set(heads.slice(1).map((_, at) => at + 1));

/**
 * @param secondsPassed divides the counts; `undefined` shows totals
 * @returns a line for each route, and one for their sum
 */
export function routeTable(
  byRoute: ReadonlyMap<string, RouteCounts>,
  boundsSeconds: readonly number[],
  secondsPassed?: number,
): string[] {
  const row = (name: string, counts: RouteCounts) => [
    name,
    ...cellsOf(statsOf(counts, boundsSeconds), boundsSeconds.at(-1) ?? 0, secondsPassed),
  ];
  const rows = [...byRoute].map(([route, counts]) => row(route === "" ? "(none)" : route, counts));
  return tableOf([heads, ...rows, row("all", totalOf(byRoute.values()))], numberColumns);
}

/** Returns the data of a route for `--json`. Shares are from 0 to 1; `null` means that there is no data. */
export function statsOf(counts: RouteCounts, boundsSeconds: readonly number[]) {
  const { hitCounts, forwardCounts, ...plain } = counts;
  const { requests, hits, stale, passed, limited } = counts;
  const lookedUp = requests - passed - limited;
  const quantile = (share: number, of: readonly number[]) => {
    const seconds = quantileSeconds(share, of, boundsSeconds);
    if (seconds === undefined) return null;
    // JSON has no infinity, so report the last bound for all larger values.
    return Math.min(seconds, boundsSeconds.at(-1) ?? 0);
  };
  return {
    ...plain,
    hitShare: lookedUp > 0 ? hits / lookedUp : null,
    staleShare: lookedUp > 0 ? stale / lookedUp : null,
    hitP50Seconds: quantile(0.5, hitCounts),
    hitP99Seconds: quantile(0.99, hitCounts),
    forwardP50Seconds: quantile(0.5, forwardCounts),
    forwardP99Seconds: quantile(0.99, forwardCounts),
  };
}

function cellsOf(
  stats: ReturnType<typeof statsOf>,
  lastBoundSeconds: number,
  secondsPassed: number | undefined,
): string[] {
  const time = (seconds: number | null) =>
    `${seconds === lastBoundSeconds ? ">" : ""}${duration(seconds)}`;
  const count = (value: number) =>
    secondsPassed === undefined ? String(value) : (value / secondsPassed).toFixed(1);
  return [
    count(stats.requests),
    percent(stats.hitShare),
    percent(stats.staleShare),
    count(stats.passed),
    count(stats.failed + stats.limited),
    count(stats.toOrigin),
    time(stats.hitP50Seconds),
    time(stats.hitP99Seconds),
    time(stats.forwardP50Seconds),
    time(stats.forwardP99Seconds),
  ];
}

/** Rounds down, so that only a share of 1 is shown as 100 %. */
function percent(share: number | null): string {
  if (share === null) return "-";
  return `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`;
}

function duration(seconds: number | null): string {
  if (seconds === null) return "-";
  if (seconds >= 10) return `${seconds.toFixed(0)} s`;
  if (seconds >= 1) return `${seconds.toFixed(1)} s`;
  const ms = seconds * 1_000;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** Explains the columns. */
export const legend = [
  "hits, stale: shares of the requests that were looked up. passed: never looked up.",
  "errors: no usable response from the origin, or 429. origin: requests to the origin.",
  "p50, p99: times of requests that waited, as hits or as forwards (fwd). Hits in memory",
  "do not wait.",
] as const;
