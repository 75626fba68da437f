// What follows from an answer for those who ask next: what is remembered of its key once it is stored,
// or is not, and what ends that was stored before it.
import type { Route } from "../../config/config.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import { isPersonal } from "../request/personal.ts";
import type { Need } from "../reuse/need.ts";
import { placeOf } from "../site/shared-odds.ts";
import { ledAnonymouslyMsMax } from "../site/uncacheable.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { termsOf } from "../stored/lifetime.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { removeStored } from "./in-tiers.ts";
import { isStoredByRoute, ofOneClient, type StoreRefusal } from "./refusal.ts";

/** With these its origin says that what it answers now is not for all. */
const saidByOrigin = new Set<StoreRefusal>([
  "no-store",
  "private",
  "set-cookie",
  "vary-any",
  "endless-stream",
]);

/** Refusals that hold for whoever asks for this key next. */
const holdsForAll = new Set<StoreRefusal>([
  ...saidByOrigin,
  "not-allowed-explicitly",
  "no-use",
  "tags-failed",
]);

/**
 * Other errors and redirects tell how the origin is, or what it made of this one request: whoever
 * can provoke one must not take a stored response from everybody.
 */
const isGone = (status: number): boolean => status === 404 || status === 410;
const tellsOfResource = (status: number): boolean =>
  status < 300 || status === 301 || status === 308 || isGone(status);

/** A request, and the stored response that its answer takes the place of. */
type Replacing = Pick<Need, "asked" | "exchange" | "key"> & {
  readonly replaced: Candidate | undefined;
};

/** For how long the requests for an error or a redirect are led anonymously: for a minute beyond its lifetime. */
function confirmedWithinMs(metadata: StoredMetadata, route: Route): number {
  const lifetimeMs = termsOf(metadata, route).lifetimeSeconds * 1_000;
  return Math.min(lifetimeMs + 60_000, ledAnonymouslyMsMax);
}

/**
 * Remembers what proved uncacheable, and forgets what no longer is. A response that may not be stored
 * ends the stored one that it would have replaced. A client may have provoked such a response, so only
 * an anonymous request ends anything: after a client's own, one is due.
 *
 * @param metadata of the response that is stored, or was refused
 */
export function heedRefusal(
  refusal: StoreRefusal | undefined,
  metadata: StoredMetadata,
  replacing: Replacing,
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
  const endsStored = replaced !== undefined && (saidByOrigin.has(refusal) || isGone(status));
  if (endsStored && !asked.isAnonymous) return ledAnonymously.mark(key.text, atMs);
  forAll.mark(key.text, atMs);
  if (endsStored) endStored(replacing);
}

/**
 * Remembers the keys for which each personal request gets an answer of its own, and forgets those
 * for which it no longer does. By the primary key, too: a marker may be in Redis alone.
 *
 * @param status of the answer
 */
export function heedForSessions(
  refusal: StoreRefusal | undefined,
  status: number,
  { asked, exchange, key }: Pick<Need, "asked" | "exchange" | "key">,
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
 * Ends a stored response, here at once and in the tiers below behind the answer. Under the key that it
 * was read from, too: a marker found later leads to another.
 */
export function endStored(replacing: Replacing): void {
  const { asked, exchange, key, replaced } = replacing;
  const { ownHost, host } = asked.target;
  for (const ended of new Set([key, replaced?.key ?? key])) {
    // Also what others have at hand by now, and what is on its way up from a lower tier.
    exchange.site.invalidations.add(ended.text, exchange.nowAtMs());
    removeStored(ended, replacing, [ownHost, host]);
  }
}

/**
 * Remembers how likely it is that Redis has what this colo has not. What varies is led to by a marker,
 * which each colo has to add to. And an error tells nothing of the pages that there are: whoever asks
 * for random paths would have them passed over.
 */
export function learnOdds(
  refusal: StoreRefusal | undefined,
  { status, selecting }: StoredMetadata,
  { asked, exchange, inShared }: Need,
): void {
  const { site } = exchange;
  const isStored = refusal === undefined;
  const place = placeOf(asked);
  if (isStored && selecting.length > 0) site.sharedOdds.brought(place, "something");
  else if (inShared === "nothing" && !isErrorStatus(status)) {
    site.sharedOdds.brought(place, isStored ? "nothing" : "refused");
  }
}
