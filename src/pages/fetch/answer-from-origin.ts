// Answers a request that no stored response can answer. Requests for the same key share one forward per
// isolate or worldwide, if they may share the response. The steps, in order:
// 1. `wholeFirst` answers a range request for a key whose ranges the origin ignores.
// 2. `withoutAsking` answers without a forward while the origin or the page fails.
// 3. cache/load.ts waits for another request's forward; `storedSince` looks in memory again.
// 4. global-lease.ts waits for the lease.
// 5. lead.ts forwards.
// 6. instead-of-origin.ts answers with a stale response or an error page after a failure.
import { type FetchResult, Flight } from "../../cache/flights.ts";
import { load, type LoadPolicy, type LoadResult, type Next } from "../../cache/load.ts";
import { discardBody } from "../../cache/record/record.ts";
import { isPersonal } from "../request/personal.ts";
import type { PagePlace } from "../site/exchange.ts";
import type { ForwardFlight, ForwardOutcome, SharedForward } from "../site/forward-outcome.ts";
import {
  lookedUpFurther,
  type OriginNeed,
  questionOf,
  settleDoubt,
  storedCandidate,
} from "../reuse/need.ts";
import { PageLookup } from "../reuse/page-lookup.ts";
import { decide, isAnswer, judgedUnder, mayAnswerWhoWaited } from "../reuse/may-answer.ts";
import { isAlwaysValidated, termsOf } from "../stored/lifetime.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import { continuationIn } from "./continue-body.ts";
import { unreachable } from "../../base/unreachable.ts";
import {
  answeredWith,
  candidateOf,
  forOwnVariant,
  isOfAnotherVariant,
  storedMeanwhile,
  storedSince,
  answeredBy,
  failurePage,
  staleInstead,
} from "./instead-of-origin.ts";
import { lead } from "./lead.ts";
import { probeBehind, refreshBehind, startFill, startRefresh } from "./refresh.ts";
import { leaderTurn } from "./global-lease.ts";
import { patiently } from "../../base/timeouts.ts";

/** Answers with a stored response, a forward of this or another request, or an error page. */
export async function answerFromOrigin(need: OriginNeed): Promise<Response> {
  const cut = isForAll(need) ? await wholeFirst(need) : undefined;
  if (cut !== undefined) return cut;
  const { site, nowAtMs, afterAnswer } = need.exchange;
  const { flights, random } = site;
  return load(need, forwarding, { flights, random, nowAtMs, afterAnswer });
}

/**
 * HTTP's rules for `load`. On a miss, `takeTurn` waits for the lease, and `fetch` forwards as the
 * leader of a flight. `accepts` answers the flight's followers with the outcome. If `accepts`
 * returns no answer, `next` decides the follower's next step.
 */
const forwarding: LoadPolicy<OriginNeed, SharedForward, Response> = {
  keyOf: ({ key }) => key.text,
  waitTimeoutMsOf: ({ request }) => request.route.waitTimeoutMs,
  mayShare: mayCollapse,
  withoutFetch: withoutAsking,
  storedSince: answerSince,
  takeTurn: leaderTurn,
  fetch: fetchAndConfirm,
  accepts: answerOf,
  next: nextAfter,
  onTimeout: (need) => staleInstead(need, "another"),
  alone: (need, { hasWaited, sinceAtMs }) =>
    hasWaited ? forwardAloneInTurn(need, sinceAtMs) : forwardAlone(need, false),
  tooLate: async (need) => {
    const come = await storedMeanwhile(need);
    return come ? answeredBy(come, need) : failurePage("timeout", need);
  },
  anonymous: {
    isFault: ({ kind }, need) =>
      kind === "origin-failed" || (kind === "nothing-to-share" && !isUnshared(need)),
    isDue: ({ key, exchange }) =>
      exchange.site.uncacheable.ledAnonymously.has(key.text, exchange.nowAtMs()),
    require: ({ key, exchange }) =>
      exchange.site.uncacheable.ledAnonymously.mark(key.text, exchange.nowAtMs()),
    startsAfterMs: ({ request, exchange }) =>
      exchange.site.headTimes.stallsAfterMs(request.route.name),
    start: (need) => startFill(need, { turnMsMax: anonymousTurnMsMax }),
  },
};

