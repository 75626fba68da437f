// Decides whether a stored response may answer: its verdict. `decide` runs after a lookup (RFC 9111
// §4, §4.2.4; RFC 5861 §3). `decideOnError` runs after the origin has failed (`stale-if-error`, RFC
// 5861 §4).
import type { Exchange, PagePlace } from "../site/exchange.ts";
import type { Site } from "../site/site.ts";
import type { Candidate, JudgedResponse, StoredMetadata } from "../stored/stored-response.ts";
import type { ForwardCause, ForwardReason } from "../../rules/cache-status.ts";
import {
  type JudgementAsk,
  noColo,
  type PurgeJudgement,
  type PurgeSubject,
  type PurgeView,
} from "../../purge/view/view-port.ts";
import { ageSeconds, type Terms, termsOf } from "../stored/lifetime.ts";
import { type MayBePersonal, type PersonalRule, personalRule } from "../request/personal.ts";
import type { LookupRequest } from "../request/plan.ts";
import { fieldsOfVariants } from "./vary-markers.ts";

export type MissReason = "uri-miss" | "vary-miss";

/** @param lookup a lookup that found nothing */
export function missReason({ marker }: Pick<PagePlace, "marker">): MissReason {
  return fieldsOfVariants(marker?.names ?? []).length === 0 ? "uri-miss" : "vary-miss";
}

/** The reason for a verdict, such as freshness, a purge, an allowance or an empty lookup. */
export type Decider =
  /** RFC 9111 §4.2. */
  | "fresh"
  | "expired"
  /** `purged` (rules 5 and 6 of the purge protocol), or `unverified` (rules 7 and 8). */
  | ForwardCause
  /** A directive of the response (RFC 9111 §5.2.2.4). */
  | "no-cache"
  /** Directives of the request (RFC 9111 §5.2.1.4, §5.2.1.1, §5.2.1.3, §5.2.1.2, §5.2.1.7). */
  | "request-no-cache"
  | "request-max-age"
  | "request-min-fresh"
  | "max-stale"
  | "only-if-cached"
  /** RFC 5861 §3. */
  | "stale-while-revalidate"
  /** A rule of the site lets a stale response suffice. */
  | "stale-by-rule"
  /** A personal request and a response that is not explicitly shared. */
  | PersonalRule
  /** A part of the route. */
  | "origin-first"
  | "nothing-stored";

/** A stored response with its age at an instant. */
export interface Timing {
  readonly candidate: Candidate;
  /** Infinite if unknown. */
  readonly ageSeconds: number;
  /** The remaining lifetime; 0 or negative once stale. A soft purge ends the lifetime. */
  readonly ttlSeconds: number;
}

/** The result of judging a lookup, with everything that the next step needs. */
export type Verdict = {
  readonly by: Decider;
  /** `undefined` if nothing was found. */
  readonly judged?: PurgeJudgement;
  /** Whether the response may answer in place of an error (RFC 5861 §4). */
  readonly mayAnswerStale?: boolean;
} & (
  | ({ kind: "serve" | "serve-stale" } & Timing)
  | { kind: "validate"; candidate: Candidate; reason: "stale" | "request" }
  /** `stale`: a response that may answer if the origin fails. */
  | { kind: "forward"; reason: ForwardReason; stale?: Candidate }
  | { kind: "gateway-timeout" }
);

/** A verdict that lets a stored response answer. */
export type AnsweringVerdict = Extract<Verdict, Timing>;

export function isAnswer({ kind }: Verdict): boolean {
  return kind === "serve" || kind === "serve-stale";
}

/** Returns whether a later step may still need the stored response. */
export function isOfUse(verdict: Verdict): boolean {
  if (verdict.kind === "forward") return verdict.stale !== undefined;
  return verdict.kind !== "gateway-timeout";
}

/** The input of a verdict besides the stored response. */
export interface VerdictQuestion {
  readonly request: Pick<LookupRequest, "route" | "directives" | "staleBy"> & MayBePersonal;
  readonly exchange: Pick<Exchange, "colo" | "reach"> & {
    readonly site: Pick<Site, "view" | "invalidations" | "config">;
  };
  /** Epoch milliseconds. A lookup keeps this instant until it has waited for I/O. */
  readonly atMs: number;
}

