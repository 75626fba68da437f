// Sums up the metrics of all isolates by route.
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { addedCounts } from "./quantile.ts";
import { bucketsOf, countOf, countsBy } from "./series.ts";

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
  readonly forwardCounts: readonly number[];
}

const hitResults = ["hit", "stale-hit"];
const forwardResults = ["forwarded", "stored", "validated", "passed"];

/** Returns the counts by route, sorted by the number of requests, the largest first. */
export function countsByRoute(answer: OperatorAnswer<"metrics">): Map<string, RouteCounts> {
  const families = ["requests", "originResponses"] as const;
  const routes = new Set(
    families.flatMap((family) => countsBy(answer, family, "route").map(({ value }) => value)),
  );
  const rows = [...routes].map((route) => [route, countsOf(answer, route)] as const);
  return new Map(rows.toSorted(([, one], [, other]) => other.requests - one.requests));
}

function countsOf(answer: OperatorAnswer<"metrics">, route: string): RouteCounts {
  const answered = (...results: string[]) =>
    results.reduce((sum, result) => sum + countOf(answer, "requests", { route, result }), 0);
  const waited = (results: readonly string[]) =>
    addedCounts(
      results.flatMap((result) => bucketsOf(answer, "responseSeconds", { route, result })),
    );
  return {
    requests: countOf(answer, "requests", { route }),
    hits: answered(...hitResults),
    stale: answered("stale-hit"),
    passed: answered("passed"),
    limited: answered("limited"),
    failed: answered("failed"),
    toOrigin: countOf(answer, "originResponses", { route }),
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

/** Returns the sum of the counts. */
export function totalOf(all: Iterable<RouteCounts>): RouteCounts {
  return [...all].reduce((sum, one) => combined(sum, one, 1), noCounts);
}

/** Returns the increase since `before`. If there are fewer requests than before, the counters have restarted from 0. */
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
