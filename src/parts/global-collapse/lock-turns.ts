// Waits for the lock of a key among all isolates worldwide. While another isolate holds the lock, the leader polls
// the shared tier. The leader also polls for the word, a short message with which the holder replaces the lock.
import { type Turn, takeTurn } from "../../cache/lock-turn.ts";
import type { LockWord } from "../../cache/tiers/lock.ts";
import type { LeaderTurn } from "../../cache/load.ts";
import { discardBody } from "../../cache/record/record.ts";
import type { PagePlace } from "../../pages/site/exchange.ts";
import type {
  OriginFlight,
  OriginOutcome,
  SharedOutcome,
} from "../../pages/site/origin-outcome.ts";
import type { RefreshInTurn, TurnPort } from "../../pages/site/turn-port.ts";
import {
  type PendingRequest,
  questionOf,
  renewViewIfInDoubt,
} from "../../pages/reuse/pending-request.ts";
import { type FoundResponse, PageLookup } from "../../pages/reuse/page-lookup.ts";
import type { Candidate, ResponseHead } from "../../pages/stored/stored-response.ts";
import { decide, isAnswer, mayAnswerWhoWaited } from "../../pages/reuse/may-answer.ts";
import { isAlwaysValidated, termsOf } from "../../pages/stored/lifetime.ts";
import { staleInstead } from "../../pages/fetch/instead-of-origin.ts";

/** A request for the lock, and its flight. */
interface TurnRequest {
  readonly pending: PagePlace;
  readonly flight: OriginFlight;
  /** Returns whether a response in the shared tier answers the request. */
  readonly accepts: (found: FoundResponse) => boolean;
  /** The wait timeout; the default is the route's. */
  readonly waitMs?: number | undefined;
}

/** The locks of one isolate. */
export const lockTurns: TurnPort = {
  ofLeader(pending: PendingRequest, flight: OriginFlight) {
    return hasTurns(pending) ? leaderTurn(pending, flight) : undefined;
  },
  ofRefresh(pending: PagePlace, refresh: RefreshInTurn) {
    return hasTurns(pending) ? isOurTurn(pending, refresh) : undefined;
  },
};

const hasTurns = ({ request }: PagePlace): boolean =>
  request.route.traits.collapsesGlobally === true;

/** Waits for the lock or its holder's result. */
async function acquireLock(given: TurnRequest): Promise<Turn<OriginOutcome>> {
  const { pending, flight } = given;
  const { waitTimeoutMs } = pending.request.route;
  const { site, nowAtMs, afterAnswer } = pending.exchange;
  const { locks, random } = site;
  const turn = await takeTurn(
    {
      key: pending.key,
      waitTimeoutMs: Math.min(given.waitMs ?? Infinity, waitTimeoutMs),
      flight,
      wordOn: (outcome) => wordFor(outcome, pending),
      outcomeFrom: (record) => outcomeOf(record, given),
      takesOver: pending.request.isAnonymous ? "lead-anonymously" : undefined,
    },
    { locks, random, nowAtMs, afterAnswer },
  );
  pending.exchange.decision.lock = turn.kind;
  return turn;
}

/**
 * Waits for the lock on behalf of a leader with a client. If another isolate's forward failed, a
 * stale response may answer the client.
 */
async function leaderTurn(
  pending: PendingRequest,
  flight: OriginFlight,
): Promise<LeaderTurn<SharedOutcome, Response>> {
  const { exchange, key } = pending;
  const { site } = exchange;
  const sinceAtMs = exchange.nowAtMs();
  const accepts = ({ candidate, verdict }: FoundResponse) => {
    if (isAnswer(verdict)) return true;
    const isNew = candidate.stored.metadata.respondedAtMs >= sinceAtMs;
    return isNew && mayAnswerWhoWaited(candidate, questionOf(pending));
  };
  // Wait at most 1 to 2 s, because the lock's holder may be a client's own request that hangs.
  const waitMs = site.headTimes.stallsAfterMs(pending.request.route.name);
  const turn = await acquireLock({ pending, flight, accepts, waitMs });
  if (turn.kind === "lead") return turn;
  if (turn.kind === "followed") return { kind: "outcome", outcome: turn.outcome };
  if (turn.kind === "told" && turn.word === "uncacheable") {
    site.uncacheable.forAll.mark(key.text, exchange.nowAtMs());
    site.uncacheable.confirm(key.text, exchange.nowAtMs());
    return { kind: "outcome", outcome: { kind: "nothing-to-share" } };
  }
  const isFailure = turn.kind === "told" && turn.word !== "lead-anonymously";
  if (!isFailure) return { kind: "outcome", outcome: { kind: "nothing-to-share" } };
  // Without a usable stale response, this isolate forwards, because it may reach the origin even
  // though the holder failed.
  const answer = await staleInstead(pending, "another");
  const outcome = { kind: "origin-failed", failure: "error-status" } as const;
  return answer === undefined ? { kind: "lead" } : { kind: "answer", answer, outcome };
}