/**
 * Returns the verdict at the question's instant (RFC 9111 §4).
 *
 * @param found the stored response, or the reason for a miss
 */
export function decide(found: Candidate | MissReason, question: VerdictQuestion): Verdict {
  const { directives } = question.request;
  if (typeof found === "string") {
    return directives.onlyIfCached
      ? { kind: "gateway-timeout", by: "only-if-cached" }
      : { kind: "forward", reason: found, by: "nothing-stored" };
  }
  const weighed = weigh(found, question);
  const { terms, judged, ageSeconds: age, ttlSeconds } = weighed;
  const { selecting } = found.stored.metadata;
  const forOthersBy = personalRule(question.request, { isShared: terms.isShared, selecting });
  const by = decider(weighed);
  const allowedBy = by === "fresh" ? by : staleAllowance(weighed);
  if (allowedBy !== undefined && forOthersBy === undefined) {
    const kind = by === "fresh" ? "serve" : "serve-stale";
    return { kind, candidate: found, ageSeconds: age, ttlSeconds, by: allowedBy, judged };
  }
  const grounds = { by, judged, mayAnswerStale: standsIn(weighed, by) };
  if (directives.onlyIfCached) return { kind: "gateway-timeout", ...grounds, by: "only-if-cached" };
  if (forOthersBy !== undefined) {
    // Nobody's own response has been stored, so it may stand in by the rule of a part.
    const kept = answersByPart(weighed) ? { stale: found } : {};
    return { kind: "forward", reason: "request", ...grounds, by: forOthersBy, ...kept };
  }
  const reason = isWish(by) ? "request" : "stale";
  return terms.canBeValidated && !weighed.isOriginFirst
    ? { kind: "validate", candidate: found, reason, ...grounds }
    : { kind: "forward", reason, stale: found, ...grounds };
}

/** Returns whether a directive of the request rejects a fresh response. */
export function isWish(by: Decider): boolean {
  return by === "request-no-cache" || by === "request-max-age" || by === "request-min-fresh";
}

/** The input of the rules: a response's terms, age and purge judgement. */
export interface WeighedResponse extends Timing {
  readonly question: VerdictQuestion;
  readonly terms: Terms;
  readonly judged: PurgeJudgement;
  /** Whether a part lets the response answer only while the origin fails: without validation and stale use. */
  readonly isOriginFirst: boolean;
}

export function weigh(candidate: Candidate, question: VerdictQuestion): WeighedResponse {
  const { metadata } = candidate.stored;
  const terms = termsOf(metadata, question.request.route);
  // A response from the future has an unknown age: its writer's clock is wrong, or this clock was
  // set back.
  const { allowanceMs } = question.exchange.site.config.purge;
  const isAhead = metadata.respondedAtMs - question.atMs > allowanceMs;
  const age = isAhead ? Infinity : ageSeconds(metadata, terms, question.atMs);
  const purged = judgedUnder(question, candidate);
  const against = question.request.route.phases.against?.(metadata, purged.kind === "purged");
  const judged: PurgeJudgement = against === "never" ? { kind: "purged", mode: "hard" } : purged;
  const isSoft = judged.kind === "purged" && judged.mode === "soft";
  // The journal's clock may be ahead of this isolate's clock.
  const sincePurgeSeconds = isSoft
    ? Math.max(0, (question.atMs - judged.sinceAtMs) / 1_000)
    : -Infinity;
  const ttlSeconds = Math.min(terms.lifetimeSeconds - age, -sincePurgeSeconds);
  const isOriginFirst = against !== undefined;
  return { candidate, question, terms, judged, isOriginFirst, ageSeconds: age, ttlSeconds };
}

/** Returns why a response is not fresh enough for this request; `fresh` if it is. */
function decider(weighed: WeighedResponse): Decider {
  const { question, terms, judged, ageSeconds: age, ttlSeconds } = weighed;
  const { directives } = question.request;
  if (judged.kind === "purged") return "purged";
  if (weighed.isOriginFirst) return "origin-first";
  if (terms.alwaysValidate) return "no-cache";
  if (judged.kind === "unverified" && !isOver(weighed)) return "unverified";
  if (ttlSeconds <= 0) return "expired";
  if (directives.noCache) return "request-no-cache";
  if (directives.maxAgeSeconds !== undefined && age > directives.maxAgeSeconds) {
    return "request-max-age";
  }
  return ttlSeconds < (directives.minFreshSeconds ?? 0) ? "request-min-fresh" : "fresh";
}

