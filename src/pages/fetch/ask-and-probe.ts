// Sends a request to an origin, with a timeout and perhaps one retry, and records the result in the origin's
// health. Probes an origin that fails.
import type { Context } from "../site/exchange.ts";
import type { StampedAnswer } from "../site/origin-outcome.ts";
import type { OriginRequest } from "../../platform/fetch-origin.ts";
import { isFinal } from "../../rules/fields.ts";
import { isSafe } from "../../rules/methods.ts";
import { failureOf, isOfOneRequest, isOriginError } from "../../rules/storable.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { passedFields } from "../request/forwarded-fields.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { Target } from "../../routing/target.ts";
import { type HealthRequest, type OriginTrouble, troubleBy } from "../../platform/origin-health.ts";
import { inPublicContext } from "./public-context.ts";

/** The origin's response, or why there is none. */
export type OriginResult =
  | ({ readonly kind: "answered" } & Omit<StampedAnswer, "stamp">)
  | { readonly kind: "failed"; readonly trouble: OriginTrouble };

/**
 * Sends a request with a timeout for the first byte. Records the result in the origin's health, but
 * not a failure that the client's request body may have caused.
 */
export async function ask(
  asking: HealthRequest,
  request: Pick<OriginRequest, "method" | "headers" | "body" | "cf" | "own" | "server">,
  context: Context,
  withinMs = context.site.config.originTimeout.firstByteMs,
): Promise<OriginResult> {
  const { site } = context;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), withinMs);
  const requestedAtMs = context.nowAtMs();
  const { headers } = request;
  headers.set("via", site.loops.viaWithOurs(headers.get("via")));
  try {
    const { afterAnswer, caller } = context;
    const sent = { ...request, target: asking.target, signal: abort.signal, afterAnswer, caller };
    const response = await sentWithRetry(asking.origin, sent, context);
    const respondedAtMs = context.nowAtMs();
    const { status } = response;
    const failure = failureOf(status);
    const isUpgraded = status === 101 && headers.has("upgrade");
    if (failure === undefined && (isFinal(status) || isUpgraded)) {
      const answer = { isError: isOriginError(status), isRefused: isOfOneRequest(status) };
      site.originHealth.answered(asking, answer, respondedAtMs);
      return { kind: "answered", response, requestedAtMs, respondedAtMs };
    }
    cancelBody(response);
    return failed(asking, failure ?? "invalid-response", context);
  } catch (cause) {
    const failure = abort.signal.aborted ? "timeout" : troubleBy(cause);
    // The client may have caused the failure if the request has a body.
    if (request.body !== null) return { kind: "failed", trouble: failure };
    return failed(asking, failure, context);
  } finally {
    clearTimeout(timer);
  }
}

function failed(asking: HealthRequest, failure: OriginTrouble, context: Context): OriginResult {
  const { nowAtMs, afterAnswer } = context;
  const { originHealth } = context.site;
  if (originHealth.failed(asking, nowAtMs(), failure)) {
    afterAnswer(async () => {
      const isAnswered = await probeOrigin(asking, context);
      if (!isAnswered) originHealth.probeFailed(asking.origin, nowAtMs());
    });
  }
  return { kind: "failed", trouble: failure };
}

/**
 * Sends a request. Without a usable response, sends a safe request without a body once more, within the
 * budget for retries. The cause may be a reused connection that the origin has closed (RFC 9110 §9.2.2).
 */
async function sentWithRetry(origin: string, request: OriginRequest, context: Context) {
  const { site } = context;
  const { body, signal } = request;
  const isRepeatable = isSafe(request) && body === null;
  const maySendAgain = () => isRepeatable && !signal.aborted && site.originHealth.takeRetry(origin);
  try {
    const response = await site.fetchOrigin(origin, request);
    const failure = failureOf(response.status);
    if (failure === undefined || failure === "timeout" || !maySendAgain()) return response;
    cancelBody(response);
  } catch (cause) {
    if (!maySendAgain()) throw cause;
  }
  site.metrics.add("originRetries");
  return site.fetchOrigin(origin, request);
}

/**
 * The runtime ends background work 30 s after the response is sent, so a probe must end earlier.
 */
const probeMsMax = 20_000;

/**
 * Probes an origin in the background, without a client's fields. A client can make any single page
 * fail. So the probe requests two pages: the front page, and the page that last answered without an
 * error. If no page has answered without an error, the second page is the page of the current
 * request.
 *
 * @returns whether the origin answered; never rejects
 */
async function probeOrigin({ origin, target }: HealthRequest, context: Context): Promise<boolean> {
  const last = context.site.originHealth.wellTarget(origin) ?? target;
  const front = { ...last, path: "/", sentPath: "/" };
  const pages = last.sentPath === "/" ? [front] : [last, front];
  const probes = (own: Context) =>
    pages.map((page) => probePage(origin, { ...page, query: "" }, own));
  return (await Promise.all(inPublicContext(origin, context, probes))).includes(true);
}

/** Probes an origin in the background, regardless of stored responses and forwards in progress. */
export function probeBehind(
  { route, target }: Pick<LookupRequest, "route" | "target">,
  context: Context,
): void {
  context.afterAnswer(
    async () => void (await probeOrigin({ origin: route.origin, target }, context)),
  );
}

async function probePage(origin: string, target: Target, context: Context): Promise<boolean> {
  const { neutralFields } = context.site.config.anywhere;
  const fields = { ...neutralFields, "accept-encoding": "identity" };
  const headers = passedFields({ client: new Headers(fields), target });
  const withinMs = Math.min(probeMsMax, context.site.config.originTimeout.firstByteMs);
  const request = { method: "GET", headers, body: null, cf: undefined };
  const answer = await ask({ origin, target, isAnonymous: true }, request, context, withinMs);
  if (answer.kind === "answered") cancelBody(answer.response);
  return answer.kind === "answered";
}
