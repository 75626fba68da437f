// Asks the fallback origins of a route, other origins with the same pages, while its own origin fails. Their answers are
// provisional: each has a key of its own, so no stored response of the route's own origin is lost.
import { type FetchResult } from "../../cache/flights.ts";
import { originsOf } from "../../config/route.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { discardBody } from "../../cache/record/record.ts";
import { isPersonal } from "../../pages/request/personal.ts";
import type { LookupRequest } from "../../pages/request/plan.ts";
import { fromStored } from "../../pages/respond/respond.ts";
import { withFields } from "../../base/with-fields.ts";
import { PageLookup } from "../../pages/reuse/page-lookup.ts";
import {
  questionOf,
  storedCandidate,
  type PendingRequest,
} from "../../pages/reuse/pending-request.ts";
import type { PagePlace } from "../../pages/site/exchange.ts";
import type { StampedAnswer, OriginFlight } from "../../pages/site/origin-outcome.ts";
import { decide, isAnswer, isWish } from "../../pages/reuse/may-answer.ts";
import { Marks } from "../../base/marks.ts";
import type { FallbackPort } from "../../pages/site/fallback-port.ts";
import type { StoredResponse } from "../../pages/stored/stored-response.ts";
import { sendAndStore } from "../../pages/storing/send-and-store.ts";
import { continuationIn } from "../../pages/fetch/continue-body.ts";
import { probeBehind } from "../../pages/fetch/ask-and-probe.ts";
import { forwardSelecting } from "../../pages/fetch/forward.ts";

/** The fallback origins of one isolate. */
export class Fallbacks implements FallbackPort {
  /** Keys for which a fallback origin has answered. */
  readonly #answered = new Marks(10_000, 86_400_000);

  /**
   * A personal request never reaches a fallback origin, because its session belongs to the route's own origin. If a handler
   * is one of the origins and sees a client's context, no request reaches a fallback origin. A fallback origin never answers in
   * place of a stored response that still answers other requests.
   */
  mayAnswer(pending: PendingRequest): boolean {
    const { request, exchange } = pending;
    if (request.route.fallbacks.length === 0 || isPersonal(request)) return false;
    if (originsOf(request.route).some(exchange.site.runsInCaller)) return false;
    const kept = storedCandidate(pending);
    if (kept === undefined) return true;
    const verdict = decide(kept, questionOf(pending));
    return !isAnswer(verdict) && !isWish(verdict.by);
  }

  async answeredBefore(pending: PendingRequest): Promise<Response | undefined> {
    const { request, exchange } = pending;
    const isMarked = this.#answered.has(request.key.text, exchange.nowAtMs());
    if (!isMarked || !this.mayAnswer(pending)) return undefined;
    for (const origin of request.route.fallbacks) {
      const kept = await this.#lookUp(askedInstead(request, origin), pending);
      if ("answer" in kept) return kept.answer;
    }
    return undefined;
  }

  /**
   * Answers with the first usable answer of a fallback origin, from the tiers or else from the fallback origin itself. An error
   * of a fallback origin never answers: it may lack pages that the route's own origin has.
   */
  async ask(
    pending: PendingRequest & Pick<StampedAnswer, "stamp">,
    flight: OriginFlight,
  ): Promise<FetchResult<Response> | undefined> {
    if (!this.mayAnswer(pending)) return undefined;
    for (const origin of pending.request.route.fallbacks) {
      const kept = await this.#lookUp(askedInstead(pending.request, origin), pending);
      if ("answer" in kept) {
        const { stored, answer } = kept;
        const isWhole = stored.body.kind === "blob";
        flight.settle(isWhole ? { kind: "stored", stored } : { kind: "nothing-to-share" });
        return { answer, done: Promise.resolve() };
      }
      const come = isDown(kept.place) ? undefined : await forwarded(kept.place);
      if (come === undefined) continue;
      this.#note(origin, pending);
      await kept.place.key.naming?.secret.ready();
      discardBody(storedCandidate(pending)?.stored);
      const sent = { ...kept.place, request: come.request };
      const fresh = { ...come.answer, stamp: pending.stamp };
      return sendAndStore(fresh, { ...sent, flight, continuationOf: continuationIn(sent) });
    }
    return undefined;
  }

  /** Looks up an answer that a fallback origin has given before. Returns the place of the request if there is none. */
  async #lookUp(
    request: LookupRequest,
    pending: PendingRequest,
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
    this.#note(request.route.origin, pending);
    const { stored } = candidate;
    return { answer: fromStored(stored, verdict.ageSeconds, place), stored };
  }

  #note(origin: string, { request, exchange }: PendingRequest): void {
    const { key, route } = request;
    this.#answered.mark(key.text, exchange.nowAtMs(), route.purgeMaxLagMs);
    exchange.decision.answeredByFallback(origin);
  }
}

/** Forwards to a fallback origin. Returns `undefined` without a usable answer. */
async function forwarded(place: PagePlace) {
  const { decision } = place.exchange;
  const { answer, request } = await forwardSelecting(place, []);
  if (answer.kind === "failed") {
    decision.noteNoAnswer();
    return undefined;
  }
  const { response } = answer;
  const { status } = response;
  const isOfUse = answer.failure === undefined && status < 400 && status !== 206 && status !== 304;
  decision.heard({ ...answer, status }, isOfUse);
  if (isOfUse) return { answer: { ...answer, response: withoutValidators(response) }, request };
  cancelBody(response);
  return undefined;
}

/** Returns the request for a fallback origin. Its answers have a key of their own. */
function askedInstead(request: LookupRequest, origin: string): LookupRequest {
  const route = { ...request.route, origin, isFallback: true };
  const target = { ...request.target, isAtFallback: true };
  return { ...request, route, target, key: request.key.with(`fallback ${origin}`, false) };
}

/** Returns whether the breaker of the origin is open. Begins a due probe. */
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