/** Returns whether other requests may share the answer to this request. */
export function mayCollapse(place: PagePlace): boolean {
  return isForAll(place) && !place.request.conditions.has("range");
}

/** Returns whether all clients may share the answer. */
function isForAll({ request, exchange, key }: PagePlace): boolean {
  const { method, directives } = request;
  const isAskedForAll = method === "GET" && !directives.noStore && !isPersonal(request);
  return isAskedForAll && !exchange.site.uncacheable.pass.has(key.text, exchange.nowAtMs());
}

function answerSince(need: OriginNeed): LoadResult<SharedForward, Response> | undefined {
  const outcome = storedSince(need);
  if (outcome === undefined) return undefined;
  if (isOfAnotherVariant(outcome, need)) return { kind: "outcome", outcome };
  const answer = answeredWith(outcome, need);
  return answer && { kind: "answer", answer };
}

/**
 * Returns the answer from another request's forward, judged by this request's own view and clock
 * (rule 9).
 */
async function answerOf(outcome: ForwardOutcome, need: OriginNeed): Promise<Response | undefined> {
  if (outcome.kind === "origin-failed") return staleInstead(need, "another");
  if (isOfAnotherVariant(outcome, need)) return undefined;
  if (outcome.kind !== "stored" && outcome.kind !== "arriving") return undefined;
  const candidate = candidateOf(outcome.stored ?? withoutBody(outcome), need);
  await settleDoubt(candidate, need);
  const question = questionOf(need);
  const mayAnswer =
    isAnswer(decide(candidate, question)) || mayAnswerWhoWaited(candidate, question);
  if (!mayAnswer) return undefined;
  if (outcome.kind === "stored") return answeredBy(candidate, need);
  const { metadata, relay } = outcome;
  const stream = relay.join(continuationIn(need)(metadata), need.exchange);
  if (stream === undefined) {
    // The first bytes are gone. The stored body may follow soon.
    const waitMs = need.request.route.waitTimeoutMs;
    if (relay.endsWithin(waitMs)) await patiently(relay.isStored(), waitMs);
    return undefined;
  }
  return answeredBy(candidateOf({ metadata, body: { kind: "stream", stream } }, need), need);
}

function withoutBody({ metadata }: { readonly metadata: StoredMetadata }): StoredResponse {
  return { metadata, body: { kind: "absent" } };
}

/** The wait for the lease is short, because a hanging request may hold the lease for 30 s. */
const anonymousTurnMsMax = 250;

/**
 * The time for which clients forward their own requests after an anonymous request has failed, if the
 * origin has accepted no anonymous request in the last hour.
 */
const passAfterFailureMs = 10_000;

/** @param outcome the outcome of a flight that could not answer this request */
async function nextAfter(
  outcome: ForwardOutcome,
  need: OriginNeed,
): Promise<Next<OriginNeed, Response>> {
  if (isOfAnotherVariant(outcome, need)) return lookedUpAgain(outcome, need);
  switch (outcome.kind) {
    case "origin-failed": {
      const { nowAtMs, originHealth, uncacheable } = need.exchange.site;
      if (!originHealth.servesAnonymous(need.request.route.origin, nowAtMs())) {
        uncacheable.pass.mark(need.key.text, nowAtMs(), passAfterFailureMs);
        uncacheable.unshared.forget(need.key.text);
        return { kind: "alone" };
      }
      return {
        kind: "failed",
        isFinal: true,
        answer: () => failurePage(outcome.failure, need, outcome),
      };
    }
    case "stored": {
      const judged = judgedUnder(questionOf(need), candidateOf(outcome.stored, need));
      // If the response was purged during the wait, one of the followers leads the others.
      if (judged.kind !== "usable") return { kind: "again" };
      const terms = termsOf(outcome.stored.metadata, need.request.route);
      return isAlwaysValidated(terms) ? aloneAtOnce(need) : { kind: "alone" };
    }
    case "arriving":
      return nextAfterArriving(outcome, need);
    case "in-tiers":
      return lookedUpAgain(outcome, need);
    case "nothing-to-share":
      return isUnshared(need) ? aloneAtOnce(need) : { kind: "alone" };
    case "varies":
      return { kind: "alone" };
    default:
      return unreachable(outcome);
  }
}

