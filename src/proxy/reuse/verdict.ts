// What may answer a request at this instant (RFC 9111 §4, §4.2.4; RFC 5861 §3, §4).
import type { TierName } from "../../config/config.ts";
import type { ForwardReason } from "../../http/cache-status.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import { sharedExplicitly } from "../../http/storable.ts";
import type { RecordKey } from "../../cache/record-key.ts";
import type { PurgeJudgement, PurgeView } from "../../purge/view/view.ts";
import { ageSeconds, type FreshnessPolicy, type Terms, termsOf } from "../stored/lifetime.ts";
import type { Asked } from "../request/plan.ts";

/** A stored response and the tier that it was read from. */
export interface Candidate {
  readonly stored: StoredResponse;
  readonly tier: TierName;
  /** Under which it stands there. */
  readonly key?: RecordKey;
}

export type MissReason = "uri-miss" | "vary-miss";

/** Exactly one holds. Each carries all that the next step needs, so no step asks again. */
export type Verdict =
  | { kind: "serve"; candidate: Candidate; ageSeconds: number; ttlSeconds: number }
  | {
      kind: "serve-stale";
      candidate: Candidate;
      ageSeconds: number;
      ttlSeconds: number;
      refresh: boolean;
    }
  | { kind: "validate"; candidate: Candidate; reason: "stale" | "request" }
  /** `fallback`: what may still answer if the origin fails. */
  | { kind: "forward"; reason: ForwardReason; fallback?: Candidate }
  | { kind: "gateway-timeout" };

export function isAnswer({ kind }: Verdict): boolean {
  return kind === "serve" || kind === "serve-stale";
}

export interface VerdictQuestion {
  readonly asked: Pick<Asked, "directives" | "hasUnknownCookie">;
  /** Where this request arrived; empty where that is not known. */
  readonly colo: () => string;
  readonly policy: FreshnessPolicy;
  readonly view: PurgeView;
  readonly invalidations: { covers(stored: StoredMetadata, key: RecordKey | undefined): boolean };
  /** Epoch milliseconds; every decision for one request is made for one instant. */
  readonly atMs: number;
}

/** @param found what the look-up brought, or why it brought nothing */
export function decide(found: Candidate | MissReason, question: VerdictQuestion): Verdict {
  const { directives, hasUnknownCookie } = question.asked;
  if (typeof found === "string") {
    return directives.onlyIfCached
      ? { kind: "gateway-timeout" }
      : { kind: "forward", reason: found };
  }
  const weighed = weigh(found, question);
  const { terms, ageSeconds: age, ttlSeconds } = weighed;
  const timing = { ageSeconds: age, ttlSeconds };
  if (hasUnknownCookie && !sharedExplicitly(terms.governing)) {
    return directives.onlyIfCached
      ? { kind: "gateway-timeout" }
      : { kind: "forward", reason: "request" };
  }
  const unfit = whyNotFresh(weighed);
  if (unfit === undefined) return { kind: "serve", candidate: found, ...timing };
  const stale = staleAllowance(weighed);
  if (stale !== undefined) {
    const refresh = stale === "stale-while-revalidate";
    return { kind: "serve-stale", candidate: found, ...timing, refresh };
  }
  if (directives.onlyIfCached) return { kind: "gateway-timeout" };
  if (terms.canBeValidated) return { kind: "validate", candidate: found, reason: unfit };
  return { kind: "forward", reason: unfit, fallback: found };
}

interface Weighed {
  readonly question: VerdictQuestion;
  readonly terms: Terms;
  readonly judged: PurgeJudgement;
  readonly ageSeconds: number;
  /** What is left of its lifetime, which a soft purge ends. */
  readonly ttlSeconds: number;
}

function weigh(candidate: Candidate, question: VerdictQuestion): Weighed {
  const { metadata } = candidate.stored;
  const terms = termsOf(metadata, question.policy);
  const age = ageSeconds(metadata, terms, question.atMs);
  const judged = judgedUnder(question, candidate);
  const isSoft = judged.kind === "purged" && judged.mode === "soft";
  // The journal's clock may be ahead of ours.
  const sincePurgeSeconds = isSoft
    ? Math.max(0, (question.atMs - judged.sinceAtMs) / 1_000)
    : -Infinity;
  const ttlSeconds = Math.min(terms.lifetimeSeconds - age, -sincePurgeSeconds);
  return { question, terms, judged, ageSeconds: age, ttlSeconds };
}

/** @returns why a response is not fresh enough for this request; `undefined` when it is */
function whyNotFresh(weighed: Weighed): "stale" | "request" | undefined {
  const { question, terms, judged, ageSeconds: age, ttlSeconds } = weighed;
  const { directives } = question.asked;
  if (judged.kind !== "usable") return "stale";
  if (terms.alwaysValidate || ttlSeconds <= 0) return "stale";
  if (directives.noCache) return "request";
  if (directives.maxAgeSeconds !== undefined && age > directives.maxAgeSeconds) return "request";
  const minFreshSeconds = directives.minFreshSeconds ?? 0;
  return ttlSeconds < minFreshSeconds ? "request" : undefined;
}

