// Applies the effects of an answer on later requests: remembers whether its key is cacheable, and
// removes the stored response that the answer supersedes. Also takes the steps that follow the decision
// to store.
import type { Route } from "../../config/config.ts";
import { partFailures } from "../../part/port/phases.ts";
import { isPersonal } from "../request/personal.ts";
import type { PagePlace } from "../site/exchange.ts";
import { type PendingRequest, storedCandidate } from "../reuse/pending-request.ts";
import { ledAnonymouslyMsMax } from "../site/remembered-keys.ts";
import type { Candidate, StoredMetadata } from "../stored/stored-response.ts";
import { termsOf } from "../stored/lifetime.ts";
import { removeStored } from "./in-tiers.ts";
import { learnUsualType } from "./metadata-of-answer.ts";
import { isProvisional, needsConfirmation, ofOneClient, type StoreRefusal } from "./refusal.ts";

/** Refusals that follow from the origin's fields alone. */
const statedByOrigin = new Set<StoreRefusal>([
  "no-store",
  "private",
  "set-cookie",
  "vary-any",
  "endless-stream",
  "undecoded-field",
]);

/** Refusals that hold for all later requests for this key. */
const holdsForAll = new Set<StoreRefusal>([
  ...statedByOrigin,
  "dictionary-coded",
  "not-allowed-explicitly",
  "no-use",
  "tags-failed",
  "too-many-tags",
]);

/** Refusals that an anonymous request probably meets as well: by the origin's fields, or by a rule of the route. */
const holdsProbably: ReadonlySet<StoreRefusal> = new Set([...holdsForAll, "answer-rule"]);

const ofParts: ReadonlySet<string> = new Set(partFailures);

/**
 * Errors other than 404 and 410, and redirects other than 301 and 308, describe the origin's state
 * or one request. Any client can provoke them, so they must not remove a stored response.
 */
const isGone = (status: number): boolean => status === 404 || status === 410;
const tellsOfResource = (status: number): boolean =>
  status < 300 || status === 301 || status === 308 || isGone(status);

/** A request, and the stored response that its answer replaces. */
type ReplacingRequest = PagePlace & {
  readonly replaced: Candidate | undefined;
};

/**
 * Returns how long the isolate sends anonymous requests for a page after an error or redirect: a
 * minute beyond the response's lifetime, but at most `ledAnonymouslyMsMax`.
 */
function confirmedWithinMs(metadata: StoredMetadata, route: Route): number {
  const lifetimeMs = termsOf(metadata, route).lifetimeSeconds * 1_000;
  return Math.min(lifetimeMs + 60_000, ledAnonymouslyMsMax);
}

/**
 * Remembers uncacheable keys, and forgets keys that are cacheable again. A refused response also
 * removes the stored response that it would have replaced, if the origin's fields state the refusal
 * or the status is 404 or 410. Only an anonymous request removes the stored response. A client may
 * have provoked the refusal, so a client's own request only schedules an anonymous request.
 *
 * @param metadata the metadata of the stored or refused response
 */
