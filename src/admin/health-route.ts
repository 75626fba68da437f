// GET /_cache/health: a status for everybody; findings with causes and remedies for operators.
import { isoOf } from "../base/iso-date.ts";
import type { Attention } from "../purge/view/view.ts";
import { version } from "../version.ts";
import type { OperatorGate } from "./auth.ts";
import { type Status, statusOf, summaryOf } from "../protocol/finding.ts";
import { FindingLog } from "./health/finding-log.ts";
import { findingsOf } from "./health/findings.ts";
import { evictionWatches, lookFurther } from "./health/look-further.ts";
import { type HealthSettings, lookedNoFurther, lookHere } from "./health/site-state.ts";
import { isUnable } from "./health/origin-findings.ts";
import { jsonAnswer } from "./json-answers.ts";

/** The request for health, with the means to renew the view. */
export interface HealthRequest extends Attention {
  readonly request: Request;
  readonly colo: string;
}

const scope =
  "This isolate, the database, and the counts of all isolates. Other isolates may have other troubles.";

/**
 * Creates the route.
 *
 * @param settings.gate without a token there is no list, and Authorization is ignored
 * @returns a handler that answers 200, or 503 if no origin is left; 401 for a wrong token. Without Authorization
 *   it returns only the status, from this isolate's state, and sends no command or request
 */
export function healthRoute(settings: HealthSettings & { gate: OperatorGate }) {
  const { gate } = settings;
  const watch = evictionWatches();
  const findingLog = new FindingLog(settings.site.log);
  return async ({ request, colo, ...attention }: HealthRequest): Promise<Response> => {
    if (gate.adminToken === undefined || !request.headers.has("authorization")) {
      const looked = lookedNoFurther(lookHere(settings));
      const found = findingsOf(looked);
      findingLog.looked(found, looked);
      const status = statusOf(found, isUnable(looked));
      return jsonAnswer({ status }, httpStatusOf(status));
    }
    const refusal = await gate.refusalOf(request);
    if (refusal !== undefined) return refusal;
    const { looked, notLookedAt } = await lookFurther(settings, watch, attention);
    const findings = findingsOf(looked);
    findingLog.looked(findings, looked);
    const status = statusOf(findings, isUnable(looked));
    const summary = summaryOf(findings);
    const at = isoOf(looked.atMs);
    const said = { status, summary, scope, at, version, colo, findings, notLookedAt };
    return jsonAnswer(said, httpStatusOf(status));
  };
}

const httpStatusOf = (status: Status) => (status === "unable" ? 503 : 200);
