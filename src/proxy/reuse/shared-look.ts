// Reads the tiers beyond the colo, or skips them where they rarely have the response.
import type { Exchange } from "../site/exchange.ts";
import type { LookupSite } from "../site/site.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierRead, VaryMarker } from "../../cache/tiers/tier.ts";
import { isPersonal } from "../request/personal.ts";
import type { LookupRequest } from "../request/plan.ts";
import { placeOf, placeOfVariants } from "../site/shared-odds.ts";
import { isNewAmongSeveral } from "./vary-markers.ts";

/** The result in the shared tier after a miss in this colo. */
export type SharedResult = "nothing" | "passed-over";

/** The state of a search. It may change while a tier is read. */
export interface SearchState {
  readonly asked: LookupRequest;
  readonly key: RecordKey;
  readonly marker: VaryMarker | undefined;
  readonly atMs: number;
  /** The edge tier has no record. */
  readonly isNewToColo: boolean;
  readonly exchange: Exchange<LookupSite>;
}

/** Returns whether to skip the tiers beyond the colo. Counts as a lookup, so call it once per lookup. */
export function passesOver(search: SearchState, isOptional = false): boolean {
  const { asked, key, marker, atMs } = search;
  // The record is read together with the lease that collapses forwards. Personal requests need no lease.
  const mayPassOver = isOptional && (asked.route.collapse === "isolate" || isPersonal(asked));
  if (!mayPassOver) return false;
  const { sharedOdds, uncacheable } = search.exchange.site;
  // This key has just given personal responses to other sessions, which this request may not get.
  const isOfNoUse = uncacheable.forSessions.has(key.text, atMs) && isPersonal(asked);
  if (isOfNoUse || !search.isNewToColo) return isOfNoUse;
  if (marker === undefined) return !sharedOdds.isWorthAsking(placeOf(asked));
  return isMadeUp(search) && !sharedOdds.isWorthAsking(placeOfVariants(asked));
}

/** Returns whether the variant is new, so that a client may have invented its selecting values. */
function isMadeUp({ key, marker, atMs }: Pick<SearchState, "key" | "marker" | "atMs">): boolean {
  return marker !== undefined && isNewAmongSeveral(key, marker, atMs);
}

/** A tier beyond the colo. */
interface WorldTier {
  readonly lookIn: () => Promise<TierRead<never>["kind"]>;
  /** Returns whether the search has found any response so far. */
  readonly hasFound: () => boolean;
  /** No tier is below this one. */
  readonly isLast: boolean;
}

/** Reads a tier beyond the colo and updates `sharedOdds`. Returns `nothing` if the search found nothing at all. */
export async function lookBeyond(
  search: SearchState,
  { lookIn, hasFound, isLast }: WorldTier,
): Promise<SharedResult | undefined> {
  const { asked, key, marker, atMs, isNewToColo } = search;
  const { sharedOdds } = search.exchange.site;
  const place = marker === undefined ? placeOf(asked) : placeOfVariants(asked);
  const came = await lookIn();
  if (!isNewToColo || (came !== "found" && !isLast)) return undefined;
  const hasAny = hasFound() || search.marker !== undefined;
  if (marker === undefined ? hasAny : came === "found") sharedOdds.brought(place, "something");
  else if (came === "absent" && isMadeUp({ key, marker, atMs }))
    sharedOdds.brought(place, "nothing");
  return came === "absent" && !hasAny ? "nothing" : undefined;
}