function nextAfterArriving(
  outcome: Extract<ForwardOutcome, { kind: "arriving" }>,
  need: OriginNeed,
): Next<OriginNeed, Response> | Promise<Next<OriginNeed, Response>> {
  const { key, exchange } = need;
  const { flights, uncacheable } = exchange.site;
  const judged = judgedUnder(questionOf(need), candidateOf(withoutBody(outcome), need));
  if (judged.kind !== "usable") {
    const flight = flights.get(key.text, exchange.nowAtMs());
    if (flight?.arrived === outcome) flights.leave(key.text, flight);
    return { kind: "again" };
  }
  if (outcome.relay.hasStored === true) return lookedUpAgain(outcome, need);
  // A body without a length is too slow for other requests to wait for it.
  if (outcome.metadata.bodyBytes === null) uncacheable.pass.mark(key.text, exchange.nowAtMs());
  return { kind: "alone" };
}

/** Returns whether an anonymous request has lately got an answer that nobody may share. */
function isUnshared({ key, exchange }: OriginNeed): boolean {
  return exchange.site.uncacheable.unshared.has(key.text, exchange.nowAtMs());
}

/** Forwards without a slot, because the origin answers well, and later requests need no slot. */
async function aloneAtOnce(need: OriginNeed): Promise<Next<OriginNeed, Response>> {
  return { kind: "answer", answer: await forwardAlone(need, true) };
}

/** Looks up the request's own variant, which another request may have fetched. */
async function lookedUpAgain(
  outcome: ForwardOutcome,
  need: OriginNeed,
): Promise<Next<OriginNeed, Response>> {
  const lookup = new PageLookup(need, need.exchange);
  const found = await lookup.lookUp();
  if (found !== undefined && lookup.accepts(found)) {
    return { kind: "answer", answer: answeredBy(found.candidate, need) };
  }
  discardBody(found?.candidate.stored);
  const hasFollowedMarker = lookup.key.text !== need.request.key.text;
  const place = hasFollowedMarker ? { ...need, ...lookup.place } : forOwnVariant(outcome, need);
  return { kind: "elsewhere", place };
}

/**
 * Forwards one of many requests that waited in vain, once the request gets one of the key's slots.
 * The wait for a slot ends at the wait timeout. Requests that did not wait need no slot, because
 * waits for slots would slow every private page.
 *
 * @param sinceAtMs the start of the wait, in epoch milliseconds
 */
async function forwardAloneInTurn(need: OriginNeed, sinceAtMs: number): Promise<Response> {
  const { request, exchange, key } = need;
  const { nowAtMs, random } = exchange.site;
  const waitMs = request.route.waitTimeoutMs - Math.abs(nowAtMs() - sinceAtMs);
  // Release the slot at the head of the response, because a client may read the body slowly.
  const leave = await exchange.site.forwardSlots.enter(key.text, { waitMs, nowAtMs, random });
  const answering = forwardAlone(need, true).finally(leave);
  // Keep the forward alive, so that the slot is released even if the client disconnects.
  exchange.afterAnswer(async () => void (await answering.catch(() => undefined)));
  return answering;
}

/** Forwards one request whose response is not shared. */
async function forwardAlone(need: OriginNeed, hasWaited: boolean): Promise<Response> {
  // Another flight may have stored a response since the wait ended.
  const brought = hasWaited ? storedForAll(need) : undefined;
  const withoutFetch = brought ?? (await withoutAsking(need, { hasWaited }));
  if (withoutFetch !== undefined) return withoutFetch;
  // This flight has no followers.
  const { answer } = await fetchAndConfirm(need, new Flight(need.exchange.nowAtMs()));
  return answer;
}

