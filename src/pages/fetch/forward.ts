// Sends requests to the origin, and separates responses from failures. The origin also receives withheld fields by
// which its response is known to vary.
import type { Context } from "../site/exchange.ts";
import { type PendingRequest, storedCandidate } from "../reuse/pending-request.ts";
import type { FieldLine } from "../../rules/fields.ts";
import { contentMethod } from "../../rules/methods.ts";
import { selectingFieldNames } from "../../rules/selecting.ts";
import { isOriginError } from "../../rules/storable.ts";
import { traceFieldNames, traceFields } from "../../rules/trace-context.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { dropDateConditions, unmarked } from "../stored/build.ts";
import { ownFields, passedFields } from "../request/forwarded-fields.ts";
import { edit, setLines } from "../../routing/field-edits.ts";
import { cfOfMembers } from "../../routing/key.ts";
import { isConditional, partAsked } from "../request/conditions.ts";
import { isPersonal } from "../request/personal.ts";
import { type LookupRequest, askedWith, type PassedRequest } from "../request/plan.ts";
import { newestMarker } from "../reuse/vary-markers.ts";
import { readPurgesFor } from "../storing/from-before-purge.ts";
import type { Route } from "../../config/config.ts";
import { builtAnswer, objectionsTo } from "./answer-through-parts.ts";
import { ask, type OriginResult } from "./ask-and-probe.ts";

/**
 * Forwards a request after its lookup. If the response varies by withheld fields, remembers these
 * fields. Then forwards the request again with them, unless the response is an error of the origin.
 *
 * @param added the fields of a conditional request, and those of a body holder; empty for neither
 * @returns the answer, and the request that the origin received
 */
export async function forwardSelecting(
  pending: PendingRequest,
  added: readonly FieldLine[],
): Promise<{ answer: OriginResult; request: LookupRequest }> {
  const { exchange } = pending;
  const { site } = exchange;
  const known = namesKnown(pending);
  const request = askedWith(pending.request, known);
  const answer = await forwardAsked(request, added, exchange);
  if (answer.kind === "failed") return { answer, request };
  const { response } = answer;
  const varying = selectingFieldNames(response.headers);
  const unsent = request.forwarded.unsent(varying);
  if (unsent.length === 0) {
    // Forget names only after a success: errors and 304 responses may lack the page's `Vary`.
    if (response.ok && known.length > 0) site.knownVary.forgetOthers(request.key.text, varying);
    return { answer, request };
  }
  const names = [...known, ...unsent];
  site.knownVary.learn(request.key.text, names);
  // An error has no variants, and a failing origin should not get the request a second time.
  if (isOriginError(response.status)) return { answer, request };
  pending.exchange.decision.heard({ ...answer, status: response.status });
  cancelBody(response);
  const again = askedWith(request, names);
  return { answer: await forwardAsked(again, added, exchange), request: again };
}

function namesKnown(pending: PendingRequest): readonly string[] {
  const { request, exchange, marker } = pending;
  if (!request.forwarded.isPartial) return [];
  const selecting = storedCandidate(pending)?.stored.metadata.selecting ?? [];
  const names = [
    ...selecting.map(([name]) => name),
    ...(newestMarker(request.key, marker, exchange)?.names ?? []),
    ...exchange.site.knownVary.names(request.key.text),
  ];
  return [...new Set(names)];
}

/**
 * Forwards a request. A range in `added` replaces the client's range. Each origin of the route has an
 * equal share of the timeout, unless the request is personal and has no fallback origin.
 */
export async function forwardAsked(
  request: LookupRequest,
  added: readonly FieldLine[],
  context: Context,
): Promise<OriginResult> {
  const { conditions, key, route, target, isAnonymous, content } = request;
  // RFC 9110 §13.2.2: conditions take precedence over a range. This cache evaluates them against
  // the whole response, so the range is omitted.
  const isOfHolder = added.some(([name]) => name === "range");
  // The origin does not know the client's ETag, which names the build.
  const isOfBuild = route.builds !== undefined && conditions.has("if-range");
  const omitsRange = isConditional(request) || isOfHolder || route.isFallback || isOfBuild;
  const part = omitsRange ? [] : partAsked(request);
  const method = content === undefined ? request.method : contentMethod;
  const trace = traceFields(conditions, newSpanId);
  const own = content?.fields ?? [];
  const headers = request.forwarded.toHeaders([...added, ...part, ...trace, ...own]);
  const isWhole = part.length === 0 && !isOfHolder;
  const isShared = !isPersonal(request);
  const isOfPage = request.method === "GET" && isShared && isWhole;
  const page = isOfPage ? key.text : undefined;
  const { firstByteMs } = context.site.config.originTimeout;
  const withinMs = isShared ? firstByteMs / (1 + route.fallbacks.length) : firstByteMs;
  const sent = { method, headers, body: content?.body() ?? null, cf: cfOfMembers(request.cf) };
  const asking = { origin: route.origin, page, target, isAnonymous };
  const again = route.phases.fails && new Headers(headers);
  const judged = async (given: typeof sent): Promise<OriginResult> => {
    const answer = await ask(asking, given, context, withinMs);
    if (answer.kind === "failed") return answer;
    const { response } = answer;
    const built = builtAnswer(response, { method, route });
    return { ...answer, ...built, ...objectionsTo(response, built.release, request) };
  };
  const first = await judged(sent);
  const answer =
    again !== undefined && content === undefined && isToAskAgain(first, route, context)
      ? await judged({ ...sent, headers: again })
      : first;
  if (answer.kind === "failed") return answer;
  if (!route.isFallback) context.site.headTimes.add(route.name, answer);
  if (isShared)
    await readPurgesFor({ ...answer, headers: answer.response.headers }, request, context.site);
  return answer;
}

