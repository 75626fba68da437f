// Asks the substitutes of a route, other origins with the same pages, while its own origin fails. Their answers are
// provisional: each has a key of its own, so no stored response of the route's own origin is lost.
import { type FetchResult } from "../../cache/flights.ts";
import { originsOf } from "../../config/route.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { discardBody } from "../../cache/record/record.ts";
import { isPersonal } from "../request/personal.ts";
import type { LookupRequest } from "../request/plan.ts";
import { fromStored, withFields } from "../respond/respond.ts";
import { PageLookup } from "../reuse/page-lookup.ts";
import { type PendingForward, questionOf, storedCandidate } from "../reuse/pending-forward.ts";
import { decide, isAnswer, isWish } from "../reuse/may-answer.ts";
import type { PagePlace } from "../site/exchange.ts";
import type { ForwardFlight } from "../site/forward-outcome.ts";
import type { StoredResponse } from "../stored/stored-response.ts";
import type { StampedAnswer } from "../storing/metadata-of-answer.ts";
import { sendAndStore } from "../storing/send-and-store.ts";
import { continuationIn } from "./continue-body.ts";
import { forwardSelecting, probeBehind } from "./forward.ts";

/**
 * Returns whether a substitute may answer. A personal request never reaches one, because its session
 * belongs to the route's own origin, and neither does the request of a handler that sees a client's context. A
 * substitute never answers in place of a stored response that still answers other requests.
 */
export function maySubstitute(pending: PendingForward): boolean {
  const { request, exchange } = pending;
  if (request.route.substitutes.length === 0 || isPersonal(request)) return false;
  if (originsOf(request.route).some(exchange.site.runsInCaller)) return false;
  const kept = storedCandidate(pending);
  if (kept === undefined) return true;
  const verdict = decide(kept, questionOf(pending));
  return !isAnswer(verdict) && !isWish(verdict.by);
}

/** Returns whether the route's own origin is shut off, and a substitute may answer at once. */
export function isPassedOver(pending: PendingForward): boolean {
  const { originHealth } = pending.exchange.site;
  return originHealth.kindOf(pending.request) === "down" && maySubstitute(pending);
}

/**
 * Returns an answer that a substitute has given in the last N seconds, so that a failing origin gets no request for
 * each client.
 */
export async function substitutedBefore(pending: PendingForward): Promise<Response | undefined> {
  const { request, exchange } = pending;
  const isMarked = exchange.site.substituted.has(request.key.text, exchange.nowAtMs());
  if (!isMarked || !maySubstitute(pending)) return undefined;
  for (const origin of request.route.substitutes) {
    const kept = await lookUpKept(askedInstead(request, origin), pending);
    if ("answer" in kept) return kept.answer;
  }
  return undefined;
}

/**
 * Answers with the first usable answer of a substitute, from the tiers or else from the substitute itself. An error
 * of a substitute never answers: it may lack pages that the route's own origin has.
 *
 * @param pending its stamp is from before the forward to the route's own origin, so that every purge since then
 *   covers the answer
 * @returns `undefined` if no substitute may or can answer
 */
export async function askSubstitutes(
  pending: PendingForward & Pick<StampedAnswer, "stamp">,
  flight: ForwardFlight,
): Promise<FetchResult<Response> | undefined> {
  if (!maySubstitute(pending)) return undefined;
  const { stamp } = pending;
  const { decision } = pending.exchange;
  for (const origin of pending.request.route.substitutes) {
    const kept = await lookUpKept(askedInstead(pending.request, origin), pending);
    if ("answer" in kept) {
      const { stored, answer } = kept;
      const isWhole = stored.body.kind === "blob";
      flight.settle(isWhole ? { kind: "stored", stored } : { kind: "nothing-to-share" });
      return { answer, done: Promise.resolve() };
    }
    const { place } = kept;
    if (isDown(place)) continue;
    const { answer, request } = await forwardSelecting(place, []);
    if (answer.kind === "failed") {
      decision.heardNothing();
      continue;
    }
    const { response } = answer;
    const { status } = response;
    const isOfUse = status < 400 && status !== 206 && status !== 304;
    decision.heard({ ...answer, status }, isOfUse);
    if (!isOfUse) {
      cancelBody(response);
      continue;
    }
    noteSubstitute(origin, pending);
    await place.key.naming?.secret.ready();
    discardBody(storedCandidate(pending)?.stored);
    const fresh = { ...answer, response: withoutValidators(response), stamp };
    const sent = { ...place, request };
    return sendAndStore(fresh, { ...sent, flight, continuationOf: continuationIn(sent) });
  }
  return undefined;
}

/** Returns the request for a substitute. Its answers have a key of their own. */
function askedInstead(request: LookupRequest, origin: string): LookupRequest {
  const route = { ...request.route, origin, isSubstitute: true };
  return { ...request, route, key: request.key.with(`substitute ${origin}`, false) };
}

/** Looks up an answer that a substitute has given before. Returns the place of the request if there is none. */
async function lookUpKept(
  request: LookupRequest,
  pending: PendingForward,
): Promise<{ answer: Response; stored: StoredResponse } | { place: PagePlace }> {
  const { decision } = pending.exchange;
  const lookup = new PageLookup({ request }, pending.exchange);
  const found = await lookup.lookUp();
  const { place } = lookup;
  if (found === undefined || !("ageSeconds" in found.verdict)) {
    discardBody(found?.candidate.stored);
    return { place };
  }
  const { candidate, verdict } = found;
  discardBody(storedCandidate(pending)?.stored);
  if (!decision.hasAsked) decision.kind = "hit";
  decision.outcome = verdict.kind === "serve" ? "hit" : "stale-hit";
  decision.ttlSeconds = verdict.ttlSeconds;
  decision.answersFrom(candidate);
  noteSubstitute(request.route.origin, pending);
  const { stored } = candidate;
  return { answer: fromStored(stored, verdict.ageSeconds, place), stored };
}

function noteSubstitute(origin: string, { request, exchange }: PagePlace): void {
  const { key, route } = request;
  exchange.site.substituted.mark(key.text, exchange.nowAtMs(), route.purgeMaxLagMs);
  exchange.decision.substitutes(origin);
}

/** Returns whether the origin is shut off. Begins a due probe. */
function isDown({ request, exchange, key }: PagePlace): boolean {
  const { originHealth, nowAtMs } = exchange.site;
  const page = { route: request.route, key };
  if (originHealth.kindOf(page) !== "down") return false;
  const state = originHealth.ask(page, nowAtMs());
  if (state.kind === "down" && state.isProbe) probeBehind(request, exchange);
  return true;
}

/**
 * Returns the response without validators. Another version at the route's own origin may have the same ones,
 * and a client or a cache would then keep or continue the wrong body.
 */
function withoutValidators(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const name of ["etag", "last-modified", "accept-ranges"]) headers.delete(name);
  return withFields(response, headers);
}
