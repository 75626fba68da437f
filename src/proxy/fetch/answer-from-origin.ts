// Answers a request that no stored response may answer: one forward for all who ask for the same, in
// this isolate or in the world, one for each where nothing can be shared, and none while the origin is
// known to be down.
import { type Fetched, Flight } from "../../cache/flights.ts";
import { load } from "../../cache/load.ts";
import type { Come, Loading, Next } from "../../cache/loading.ts";
import { discardBody } from "../../cache/record/record.ts";
import { isPersonal } from "../request/personal.ts";
import type { ForwardFlight, ForwardOutcome, SharedForward } from "../site/forward-outcome.ts";
import { settleDoubt } from "../reuse/in-doubt.ts";
import { atHand, type Need, questionOf } from "../reuse/need.ts";
import { Search } from "../reuse/search.ts";
import { decide, isAnswer, judgedUnder } from "../reuse/verdict.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import { mayAnswerWhoWaited } from "../reuse/who-waited.ts";
import { unreachable } from "../../rules/unreachable.ts";
import {
  answeredWith,
  candidateOf,
  comeSince,
  forOwnVariant,
  isOfAnotherVariant,
  storedMeanwhile,
} from "./come-since.ts";
import { lead } from "./lead.ts";
import { answeredBy, failurePage, staleInstead } from "./instead-of-origin.ts";
import { refreshBehind, startFill } from "./refresh.ts";
import { leaderTurn } from "./turn-in-world.ts";
import { wholeFirst } from "./whole-first.ts";
import { withoutAsking } from "./without-asking.ts";

type OriginNeed = Need;

/** Answers by what others bring, by a forward of its own, or with a page that tells of the failure. */
export async function answerFromOrigin(need: OriginNeed): Promise<Response> {
  const sinceAtMs = need.exchange.nowAtMs();
  const cut = isForAll(need) ? await wholeFirst(need) : undefined;
  if (cut !== undefined) return cut;
  const loaded = await load(need, forwarding, loadPorts(need));
  switch (loaded.kind) {
    case "answer":
      return loaded.answer;
    case "alone":
      return loaded.hasWaited ? ledInTurn(loaded.place, sinceAtMs) : led(loaded.place, false);
    case "out-of-patience": {
      const come = await storedMeanwhile(loaded.place);
      return come ? answeredBy(come, loaded.place) : failurePage("timeout", loaded.place);
    }
    default:
      return unreachable(loaded);
  }
}

function loadPorts({ exchange: { site, nowAtMs, afterAnswer } }: Need) {
  return { flights: site.flights, random: site.random, nowAtMs, afterAnswer };
}

/** How a response is loaded that its origin has to be asked for. */
const forwarding: Loading<OriginNeed, SharedForward, Response> = {
  keyOf: ({ key }) => key.text,
  patienceMsOf: ({ asked }) => asked.route.patienceMs,
  mayShare: (need) => isForAll(need) && !need.asked.conditions.has("range"),
  unasked: withoutAsking,
  comeSince: answerSince,
  takeTurn: leaderTurn,
  fetch: leadAndConfirm,
  accepts: answerOf,
  next: nextAfter,
  inPlace: (need) => staleInstead(need, "another"),
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

/** What may be answered to one client alone is asked for alone. */
function isForAll({ asked, exchange, key }: OriginNeed): boolean {
  const { method, directives } = asked;
  const isAskedForAll = method === "GET" && !directives.noStore && !isPersonal(asked);
  return isAskedForAll && !exchange.site.uncacheable.pass.has(key.text, exchange.nowAtMs());
}

function answerSince(need: OriginNeed): Come<SharedForward, Response> | undefined {
  const outcome = comeSince(need);
  if (outcome === undefined) return undefined;
  if (isOfAnotherVariant(outcome, need)) return { kind: "outcome", outcome };
  const answer = answeredWith(outcome, need);
  return answer && { kind: "answer", answer };
}

/** What a follower receives is judged like any stored response, under its own view and clock (rule 9). */
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

/** An anonymous request that fails may have been refused: others are not held up by the next soon. */
const passAfterFailureMs = 10_000;

/** @param outcome of an anonymous request, unless it is one that is stored */
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
        told: () => failurePage(outcome.failure, need, outcome),
      };
    }
    case "stored": {
      const judged = judgedUnder(questionOf(need), candidateOf(outcome.stored, need));
      // Purged meanwhile: one of those who waited leads for the others.
      return { kind: judged.kind === "usable" ? "alone" : "again" };
    }
    case "arriving":
      // It goes on for so long that nobody else should wait for it.
      need.exchange.site.uncacheable.pass.mark(need.key.text, need.exchange.nowAtMs());
      return { kind: "alone" };
    case "nothing-to-share":
    case "varies":
      return { kind: "alone" };
    default:
      return unreachable(outcome);
  }
}

/** Another may have led for that variant meanwhile; else it is led, or waited for, by its own key. */
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
 * Those who have waited together go to the origin a few at a time, and no longer than their patience
 * lasts. Others are not counted: they come one by one, as they would if there were no cache, and to
 * hold them back would slow every page that is for one client alone.
 *
 * @param sinceAtMs when it began to wait; epoch milliseconds
 */
async function ledInTurn(need: OriginNeed, sinceAtMs: number): Promise<Response> {
  const { asked, exchange, key } = need;
  const { nowAtMs, random } = exchange.site;
  const waitMs = asked.route.patienceMs - Math.abs(nowAtMs() - sinceAtMs);
  // Until the head of an answer is there: a client may take as long as it likes for the body.
  const leave = await exchange.site.fewAtOnce.enter(key.text, { waitMs, nowAtMs, random });
  const answering = led(need, true).finally(leave);
  // A client that leaves must give its place back.
  exchange.afterAnswer(async () => void (await answering.catch(() => undefined)));
  return answering;
}

/** Goes to the origin for one request alone. */
async function led(need: OriginNeed, hasWaited: boolean): Promise<Response> {
  // What the first one could not share, another may have brought for all.
  const brought = hasWaited ? broughtForAll(need) : undefined;
  const unasked = brought ?? (await withoutAsking(need, { hasWaited }));
  if (unasked !== undefined) return unasked;
  // A flight that nobody waits for.
  const { answer } = await leadAndConfirm(need, new Flight(need.exchange.nowAtMs()));
  return answer;
}

/**
 * A client's response that fails, or would end a stored one, says nothing about other clients. Where a
 * stored response stands, an anonymous request behind it decides.
 */
async function leadAndConfirm(need: OriginNeed, flight: ForwardFlight): Promise<Fetched<Response>> {
  const { asked, exchange, key } = need;
  const { site } = exchange;
  const before = atHand(need);
  const fetched = await lead(need, flight);
  if (before === undefined) return fetched;
  const { ledAnonymously } = site.uncacheable;
  if (flight.outcome?.kind === "origin-failed") ledAnonymously.mark(key.text, exchange.nowAtMs());
  if (!ledAnonymously.has(key.text, exchange.nowAtMs())) return fetched;
  exchange.afterAnswer(async () => {
    await fetched.done;
    // The client's own flight ends first: a refresh gives way to one that is under way.
    site.flights.leave(key.text, flight);
    refreshBehind(asked, before, key, exchange);
  });
  return fetched;
}

function broughtForAll(need: OriginNeed): Response | undefined {
  const come = comeSince(need);
  if (come === undefined || !isOfAnotherVariant(come, need)) return answeredWith(come, need);
  const own = forOwnVariant(come, need);
  return answeredWith(comeSince(own), own);
}
