// Answers a request that no stored response can answer. Requests for the same key collapse into one forward
// per isolate or in the world, except for private responses. Nothing is forwarded while the origin is down.
import { type FetchResult, Flight } from "../../cache/flights.ts";
import { load } from "../../cache/load.ts";
import type { LoadResult, LoadPolicy, Next } from "../../cache/load-policy.ts";
import { discardBody } from "../../cache/record/record.ts";
import { isPersonal } from "../request/personal.ts";
import type { LookupSite } from "../site/site.ts";
import type { ForwardFlight, ForwardOutcome, SharedForward } from "../site/forward-outcome.ts";
import { settleDoubt } from "../reuse/in-doubt.ts";
import { storedCandidate, type OriginNeed, questionOf } from "../reuse/need.ts";
import { Search } from "../reuse/search.ts";
import { decide, isAnswer, judgedUnder } from "../reuse/verdict.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import { mayAnswerWhoWaited } from "../reuse/after-wait.ts";
import { unreachable } from "../../rules/unreachable.ts";
import {
  answeredWith,
  candidateOf,
  storedSince,
  forOwnVariant,
  isOfAnotherVariant,
  storedMeanwhile,
} from "./stored-since.ts";
import { lead } from "./lead.ts";
import { answeredBy, failurePage, staleInstead } from "./instead-of-origin.ts";
import { refreshBehind, startFill } from "./refresh.ts";
import { leaderTurn } from "./turn-in-world.ts";
import { wholeFirst } from "./whole-first.ts";
import { withoutAsking } from "./without-asking.ts";

/** Answers with the result of another's forward, with a forward of its own, or with an error page. */
export async function answerFromOrigin(need: OriginNeed): Promise<Response> {
  const cut = isForAll(need) ? await wholeFirst(need) : undefined;
  if (cut !== undefined) return cut;
  const { site, nowAtMs, afterAnswer } = need.exchange;
  const { flights, random } = site;
  return load(need, forwarding, { flights, random, nowAtMs, afterAnswer });
}

/** How to load a response from the origin. */
const forwarding: LoadPolicy<OriginNeed, SharedForward, Response> = {
  keyOf: ({ key }) => key.text,
  waitTimeoutMsOf: ({ asked }) => asked.route.waitTimeoutMs,
  mayShare: mayCollapse,
  withoutFetch: withoutAsking,
  storedSince: answerSince,
  takeTurn: leaderTurn,
  fetch: leadAndConfirm,
  accepts: answerOf,
  next: nextAfter,
  onTimeout: (need) => staleInstead(need, "another"),
  alone: (need, { hasWaited, sinceAtMs }) =>
    hasWaited ? ledInTurn(need, sinceAtMs) : led(need, false),
  tooLate: async (need) => {
    const come = await storedMeanwhile(need);
    return come ? answeredBy(come, need) : failurePage("timeout", need);
  },
  anonymous: {
    isFault: ({ kind }) => kind === "origin-failed" || kind === "nothing-to-share",
    isDue: ({ key, exchange }) =>
      exchange.site.uncacheable.ledAnonymously.has(key.text, exchange.nowAtMs()),
    require: ({ key, exchange }) =>
      exchange.site.uncacheable.ledAnonymously.mark(key.text, exchange.nowAtMs()),
    startsAfterMs: ({ asked, exchange }) => exchange.site.headTimes.stallsAfterMs(asked.route.name),
    start: (need) => startFill(need, { turnMsMax: anonymousTurnMsMax }),
  },
};

type Client = Pick<OriginNeed<LookupSite>, "asked" | "exchange" | "key">;

/** Returns whether several requests may share the answer to this one. */
export function mayCollapse(client: Client): boolean {
  return isForAll(client) && !client.asked.conditions.has("range");
}

/** Returns whether the answer may be for all clients. */
function isForAll({ asked, exchange, key }: Client): boolean {
  const { method, directives } = asked;
  const isAskedForAll = method === "GET" && !directives.noStore && !isPersonal(asked);
  return isAskedForAll && !exchange.site.uncacheable.pass.has(key.text, exchange.nowAtMs());
}

function answerSince(need: OriginNeed): LoadResult<SharedForward, Response> | undefined {
  const outcome = storedSince(need);
  if (outcome === undefined) return undefined;
  if (isOfAnotherVariant(outcome, need)) return { kind: "outcome", outcome };
  const answer = answeredWith(outcome, need);
  return answer && { kind: "answer", answer };
}

/** Returns the answer from another's forward, judged under this request's own view and clock (rule 9). */
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
  const stream = outcome.relay.join();
  if (stream === undefined) return undefined;
  const stored: StoredResponse = { metadata: outcome.metadata, body: { kind: "stream", stream } };
  return answeredBy(candidateOf(stored, need), need);
}

