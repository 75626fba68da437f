// Findings from the counts of all isolates: about routes, origins and the database.
import type { OperatorAnswer, ConfiguredRoute } from "../../../../../src/protocol/answers.ts";
import { percentOf } from "../../../../../src/protocol/finding.ts";
import { countsOf } from "../../stats/routes.ts";
import { addedCounts, bucketsOf, countsBy, quantileSeconds } from "../../stats/series.ts";
import type { DoctorFinding } from "../finding.ts";

/** The minimum number of requests to judge a share. */
const countMin = 100;

export function trafficFindings(
  metrics: OperatorAnswer<"metrics">,
  routes: readonly ConfiguredRoute[],
): DoctorFinding[] {
  return [databaseFar(metrics), routes.flatMap((route) => fewHits(metrics, route))].flat();
}

const farSeconds = 0.05;

/** Finds a slow database. Purges and most misses wait for at least one round trip. */
function databaseFar(metrics: OperatorAnswer<"metrics">): DoctorFinding | [] {
  const buckets = addedCounts(bucketsOf(metrics, "redisSeconds"));
  const count = buckets.reduce((sum, one) => sum + one, 0);
  const medianSeconds = quantileSeconds(0.5, buckets, metrics.boundsSeconds) ?? 0;
  if (count < countMin || medianSeconds < farSeconds) return [];
  return {
    code: "database-far",
    level: "warning",
    what: "Misses and purges wait for a slow database.",
    cause: `Half of ${count} round trips to it took more than ${Math.round(medianSeconds * 1_000)} ms: it is far from the isolates, or busy.`,
    remedy:
      "Move the database closer to the isolates with most misses, or set purge.clockAllowanceSeconds to 3 and add a read region.",
  };
}

const hitShareMin = 0.2;

function fewHits(
  metrics: OperatorAnswer<"metrics">,
  { name, bypass }: ConfiguredRoute,
): DoctorFinding | [] {
  if (bypass) return [];
  const { requests, passed, limited, hits } = countsOf(metrics, { route: name });
  const of = requests - passed - limited;
  const share = hits / of;
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
