// Asks the origin, and separates responses from failures. If a route forwards few fields, the origin also
// gets those by which its response is known to vary.
import type { Context } from "../site/exchange.ts";
import type { OriginRequest } from "../site/site.ts";
import type { FieldLine } from "../../rules/fields.ts";
import { selectingFieldNames } from "../../rules/selecting.ts";
import { failureOf, isOfOneRequest } from "../../rules/storable.ts";
import { traceFieldNames, traceFields } from "../../rules/trace-context.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { ownFields, passedFields } from "../request/forwarded-fields.ts";
import { cfOfMembers } from "../request/key.ts";
import { ownUserAgent } from "../request/anonymous.ts";
import { isPersonal } from "../request/personal.ts";
import { type LookupRequest, askedWith, type PassedRequest } from "../request/plan.ts";
import type { Target } from "../request/target.ts";
import { storedCandidate, type OriginNeed } from "../reuse/need.ts";
import { newestMarker } from "../reuse/vary-markers.ts";
import type { HealthRequest, OriginTrouble } from "../site/origin-health.ts";
import { newSpanId } from "./span-id.ts";
import { uploadMs } from "./upload-time.ts";

/** The origin's response or failure. Instants in epoch milliseconds. */
export type OriginAnswer =
  | { kind: "answered"; response: Response; requestedAtMs: number; respondedAtMs: number }
  | { kind: "failed"; failure: OriginTrouble };

/**
 * Forwards a request after its look-up; again if the response varies by withheld fields, which are
 * remembered.
 *
 * @param validators fields of a conditional request; empty for an unconditional one
 * @returns the answer, and the request as the origin saw it
 */
export async function forwardSelecting(
  need: OriginNeed,
  validators: readonly FieldLine[],
): Promise<{ answer: OriginAnswer; asked: LookupRequest }> {
  const { exchange } = need;
  const { site } = exchange;
  const known = namesKnown(need);
  const asked = askedWith(need.asked, known);
  const answer = await forwardAsked(asked, validators, exchange);
  if (answer.kind === "failed") return { answer, asked };
  const { response } = answer;
  const varying = selectingFieldNames(response.headers);
  const unsent = asked.forwarded.unsent(varying);
  if (unsent.length === 0) {
    // Errors and 304 responses may lack the page's Vary.
    if (response.ok && known.length > 0) site.knownVary.forgetOthers(asked.key.text, varying);
    return { answer, asked };
  }
  const names = [...known, ...unsent];
  site.knownVary.learn(asked.key.text, names);
  // An error has no variants, and a failing origin should not get the request twice.
  if (isOriginError(response.status)) return { answer, asked };
  need.exchange.decision.heard({ ...answer, status: response.status });
  cancelBody(response);
  const again = askedWith(asked, names);
  return { answer: await forwardAsked(again, validators, exchange), asked: again };
}

function namesKnown(need: OriginNeed): readonly string[] {
  const { asked, exchange, marker } = need;
  if (asked.route.forward === undefined) return [];
  const selecting = storedCandidate(need)?.stored.metadata.selecting ?? [];
  const names = [
    ...selecting.map(([name]) => name),
    ...(newestMarker(asked.key, marker, exchange)?.names ?? []),
    ...exchange.site.knownVary.names(asked.key.text),
  ];
  return [...new Set(names)];
}

async function forwardAsked(
  asked: LookupRequest,
  validators: readonly FieldLine[],
  context: Context,
): Promise<OriginAnswer> {
  const { conditions } = asked;
  // RFC 9110 §13.2.2: conditions precede a range, and are evaluated here, against the whole response.
  const isConditional = conditions.has("if-none-match") || conditions.has("if-modified-since");
  const part = (isConditional ? [] : ["range", "if-range"]).flatMap((name): FieldLine[] => {
    const value = conditions.get(name);
    return value === null ? [] : [[name, value]];
  });
  const { key, route, target, method } = asked;
  const trace = traceFields(conditions, newSpanId);
  const headers = asked.forwarded.toHeaders([...validators, ...part, ...trace]);
  const page = method === "GET" && !isPersonal(asked) && part.length === 0 ? key.text : undefined;
  const request = { method, headers, body: null, cf: cfOfMembers(asked.cf) };
  const { isAnonymous } = asked;
  const answer = await ask({ origin: route.origin, page, target, isAnonymous }, request, context);
  if (answer.kind === "answered") context.site.headTimes.add(route.name, answer);
  return answer;
}

