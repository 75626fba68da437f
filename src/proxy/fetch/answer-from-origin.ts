// Answers a request that no stored response may answer: one forward for all who ask for the same, in
// this isolate or in the world, and none while the origin is known to be down.
import { selects } from "../../http/selecting.ts";
import { pause } from "../../patience.ts";
import type { Flight, FlightOutcome, Late } from "../../cache/flights.ts";
import {
  answeredBy,
  answeredWith,
  candidateOf,
  comeSince,
  forOwnVariant,
  isOfAnotherVariant,
  storedMeanwhile,
} from "../reuse/come-since.ts";
import { settleDoubt } from "../reuse/in-doubt.ts";
import { failurePage, lead, staleInstead } from "./lead.ts";
import { leadAlone } from "./lead-alone.ts";
import { holdLease, takeTurn } from "./lease-turn.ts";
import { lookUp } from "../reuse/lookup.ts";
import { type Answer, type Need, questionOf } from "../reuse/need.ts";
import { discardBody } from "../../cache/record.ts";
import { type Candidate, decide, isAnswer, judgedUnder } from "../reuse/verdict.ts";
import { mayAnswerWhoWaited } from "../reuse/who-waited.ts";
import { wholeFirst } from "./whole-first.ts";
import { withoutAsking } from "./without-asking.ts";

/** How often one request may wait for another's forward. */
const turnsMax = 3;

/**
 * After so many failed forwards of others a request is told of the failure. What the first one's own
 * fields provoked need not meet the next; but an origin in trouble must not see a whole crowd.
 */
const failuresMax = 2;
/** Among a crowd somebody goes on at once. */
const drawnWithinMs = 20;

export async function answerFromOrigin(first: Need): Promise<Answer> {
  const sinceAtMs = first.ports.nowAtMs();
  const cut = isForAll(first) ? await wholeFirst(first) : undefined;
  if (cut !== undefined) return cut;
  let need = first;
  const waiting: Waiting = { mayTakeTurn: true, waitedFor: new Set(), failed: undefined };
  let hasWaited = false;
  let endsOfPatience = 0;
  let failures = 0;
  for (let turn = 0; turn < turnsMax && mayCollapse(need); turn += 1) {
    const unasked = await withoutAsking(need, { hasWaited });
    if (unasked !== undefined) return unasked;
    const ended = await collapsed(need, waiting);
    hasWaited = true;
    if ("response" in ended) return ended;
    if (ended.kind === "late") {
      const late = await followed(ended.outcome, need);
      if (late !== undefined) return late;
      // It is no answer to this request, which goes on waiting as if it had not come.
      waiting.waitedFor.delete(ended.flight);
      turn -= 1;
      continue;
    }
    if (ended.kind === "out-of-patience" || ended.kind === "abandoned") {
      waiting.mayTakeTurn = false;
      endsOfPatience += ended.kind === "abandoned" ? 0 : 1;
      continue;
    }
    if (isOfAnotherVariant(ended, need)) {
      const again = await lookedUpAgain(ended, need);
      if ("response" in again) return again;
      need = again;
      waiting.waitedFor.clear();
      waiting.failed = undefined;
      continue;
    }
    const answer = await followed(ended, need);
    if (answer !== undefined) return answer;
    if (ended.kind === "origin-failed") {
      failures += 1;
      if (ended.failure === "timeout" || failures === failuresMax) return failurePage(ended, need);
      // One of those who waited leads for the others: any, since the next may be the same client.
      await pause(drawnWithinMs * need.ports.random());
      turn -= 1;
      continue;
    }
    // Purged meanwhile: one of those who waited leads for the others.
    if (!isPurged(ended, need)) return leadAlone(need, { hasWaited, sinceAtMs });
  }
  // Whoever has waited for so many in vain would do no better.
  if (endsOfPatience < turnsMax) return leadAlone(need, { hasWaited, sinceAtMs });
  const come = await storedMeanwhile(need);
  return come === undefined ? failurePage({ failure: "timeout" }, need) : answeredBy(come, need);
}

function isPurged(outcome: FlightOutcome, need: Need): boolean {
  if (outcome.kind !== "stored") return false;
  const candidate = candidateOf(outcome.stored, need);
  return judgedUnder(questionOf(need), candidate).kind !== "usable";
}

/** `abandoned`: the leader's request has ended without a word. */
type Unserved = { kind: "out-of-patience" } | { kind: "abandoned" };

/** What a request knows of the flights for the same that it has waited for. */
interface Waiting {
  /** Patience for the rest of the world is had once. */
  mayTakeTurn: boolean;
  /** In vain: none of them has ended yet. */
  readonly waitedFor: Set<Flight>;
  /** The last that failed. */
  failed: Flight | undefined;
}