/**
 * Forwards as the leader of a flight. A client's own forward may fail or be refused for a reason
 * that concerns only that client. If a response is stored, an anonymous request in the background
 * therefore decides whether the stored response is removed.
 */
async function fetchAndConfirm(
  need: OriginNeed,
  flight: ForwardFlight,
): Promise<FetchResult<Response>> {
  const { request, exchange, key } = need;
  const { site } = exchange;
  const before = storedCandidate(need);
  const fetched = await lead(need, flight);
  if (before === undefined) return fetched;
  const { ledAnonymously } = site.uncacheable;
  if (flight.outcome?.kind === "origin-failed") ledAnonymously.mark(key.text, exchange.nowAtMs());
  if (!ledAnonymously.has(key.text, exchange.nowAtMs())) return fetched;
  exchange.afterAnswer(async () => {
    await fetched.done;
    // End the client's own flight first, because a refresh does not start during a flight.
    site.flights.leave(key.text, flight);
    refreshBehind(request, before, key, exchange);
  });
  return fetched;
}

function storedForAll(need: OriginNeed): Response | undefined {
  const come = storedSince(need);
  if (come === undefined || !isOfAnotherVariant(come, need)) return answeredWith(come, need);
  const own = forOwnVariant(come, need);
  return answeredWith(storedSince(own), own);
}

/**
 * Answers a range request from the whole response, but only after the origin has ignored a range
 * for this key. Otherwise a client would wait for a whole video even if the origin supports ranges.
 *
 * @returns `undefined` if the range request must be forwarded
 */
async function wholeFirst(need: OriginNeed): Promise<Response | undefined> {
  const { request, exchange, key } = need;
  const { nowAtMs, rangeless } = exchange.site;
  if (!request.conditions.has("range") || !rangeless.has(key.text, nowAtMs())) return undefined;
  const answer = await withoutAsking(need, { hasWaited: false });
  if (answer !== undefined) return answer;
  const fill = rangeless.fill(key.text, nowAtMs(), () => begun(need));
  const waited = await patiently(fill.ended, request.route.waitTimeoutMs);
  const lookup = new PageLookup(need, exchange);
  const found = await lookup.lookUp();
  if (found !== undefined && lookup.accepts(found)) return answeredBy(found.candidate, need);
  discardBody(found?.candidate.stored);
  // Two failures may be temporary: the runtime ended the leader's request, or the origin failed.
  const isOfNow = waited === "abandoned" || fill.outcome?.kind === "origin-failed";
  if (!isOfNow) rangeless.giveUp(key.text, nowAtMs());
  return undefined;
}

function begun(need: OriginNeed): ForwardFlight {
  const { exchange, key } = need;
  const fill = startFill(need);
  exchange.afterAnswer(async () => {
    await fill.ended;
    exchange.site.rangeless.ended(key.text, fill);
  });
  return fill;
}

/**
 * Answers while the origin is down, with a stored response or else with an error page. For a page
 * that has just failed, answers only with a stored response.
 *
 * @returns `undefined` if the request must be forwarded
 */
async function withoutAsking(
  need: OriginNeed,
  { hasWaited }: { hasWaited: boolean },
): Promise<Response | undefined> {
  const { request, exchange, key } = need;
  const state = exchange.site.originHealth.ask(request, exchange.nowAtMs());
  if (state.kind === "well") return undefined;
  const isDown = state.kind === "down";
  if (isDown && state.isProbe) probeBehind(request, exchange);
  const known = await lookedUpFurther(need);
  const kept = storedCandidate(known);
  const stale = await staleInstead(known, "none");
  if (stale !== undefined) {
    if (!isDown && state.isProbe && kept) startRefresh(request, kept, key, exchange);
    return stale;
  }
  if (isDown) {
    const come = hasWaited ? await storedMeanwhile(known) : undefined;
    return come === undefined ? failurePage("down", known) : answeredBy(come, known);
  }
  if (known !== need) discardBody(kept?.stored);
  return undefined;
}
