// The effects of an answer on later requests: remembers whether its key is cacheable, and removes the
// response that it supersedes.
import type { Route } from "../../config/config.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import { isPersonal } from "../request/personal.ts";
import type { OriginNeed } from "../reuse/need.ts";
import { placeOf } from "../site/shared-odds.ts";
import { ledAnonymouslyMsMax } from "../site/uncacheable.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { termsOf } from "../stored/lifetime.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { removeStored } from "./in-tiers.ts";
import { isStoredByRoute, ofOneClient, type StoreRefusal } from "./refusal.ts";

/** Refusals because the origin says that its answer is not for all. */
const statedByOrigin = new Set<StoreRefusal>([
  "no-store",
  "private",
  "set-cookie",
  "vary-any",
  "endless-stream",
]);

/** Refusals that hold for all later requests for this key. */
const holdsForAll = new Set<StoreRefusal>([
  ...statedByOrigin,
  "not-allowed-explicitly",
  "no-use",
  "tags-failed",
]);

/**
 * Other errors and redirects are about the origin's state or one request. Any client can provoke one, so they
 * must not remove a stored response.
 */
const isGone = (status: number): boolean => status === 404 || status === 410;
const tellsOfResource = (status: number): boolean =>
  status < 300 || status === 301 || status === 308 || isGone(status);

/** A request, and the stored response that its answer replaces. */
type ReplacingRequest = Pick<OriginNeed, "asked" | "exchange" | "key"> & {
  readonly replaced: Candidate | undefined;
};

/** Returns how long requests for an error or redirect are led anonymously: a minute beyond its lifetime. */
function confirmedWithinMs(metadata: StoredMetadata, route: Route): number {
  const lifetimeMs = termsOf(metadata, route).lifetimeSeconds * 1_000;
  return Math.min(lifetimeMs + 60_000, ledAnonymouslyMsMax);
}

/**
 * Remembers uncacheable keys, and forgets those that are cacheable again. A refused response also removes the
 * stored one that it would have replaced, but only after an anonymous request. A client may have provoked it,
 * so its own request only makes an anonymous one due.
 *
 * @param metadata of the stored or refused response
 */
export function applyRefusal(
  refusal: StoreRefusal | undefined,
  metadata: StoredMetadata,
  replacing: ReplacingRequest,
): void {
  const { asked, exchange, key, replaced } = replacing;
  const { forAll, pass, ledAnonymously, stood } = exchange.site.uncacheable;
  const { status } = metadata;
  const atMs = exchange.nowAtMs();
  const confirmAgain = () =>
    ledAnonymously.mark(key.text, atMs, confirmedWithinMs(metadata, asked.route));
  if (refusal === undefined) {
    if (isStoredByRoute(metadata, asked.route)) confirmAgain();
    if (status < 300) stood.mark(asked.key.text, atMs);
    // `pass` lasts until the body is stored as well.
    return forAll.forget(key.text);
  }
  const isToConfirm = refusal === "unconfirmed";
  const isConfirmed = asked.isAnonymous || (pass.has(key.text, atMs) && !isToConfirm);
  if (isConfirmed && status < 500) pass.mark(key.text, atMs);
  if (isToConfirm) return confirmAgain();
  const isForAll = holdsForAll.has(refusal) && !isPersonal(asked);
  if (!isForAll || !tellsOfResource(status)) return;
  const endsStored = replaced !== undefined && (statedByOrigin.has(refusal) || isGone(status));
  if (endsStored && !asked.isAnonymous) return ledAnonymously.mark(key.text, atMs);
  forAll.mark(key.text, atMs);
  if (endsStored) endStored(replacing);
}

/**
 * Remembers keys whose personal requests each get an answer of their own, and forgets keys for which that
 * ended. Also marks the primary key, because the marker may be in Redis alone.
 *
 * @param status of the answer
 */
export function applyForSessions(
  refusal: StoreRefusal | undefined,
  status: number,
  { asked, exchange, key }: Pick<OriginNeed, "asked" | "exchange" | "key">,
): void {
  if (!isPersonal(asked)) return;
  const { nowAtMs, uncacheable } = exchange.site;
  const isOwn = refusal !== undefined && (holdsForAll.has(refusal) || ofOneClient.has(refusal));
  for (const { text } of [key, asked.key]) {
    if (refusal === undefined) uncacheable.forSessions.forget(text);
    else if (isOwn && tellsOfResource(status)) uncacheable.forSessions.mark(text, nowAtMs());
  }
}

/**
 * Removes a stored response: here at once, and from the tiers below behind the answer. Also removes it under
 * the key that it was read from, because a marker found later leads to another key.
 */
export function endStored(replacing: ReplacingRequest): void {
  const { asked, exchange, key, replaced } = replacing;
  const { ownHost, host } = asked.target;
  for (const ended of new Set([key, replaced?.key ?? key])) {
    // Also invalidates copies that other requests hold, and reads in progress from lower tiers.
    exchange.site.invalidations.add(ended.text, exchange.nowAtMs());
    removeStored(ended, replacing, [ownHost, host]);
  }
}

/**
 * Learns how likely it is that Redis has a response that this colo lacks. Variants count as likely, because
 * each colo has to add to their marker. Errors do not count: requests for random paths would otherwise make
 * the look-up skip Redis for real pages.
 */
export function learnOdds(
  refusal: StoreRefusal | undefined,
  { status, selecting }: StoredMetadata,
  { asked, exchange, inShared }: OriginNeed,
): void {
  const { site } = exchange;
  const isStored = refusal === undefined;
  const place = placeOf(asked);
  if (isStored && selecting.length > 0) site.sharedOdds.brought(place, "something");
  else if (inShared === "nothing" && !isErrorStatus(status)) {
    site.sharedOdds.brought(place, isStored ? "nothing" : "refused");
  }
}