export function applyRefusal(
  refusal: StoreRefusal | undefined,
  metadata: StoredMetadata,
  replacing: ReplacingRequest,
): void {
  const { request, exchange, key, replaced } = replacing;
  const { uncacheable } = exchange.site;
  const { forAll, pass, unshared, ledAnonymously, successes } = uncacheable;
  const { status } = metadata;
  const atMs = exchange.nowAtMs();
  const confirmAgain = () =>
    ledAnonymously.mark(key.text, atMs, confirmedWithinMs(metadata, request.route));
  if (refusal === undefined) {
    if (needsConfirmation(metadata, request.route)) confirmAgain();
    if (status < 300) successes.mark(request.key.text, atMs);
    unshared.forget(key.text);
    // The `pass` mark stays until the body is stored.
    return forAll.forget(key.text);
  }
  // Another server of the origin may have the current build, or a cache before it a newer answer.
  if (isProvisional(metadata, refusal)) return unshared.forget(key.text);
  if (ofParts.has(refusal)) return;
  const isToConfirm = refusal === "unconfirmed";
  const isConfirmed = request.isAnonymous || (pass.has(key.text, atMs) && !isToConfirm);
  if (isConfirmed && status < 500) pass.mark(key.text, atMs);
  // After an overload of the origin, the requests that wait go ten at a time.
  if (status === 429 || status >= 500) unshared.forget(key.text);
  else if (request.isAnonymous) uncacheable.confirm(key.text, atMs);
  if (isToConfirm) return confirmAgain();
  const isForAll = holdsForAll.has(refusal) && !isPersonal(request);
  if (!isForAll || !tellsOfResource(status)) return;
  const endsStored = replaced !== undefined && (statedByOrigin.has(refusal) || isGone(status));
  if (endsStored && !request.isAnonymous) return ledAnonymously.mark(key.text, atMs);
  forAll.mark(key.text, atMs);
  if (endsStored) endStored(replacing);
}

/**
 * Returns for whom a refusal holds, as `FlightOutcome` does. A client may provoke an error, and any answer at a URL that
 * has had one to share.
 */
export function refusalHoldsFor(
  refusal: StoreRefusal,
  { status }: StoredMetadata,
  pending: PendingRequest,
): "all" | "probably-all" | undefined {
  // An anonymous request would get an answer from before the purge, or of the stale value, too.
  if (refusal === "before-purge" || refusal === "stale-value") return "all";
  const { request, exchange } = pending;
  const isShared =
    (storedCandidate(pending) ?? pending.standing) !== undefined ||
    exchange.site.uncacheable.successes.has(request.key.text, exchange.nowAtMs());
  return status < 300 && !isShared && holdsProbably.has(refusal) ? "probably-all" : undefined;
}

/**
 * Remembers keys whose personal requests each get a separate answer, and forgets keys that become
 * shareable. Also marks the key before `Vary`, because the `Vary` marker may be only in Redis.
 *
 * @param status the answer's status
 */
function applyForSessions(
  refusal: StoreRefusal | undefined,
  status: number,
  { request, exchange, key }: PagePlace,
): void {
  if (!isPersonal(request)) return;
  const { nowAtMs, uncacheable } = exchange.site;
  const isOwn = refusal !== undefined && (holdsForAll.has(refusal) || ofOneClient.has(refusal));
  for (const { text } of [key, request.key]) {
    if (refusal === undefined) uncacheable.forSessions.forget(text);
    else if (isOwn && tellsOfResource(status)) uncacheable.forSessions.mark(text, nowAtMs());
  }
}

/** Takes the steps between the decision to store an answer and the storing of its body. */
export function applyStored(metadata: StoredMetadata, pending: PendingRequest): void {
  const { decision } = pending.exchange;
  applyToKeys(undefined, metadata, pending);
  decision.stored = true;
  decision.tier = "origin";
  learnUsualType(metadata, pending);
}

/** Applies an answer's effects on its key, for all requests and for personal ones. */
export function applyToKeys(
  refusal: StoreRefusal | undefined,
  metadata: StoredMetadata,
  pending: PendingRequest,
): void {
  applyRefusal(refusal, metadata, { ...pending, replaced: storedCandidate(pending) });
  applyForSessions(refusal, metadata.status, pending);
}

/**
 * Removes a stored response: from memory immediately, and from the tiers below in the background.
 * Also removes the response under the key that it was read from, because a marker found later may
 * lead to another key.
 */
function endStored(replacing: ReplacingRequest): void {
  const { request, exchange, key, replaced } = replacing;
  const { ownHost, host } = request.target;
  for (const ended of new Set([key, replaced?.key ?? key])) {
    // The invalidation also covers copies in other requests, and reads in progress from lower
    // tiers.
    exchange.site.invalidations.add(ended.text, exchange.nowAtMs());
    removeStored(ended, exchange, [ownHost, host]);
  }
}
