// Answers a request that no stored response can answer. Requests for the same key share one origin request per
// isolate or worldwide, if they may share the response. The steps, in order:
// 1. `wholeFirst` answers a range request for a key whose ranges the origin ignores.
// 2. `withoutAsking` answers without an origin request while the origin or the page fails.
// 3. cache/load.ts waits for another request's origin request; `storedSince` looks in memory again.
// 4. A part may wait for the turn of this isolate (`TurnPort`).
// 5. lead.ts forwards.
// 6. instead-of-origin.ts answers with a stale response or an error page after a failure.
import { type FetchResult, Flight } from "../../cache/flights.ts";
import { load, type LoadPolicy, type LoadResult, type Next } from "../../cache/load.ts";
import { discardBody } from "../../cache/record/record.ts";
import { isPersonal } from "../request/personal.ts";
import type { PagePlace } from "../site/exchange.ts";
import {
  type PendingRequest,
  lookedUpFurther,
  questionOf,
  renewViewIfInDoubt,
  storedCandidate,
} from "../reuse/pending-request.ts";
import type { OriginFlight, OriginOutcome, SharedOutcome } from "../site/origin-outcome.ts";
import { partAsked } from "../request/conditions.ts";
import { PageLookup } from "../reuse/page-lookup.ts";
import { decide, isAnswer, judgedUnder, mayAnswerWhoWaited } from "../reuse/may-answer.ts";
import { isAlwaysValidated, termsOf } from "../stored/lifetime.ts";
import { responseAsRead } from "../stored/tags.ts";
import { continuationIn } from "./continue-body.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { unreachable } from "../../base/unreachable.ts";
import {
  answeredWith,
  candidateOf,
  forOwnVariant,
  foundAgain,
  isOfAnotherVariant,
  storedForAll,
  storedMeanwhile,
  storedSince,
  answeredBy,
  failurePage,
  staleInstead,
} from "./instead-of-origin.ts";
import { lead } from "./lead.ts";
import { probeBehind } from "./ask-and-probe.ts";
import { inPublicContext } from "./public-context.ts";
import { refreshBehind, startFill, startRefresh } from "./refresh.ts";
import { patiently } from "../../base/timeouts.ts";

/** Answers with a stored response, an origin request for this or another request, or an error page. */
export async function answerFromOrigin(pending: PendingRequest): Promise<Response> {
  const cut = isForAll(pending) ? await wholeFirst(pending) : undefined;
  if (cut !== undefined) return cut;
  const { site, decision, nowAtMs, afterAnswer } = pending.exchange;
  const { flights, bodyHolder } = site;
  const answer = await load(pending, forwarding, { flights, nowAtMs, afterAnswer });
  if (bodyHolder === undefined || (await bodyHolder.hasBegun(pending))) return answer;
  cancelBody(answer);
  decision.collapsed = false;
  // No request waits for this flight.
  const own = { ...pending, validating: undefined, stale: undefined };
  return (await fetchAndConfirm(own, new Flight(nowAtMs()))).answer;
}

/**
 * HTTP's rules for `load`. On a miss, `takeTurn` waits for the turn of this isolate, and `fetch` forwards as the
 * leader of a flight. `accepts` answers the collapsed requests of the flight with the outcome. If `accepts`
 * returns no answer, `next` decides the next step of the request.
 */
const forwarding: LoadPolicy<PendingRequest, SharedOutcome, Response> = {
  keyOf: ({ key }) => key.text,
  waitTimeoutMsOf: ({ request }) => request.route.waitTimeoutMs,
  mayShare: mayCollapse,
  withoutAsking,
  storedSince: answerSince,
  takeTurn: turnOf,
  fetch: fetchAndConfirm,
  accepts: answerOf,
  next: nextAfter,
  onTimeout: (pending) => staleInstead(pending, "another"),
  alone: (pending, { hasWaited, sinceAtMs }) =>
    hasWaited ? forwardAloneInTurn(pending, sinceAtMs) : forwardAlone(pending, false),
  tooLate: async (pending) => {
    const come = await storedMeanwhile(pending);
    return come ? answeredBy(come, pending) : failurePage("timeout", pending);
  },
  anonymous: {
    isFault: (outcome, pending) =>
      outcome.kind === "origin-failed" ||
      (outcome.kind === "nothing-to-share" && outcome.holdsFor !== "all" && !isUnshared(pending)),
    isDue: ({ key, exchange }) =>
      exchange.site.uncacheable.ledAnonymously.has(key.text, exchange.nowAtMs()),
    require: ({ key, exchange }) =>
      exchange.site.uncacheable.ledAnonymously.mark(key.text, exchange.nowAtMs()),
    startsAfterMs: ({ request, exchange }) =>
      exchange.site.headTimes.stallsAfterMs(request.route.name),
    start: (pending) => startFill(pending, { turnMsMax: anonymousTurnMsMax }),
  },
};

