// What the metrics of all isolates say of each route.
import type { MetricsTold } from "../../../../src/admin/protocol.ts";
import { addedCounts } from "./quantile.ts";

/** Counts of one route, or of several. */
export interface RouteCounts {
  readonly requests: number;
  /** Answered from the cache, stale or not. */
  readonly hits: number;
  readonly stale: number;
  /** Never looked up: by the route, the request or the switch. */
  readonly passed: number;
  /** Answered 429. */
  readonly limited: number;
  /** Answered by an error of Tidemark's own. */
  readonly failed: number;
  readonly toOrigin: number;
  /** In the buckets of the metrics: requests that had to wait for a tier, then those that went to the origin. */
  readonly hitCounts: readonly number[];
  readonly forwardCounts: readonly number[];
}

const hitResults = ["hit", "stale-hit"];
const forwardResults = ["forwarded", "stored", "validated", "passed"];

/** In the order of their requests, the most first. */
export function countsByRoute(told: MetricsTold): Map<string, RouteCounts> {
  const routes = new Set(
    told.counters.flatMap(({ name, labels }) =>
      name === "tidemark_requests_total" || name === "tidemark_origin_responses_total"
        ? [labels["route"] ?? ""]
        : [],
    ),
  );
  const rows = [...routes].map((route) => [route, countsOf(told, route)] as const);
  return new Map(rows.toSorted(([, one], [, other]) => other.requests - one.requests));
}

function countsOf({ counters, histograms }: MetricsTold, route: string): RouteCounts {
  const sumOf = (name: string, results?: readonly string[]) =>
    counters
      .filter((one) => one.name === name && one.labels["route"] === route)
      .filter(({ labels }) => results?.includes(labels["result"] ?? "") ?? true)
      .reduce((sum, { value }) => sum + value, 0);
  const answered = (...results: string[]) => sumOf("tidemark_requests_total", results);
  const waited = (results: readonly string[]) =>
    addedCounts(
      histograms
        .filter(
          ({ name, labels }) => name === "tidemark_response_seconds" && labels["route"] === route,
        )
        .filter(({ labels }) => results.includes(labels["result"] ?? ""))
        .map(({ counts }) => counts),
    );
  return {
    requests: sumOf("tidemark_requests_total"),
    hits: answered(...hitResults),
    stale: answered("stale-hit"),
    passed: answered("passed"),
    limited: answered("limited"),
    failed: answered("failed"),
    toOrigin: sumOf("tidemark_origin_responses_total"),
    hitCounts: waited(hitResults),
    forwardCounts: waited(forwardResults),
  };
}

type CountName = Exclude<keyof RouteCounts, "hitCounts" | "forwardCounts">;

const countNames: readonly CountName[] = [
  "requests",
  "hits",
  "stale",
  "passed",
  "limited",
  "failed",
  "toOrigin",
];

/** The sum of all of them. */
export function totalOf(all: Iterable<RouteCounts>): RouteCounts {
  return [...all].reduce((sum, one) => combined(sum, one, 1), noCounts);
}

/** How much they rose since `before`; what fell has begun anew, and has risen from 0. */
export function risen(now: RouteCounts, before: RouteCounts | undefined): RouteCounts {
  if (before === undefined || now.requests < before.requests) return now;
  return combined(now, before, -1);
}

const noCounts: RouteCounts = {
  requests: 0,
  hits: 0,
  stale: 0,
  passed: 0,
  limited: 0,
  failed: 0,
  toOrigin: 0,
  hitCounts: [],
  forwardCounts: [],
};

function combined(one: RouteCounts, other: RouteCounts, sign: 1 | -1): RouteCounts {
  const counts = Object.fromEntries(
    countNames.map((name) => [name, one[name] + sign * other[name]]),
  ) as Record<CountName, number>;
  const buckets = (of: "hitCounts" | "forwardCounts") =>
    addedCounts([one[of], other[of].map((count) => sign * count)]);
  return { ...counts, hitCounts: buckets("hitCounts"), forwardCounts: buckets("forwardCounts") };
}