/** Leads where nobody does, else waits for who does; `waiting` grows by what it waits for in vain. */
async function collapsed(
  need: Need,
  waiting: Waiting,
): Promise<Answer | FlightOutcome | Late | Unserved> {
  const { ports, key, asked } = need;
  const { mayTakeTurn, waitedFor, failed } = waiting;
  const anew = failed?.ledAnew;
  const running = anew ?? ports.flights.get(key.text, ports.nowAtMs());
  if (running === undefined || (running !== anew && running.stored !== undefined)) {
    const come = comeSince(need);
    if (come !== undefined && isOfAnotherVariant(come, need)) return come;
    // Without a pause: nobody else must begin a flight meanwhile.
    const answer = come && answeredWith(come, need);
    if (answer !== undefined) return answer;
    const flight = ports.flights.begin(key.text, ports.nowAtMs());
    if (failed !== undefined) failed.ledAnew = flight;
    const leading = mayTakeTurn ? leadInTurn(need, flight) : lead(need, flight);
    // A client that leaves must not end what others wait for.
    ports.afterAnswer(async () => void (await leading.catch(() => undefined)));
    return leading;
  }
  if (failed !== undefined) failed.ledAnew = running;
  const outcome = await running.wait(asked.route.patienceMs, [...waitedFor]);
  if (typeof outcome !== "string") {
    if (outcome.kind === "origin-failed") waiting.failed = running;
    return outcome;
  }
  waitedFor.add(running);
  waiting.failed = undefined;
  const isOver = outcome === "out-of-patience";
  const stale = isOver ? await staleInstead(need, { collapsed: true }) : undefined;
  if (stale !== undefined) return stale;
  // Its leader is gone or too slow: the first to notice leads anew, and the others follow.
  const isSlow = !running.hasJustBegun(ports.nowAtMs(), asked.route.patienceMs);
  if (isSlow || outcome === "abandoned") ports.flights.leave(key.text, running);
  return isOver ? { kind: "out-of-patience" } : { kind: "abandoned" };
}

/** With `collapse: "global"`, leads once nobody else in the world does. */
async function leadInTurn(need: Need, flight: Flight): Promise<Answer | FlightOutcome> {
  const { asked, ports, key } = need;
  if (asked.route.collapse === "isolate") return lead(need, flight);
  try {
    const sinceAtMs = ports.nowAtMs();
    const accepts = (candidate: Candidate) => {
      const question = questionOf(need);
      const isNew = candidate.stored.metadata.respondedAtMs >= sinceAtMs;
      return (
        isAnswer(decide(candidate, question)) || (isNew && mayAnswerWhoWaited(candidate, question))
      );
    };
    const turn = await takeTurn({ need, accepts });
    const isFailure = turn.kind === "followed" && turn.outcome.kind === "origin-failed";
    if (turn.kind === "followed" && !isFailure) {
      flight.settle(turn.outcome);
      ports.flights.end(key.text, flight);
      return turn.outcome;
    }
    if (turn.kind === "uncacheable") {
      ports.uncacheable.mark(key.text, ports.nowAtMs());
      ports.flights.end(key.text, flight);
      return { kind: "nothing-to-share" };
    }
    // Where a stale response may not answer, this colo sees for itself: it may reach the origin.
    const isOver = isFailure || turn.kind === "out-of-patience";
    const stale = isOver ? await staleInstead(need, { collapsed: true }) : undefined;
    if (stale === undefined) {
      if (turn.kind === "lead" && turn.lease) holdLease(turn.lease, flight, need);
      return await lead(need, flight);
    }
    flight.settle({ kind: "origin-failed", failure: "error-status" });
    ports.flights.end(key.text, flight);
    return stale;
  } catch (cause) {
    ports.flights.end(key.text, flight);
    throw cause;
  }
}

/** Another may have led for that variant meanwhile; else it is led, or waited for, by its own key. */
async function lookedUpAgain(outcome: FlightOutcome, need: Need): Promise<Answer | Need> {
  const { asked, ports } = need;
  const accepts = (candidate: Candidate) => isAnswer(decide(candidate, questionOf(need)));
  const { decision } = need;
  const ask = { asked, atMs: ports.nowAtMs(), accepts, decision };
  const { found, ...place } = await lookUp(ask, ports);
  if (typeof found === "object" && accepts(found)) return answeredBy(found, need);
  if (typeof found === "object") discardBody(found.stored);
  if (place.key.text !== asked.key.text) return { ...need, ...place };
  return forOwnVariant(outcome, need);
}

/** What may be answered to one client alone is asked for alone. */
function mayCollapse(need: Need): boolean {
  return isForAll(need) && !need.asked.conditions.has("range");
}

function isForAll({ asked, ports, key }: Need): boolean {
  const { method, hasUnknownCookie, directives } = asked;
  const isAskedForAll = method === "GET" && !hasUnknownCookie && !directives.noStore;
  return isAskedForAll && !ports.uncacheable.has(key.text, ports.nowAtMs());
}

/**
 * What a follower receives is judged like any stored response, under its own view and clock.
 *
 * @returns `undefined` if that is no answer to the follower
 */
async function followed(outcome: FlightOutcome, need: Need): Promise<Answer | undefined> {
  if (outcome.kind === "nothing-to-share" || outcome.kind === "varies") return undefined;
  if (outcome.kind === "origin-failed") return staleInstead(need, { collapsed: true });
  if (!selects(outcome.stored.metadata.selecting, need.asked.forwarded)) return undefined;
  const candidate = candidateOf(outcome.stored, need);
  await settleDoubt(candidate, need);
  const question = questionOf(need);
  const mayAnswer =
    isAnswer(decide(candidate, question)) || mayAnswerWhoWaited(candidate, question);
  return mayAnswer ? answeredBy(candidate, need) : undefined;
}
