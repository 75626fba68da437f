// What may answer a request at this instant (RFC 9111 §4, §4.2.4; RFC 5861 §3, §4).
import type { Exchange } from "../site/exchange.ts";
import type { LookupSite } from "../site/site.ts";
import type { Candidate } from "../stored/stored-response.ts";
import type { ForwardCause, ForwardReason } from "../../rules/cache-status.ts";
import { judgedOnRoute, type PurgeJudgement } from "../../purge/view/view.ts";
import { ageSeconds, type Terms, termsOf } from "../stored/lifetime.ts";
import { type MayBePersonal, type PersonalRule, personalRule } from "../request/personal.ts";
import type { Asked } from "../request/plan.ts";

export type MissReason = "uri-miss" | "vary-miss";

/** What decides a verdict: a state of the response, a rule that asks for more, or an allowance. */
export type Decider =
  /** RFC 9111 §4.2. */
  | "fresh"
  | "expired"
  /** The purge protocol: rules 5 and 6, and rules 7 and 8. */
  | ForwardCause
  /** Of the response (RFC 9111 §5.2.2.4). */
  | "no-cache"
  /** Of the request (RFC 9111 §5.2.1.4, §5.2.1.1, §5.2.1.3, §5.2.1.2, §5.2.1.7). */
  | "request-no-cache"
  | "request-max-age"
  | "request-min-fresh"
  | "max-stale"
  | "only-if-cached"
  /** RFC 5861 §3. */
  | "stale-while-revalidate"
  /** The request has one, and the response is not shared explicitly. */
  | PersonalRule
  | "nothing-stored";

interface Grounds {
  readonly by: Decider;
  /** `undefined` where nothing was found. */
  readonly judged?: PurgeJudgement;
  /** By its age and by what purges are known it may answer in place of an error (RFC 5861 §4). */
  readonly mayStandIn?: boolean;
}

/** A stored response at an instant. */
export interface Timing {
  readonly candidate: Candidate;
  readonly ageSeconds: number;
  /** What is left of its lifetime, which a soft purge ends. */
  readonly ttlSeconds: number;
}

/** Exactly one holds. Each carries all that the next step needs, so no step asks again. */
export type Verdict = Grounds &
  (
    | ({ kind: "serve" | "serve-stale" } & Timing)
    | { kind: "validate"; candidate: Candidate; reason: "stale" | "request" }
    /** `fallback`: what may still answer if the origin fails. */
    | { kind: "forward"; reason: ForwardReason; fallback?: Candidate }
    | { kind: "gateway-timeout" }
  );

/** A verdict by which a stored response answers. */
export type Answering = Extract<Verdict, Timing>;

/** Does a stored response answer by this verdict? */
export function isAnswer({ kind }: Verdict): boolean {
  return kind === "serve" || kind === "serve-stale";
}

/** May what was found answer, be validated, or stand in for an error? */
export function isOfUse(verdict: Verdict): boolean {
  if (verdict.kind === "forward") return verdict.fallback !== undefined;
  return verdict.kind !== "gateway-timeout";
}

/** What a verdict depends on beside the stored response. */
export interface VerdictQuestion {
  readonly asked: Pick<Asked, "route" | "directives"> & MayBePersonal;
  readonly exchange: Pick<Exchange<Pick<LookupSite, "view" | "invalidations">>, "site" | "colo">;
  /** Epoch milliseconds; every decision for one request is made for one instant. */
  readonly atMs: number;
}

/**
 * What may be done with what was found, at the question's instant (RFC 9111 §4).
 *
 * @param found what the look-up brought, or why it brought nothing
 */
export function decide(found: Candidate | MissReason, question: VerdictQuestion): Verdict {
  const { directives } = question.asked;
  if (typeof found === "string") {
    return directives.onlyIfCached
      ? { kind: "gateway-timeout", by: "only-if-cached" }
      : { kind: "forward", reason: found, by: "nothing-stored" };
  }
  const weighed = weigh(found, question);
  const { terms, judged, ageSeconds: age, ttlSeconds } = weighed;
  const { selecting } = found.stored.metadata;
  const forOthersBy = personalRule(question.asked, { isShared: terms.isShared, selecting });
  const by = decider(weighed);
  const allowedBy = by === "fresh" ? by : staleAllowance(weighed);
  if (allowedBy !== undefined && forOthersBy === undefined) {
    const kind = by === "fresh" ? "serve" : "serve-stale";
    return { kind, candidate: found, ageSeconds: age, ttlSeconds, by: allowedBy, judged };
  }
  const grounds = { by, judged, mayStandIn: standsIn(weighed, by) };
  if (directives.onlyIfCached) return { kind: "gateway-timeout", ...grounds, by: "only-if-cached" };
  if (forOthersBy !== undefined) {
    return { kind: "forward", reason: "request", ...grounds, by: forOthersBy };
  }
  const reason = isWish(by) ? "request" : "stale";
  return terms.canBeValidated
    ? { kind: "validate", candidate: found, reason, ...grounds }
    : { kind: "forward", reason, fallback: found, ...grounds };
}

