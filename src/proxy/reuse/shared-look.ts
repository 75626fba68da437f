// Asks the tiers beyond the colo for a request, or passes them over where they hardly ever have what is asked for.
import type { Exchange } from "../site/exchange.ts";
import type { LookupSite } from "../site/site.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierRead, VaryMarker } from "../../cache/tiers/tier.ts";
import { isPersonal } from "../request/personal.ts";
import type { Asked } from "../request/plan.ts";
import { placeOf, placeOfVariants } from "../site/shared-odds.ts";
import { isNewAmongSeveral } from "./vary-markers.ts";

/** What came of it in the shared tier, where this colo has nothing that answers. */
export type InShared = "nothing" | "passed-over";

/** A search as far as it has come; it goes on while a tier is looked into. */
export interface SoFar {
  readonly asked: Asked;
  readonly key: RecordKey;
  readonly marker: VaryMarker | undefined;
  readonly atMs: number;
  /** The edge tier has told that it has nothing. */
  readonly isNewToColo: boolean;
  readonly exchange: Exchange<LookupSite>;
}

/** @returns whether the tiers beyond the colo are not worth asking. To be asked once for a look-up */
export function passesOver(search: SoFar, isOptional = false): boolean {
  const { asked, key, marker, atMs } = search;
  // The lease of a crowd is asked for together with the record; personal requests are in no crowd.
  const mayPassOver = isOptional && (asked.route.collapse === "isolate" || isPersonal(asked));
  if (!mayPassOver) return false;
  const { sharedOdds, uncacheable } = search.exchange.site;
  // Others with cookies or credentials of their own have just got what this one may not have.
  const isOfNoUse = uncacheable.forSessions.has(key.text, atMs) && isPersonal(asked);
  if (isOfNoUse || !search.isNewToColo) return isOfNoUse;
  if (marker === undefined) return !sharedOdds.isWorthAsking(placeOf(asked));
  return isMadeUp(search) && !sharedOdds.isWorthAsking(placeOfVariants(asked));
}

/** Anybody can make up values of the fields that select. */
function isMadeUp({ key, marker, atMs }: Pick<SoFar, "key" | "marker" | "atMs">): boolean {
  return marker !== undefined && isNewAmongSeveral(key, marker, atMs);
}

/** A tier beyond the colo. */
interface Beyond {
  readonly lookIn: () => Promise<TierRead<never>["kind"]>;
  /** Has the search found anything so far? */
  readonly hasFound: () => boolean;
  /** No other lies below it. */
  readonly isLast: boolean;
}

/**
 * Looks into a tier beyond the colo, and learns from what it brings.
 *
 * @returns `undefined` where it had something, or told nothing that counts
 */
export async function lookBeyond(
  search: SoFar,
  { lookIn, hasFound, isLast }: Beyond,
): Promise<InShared | undefined> {
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
