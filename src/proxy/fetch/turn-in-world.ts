// A leader's turn in the world, on routes with `collapse: "global"`: reads the shared tier, and the words of
// other holders of the lease.
import { type Turn, takeTurn } from "../../cache/lease-turn.ts";
import type { LeaseWord } from "../../cache/lease.ts";
import type { LeaderTurn } from "../../cache/load-policy.ts";
import { discardBody } from "../../cache/record/record.ts";
import { selects } from "../../rules/selecting.ts";
import type { ForwardFlight, ForwardOutcome, SharedForward } from "../site/forward-outcome.ts";
import { settleDoubt } from "../reuse/in-doubt.ts";
import { type OriginNeed, questionOf } from "../reuse/need.ts";
import { type FoundResponse, Search } from "../reuse/search.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { decide, isAnswer } from "../reuse/verdict.ts";
import { mayAnswerWhoWaited } from "../reuse/after-wait.ts";
import { isAlwaysValidated, termsOf } from "../stored/lifetime.ts";
import type { ResponseHead } from "../stored/tiers.ts";
import { staleInstead } from "./instead-of-origin.ts";

/** A request for a turn, and the flight that it is for. */
interface TurnRequest {
  readonly need: Pick<OriginNeed, "asked" | "exchange" | "key">;
  readonly flight: ForwardFlight;
  /** Returns whether a response in the shared tier meets the need. */
  readonly accepts: (found: FoundResponse) => boolean;
  /** Wait timeout; the route's by default. */
  readonly waitMs?: number | undefined;
}

/** Waits for the lease. On a route that collapses only in the isolate, returns at once. */
export async function turnInWorld(given: TurnRequest): Promise<Turn<ForwardOutcome>> {
  const { need, flight } = given;
  const { collapse } = need.asked.route;
  const waitTimeoutMs = given.waitMs ?? need.asked.route.waitTimeoutMs;
  const takesOver = need.asked.isAnonymous ? ("lead-anonymously" as const) : undefined;
  if (collapse === "isolate") return { kind: "lead" };
  const wordOn = (outcome: ForwardOutcome | undefined) => wordFor(outcome, need);
  const outcomeFrom = (record: ResponseHead) => outcomeOf(record, given);
  const ask = { key: need.key, waitTimeoutMs, flight, wordOn, outcomeFrom: outcomeFrom, takesOver };
  const { site, nowAtMs, afterAnswer } = need.exchange;
  const { leases, random } = site;
  const turn = await takeTurn(ask, { leases, random, nowAtMs, afterAnswer });
  need.exchange.decision.lease = turn.kind;
  return turn;
}

/**
 * Takes the turn of a request that leads for a client. A stale response may answer that client in the end.
 */
export async function leaderTurn(
  need: OriginNeed,
  flight: ForwardFlight,
): Promise<LeaderTurn<SharedForward, Response>> {
  const { exchange, key } = need;
  const { site } = exchange;
  const sinceAtMs = exchange.nowAtMs();
  const accepts = ({ candidate, verdict }: FoundResponse) => {
    if (isAnswer(verdict)) return true;
    const isNew = candidate.stored.metadata.respondedAtMs >= sinceAtMs;
    return isNew && mayAnswerWhoWaited(candidate, questionOf(need));
  };
  const { waitTimeoutMs, name } = need.asked.route;
  // The holder may be a client whose own request hangs.
  const waitMs = Math.min(waitTimeoutMs, site.headTimes.stallsAfterMs(name));
  const turn = await turnInWorld({ need, flight, accepts, waitMs });
  if (turn.kind === "lead") return turn;
  if (turn.kind === "followed") return { kind: "outcome", outcome: turn.outcome };
  if (turn.kind === "told" && turn.word === "uncacheable") {
    site.uncacheable.forAll.mark(key.text, exchange.nowAtMs());
    site.uncacheable.pass.mark(key.text, exchange.nowAtMs());
    return { kind: "outcome", outcome: { kind: "nothing-to-share" } };
  }
  const isFailure = turn.kind === "told" && turn.word !== "lead-anonymously";
  if (!isFailure) return { kind: "outcome", outcome: { kind: "nothing-to-share" } };
  // Without a usable stale response, this colo tries for itself: it may reach the origin.
  const answer = await staleInstead(need, "another");
  const outcome = { kind: "origin-failed", failure: "error-status" } as const;
  return answer === undefined ? { kind: "lead" } : { kind: "answer", answer, outcome };
}

/** Returns the outcome from a record in the shared tier, if it meets the need. */
async function outcomeOf(
  record: ResponseHead,
  { need, accepts }: TurnRequest,
): Promise<ForwardOutcome | undefined> {
  const { asked, exchange, key } = need;
  if (record.kind === "vary") {
    return key.text === asked.key.text ? { kind: "varies", marker: record } : undefined;
  }
  const { metadata } = record;
  if (!selects(metadata.selecting, asked.forwarded)) return undefined;
  const stored = { metadata, body: { kind: "absent" } } as const;
  const { ofWorld, memory } = exchange.site.tiers;
  const candidate: Candidate = { stored, tier: (ofWorld ?? memory).name, key };
  await settleDoubt(candidate, need);
  if (!accepts({ candidate, verdict: decide(candidate, questionOf(need)) })) return undefined;
  const search = new Search({ asked, accepts, atPrimary: true }, exchange);
  const found = await search.found();
  if (found?.candidate.stored.body.kind === "blob" && accepts(found)) {
    return { kind: "stored", stored: found.candidate.stored };
  }
  discardBody(found?.candidate.stored);
  return undefined;
}

/** @returns `undefined` if the shared tier has the response for all */
function wordFor(
  outcome: ForwardOutcome | undefined,
  { asked, exchange, key }: TurnRequest["need"],
): LeaseWord | undefined {
  const { site } = exchange;
  if (outcome?.kind === "origin-failed") {
    return asked.isAnonymous ? outcome.failure : "lead-anonymously";
  }
  if (outcome?.kind === "varies") return undefined;
  if (outcome?.kind !== "stored") {
    const isUncacheable = site.uncacheable.forAll.has(key.text, exchange.nowAtMs());
    if (!isUncacheable) return "nothing-to-share";
    return asked.isAnonymous ? "uncacheable" : "lead-anonymously";
  }
  const { body, metadata } = outcome.stored;
  const { limits } = site.config;
  const isShared = body.kind === "blob" && body.blob.size <= limits.sharedBodyBytes;
  const isOfUse = !isAlwaysValidated(termsOf(metadata, asked.route));
  const mayBeUsed = isShared && isOfUse && metadata.awaitsSecondAsk !== true;
  return mayBeUsed ? undefined : "nothing-to-share";
}
