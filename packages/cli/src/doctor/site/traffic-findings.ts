// Findings on what all isolates of a site have counted: its routes, its origins, its database.
import type { OperatorAnswer, ConfiguredRoute } from "../../../../../src/protocol/answers.ts";
import { percentOf } from "../../../../../src/protocol/finding.ts";
import { otherRoutes } from "../../../../../src/protocol/families.ts";
import { countOf, countsBy } from "../../stats/series.ts";
import type { DoctorFinding } from "../finding.ts";
import { distributionOf } from "./distribution.ts";

/** Fewer requests tell nothing of a route that nobody asks for. */
const wholeCountMin = 1_000;
/** A share of fewer means nothing. */
const countMin = 100;

export function trafficFindings(
  metrics: OperatorAnswer<"metrics">,
  routes: readonly ConfiguredRoute[],
): DoctorFinding[] {
  return [
    ...databaseFar(metrics),
    ...routes.flatMap((route) => timeoutShort(metrics, route)),
    ...unmatched(metrics, routes),
    ...routes.flatMap((route) => fewHits(metrics, route)),
  ];
}

/** @returns why a part cannot be judged by these counts; empty if all can */
export function notJudged(metrics: OperatorAnswer<"metrics">): string[] {
  const count = countOf(metrics, "requests");
  if (count >= wholeCountMin) return [];
  return [
    `Routes that nothing matches: the site has counted ${count} requests, and fewer than ${wholeCountMin} tell nothing.`,
  ];
}

const farSeconds = 0.05;

/** A miss waits for one round trip, and so does a purge. */
function databaseFar(metrics: OperatorAnswer<"metrics">): DoctorFinding[] {
  const { count, quantile } = distributionOf(metrics, "redisSeconds");
  const { aboveSeconds } = quantile(0.5);
  if (count < countMin || aboveSeconds < farSeconds) return [];
  return [
    {
      code: "database-far",
      level: "warning",
      what: "Misses and purges wait long for the database.",
      cause: `Half of ${count} round trips to it took more than ${Math.round(aboveSeconds * 1_000)} ms: it is far from the isolates, or busy.`,
      remedy:
        "Move the database near to the isolates that miss most, or add a read region with purge.readReplicas.",
    },
  ];
}

/** What failed has waited in vain: for as long as the time-out, or for less. */
function timeoutShort(metrics: OperatorAnswer<"metrics">, route: ConfiguredRoute): DoctorFinding[] {
  const { name, originTimeoutSeconds } = route;
  const labels = { route: name };
  const failed = countOf(metrics, "originResponses", { ...labels, class: "failed" });
  const answered = distributionOf(metrics, "originSeconds", labels);
  const { count, quantile } = distributionOf(metrics, "originSeconds", labels, failed);
  if (count < countMin || quantile(0.99).upToSeconds <= originTimeoutSeconds) return [];
  // An origin that answers fast, or not at all, is down now and then, and not slow.
  const isSlow = answered.quantile(0.95).upToSeconds > originTimeoutSeconds / 4;
  if (!isSlow) return [];
  return [
    {
      code: "origin-timeout-short",
      level: "warning",
      about: aboutRoute(name),
      what: "One or more of a hundred requests to the origin get 504, though the origin would answer.",
      cause: `originTimeout is ${originTimeoutSeconds} s, and 1 % of ${count} requests took about as long, or got no answer.`,
      remedy: "Raise originTimeout above the origin's slowest pages, or make these faster.",
    },
  ];
}

function unmatched(
  metrics: OperatorAnswer<"metrics">,
  routes: readonly ConfiguredRoute[],
): DoctorFinding[] {
  const whole = countOf(metrics, "requests");
  const areCountedTogether = countOf(metrics, "requests", { route: otherRoutes }) > 0;
  if (whole < wholeCountMin || areCountedTogether) return [];
  return routes.flatMap(({ name }, at): DoctorFinding[] => {
    if (countOf(metrics, "requests", { route: name }) > 0) return [];
    const wider = routes.slice(0, at).find(({ match }) => match.some(isOfAll));
    return [
      {
        code: "route-unmatched",
        level: wider === undefined ? "info" : "warning",
        about: aboutRoute(name),
        what: `None of ${whole} requests took this route.`,
        cause:
          wider === undefined
            ? "Nobody asks for such pages, an earlier route takes them, or its pattern has a mistake."
            : `The route ${JSON.stringify(wider.name)} stands before it and fits every path. The first route that fits counts.`,
        remedy:
          wider === undefined
            ? "Run tidemark explain with an address that it should take."
            : "Move it before that route.",
      },
    ];
  });
}

const isOfAll = (pattern: string) => pattern === "*" || pattern === "/*";

const hits = ["hit", "stale-hit"];
/** Requests that were never looked up. */
const notLookedUp = ["passed", "limited"];
const hitShareMin = 0.2;

function fewHits(
  metrics: OperatorAnswer<"metrics">,
  { name, bypass }: ConfiguredRoute,
): DoctorFinding[] {
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
      ? `${rule.count} answers were not stored, by the rule ${rule.value}.`
      : reason !== undefined
        ? `Most often a request went to its origin for the reason ${reason.value}: ${reason.count} times.`
        : "No count tells why.";
  return [
    {
      code: "route-few-hits",
      level: "info",
      about: aboutRoute(name),
      what: `Its hit rate is ${percentOf(share)}, of ${of} requests that were looked up.`,
      cause,
      remedy:
        "Run tidemark explain with one of its pages: it tells why that is no hit, and what to do.",
    },
  ];
}

const aboutRoute = (name: string) => `route ${JSON.stringify(name)}`;