function withoutBody({ metadata }: { readonly metadata: StoredMetadata }): StoredResponse {
  return { metadata, body: { kind: "absent" } };
}

/** A client whose own request hangs may hold the lease for half a minute. */
const anonymousTurnMsMax = 250;

/** How long others do not wait for the next anonymous request, which the origin may have refused. */
const passAfterFailureMs = 10_000;

/** @param outcome of an anonymous request, unless the response is stored */
async function nextAfter(
  outcome: ForwardOutcome,
  need: OriginNeed,
): Promise<Next<OriginNeed, Response>> {
  if (isOfAnotherVariant(outcome, need)) return lookedUpAgain(outcome, need);
  switch (outcome.kind) {
    case "origin-failed": {
      const { nowAtMs, originHealth, uncacheable } = need.exchange.site;
      if (!originHealth.servesAnonymous(need.asked.route.origin, nowAtMs())) {
        uncacheable.pass.mark(need.key.text, nowAtMs(), passAfterFailureMs);
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
      // Purged meanwhile: one of the followers leads for the others.
      return { kind: judged.kind === "usable" ? "alone" : "again" };
    }
    case "arriving":
      // The body takes so long that no other request should wait for it.
      need.exchange.site.uncacheable.pass.mark(need.key.text, need.exchange.nowAtMs());
      return { kind: "alone" };
    case "nothing-to-share":
    case "varies":
      return { kind: "alone" };
    default:
      return unreachable(outcome);
  }
}

/** Looks up a variant again, under its own key. Another request may have led for it meanwhile. */
async function lookedUpAgain(
  outcome: ForwardOutcome,
  need: OriginNeed,
): Promise<Next<OriginNeed, Response>> {
  const search = new Search(need, need.exchange);
  const found = await search.found();
  if (found !== undefined && search.accepts(found)) {
    return { kind: "answer", answer: answeredBy(found.candidate, need) };
  }
  discardBody(found?.candidate.stored);
  const isLed = search.key.text !== need.asked.key.text;
  const place = isLed ? { ...need, ...search.place } : forOwnVariant(outcome, need);
  return { kind: "elsewhere", place };
}

/**
 * Forwards under the concurrency limit, for requests that waited together, and until their wait timeout.
 * Other requests are not limited, because that would slow every private page.
 *
 * @param sinceAtMs when the wait began; epoch milliseconds
 */
async function ledInTurn(need: OriginNeed, sinceAtMs: number): Promise<Response> {
  const { asked, exchange, key } = need;
  const { nowAtMs, random } = exchange.site;
  const waitMs = asked.route.waitTimeoutMs - Math.abs(nowAtMs() - sinceAtMs);
  // The place is held until the head of the response: a client may read the body slowly.
  const leave = await exchange.site.forwardSlots.enter(key.text, { waitMs, nowAtMs, random });
  const answering = led(need, true).finally(leave);
  // Release the place even if the client disconnects.
  exchange.afterAnswer(async () => void (await answering.catch(() => undefined)));
  return answering;
}

/** Forwards one request that shares nothing. */
async function led(need: OriginNeed, hasWaited: boolean): Promise<Response> {
  // Another request may have fetched a response for all since the first one found nothing to share.
  const brought = hasWaited ? storedForAll(need) : undefined;
  const withoutFetch = brought ?? (await withoutAsking(need, { hasWaited }));
  if (withoutFetch !== undefined) return withoutFetch;
  // A flight without followers.
  const { answer } = await leadAndConfirm(need, new Flight(need.exchange.nowAtMs()));
  return answer;
}

/**
 * Leads a forward. A client's response that fails, or would remove a stored one, says nothing about other
 * clients. If a response is stored, an anonymous request behind the answer decides.
 */
async function leadAndConfirm(
  need: OriginNeed,
  flight: ForwardFlight,
): Promise<FetchResult<Response>> {
  const { asked, exchange, key } = need;
  const { site } = exchange;
  const before = storedCandidate(need);
  const fetched = await lead(need, flight);
  if (before === undefined) return fetched;
  const { ledAnonymously } = site.uncacheable;
  if (flight.outcome?.kind === "origin-failed") ledAnonymously.mark(key.text, exchange.nowAtMs());
  if (!ledAnonymously.has(key.text, exchange.nowAtMs())) return fetched;
  exchange.afterAnswer(async () => {
    await fetched.done;
    // End the client's own flight first: a refresh does not start beside a flight.
    site.flights.leave(key.text, flight);
    refreshBehind(asked, before, key, exchange);
  });
  return fetched;
}

function storedForAll(need: OriginNeed): Response | undefined {
  const come = storedSince(need);
  if (come === undefined || !isOfAnotherVariant(come, need)) return answeredWith(come, need);
  const own = forOwnVariant(come, need);
  return answeredWith(storedSince(own), own);
}