/** Forwards a bypassed request with its own conditions and body; GET and HEAD without a body. */
export function forwardPassed(passed: PassedRequest, context: Context): Promise<OriginAnswer> {
  const { site } = context;
  const { request, target, route, address } = passed;
  const { method, cf } = request;
  const isBodiless = method === "GET" || method === "HEAD";
  const headers = passedFields({ client: request.headers, target, address }, isBodiless);
  for (const name of traceFieldNames) headers.delete(name);
  for (const [name, value] of traceFields(request.headers, newSpanId)) headers.set(name, value);
  const upgrade = request.headers.get("upgrade");
  if (upgrade !== null) {
    headers.set("upgrade", upgrade);
    headers.set("connection", "upgrade");
  }
  const body = isBodiless ? null : request.body;
  const own = route.bypass ? ownFields(request.headers, isBodiless) : undefined;
  own?.set("via", site.loops.viaWithOurs(own.get("via")));
  const withinMs = site.config.originTimeout.firstByteMs + uploadMs({ headers, body });
  return ask(
    { origin: route.origin, target },
    { method, headers, body, cf, own },
    context,
    withinMs,
  );
}

/** The runtime ends background work 30 s after the answer. */
const probeMsMax = 20_000;

/**
 * Probes an origin behind the answer, without anything of a client. Requests the front page and the page
 * that answered last, or else the current one: a client can make any single page fail.
 *
 * @returns whether the origin has answered; never rejects
 */
export async function probeOrigin(
  { origin, target }: HealthRequest,
  context: Context,
): Promise<boolean> {
  const last = context.site.originHealth.wellTarget(origin) ?? target;
  const paths = new Set([last.path, "/"]);
  const probe = (path: string) => probePage(origin, { ...last, path, query: "" }, context);
  return (await Promise.all(Array.from(paths, probe))).includes(true);
}

async function probePage(origin: string, target: Target, context: Context): Promise<boolean> {
  const fields = { accept: "*/*", "accept-encoding": "identity", "user-agent": ownUserAgent };
  const headers = passedFields({ client: new Headers(fields), target });
  const withinMs = Math.min(probeMsMax, context.site.config.originTimeout.firstByteMs);
  const request = { method: "GET", headers, body: null, cf: undefined };
  const answer = await ask({ origin, target, isAnonymous: true }, request, context, withinMs);
  if (answer.kind === "answered") cancelBody(answer.response);
  return answer.kind === "answered";
}

/** Sends a request with a timeout for the first byte, and records the result in the origin's health. */
async function ask(
  asking: HealthRequest,
  request: Pick<OriginRequest, "method" | "headers" | "body" | "cf" | "own">,
  context: Context,
  withinMs = context.site.config.originTimeout.firstByteMs,
): Promise<OriginAnswer> {
  const { site } = context;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), withinMs);
  const requestedAtMs = context.nowAtMs();
  const { headers } = request;
  headers.set("via", site.loops.viaWithOurs(headers.get("via")));
  try {
    const { target } = asking;
    const { afterAnswer } = context;
    const sent = { ...request, target, signal: abort.signal, afterAnswer };
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
    return failed(asking, failure ?? "unreachable", context);
  } catch {
    const failure = abort.signal.aborted ? "timeout" : "unreachable";
    // If there is a body, its client may have failed instead of the origin.
    if (request.body !== null) return { kind: "failed", failure };
    return failed(asking, failure, context);
  } finally {
    clearTimeout(timer);
  }
}

function failed(asking: HealthRequest, failure: OriginTrouble, context: Context): OriginAnswer {
  const { nowAtMs, afterAnswer } = context;
  const { originHealth } = context.site;
  if (originHealth.failed(asking, nowAtMs(), failure)) {
    afterAnswer(async () => {
      const isAnswered = await probeOrigin(asking, context);
      if (!isAnswered) originHealth.probeFailed(asking.origin, nowAtMs());
    });
  }
  return { kind: "failed", failure };
}

/** Retries a safe request once: a reused connection may be broken (RFC 9110 §9.2.2). */
async function sentWithRetry(origin: string, request: OriginRequest, context: Context) {
  const { site } = context;
  const { method, body, signal } = request;
  const isRepeatable = (method === "GET" || method === "HEAD") && body === null;
  const maySendAgain = () => isRepeatable && !signal.aborted && site.originHealth.takeRetry(origin);
  try {
    const response = await site.fetchOrigin(origin, request);
    const isReached = failureOf(response.status) !== "unreachable";
    if (isReached || !maySendAgain()) return response;
    cancelBody(response);
  } catch (cause) {
    if (!maySendAgain()) throw cause;
  }
  site.metrics.add("originRetries");
  return site.fetchOrigin(origin, request);
}

/** Returns whether the status is final. Other numbers cannot be passed on (RFC 9110 §15). */
export function isFinal(status: number): boolean {
  return status >= 200 && status <= 599;
}

/** Returns whether the status is one of the server errors that RFC 5861 §4 names. */
export function isOriginError(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}