/** Which allowance lets a stale response answer without waiting for the origin. */
function staleAllowance(weighed: Weighed): "stale-while-revalidate" | "max-stale" | undefined {
  const { question, terms } = weighed;
  const { directives } = question.asked;
  const staleSeconds = staleSecondsOf(weighed);
  if (!mayBeStale(weighed) || directives.noCache) return undefined;
  // RFC 9111 §5.2.2.10: beside s-maxage, a client's leave is none.
  const { sMaxageSeconds } = terms.governing.directives;
  const maxStaleSeconds = sMaxageSeconds === undefined ? (directives.maxStaleSeconds ?? -1) : -1;
  // RFC 9111 §5.2.1: a wish for a fresher response is not met by a staler one.
  if (directives.minFreshSeconds !== undefined || directives.maxAgeSeconds !== undefined) {
    const withinMaxStale = staleSeconds <= maxStaleSeconds;
    const young = weighed.ageSeconds <= (directives.maxAgeSeconds ?? Infinity);
    return withinMaxStale && young ? "max-stale" : undefined;
  }
  if (staleSeconds < terms.staleWhileRevalidateSeconds) return "stale-while-revalidate";
  return staleSeconds <= maxStaleSeconds ? "max-stale" : undefined;
}

/** None for a response within its lifetime that the request's own wish rules out. */
function staleSecondsOf({ ttlSeconds }: Weighed): number {
  return Math.max(0, -ttlSeconds);
}

/** RFC 9111 §4.2.4, and no purge that forbids it. */
function mayBeStale({ terms, judged }: Weighed): boolean {
  if (terms.neverStale || terms.alwaysValidate) return false;
  return judged.kind === "usable" || (judged.kind === "purged" && judged.mode === "soft");
}

/**
 * May a response answer who waited for it, though it took longer to come than it lives? Whoever
 * asked alone would get one as old. Its lifetime counts from its arrival here, then.
 *
 * Departs from RFC 9111 §4.2.4, by which it is stale: a site that is asked for a page more often
 * than it can make one would be asked by each who waited.
 */
export function mayAnswerWhoWaited(candidate: Candidate, question: VerdictQuestion): boolean {
  const weighed = weigh(candidate, question);
  const { directives } = question.asked;
  const { maxAgeSeconds, minFreshSeconds } = directives;
  const wishesForFresher = maxAgeSeconds !== undefined || minFreshSeconds !== undefined;
  if (weighed.judged.kind !== "usable" || !mayBeStale(weighed)) return false;
  if (directives.noCache || wishesForFresher) return false;
  const { requestedAtMs, respondedAtMs } = candidate.stored.metadata;
  const { lifetimeSeconds } = weighed.terms;
  const sinceArrivalSeconds = weighed.ageSeconds - (respondedAtMs - requestedAtMs) / 1_000;
  return lifetimeSeconds > 0 && sinceArrivalSeconds < lifetimeSeconds;
}

/**
 * The second verdict, asked after the origin has failed: may the stale response answer instead?
 * (RFC 5861 §4)
 *
 * @returns age and ttl that it is answered with, or `undefined`
 */
export function decideOnError(
  candidate: Candidate | undefined,
  question: VerdictQuestion,
): { candidate: Candidate; ageSeconds: number; ttlSeconds: number } | undefined {
  if (candidate === undefined) return undefined;
  const weighed = weigh(candidate, question);
  // What is fresh, though the request wished for fresher, needs no leave to be stale.
  const isFresh = whyNotFresh(weighed) !== "stale";
  const mayAnswer =
    mayBeStale(weighed) && staleSecondsOf(weighed) < weighed.terms.staleIfErrorSeconds;
  const allowed = isFresh || mayAnswer;
  if (!allowed) return undefined;
  return { candidate, ageSeconds: weighed.ageSeconds, ttlSeconds: weighed.ttlSeconds };
}

/** What the purge view says of a stored response, for this request and at its instant. */
export function judgedUnder(question: VerdictQuestion, candidate: Candidate): PurgeJudgement {
  const judged = judgedByView(question, candidate);
  if (judged.kind !== "unverified" || !isExempt(question)) return judged;
  // Rule 8 exempts from the bound alone: what a known purge covers stays covered.
  if (judged.covering?.mode === "hard") return judged;
  return judged.covering ?? { kind: "usable" };
}

/** May its origin be asked whether it is unchanged? */
export function mayBeValidated({ view, atMs, policy }: VerdictQuestion, { stored }: Candidate) {
  return view.mayBeValidated(stored.metadata, { atMs, maxLagMs: policy.route.purgeMaxLagMs });
}

/** Does a response answer only because its route serves what cannot be verified just now? */
export function isUnverified(question: VerdictQuestion, candidate: Candidate): boolean {
  return isExempt(question) && judgedByView(question, candidate).kind === "unverified";
}

function isExempt({ policy: { route }, view, atMs }: VerdictQuestion): boolean {
  return route.servesUnverified && view.isUnreachable({ atMs, maxLagMs: route.purgeMaxLagMs });
}

function judgedByView(question: VerdictQuestion, { stored, key }: Candidate): PurgeJudgement {
  const { view, atMs, colo, policy, invalidations } = question;
  if (invalidations.covers(stored.metadata, key)) return { kind: "purged", mode: "hard" };
  return view.judge(stored.metadata, { atMs, colo, maxLagMs: policy.route.purgeMaxLagMs });
}