/**
 * Returns whether this isolate forwards a refresh. If another isolate's forward succeeds or fails during the wait,
 * its outcome settles this flight.
 */
async function isOurTurn(
  pending: PagePlace,
  { accepts, flight, turnMsMax }: RefreshInTurn,
): Promise<boolean> {
  const { exchange, key } = pending;
  const turn = await acquireLock({ pending, flight, accepts, waitMs: turnMsMax });
  if (turn.kind === "lead") return true;
  if (turn.kind === "followed") flight.settle(turn.outcome);
  if (turn.kind === "timed-out") return turnMsMax !== undefined;
  if (turn.kind !== "told") return false;
  if (turn.word === "lead-anonymously") return true;
  if (turn.word === "uncacheable") {
    if (turnMsMax === undefined) return true;
    exchange.site.uncacheable.confirm(key.text, exchange.nowAtMs());
    return false;
  }
  flight.settle({ kind: "origin-failed", failure: turn.word });
  return false;
}

/**
 * Returns the outcome that a record of the shared tier allows; `undefined` if the record does not
 * answer the request.
 */
async function outcomeOf(
  record: ResponseHead,
  { pending, accepts }: TurnRequest,
): Promise<OriginOutcome | undefined> {
  const { request, exchange, key } = pending;
  if (record.kind === "vary") {
    return key.text === request.key.text ? { kind: "varies", marker: record } : undefined;
  }
  const stored = { metadata: record.metadata, body: { kind: "absent" } } as const;
  const { ofWorld, memory } = exchange.site.tiers;
  const candidate: Candidate = { stored, tier: (ofWorld ?? memory).name, key };
  await renewViewIfInDoubt(candidate, pending);
  if (!accepts({ candidate, verdict: decide(candidate, questionOf(pending)) })) return undefined;
  const lookup = new PageLookup({ request, accepts, atPrimary: true }, exchange);
  const found = await lookup.lookUp();
  if (found === undefined) return undefined;
  const { stored: read } = found.candidate;
  if (read.body.kind === "blob" && accepts(found)) return { kind: "stored", stored: read };
  discardBody(read);
  const isStreamed = read.body.kind === "stream" && accepts(found);
  return isStreamed ? { kind: "in-tiers", metadata: read.metadata } : undefined;
}

/**
 * Returns the word to store for other isolates; `undefined` if they find the response or the `Vary`
 * marker in the shared tier.
 */
function wordFor(
  outcome: OriginOutcome | undefined,
  { request, exchange, key }: PagePlace,
): LockWord | undefined {
  const { site } = exchange;
  if (outcome?.kind === "origin-failed") {
    return request.isAnonymous ? outcome.failure : "lead-anonymously";
  }
  if (outcome?.kind === "varies") return undefined;
  const isInWorld = outcome?.kind === "in-tiers" && outcome.isOnlyInColo !== true;
  if (isInWorld && (site.tiers.ofWorld?.arrivingBytesMax ?? 0) > 0) return undefined;
  if (outcome?.kind !== "stored") {
    const isUncacheable = site.uncacheable.forAll.has(key.text, exchange.nowAtMs());
    if (!isUncacheable) return "nothing-to-share";
    return request.isAnonymous ? "uncacheable" : "lead-anonymously";
  }
  const { body, metadata } = outcome.stored;
  const { limits } = site.config;
  const isShared = body.kind === "blob" && body.blob.size <= limits.sharedBodyBytes;
  const isOfUse = !isAlwaysValidated(termsOf(metadata, request.route));
  const mayBeUsed = isShared && isOfUse && metadata.awaitsSecondAsk !== true;
  return mayBeUsed ? undefined : "nothing-to-share";
}