/** Returns whether the lifetime and the period of stale-while-revalidate have both ended. */
function isOver({ terms, ttlSeconds }: WeighedResponse): boolean {
  const staleSeconds = terms.neverStale ? 0 : terms.staleWhileRevalidateSeconds;
  return ttlSeconds + staleSeconds <= 0;
}

/** Returns the allowance by which a stale response may answer without a wait for the origin. */
function staleAllowance(
  weighed: WeighedResponse,
): "stale-while-revalidate" | "max-stale" | "stale-by-rule" | undefined {
  const { question, terms, judged } = weighed;
  const { directives, staleBy } = question.request;
  const staleSeconds = staleSecondsOf(weighed);
  if (!mayBeStale(weighed) || weighed.isOriginFirst || directives.noCache) return undefined;
  // Departs from RFC 9111 §4.2.4, as `staleWhileRevalidate` of a route does: the site has decided.
  const isByRule =
    staleBy !== undefined && judged.kind === "usable" && weighed.ageSeconds < terms.usedSecondsMax;
  if (isByRule) return "stale-by-rule";
  // RFC 9111 §5.2.2.10: s-maxage overrides the client's max-stale.
  const { sMaxageSeconds } = terms.governing.directives;
  const maxStaleSeconds = sMaxageSeconds === undefined ? (directives.maxStaleSeconds ?? -1) : -1;
  // RFC 9111 §5.2.1: with max-age or min-fresh, a client accepts stale responses only by max-stale.
  if (directives.minFreshSeconds !== undefined || directives.maxAgeSeconds !== undefined) {
    const withinMaxStale = staleSeconds <= maxStaleSeconds;
    const young = weighed.ageSeconds <= (directives.maxAgeSeconds ?? Infinity);
    return withinMaxStale && young ? "max-stale" : undefined;
  }
  if (staleSeconds < terms.staleWhileRevalidateSeconds) return "stale-while-revalidate";
  return staleSeconds <= maxStaleSeconds ? "max-stale" : undefined;
}

/** Returns how long the response has been stale; 0 within its lifetime. */
function staleSecondsOf({ ttlSeconds }: WeighedResponse): number {
  return Math.max(0, -ttlSeconds);
}

/** Returns whether RFC 9111 §4.2.4 and the purges allow stale use, and the age is known. */
function mayBeStale({ terms, judged, ageSeconds: age }: WeighedResponse): boolean {
  if (terms.neverStale || terms.alwaysValidate || age === Infinity) return false;
  return judged.kind === "usable" || (judged.kind === "purged" && judged.mode === "soft");
}

/** Returns the response if it may answer after the origin has failed (RFC 5861 §4). */
export function decideOnError(
  candidate: Candidate | undefined,
  question: VerdictQuestion,
): WeighedResponse | undefined {
  if (candidate === undefined) return undefined;
  const weighed = weigh(candidate, question);
  return standsIn(weighed, decider(weighed)) ? weighed : undefined;
}

/**
 * Returns whether a response may replace an error (RFC 5861 §4). A fresh response always may, even
 * if the request's directives reject it.
 */
function standsIn(weighed: WeighedResponse, by: Decider): boolean {
  if (by === "fresh" || isWish(by)) return true;
  if (answersByPart(weighed)) return true;
  return mayBeStale(weighed) && staleSecondsOf(weighed) < weighed.terms.staleIfErrorSeconds;
}

/**
 * Returns whether a part lets the response stand in for a failure, and no hard purge covers it.
 *
 * Departs from RFC 9111 §4.2.4: the rule of a part overrides directives that forbid stale use.
 */
function answersByPart({ candidate, question, judged, ageSeconds: age }: WeighedResponse): boolean {
  const { standsIn: rule } = question.request.route.phases;
  const isAllowed =
    judged.kind === "usable" || (judged.kind === "purged" && judged.mode === "soft");
  return isAllowed && age < Infinity && rule?.(candidate.stored.metadata) !== undefined;
}