/** Returns whether other requests may share the answer to this request. */
export function mayCollapse(place: PagePlace): boolean {
  if (!isForAll(place)) return false;
  const isOfPart = partAsked(place.request).length > 0;
  return !isOfPart || place.exchange.site.bodyHolder?.mayCollapse(place) === true;
}

/** Returns whether all clients may share the answer. */
export function isForAll({ request, exchange, key }: PagePlace): boolean {
  const { method, directives } = request;
  const isAskedForAll = method === "GET" && !directives.noStore && !isPersonal(request);
  return isAskedForAll && !exchange.site.uncacheable.pass.has(key.text, exchange.nowAtMs());
}

function answerSince(pending: PendingRequest): LoadResult<SharedOutcome, Response> | undefined {
  const outcome = storedSince(pending);
  if (outcome === undefined) return undefined;
  if (isOfAnotherVariant(outcome, pending)) return { kind: "outcome", outcome };
  const answer = answeredWith(outcome, pending);
  return answer && { kind: "answer", answer };
}

/**
 * Waits for the leader's turn among all isolates, if a part of the route has such turns. First looks up again if
 * memory's record has changed since the lookup, because a tier may have stored a body that is too large for memory.
 */
function turnOf(pending: PendingRequest, flight: OriginFlight) {
  const { key, memoryCount, exchange } = pending;
  const { tiers, turns } = exchange.site;
  if (memoryCount === undefined || !tiers.memory.hasChanged(key, memoryCount)) {
    return turns?.ofLeader(pending, flight);
  }
  return storedMeanwhile({ ...pending, lookedUpAtMs: -Infinity }).then((come) => {
    if (come === undefined) return turns?.ofLeader(pending, flight) ?? ({ kind: "lead" } as const);
    const outcome = { kind: "in-tiers", metadata: come.stored.metadata } as const;
    return { kind: "answer", answer: answeredBy(come, pending), outcome } as const;
  });
}

/**
 * Returns the answer from another request's origin request, judged by this request's own view and clock
 * (rule 9).
 */
async function answerOf(
  outcome: OriginOutcome,
  pending: PendingRequest,
): Promise<Response | undefined> {
  if (outcome.kind === "origin-failed") return staleInstead(pending, "another");
  const isRefused = outcome.kind === "nothing-to-share" && outcome.holdsFor === "probably-all";
  if (isRefused && !isUnshared(pending)) return answerWhileConfirmed(pending);
  if (isOfAnotherVariant(outcome, pending)) return undefined;
  if (outcome.kind !== "stored" && outcome.kind !== "arriving") return undefined;
  const body = { kind: "absent" } as const;
  const given = outcome.stored ?? { metadata: outcome.metadata, body };
  const stored = responseAsRead(given, pending.request);
  if (stored === undefined) return undefined;
  const candidate = candidateOf(stored, pending);
  await renewViewIfInDoubt(candidate, pending);
  const question = questionOf(pending);
  const mayAnswer =
    isAnswer(decide(candidate, question)) || mayAnswerWhoWaited(candidate, question);
  if (!mayAnswer) return undefined;
  if (outcome.kind === "stored") return answeredBy(candidate, pending);
  const { metadata, relay } = outcome;
  const stream = inPublicContext(pending.request.route.origin, pending.exchange, (exchange) =>
    relay.join(continuationIn({ ...pending, exchange })(metadata), exchange),
  );
  if (stream === undefined) {
    // The first bytes are gone. The stored body may follow soon.
    const waitMs = pending.request.route.waitTimeoutMs;
    if (relay.endsWithin(waitMs)) await patiently(relay.isStored(), waitMs);
    return undefined;
  }
  return answeredBy(candidateOf({ metadata, body: { kind: "stream", stream } }, pending), pending);
}

/** The wait for the turn is short, because a hanging request may keep its turn for 30 s. */
const anonymousTurnMsMax = 250;

/**
 * Forwards while an anonymous request confirms that nobody may share the answers.
 *
 * @returns `undefined` without a free slot: the request then waits for the anonymous request
 */
function answerWhileConfirmed(pending: PendingRequest): Promise<Response> | undefined {
  const { flights, nowAtMs, releasedSlots } = pending.exchange.site;
  const { text } = pending.key;
  const leave = releasedSlots.take(text, nowAtMs());
  if (leave === undefined) return undefined;
  const isAsked = flights.get(text, nowAtMs())?.isAnonymous === true;
  if (!isAsked) startFill(pending, { turnMsMax: anonymousTurnMsMax });
  return forwardInSlot(pending, leave);
}

/**
 * The time for which clients forward their own requests after an anonymous request has failed, if the
 * origin has accepted no anonymous request in the last hour.
 */
