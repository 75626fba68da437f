// GET /_cache/health: anybody gets the status, and operators also get findings.
import { isoOf } from "../../../base/iso-date.ts";
import { version } from "../../../version.ts";
import type { HealthRequest, PartHost } from "../../../admin/part-contents.ts";
import { type Status, statusOf } from "../../../protocol/finding.ts";
import { FindingLog } from "./finding-log.ts";
import { findingsOf } from "./findings.ts";
import { type EvictionWatches, lookFurther, lookHere } from "./site-state.ts";
import { hitRatesOf } from "./hit-rates.ts";
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
