// Answers in place of the origin: with a response that another request has stored since the lookup,
// with a stale response, or with an error page. After a failure, `decideOnError` in
// reuse/may-answer.ts decides whether a stale response may answer (RFC 5861 §4).
import { discardBody } from "../../cache/record/record.ts";
import { isApart } from "../../cache/tiers/tier.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { selects } from "../../rules/selecting.ts";
import { variantKey } from "../../routing/key.ts";
import type { OriginOutcome, FailedRequest } from "../site/origin-outcome.ts";
import {
  questionOf,
  lookedUpFurther,
  renewViewIfInDoubt,
  storedCandidate,
  type PendingRequest,
} from "../reuse/pending-request.ts";
import { PageLookup } from "../reuse/page-lookup.ts";
import type { Candidate, StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import {
  decide,
  isAnswer,
  decideOnError,
  isExempt,
  type WeighedResponse,
} from "../reuse/may-answer.ts";
import { isKept, ageSeconds, termsOf, withTermsKept } from "../stored/lifetime.ts";
import { responseAsRead } from "../stored/tags.ts";
import { storeInTiers } from "../storing/in-tiers.ts";
import { type PlainPage, plainPage } from "../respond/plain-page.ts";
import { fromStored } from "../respond/respond.ts";

/**
 * Returns a response that this isolate stored after the lookup read memory. This prevents a second
 * forward in the following case: (1) Request A reads memory, and continues with the lower tiers.
 * (2) Request B's fill is stored, and its flight ends. (3) A finds no response below memory and no
 * flight. Memory is read again in two cases: its record of the key may have changed since the
 * lookup, or the lookup rejected a response because of purges.
 *
 * @returns the response under the key, or the marker that leads to variants; `undefined` for
 *   neither
 */
export function storedSince(pending: PendingRequest): OriginOutcome | undefined {
  const { request, exchange, key, marker, memoryCount } = pending;
  const { site } = exchange;
  const { memory, usesMemory } = site.tiers.of(request.route.tiers);
  const atMs = exchange.nowAtMs();
  const stored = site.flights.get(key.text, atMs)?.outcome?.stored;
  if (stored !== undefined) {
    const isThere = isKept(stored.metadata, request.route, atMs);
    return isThere ? { kind: "stored", stored } : undefined;
  }
  if (!usesMemory) return undefined;
  // Even if memory has not changed, a newer purge view may allow a response that an older view
  // rejected.
  const isAsBefore = memoryCount !== undefined && pending.exchange.decision.cause === undefined;
  if (isAsBefore && !memory.hasChanged(key, memoryCount)) return undefined;
  const read = memory.read(key, { atMs });
  if (read.kind !== "found") return undefined;
  const { record } = read;
  if (record.kind === "response") {
    const { stored: candidate } = record;
    const isGone = candidate.metadata.requestedAtMs < (marker?.sinceAtMs ?? -Infinity);
    return isGone ? undefined : { kind: "stored", stored: candidate };
  }
  return key.text === request.key.text ? { kind: "varies", marker: record } : undefined;
}

/**
 * Returns whether the outcome is for another variant than this request's. Both requests had the
 * same key, because the isolate had not yet learned the page's `Vary`.
 */
export function isOfAnotherVariant(come: OriginOutcome, { request }: PendingRequest): boolean {
  const metadata = metadataIn(come);
  if (metadata === undefined) return come.kind === "varies";
  return !selects(metadata.selecting, request.forwarded);
}

const metadataIn = (come: OriginOutcome): StoredMetadata | undefined =>
  "metadata" in come ? come.metadata : come.stored?.metadata;

/** Returns the pending forward with the key of the request's own variant. */
export function forOwnVariant(come: OriginOutcome, pending: PendingRequest): PendingRequest {
  const { request } = pending;
  const marker = come.kind === "varies" ? come.marker : pending.marker;
  const selecting = metadataIn(come)?.selecting.map(([name]) => name) ?? [];
  const names = come.kind === "varies" ? come.marker.names : selecting;
  const key = variantKey(request.key, names, request.forwarded);
  // The lookup has not read memory under this key.
  return { ...pending, key, marker, memoryCount: undefined };
}

/**
 * Returns an answer from the outcome; `undefined` if the outcome has no response that may answer
 * this request. Synchronous, so that no other request can start a flight first.
 */
export function answeredWith(
  come: OriginOutcome | undefined,
  pending: PendingRequest,
): Response | undefined {
  if (come?.kind !== "stored" || isOfAnotherVariant(come, pending)) return undefined;
  const stored = responseAsRead(come.stored, pending.request);
  if (stored === undefined) return undefined;
  const candidate = candidateOf(stored, pending);
  return isAnswer(decide(candidate, questionOf(pending)))
    ? answeredBy(candidate, pending)
    : undefined;
}

/** Returns an answer with a response that was stored since the lookup, also under the key of the request's variant. */
export function storedForAll(pending: PendingRequest): Response | undefined {
  const come = storedSince(pending);
  if (come === undefined || !isOfAnotherVariant(come, pending)) return answeredWith(come, pending);
  const own = forOwnVariant(come, pending);
  return answeredWith(storedSince(own), own);
}

/** Looks up again. Returns the response that may answer; `undefined` for none. */
export async function foundAgain(
  pending: PendingRequest,
  lookup = new PageLookup(pending, pending.exchange),
): Promise<Candidate | undefined> {
  const found = await lookup.lookUp();
  if (found !== undefined && lookup.accepts(found)) return found.candidate;
  discardBody(found?.candidate.stored);
  return undefined;
}

/** A second lookup this soon after the first is unlikely to find a new response. */
const lookUpAgainAfterMs = 1_000;

/**
 * Repeats the lookup before a client receives an error page. Another request or colo may have
 * stored a response during the wait. Refreshes skip this lookup.
 *
 * @returns `undefined` if no stored response may answer, or if the lookup was skipped
 */
export async function storedMeanwhile(pending: PendingRequest): Promise<Candidate | undefined> {
  const { lookedUpAtMs, exchange } = pending;
  const { decision } = exchange;
  const isTooSoon = isWithinMs(lookUpAgainAfterMs, lookedUpAtMs, exchange.nowAtMs());
  return decision.isRefresh || isTooSoon ? undefined : foundAgain(pending);
}

/** Returns the response of another request's origin request as a candidate, as if read from memory. */
export function candidateOf(stored: StoredResponse, { key, exchange }: PendingRequest): Candidate {
  return { stored, tier: exchange.site.tiers.memory.name, key };
}

/** Answers with a response that another request has fetched. Discards the lookup's candidate. */
export function answeredBy({ stored, tier }: Candidate, pending: PendingRequest): Response {
  const { metadata } = stored;
  const { decision } = pending.exchange;
  const terms = termsOf(metadata, pending.request.route);
  discardBody(storedCandidate(pending)?.stored);
  decision.collapsed = true;
  decision.outcome = "collapsed";
  decision.tier = tier;
  if (metadata.provisional !== undefined) decision.answeredByFallback(metadata.provisional);
  return fromStored(stored, ageSeconds(metadata, terms, pending.exchange.nowAtMs()), pending);
}

/** Answers with a stale response, if `usableStale` returns one. */
export async function staleInstead(
  pending: PendingRequest,
  who: "this" | "another" | "none" | "lost",
): Promise<Response | undefined> {
  const allowed = await usableStale(pending, who);
  if (allowed === undefined) return undefined;
  const { stored } = allowed.candidate;
  const standsIn = () => decideOnError(allowed.candidate, questionOf(pending)) !== undefined;
  const { bodyHolder } = pending.exchange.site;
  const isReady =
    stored.metadata.heldApart === undefined ||
    (await bodyHolder?.ready(stored.metadata, pending, standsIn)) === "ready";
  return isReady ? fromStored(stored, allowed.ageSeconds, pending) : undefined;
}

/**
 * Returns the stale response that may answer instead of the origin, and records it in the decision.
 * First renews the purge view if the view became too old during the wait.
 *
 * @param who the request that was forwarded: this request, another request, or none because the
 *   origin is known to fail. `lost`: this request, whose answer a part counts as failed
 * @returns `undefined` if no stale response may answer
 */
export async function usableStale(
  pending: PendingRequest,
  who: "this" | "another" | "none" | "lost",
): Promise<WeighedResponse | undefined> {
  const known = await lookedUpFurther(pending);
  const kept = storedCandidate(known);
  if (kept !== undefined) await renewViewIfInDoubt(kept, pending);
  const allowed = decideOnError(kept, questionOf(pending));
  if (allowed === undefined) {
    if (known !== pending) discardBody(kept?.stored);
    return undefined;
  }
  const { decision } = pending.exchange;
  if (who === "none") decision.kind = "hit";
  decision.collapsed = who === "another";
  decision.ttlSeconds = allowed.ttlSeconds;
  decision.unverified = isExempt(allowed.judged);
  const { standsIn } = pending.request.route.phases;
  const detail = who === "lost" ? standsIn?.(allowed.candidate.stored.metadata) : undefined;
  decision.detail = detail ?? "stale-if-error";
  if (who === "lost") storeMark(allowed.candidate, pending);
  decision.outcome = "stale-hit";
  decision.answersFrom(allowed.candidate);
  return allowed;
}

/** Stores the mark of a part with a response, in the background, when the stale response first answers. */
function storeMark({ stored: { metadata: before, body } }: Candidate, pending: PendingRequest) {
  const isHeadAlone = body.kind !== "blob";
  if (before.mark !== undefined || (isHeadAlone && !isApart(before))) return;
  const mark = pending.request.route.phases.mark?.();
  if (mark === undefined) return;
  const { tiers } = pending.exchange.site;
  const metadata = withTermsKept(before, { mark });
  const stored: StoredResponse = { metadata, body: isHeadAlone ? { kind: "absent" } : body };
  const place = { ...pending, into: isHeadAlone ? tiers.below : tiers.all };
  pending.exchange.afterAnswer(async () => void (await storeInTiers(stored, place, "unchanged")));
}

/** Returns an error page. Called if no stale response may answer. */
export function failurePage(
  page: PlainPage,
  pending: PendingRequest,
  failed?: FailedRequest,
): Response {
  discardBody(storedCandidate(pending)?.stored);
  pending.exchange.decision.outcome = "failed";
  return plainPage(page, failed);
}