const passAfterFailureMs = 10_000;

/** @param outcome the outcome of a flight that could not answer this request */
async function nextAfter(
  outcome: OriginOutcome,
  pending: PendingRequest,
): Promise<Next<PendingRequest, Response>> {
  if (isOfAnotherVariant(outcome, pending)) return lookedUpAgain(outcome, pending);
  switch (outcome.kind) {
    case "origin-failed": {
      const { nowAtMs, originHealth, uncacheable } = pending.exchange.site;
      if (!originHealth.servesAnonymous(pending.request.route.origin, nowAtMs())) {
        uncacheable.pass.mark(pending.key.text, nowAtMs(), passAfterFailureMs);
        uncacheable.unshared.forget(pending.key.text);
        return { kind: "alone" };
      }
      return { kind: "answer", answer: failurePage(outcome.failure, pending, outcome) };
    }
    case "stored": {
      const judged = judgedUnder(questionOf(pending), candidateOf(outcome.stored, pending));
      // If the response was purged during the wait, one of the waiting requests leads the others.
      if (judged.kind !== "usable") return { kind: "again" };
      const terms = termsOf(outcome.stored.metadata, pending.request.route);
      return isAlwaysValidated(terms) ? aloneAtOnce(pending) : { kind: "alone" };
    }
    case "arriving":
      return nextAfterArriving(outcome, pending);
    case "in-tiers":
      return lookedUpAgain(outcome, pending);
    case "nothing-to-share":
      return isUnshared(pending) ? aloneAtOnce(pending) : { kind: "alone" };
    case "varies":
      return { kind: "alone" };
    default:
      return unreachable(outcome);
  }
}

function nextAfterArriving(
  outcome: Extract<OriginOutcome, { kind: "arriving" }>,
  pending: PendingRequest,
): Next<PendingRequest, Response> | Promise<Next<PendingRequest, Response>> {
  const { key, exchange } = pending;
  const { flights, uncacheable } = exchange.site;
  const judged = judgedUnder(questionOf(pending), { stored: outcome, key });
  if (judged.kind !== "usable") {
    const flight = flights.get(key.text, exchange.nowAtMs());
    if (flight?.arrived === outcome) flights.leave(key.text, flight);
    return { kind: "again" };
  }
  if (outcome.relay.hasStored === true) return lookedUpAgain(outcome, pending);
  // A body without a length is too slow for other requests to wait for it.
  if (outcome.metadata.bodyBytes === null) uncacheable.pass.mark(key.text, exchange.nowAtMs());
  return { kind: "alone" };
}

/** Returns whether an anonymous request has lately got an answer that nobody may share. */
function isUnshared({ key, exchange }: PendingRequest): boolean {
  return exchange.site.uncacheable.unshared.has(key.text, exchange.nowAtMs());
}

/** Forwards without a slot, because the origin answers well, and later requests need no slot. */
async function aloneAtOnce(pending: PendingRequest): Promise<Next<PendingRequest, Response>> {
  return { kind: "answer", answer: await forwardAlone(pending, true) };
}

/** Looks up the request's own variant, which another request may have fetched. */
async function lookedUpAgain(
  outcome: OriginOutcome,
  pending: PendingRequest,
): Promise<Next<PendingRequest, Response>> {
  const lookup = new PageLookup(pending, pending.exchange);
  const come = await foundAgain(pending, lookup);
  if (come !== undefined) return { kind: "answer", answer: answeredBy(come, pending) };
  const hasFollowedMarker = lookup.key.text !== pending.request.key.text;
  const place = hasFollowedMarker
    ? { ...pending, ...lookup.place }
    : forOwnVariant(outcome, pending);
  return { kind: "elsewhere", place };
}

/**
 * Forwards one of many requests that waited in vain, once the request gets one of the key's slots.
 * The wait for a slot ends at the wait timeout. Requests that did not wait need no slot, because
 * waits for slots would slow every private page.
 *
 * @param sinceAtMs the start of the wait, in epoch milliseconds
 */
async function forwardAloneInTurn(pending: PendingRequest, sinceAtMs: number): Promise<Response> {
  const { request, exchange, key } = pending;
  const { nowAtMs, random } = exchange.site;
  const waitMs = request.route.waitTimeoutMs - Math.abs(nowAtMs() - sinceAtMs);
  const leave = await exchange.site.originSlots.enter(key.text, { waitMs, nowAtMs, random });
  return forwardInSlot(pending, leave);
}

/** @param leave releases the slot */
function forwardInSlot(pending: PendingRequest, leave: () => void): Promise<Response> {
  // Release the slot at the head of the response, because a client may read the body slowly.
  const answering = forwardAlone(pending, true).finally(leave);
  // Keep the origin request alive, so that the slot is released even if the client disconnects.
  pending.exchange.afterAnswer(async () => void (await answering.catch(() => undefined)));
  return answering;
}

