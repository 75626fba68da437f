// The metrics of all isolates by route, as a table for people and as data for programs.
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { addedCounts, bucketsOf, countOf, countsBy, quantileSeconds } from "./series.ts";
import { tableOf } from "../terminal.ts";

/** Counts of one route or several. */
export interface RouteCounts {
  readonly requests: number;
  /** Requests answered from the cache, fresh or stale. */
  readonly hits: number;
  readonly stale: number;
  /** Requests without a lookup, because of the route, the request or the switch. */
  readonly passed: number;
  /** Requests answered with 429. */
  readonly limited: number;
  /** Requests answered with an error of Tidemark. */
  readonly failed: number;
  readonly toOrigin: number;
  /**
   * Counts of response times in the buckets of the metrics: of hits that waited for a tier, and of
   * requests that were forwarded.
   */
  readonly hitCounts: readonly number[];
  readonly originCounts: readonly number[];
}

const hitResults = ["hit", "stale-hit"];
const originResults = ["forwarded", "stored", "validated", "passed"];

/** Returns the counts by route, sorted by the number of requests, the largest first. */
export function countsByRoute(answer: OperatorAnswer<"metrics">): Map<string, RouteCounts> {
  const families = ["requests", "originResponses"] as const;
  const routes = new Set(
    families.flatMap((family) => countsBy(answer, family, "route").map(({ value }) => value)),
  );
  const rows = [...routes].map((route) => [route, countsOf(answer, { route })] as const);
  return new Map(rows.toSorted(([, one], [, other]) => other.requests - one.requests));
}

/** @param labels none for the sum of all routes */
export function countsOf(
  answer: OperatorAnswer<"metrics">,
  labels: { readonly route?: string } = {},
): RouteCounts {
  const answered = (...results: string[]) =>
    results.reduce((sum, result) => sum + countOf(answer, "requests", { ...labels, result }), 0);
  const waited = (results: readonly string[]) =>
    addedCounts(
      results.flatMap((result) => bucketsOf(answer, "responseSeconds", { ...labels, result })),
    );
  return {
    requests: countOf(answer, "requests", labels),
    hits: answered(...hitResults),
    stale: answered("stale-hit"),
    passed: answered("passed"),
    limited: answered("limited"),
    failed: answered("failed"),
    toOrigin: countOf(answer, "originResponses", labels),
    hitCounts: waited(hitResults),
    originCounts: waited(originResults),
  };
}

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

/** Returns a line for each route, and one for all. */
export function routeTable(
  byRoute: ReadonlyMap<string, RouteCounts>,
  all: RouteCounts,
  boundsSeconds: readonly number[],
): string[] {
  const row = (name: string, counts: RouteCounts) => [
    name,
    ...cellsOf(statsOf(counts, boundsSeconds), boundsSeconds.at(-1) ?? 0),
  ];
  const rows = [...byRoute].map(([route, counts]) => row(route === "" ? "(none)" : route, counts));
  return tableOf([heads, ...rows, row("all", all)], numberColumns);
}

/** Returns the data of a route for `--json`. Shares are from 0 to 1; `null` means that there is no data. */
export function statsOf(counts: RouteCounts, boundsSeconds: readonly number[]) {
  const { hitCounts, originCounts, ...plain } = counts;
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
    originP50Seconds: quantile(0.5, originCounts),
    originP99Seconds: quantile(0.99, originCounts),
  };
}

function cellsOf(stats: ReturnType<typeof statsOf>, lastBoundSeconds: number): string[] {
  const time = (seconds: number | null) =>
    `${seconds === lastBoundSeconds ? ">" : ""}${duration(seconds)}`;
  return [
    String(stats.requests),
    percent(stats.hitShare),
    percent(stats.staleShare),
    String(stats.passed),
    String(stats.failed + stats.limited),
    String(stats.toOrigin),
    time(stats.hitP50Seconds),
    time(stats.hitP99Seconds),
    time(stats.originP50Seconds),
    time(stats.originP99Seconds),
  ];
}

/** Rounds down, so that only a share of 1 is shown as 100 %. */
export function percent(share: number | null): string {
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
