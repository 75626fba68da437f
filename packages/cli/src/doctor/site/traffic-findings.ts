// Findings from the counts of all isolates: about routes, origins and the database.
import type { OperatorAnswer, ConfiguredRoute } from "../../../../../src/protocol/answers.ts";
import { percentOf } from "../../../../../src/protocol/finding.ts";
import { otherRoutes } from "../../../../../src/protocol/families.ts";
import { countOf, countsBy, distributionOf } from "../../stats/series.ts";
import type { DoctorFinding } from "../finding.ts";

/** The minimum number of requests to judge whether a route is used. */
const wholeCountMin = 1_000;
/** The minimum number of requests to judge a share. */
const countMin = 100;

export function trafficFindings(
  metrics: OperatorAnswer<"metrics">,
  routes: readonly ConfiguredRoute[],
): DoctorFinding[] {
  return [
    databaseFar(metrics),
    routes.flatMap((route) => timeoutShort(metrics, route)),
    unmatched(metrics, routes),
    routes.flatMap((route) => fewHits(metrics, route)),
  ].flat();
}

/** Lists the checks for which the counts are too low, with the reason. */
export function notJudged(metrics: OperatorAnswer<"metrics">): string[] {
  const count = countOf(metrics, "requests");
  if (count >= wholeCountMin) return [];
  return [
    `Routes without requests: the site has counted ${count} requests, and at least ${wholeCountMin} are needed.`,
  ];
}

const farSeconds = 0.05;

/** Finds a slow database. Purges and most misses wait for at least one round trip. */
function databaseFar(metrics: OperatorAnswer<"metrics">): DoctorFinding | [] {
  const { count, quantile } = distributionOf(metrics, "redisSeconds");
  const { aboveSeconds } = quantile(0.5);
  if (count < countMin || aboveSeconds < farSeconds) return [];
  return {
    code: "database-far",
    level: "warning",
    what: "Misses and purges wait for a slow database.",
    cause: `Half of ${count} round trips to it took more than ${Math.round(aboveSeconds * 1_000)} ms: it is far from the isolates, or busy.`,
    remedy:
      "Move the database closer to the isolates with most misses, or add a read region with purge.readReplicas.",
  };
}

/**
 * Finds an origin timeout that is too short. Counts failed requests as slower than all others, because they
 * may have waited until the timeout.
 */
function timeoutShort(
  metrics: OperatorAnswer<"metrics">,
  route: ConfiguredRoute,
): DoctorFinding | [] {
  const { name, originTimeoutSeconds } = route;
  const labels = { route: name };
  const failed = countOf(metrics, "originResponses", { ...labels, class: "failed" });
  const answered = distributionOf(metrics, "originSeconds", labels);
  const { count, quantile } = distributionOf(metrics, "originSeconds", labels, failed);
  if (count < countMin || quantile(0.99).upToSeconds <= originTimeoutSeconds) return [];
  // If the origin answers either fast or not at all, it is sometimes down, but not slow.
  const isSlow = answered.quantile(0.95).upToSeconds > originTimeoutSeconds / 4;
  if (!isSlow) return [];
  return {
    code: "origin-timeout-short",
    level: "warning",
    about: aboutRoute(name),
    what: "At least 1 % of the requests to the origin end with 504, although the origin would answer.",
    cause: `originTimeout is ${originTimeoutSeconds} s, and 1 % of ${count} requests took about as long, or got no answer.`,
    remedy: "Raise originTimeout above the origin's slowest pages, or make these faster.",
  };
}

function unmatched(
  metrics: OperatorAnswer<"metrics">,
  routes: readonly ConfiguredRoute[],
): DoctorFinding[] {
  const whole = countOf(metrics, "requests");
  const areCountedTogether = countOf(metrics, "requests", { route: otherRoutes }) > 0;
  if (whole < wholeCountMin || areCountedTogether) return [];
  return routes.flatMap(({ name }, at): DoctorFinding | [] => {
    if (countOf(metrics, "requests", { route: name }) > 0) return [];
    const wider = routes.slice(0, at).find(({ match }) => match.some(isOfAll));
    return {
      code: "route-unmatched",
      level: wider === undefined ? "info" : "warning",
      about: aboutRoute(name),
      what: `None of ${whole} requests matched this route.`,
      cause:
        wider === undefined
          ? "Clients request no such pages, an earlier route matches them, or its pattern is wrong."
          : `The route ${JSON.stringify(wider.name)} comes before it and matches every path. The first matching route applies.`,
      remedy:
        wider === undefined
          ? "Run tidemark explain with a URL that it should match."
          : "Move it before that route.",
    };
  });
}

const isOfAll = (pattern: string) => pattern === "*" || pattern === "/*";

const hits = ["hit", "stale-hit"];
/** Results of requests without a lookup. */
const notLookedUp = ["passed", "limited"];
const hitShareMin = 0.2;

function fewHits(
  metrics: OperatorAnswer<"metrics">,
  { name, bypass }: ConfiguredRoute,
): DoctorFinding | [] {
  if (bypass) return [];
  const results = countsBy(metrics, "requests", "result", { route: name }).filter(
    ({ value }) => !notLookedUp.includes(value),
  );
  const sum = (counted: typeof results) => counted.reduce((all, { count }) => all + count, 0);
  const of = sum(results);
  const share = sum(results.filter(({ value }) => hits.includes(value))) / of;
  if (of < countMin || share >= hitShareMin) return [];
  const [rule] = countsBy(metrics, "refusals", "rule", { route: name });
  const [reason] = countsBy(metrics, "forwards", "reason", { route: name });
  const cause =
    rule !== undefined && rule.count >= of / 4
      ? `${rule.count} answers were not stored because of the rule ${rule.value}.`
      : reason !== undefined
        ? `The most frequent reason for a request to the origin is ${reason.value}: ${reason.count} times.`
        : "The counts do not show why.";
  return {
    code: "route-few-hits",
    level: "info",
    about: aboutRoute(name),
    what: `Its hit rate is ${percentOf(share)}, of ${of} requests that were looked up.`,
    cause,
    remedy:
      "Run tidemark explain with one of its pages: it explains why the page is not a hit, and what to do.",
  };
}

const aboutRoute = (name: string) => `route ${JSON.stringify(name)}`;