/** Of the request alone: without it the response would be fresh enough. */
function isWish(by: Decider): boolean {
  return by === "request-no-cache" || by === "request-max-age" || by === "request-min-fresh";
}

/** What a response comes to for a request, before any rule is asked. */
export interface Weighed extends Timing {
  readonly question: VerdictQuestion;
  readonly terms: Terms;
  readonly judged: PurgeJudgement;
}

/** Works out its terms and age, and asks the purge view. */
export function weigh(candidate: Candidate, question: VerdictQuestion): Weighed {
  const { metadata } = candidate.stored;
  const terms = termsOf(metadata, question.asked.route);
  const age = ageSeconds(metadata, terms, question.atMs);
  const judged = judgedUnder(question, candidate);
  const isSoft = judged.kind === "purged" && judged.mode === "soft";
  // The journal's clock may be ahead of ours.
  const sincePurgeSeconds = isSoft
    ? Math.max(0, (question.atMs - judged.sinceAtMs) / 1_000)
    : -Infinity;
  const ttlSeconds = Math.min(terms.lifetimeSeconds - age, -sincePurgeSeconds);
  return { candidate, question, terms, judged, ageSeconds: age, ttlSeconds };
}

/** What decides whether a response is fresh enough for this request; `fresh` if it is. */
function decider(weighed: Weighed): Decider {
  const { question, terms, judged, ageSeconds: age, ttlSeconds } = weighed;
  const { directives } = question.asked;
  if (judged.kind === "purged") return "purged";
  if (terms.alwaysValidate) return "no-cache";
  if (judged.kind === "unverified" && !isOver(weighed)) return "unverified";
  if (ttlSeconds <= 0) return "expired";
  if (directives.noCache) return "request-no-cache";
  if (directives.maxAgeSeconds !== undefined && age > directives.maxAgeSeconds) {
    return "request-max-age";
  }
  return ttlSeconds < (directives.minFreshSeconds ?? 0) ? "request-min-fresh" : "fresh";
}

/** Too old to answer, whatever the purge view could tell of it. */
function isOver({ terms, ttlSeconds }: Weighed): boolean {
  const staleSeconds = terms.neverStale ? 0 : terms.staleWhileRevalidateSeconds;
  return ttlSeconds + staleSeconds <= 0;
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
export function mayBeStale({ terms, judged }: Weighed): boolean {
  if (terms.neverStale || terms.alwaysValidate) return false;
  return judged.kind === "usable" || (judged.kind === "purged" && judged.mode === "soft");
}

/**
 * Decides anew once the origin has failed: may the stale response answer instead? (RFC 5861 §4)
 *
 * @returns what it is answered with; `undefined` if it may not answer
 */
export function decideOnError(
  candidate: Candidate | undefined,
  question: VerdictQuestion,
): Weighed | undefined {
  if (candidate === undefined) return undefined;
  const weighed = weigh(candidate, question);
  return standsIn(weighed, decider(weighed)) ? weighed : undefined;
}

/** May it answer in place of an error (RFC 5861 §4)? What is fresh needs no leave to be stale. */
function standsIn(weighed: Weighed, by: Decider): boolean {
  if (by === "fresh" || isWish(by)) return true;
  return mayBeStale(weighed) && staleSecondsOf(weighed) < weighed.terms.staleIfErrorSeconds;
}

/** What the purge view says of a stored response, for this request and at its instant. */
export function judgedUnder(question: VerdictQuestion, candidate: Candidate): PurgeJudgement {
  const { stored, key } = candidate;
  const { asked, exchange, atMs } = question;
  const { colo } = exchange;
  const { view, invalidations } = exchange.site;
  const { servesUnverified, purgeMaxLagMs: maxLagMs } = asked.route;
  if (invalidations.covers(stored.metadata, key)) return { kind: "purged", mode: "hard" };
  return judgedOnRoute(view, stored.metadata, { atMs, colo, maxLagMs, servesUnverified });
}

/** Does it answer only because its route serves what cannot be verified just now (rule 8)? */
export function isExempt(judged: PurgeJudgement): boolean {
  return judged.kind !== "unverified" && judged.unverified !== undefined;
}

/** May its origin be asked whether it is unchanged (rule 23 of the purge protocol)? */
export function mayBeValidated(
  { asked, exchange, atMs }: VerdictQuestion,
  { stored }: Candidate,
): boolean {
  const { purgeMaxLagMs: maxLagMs } = asked.route;
  return exchange.site.view.mayBeValidated(stored.metadata, { atMs, maxLagMs });
}