/**
 * Returns whether a response may answer the requests that waited for it. The response must be fresh
 * when the duration of its origin request is subtracted from its age. A purge, an unverified judgement,
 * the response's `must-revalidate` or `no-cache`, and directives of the request forbid the answer.
 *
 * This departs from RFC 9111 §4.2.4, by which the response is stale. Otherwise, each waiting
 * request would be forwarded, and its response would arrive just as old.
 */
export function mayAnswerWhoWaited(candidate: Candidate, question: VerdictQuestion): boolean {
  const weighed = weigh(candidate, question);
  const { noCache, maxAgeSeconds, minFreshSeconds } = question.request.directives;
  const wishesForFresher = maxAgeSeconds !== undefined || minFreshSeconds !== undefined;
  if (weighed.judged.kind !== "usable" || weighed.isOriginFirst || !mayBeStale(weighed))
    return false;
  if (noCache || wishesForFresher) return false;
  const { requestedAtMs, respondedAtMs } = candidate.stored.metadata;
  const { lifetimeSeconds } = weighed.terms;
  const sinceArrivalSeconds = weighed.ageSeconds - (respondedAtMs - requestedAtMs) / 1_000;
  return lifetimeSeconds > 0 && sinceArrivalSeconds < lifetimeSeconds;
}

/** Judges a stored response by the isolate's invalidations and the purge view. */
export function judgedUnder(
  question: VerdictQuestion,
  { stored, key }: JudgedResponse,
): PurgeJudgement {
  const { request, exchange, atMs } = question;
  const { reach } = exchange;
  const { view, invalidations } = exchange.site;
  const { purgeMaxLagMs: maxLagMs } = request.route;
  const isPurged = reach === "lacks" || invalidations.covers(stored.metadata, key);
  if (isPurged) return { kind: "purged", mode: "hard" };
  // Neither the body time nor the exemption shows that the response is from after the purge of a position.
  const colo = reach === undefined ? exchange.colo : noColo;
  const servesUnverified = request.route.servesUnverified && reach === undefined;
  return judgedOnRoute(view, stored.metadata, { atMs, colo, maxLagMs, servesUnverified });
}

/**
 * Judges a record on a route that may be exempt from the bound (rule 8). If the record may answer
 * only by the exemption, the result has `unverified`.
 *
 * @param servesUnverified whether the route answers with unverified records while the journal is
 *   unreachable
 */
export function judgedOnRoute(
  view: Pick<PurgeView, "judge" | "isUnreachable">,
  record: PurgeSubject,
  ask: JudgementAsk & { readonly servesUnverified: boolean },
): PurgeJudgement {
  const judged = view.judge(record, ask);
  if (judged.kind !== "unverified" || !ask.servesUnverified) return judged;
  // The exemption applies only to the bound. A known purge still covers the record.
  if (judged.covering?.mode === "hard" || !view.isUnreachable(ask)) return judged;
  const { why: unverified, covering } = judged;
  return covering === undefined ? { kind: "usable", unverified } : { ...covering, unverified };
}

/** Returns a check of whether purges still judge a response like now, for an answer that waits (rule 7). */
export function judgedAlike(metadata: StoredMetadata, { request, exchange, key }: PagePlace) {
  const judgement = () => {
    const question = { request, exchange, atMs: exchange.nowAtMs() };
    const judged = judgedUnder(question, { stored: { metadata }, key });
    return judged.kind === "purged" ? judged.mode : judged.kind;
  };
  const before = judgement();
  return () => judgement() === before;
}

/**
 * Returns whether a response may answer only because its route serves unverified responses (rule
 * 8).
 */
export function isExempt(judged: PurgeJudgement): boolean {
  return judged.kind !== "unverified" && judged.unverified !== undefined;
}

/** Returns whether the response may be validated (rule 23 of the purge protocol). */
export function mayBeValidated(
  { request, exchange, atMs }: VerdictQuestion,
  { stored }: JudgedResponse,
): boolean {
  const { purgeMaxLagMs: maxLagMs } = request.route;
  if (exchange.reach === "lacks") return false;
  return exchange.site.view.mayBeValidated(stored.metadata, { atMs, maxLagMs });
}