/**
 * Returns whether another server of the origin may answer better, by a part of the route. Takes a retry from the
 * budget, and ends the answer.
 */
function isToAskAgain(answer: OriginResult, route: Route, { site }: Context): boolean {
  if (answer.kind === "failed" || answer.failure === undefined) return false;
  if (route.isFallback || !site.originHealth.takeRetry(route.origin)) return false;
  site.metrics.add("originRetries");
  cancelBody(answer.response);
  return true;
}

/** Forwards a bypassed request with its own conditions. Omits the body of a GET or HEAD. */
export async function forwardPassed(
  passed: PassedRequest,
  context: Context,
): Promise<OriginResult> {
  const { site } = context;
  const { request, target, route, address } = passed;
  const { method, cf } = request;
  const isBodiless = method === "GET" || method === "HEAD";
  const traits = isBodiless ? route.traits : undefined;
  const headers = passedFields({ client: request.headers, target, address, traits }, isBodiless);
  if (route.builds !== undefined) adaptConditions(headers, isBodiless);
  askForReadable(headers, passed, isBodiless);
  edit(headers, route.requestEdits);
  setLines(headers, passed.lines);
  for (const name of traceFieldNames) headers.delete(name);
  for (const [name, value] of traceFields(request.headers, newSpanId)) headers.set(name, value);
  const upgrade = request.headers.get("upgrade");
  if (upgrade !== null) {
    headers.set("upgrade", upgrade);
    headers.set("connection", "upgrade");
  }
  const body = isBodiless ? null : request.body;
  const own = route.bypass ? ownFields(request.headers, isBodiless) : undefined;
  if (own !== undefined) {
    askForReadable(own, passed, isBodiless);
    edit(own, route.requestEdits);
    setLines(own, passed.lines);
  }
  own?.set("via", site.loops.viaWithOurs(own.get("via")));
  const withinMs = site.config.originTimeout.firstByteMs + uploadMs({ headers, body });
  const answer = await ask(
    { origin: route.origin, target },
    { method, headers, body, cf, own, server: context.server },
    context,
    withinMs,
  );
  if (answer.kind === "failed") return answer;
  return { ...answer, ...builtAnswer(answer.response, { method, route }) };
}

/** Asks for a body that the parts of the route can read. */
function askForReadable(
  headers: Headers,
  { route: { phases, traits }, ignored }: PassedRequest,
  isBodiless: boolean,
): void {
  const isFiltered = isBodiless && phases.filter !== undefined;
  if (isFiltered || traits.replacesNonces) headers.set("accept-encoding", "identity");
  if (isBodiless) for (const name of ignored) headers.delete(name);
}

/**
 * Lets preconditions have the origin's own ETag. A GET has no condition that a 304 could answer, because
 * its client's page may be of another build with the same ETag.
 */
function adaptConditions(headers: Headers, isBodiless: boolean): void {
  dropDateConditions(headers);
  if (isBodiless) headers.delete("if-none-match");
  for (const [name, value] of unmarked([...headers])) {
    if (name === "if-match" || name === "if-none-match") headers.set(name, value);
  }
}

/** Returns a span ID of W3C Trace Context: 16 random hexadecimal digits, which are not all 0. */
function newSpanId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  if (bytes.every((byte) => byte === 0)) return newSpanId();
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The assumed upload speed: 64 KiB per second, or half a megabit per second. Slower uploads may
 * time out.
 */
const bytesPerMs = 65.536;

/** Limits how long a client can hold a connection to the origin by claiming a large body. */
const uploadMsMax = 1_800_000;

/**
 * Returns the time to add to the first-byte timeout, derived from the stated length of the
 * request's body. A slow upload does not mean that the origin is unresponsive.
 *
 * @returns milliseconds; 0 without a body or a stated length
 */
export function uploadMs(request: Pick<Request, "body" | "headers">): number {
  const length = request.headers.get("content-length") ?? "";
  if (request.body === null || !/^\d{1,15}$/.test(length)) return 0;
  return Math.min(uploadMsMax, Math.ceil(Number(length) / bytesPerMs));
}
