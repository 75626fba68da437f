// Reads the tiers beyond the colo, or skips them where they rarely have the response.
import type { Exchange } from "../site/exchange.ts";
import type { LookupSite } from "../site/site.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierRead, VaryMarker } from "../../cache/tiers/tier.ts";
import { isPersonal } from "../request/personal.ts";
import type { LookupRequest } from "../request/plan.ts";
import { placeOf, placeOfVariants } from "../site/shared-odds.ts";
import { isNewAmongSeveral } from "./vary-markers.ts";

/** Why a search has no result from the tiers beyond the colo: no record, or skipped tiers. */
export type SharedResult = "nothing" | "passed-over";

/** The state of a search. It may change while a tier is read. */
export interface SearchState {
  readonly lookup: LookupRequest;
  readonly key: RecordKey;
  readonly marker: VaryMarker | undefined;
  readonly atMs: number;
  /** Whether memory and the edge tier have no record; false before the edge tier is read. */
  readonly isNewToColo: boolean;
  readonly exchange: Exchange<LookupSite>;
}

/**
 * Returns whether to skip the tiers beyond the colo. A call may count the lookup, so callers must
 * call this function once per lookup.
 */
export function passesOver(search: SearchState, isOptional = false): boolean {
  const { lookup, key, marker, atMs } = search;
  // With `collapse: "global"`, the search must read the record before it takes the lease. Personal
  // requests need no lease.
  const mayPassOver = isOptional && (lookup.route.collapse === "isolate" || isPersonal(lookup));
  if (!mayPassOver) return false;
  const { sharedOdds, uncacheable } = search.exchange.site;
  // Responses under this key were personal to other sessions, so they may not answer this request.
  const isOfNoUse = uncacheable.forSessions.has(key.text, atMs) && isPersonal(lookup);
  if (isOfNoUse || !search.isNewToColo) return isOfNoUse;
  if (marker === undefined) return !sharedOdds.isWorthAsking(placeOf(lookup));
  return isMadeUp(search) && !sharedOdds.isWorthAsking(placeOfVariants(lookup));
}

/** Returns whether the variant is new, so a client may have invented its selecting values. */
function isMadeUp({ key, marker, atMs }: Pick<SearchState, "key" | "marker" | "atMs">): boolean {
  return marker !== undefined && isNewAmongSeveral(key, marker, atMs);
}

/** A tier beyond the colo. */
interface WorldTier {
  readonly lookIn: () => Promise<TierRead<never>["kind"]>;
  /** Returns whether the search has found a response. */
  readonly hasFound: () => boolean;
  /** Whether no tier is below this one. */
  readonly isLast: boolean;
}

/**
 * Reads a tier beyond the colo, and updates `sharedOdds`. Returns `nothing` after the last tier if
 * the search has found no record in any tier.
 */
export async function lookBeyond(
  search: SearchState,
  { lookIn, hasFound, isLast }: WorldTier,
): Promise<SharedResult | undefined> {
  const { lookup, key, marker, atMs, isNewToColo } = search;
  const { sharedOdds } = search.exchange.site;
  const place = marker === undefined ? placeOf(lookup) : placeOfVariants(lookup);
  const result = await lookIn();
  if (!isNewToColo || (result !== "found" && !isLast)) return undefined;
  const hasAny = hasFound() || search.marker !== undefined;
  if (marker === undefined ? hasAny : result === "found") sharedOdds.brought(place, "something");
  else if (result === "absent" && isMadeUp({ key, marker, atMs }))
    sharedOdds.brought(place, "nothing");
  return result === "absent" && !hasAny ? "nothing" : undefined;
}
