// GET /_cache/health: anybody gets the status, and operators also get findings and hit rates.
import { isoOf } from "../../../base/iso-date.ts";
import { version } from "../../../version.ts";
import { countedIn, recentWindows, type SeriesCount } from "../../../observe/reports/totals.ts";
import type { Sums } from "../../../observe/sums.ts";
import type { OperatorAnswer } from "../../../protocol/answers.ts";
import { hitOutcomes, notLookedUp } from "../../../protocol/families.ts";
import type { HealthRequest, PartHost } from "../../../admin/part-contents.ts";
import { type Status, statusOf } from "../../../protocol/finding.ts";
import { FindingLog } from "./finding-log.ts";
import { findingsOf } from "./findings.ts";
import { otherPrefixes, prefixesIn } from "../reports/prefix-counts.ts";
import { type EvictionWatches, lookFurther, lookHere, type SiteState } from "./site-state.ts";
import { isUnable } from "./origin-findings.ts";
import { jsonAnswer } from "../../../admin/json-answers.ts";

/**
 * Creates the route.
 *
 * @param settings.auth if no admin token is set, Authorization is ignored, and nobody gets the
 *   findings
 * @returns a handler that answers 200, or 503 if no origin can be used. A request with Authorization
 *   gets 401 for a wrong token, and 503 if ADMIN_TOKEN is unusable. A request without Authorization
 *   gets only the status, from this isolate's state. That check sends no command and no request
 */
export function healthRoute(settings: PartHost) {
  const { auth } = settings;
  const watch: EvictionWatches = new Map();
  const findingLog = new FindingLog(settings.site.log);
  return async ({ request, colo, ...requester }: HealthRequest): Promise<Response> => {
    if (auth.adminToken === undefined || !request.headers.has("authorization")) {
      const state = lookHere(settings);
      const found = findingsOf(state);
      findingLog.looked(found, state);
      const status = statusOf(found, isUnable(state));
      return jsonAnswer({ status }, httpStatusOf(status));
    }
    const refusal = await auth.refusalOf(request, "read");
    if (refusal !== undefined) return refusal;
    const { state, notLookedAt } = await lookFurther(settings, watch, requester);
    const findings = findingsOf(state);
    findingLog.looked(findings, state);
    const status = statusOf(findings, isUnable(state));
    const at = isoOf(state.atMs);
    const hitRates = hitRatesOf(state);
    const answer = { status, at, version, colo, findings, notLookedAt, hitRates };
    return jsonAnswer(answer, httpStatusOf(status));
  };
}

const httpStatusOf = (status: Status) => (status === "unable" ? 503 : 200);

type HitRates = NonNullable<OperatorAnswer<"health">["hitRates"]>;

/** The rows of a list. The other prefixes and the other routes come together. */
const rowsMax = 32;

/** Hits of pages, and of data. */
const hitResults: readonly string[] = [...hitOutcomes, "stale"];

/** Returns the rates of all isolates in the last minutes; `undefined` without their counts. */
function hitRatesOf(state: SiteState): HitRates | undefined {
  if (state.totals === undefined) return undefined;
  const windows = recentWindows(state);
  const counted = (of: (sums: Sums) => SeriesCount[]) => windows.flatMap(({ sums }) => of(sums));
  const pages = counted((sums) => countedIn(sums, "requests"));
  const sinceAtMs = Math.min(...windows.map(({ fromAtMs }) => fromAtMs));
  return {
    since: windows.length === 0 ? null : isoOf(sinceAtMs),
    all: rateOf(pages),
    routes: ratesBy(pages),
    prefixes: ratesBy(counted(prefixesIn)),
    namespaces: ratesBy(counted((sums) => countedIn(sums, "dataRequests"))),
  };
}

/** The first label is the name, the second the result. */
function rateOf(counts: readonly SeriesCount[]) {
  let [requests, hits] = [0, 0];
  for (const { labels, count } of counts) {
    const [, result = ""] = labels;
    if (!notLookedUp.includes(result)) requests += count;
    if (hitResults.includes(result)) hits += count;
  }
  return { requests, hits, hitRate: requests === 0 ? null : hits / requests };
}

/** Returns the names with most requests first. */
function ratesBy(counts: readonly SeriesCount[]) {
  const groups = Map.groupBy(counts, ({ labels: [name = ""] }) => name);
  const rows = Array.from(groups, ([name, of]) => ({ name, ...rateOf(of) }));
  const shown = rows
    .filter(({ name, requests }) => requests > 0 && name !== otherPrefixes)
    .toSorted((a, b) => b.requests - a.requests)
    .slice(0, rowsMax);
  const names = new Set(shown.map(({ name }) => name));
  const others = counts.filter(({ labels: [name = ""] }) => !names.has(name));
  const rest = { name: otherPrefixes, ...rateOf(others) };
  return rest.requests > 0 ? [...shown, rest] : shown;
}