/** Forwards one request whose response is not shared. */
async function forwardAlone(pending: PendingRequest, hasWaited: boolean): Promise<Response> {
  // Another flight may have stored a response since the wait ended.
  const brought = hasWaited ? storedForAll(pending) : undefined;
  const fetchless = brought ?? (await withoutAsking(pending, { hasWaited }));
  if (fetchless !== undefined) return fetchless;
  // No request waits for this flight.
  const { answer } = await fetchAndConfirm(pending, new Flight(pending.exchange.nowAtMs()));
  return answer;
}

/**
 * Forwards as the leader of a flight. A client's own origin request may fail or be refused for a reason
 * that concerns only that client. If a response is stored, an anonymous request in the background
 * therefore decides whether the stored response is removed.
 */
async function fetchAndConfirm(
  pending: PendingRequest,
  flight: OriginFlight,
): Promise<FetchResult<Response>> {
  const { request, exchange, key } = pending;
  const before = storedCandidate(pending);
  const fetched = await lead(pending, flight);
  if (before === undefined) return fetched;
  const { ledAnonymously } = exchange.site.uncacheable;
  const { outcome } = flight;
  // Below 500, the origin has lost an asset, for all clients.
  const isFailed = outcome?.kind === "origin-failed" && (outcome.status ?? 500) >= 500;
  if (isFailed) ledAnonymously.mark(key.text, exchange.nowAtMs());
  if (!ledAnonymously.has(key.text, exchange.nowAtMs())) return fetched;
  exchange.afterAnswer(async () => {
    await fetched.done;
    // End the client's own flight first, because a refresh does not start during a flight.
    exchange.site.flights.leave(key.text, flight);
    refreshBehind(request, before, key, exchange);
  });
  return fetched;
}

/**
 * Answers a range request from the whole response, but only after the origin has ignored a range
 * for this key. Otherwise a client would wait for a whole video even if the origin supports ranges.
 *
 * @returns `undefined` if the range request must be forwarded
 */
async function wholeFirst(pending: PendingRequest): Promise<Response | undefined> {
  const { request, exchange, key } = pending;
  const { nowAtMs, uncacheable, flights } = exchange.site;
  const { rangeless, wholeInVain } = uncacheable;
  const isAwaited = rangeless.has(key.text, nowAtMs()) && !wholeInVain.has(key.text, nowAtMs());
  if (!isAwaited || partAsked(request).length === 0) return undefined;
  const answer = await withoutAsking(pending, { hasWaited: false });
  if (answer !== undefined) return answer;
  const underWay = flights.get(key.text, nowAtMs());
  const fill = underWay?.isAnonymous === true ? underWay : startFill(pending);
  const waited = await patiently(fill.ended, request.route.waitTimeoutMs);
  const come = await foundAgain(pending);
  if (come !== undefined) return answeredBy(come, pending);
  // Two failures may be temporary: the runtime ended the leader's request, or the origin failed.
  const isOfNow = waited === "abandoned" || fill.outcome?.kind === "origin-failed";
  if (!isOfNow) wholeInVain.mark(key.text, nowAtMs());
  return undefined;
}

/**
 * Answers while the origin is down, with a stored response or else with an error page. For a page
 * that has just failed, or that a fallback origin may have, answers only with a stored response.
 *
 * @returns `undefined` if the request must be forwarded
 */
async function withoutAsking(
  pending: PendingRequest,
  { hasWaited }: { hasWaited: boolean },
): Promise<Response | undefined> {
  const { request, exchange, key } = pending;
  const { originHealth, fallbacks } = exchange.site;
  const answered = await fallbacks?.answeredBefore(pending);
  if (answered !== undefined) return answered;
  const state = originHealth.ask(request, exchange.nowAtMs());
  if (state.kind === "well") return undefined;
  const isDown = state.kind === "down";
  if (isDown && state.isProbe) probeBehind(request, exchange);
  const isElsewhere = fallbacks?.mayAnswer(pending) === true;
  if (isElsewhere && request.route.traits.asksFallbacksFirst === true) return undefined;
  const known = await lookedUpFurther(pending);
  const kept = storedCandidate(known);
  const stale = await staleInstead(known, "none");
  if (stale !== undefined) {
    if (!isDown && state.isProbe && kept) startRefresh(request, kept, key, exchange);
    return stale;
  }
  if (isDown && !isElsewhere) {
    const come = hasWaited ? await storedMeanwhile(known) : undefined;
    return come === undefined ? failurePage("down", known) : answeredBy(come, known);
  }
  if (known !== pending) discardBody(kept?.stored);
  return undefined;
}
