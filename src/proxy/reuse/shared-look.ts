// Asks the shared tier for a request, or passes it over where it hardly ever has what is asked for.
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierRead, VaryMarker } from "../../cache/tiers/tier.ts";
import { isPersonal } from "../request/personal.ts";
import type { Asked } from "../request/plan.ts";
import { placeOf, placeOfVariants, type SharedOdds } from "./shared-odds.ts";
import type { Uncacheable } from "./uncacheable.ts";
import { isNewAmongSeveral } from "./vary-markers.ts";

/** What came of it in the shared tier, where this colo has nothing that answers. */
export type InShared = "nothing" | "passed-over";

/** What `askShared` works with. */
export interface SharedLookPorts {
  readonly uncacheable: Readonly<
    Record<"forAll" | "forSessions", Pick<Uncacheable["forAll"], "has">>
  > & { readonly stood: Pick<Uncacheable["stood"], "mark"> };
  readonly sharedOdds: Pick<SharedOdds, "isWorthAsking" | "brought">;
}

/** A search as far as it has come; it goes on while a tier is looked into. */
export interface SoFar<P> {
  readonly asked: Asked;
  readonly key: RecordKey;
  readonly marker: VaryMarker | undefined;
  readonly atMs: number;
  /** The edge tier has told that it has nothing. */
  readonly isNewToColo: boolean;
  readonly ports: P;
}

/** How it is looked into. */
interface Looking {
  /** What the search has found so far. */
  readonly found: () => unknown;
  readonly lookIn: () => Promise<TierRead<never>["kind"]>;
}

/**
 * Looks into the shared tier, unless it may be passed over and hardly ever has what is asked for; and
 * learns from what it brings.
 *
 * @returns `undefined` where it had something, or told nothing that counts
 */
export async function askShared(
  search: SoFar<SharedLookPorts>,
  looking: Looking,
  isOptional = false,
): Promise<InShared | undefined> {
  const { asked, key, marker, atMs } = search;
  // The lease of a crowd is asked for together with the record; personal requests are in no crowd.
  const mayPassOver = isOptional && (asked.route.collapse === "isolate" || isPersonal(asked));
  const { sharedOdds, uncacheable } = search.ports;
  // Others with cookies or credentials of their own have just got what this one may not have.
  const isOfNoUse = uncacheable.forSessions.has(key.text, atMs) && isPersonal(asked);
  if (mayPassOver && isOfNoUse) return "passed-over";
  if (!search.isNewToColo) {
    await looking.lookIn();
    return undefined;
  }
  // Anybody can make up values of the fields that select.
  const isMadeUp = marker !== undefined && isNewAmongSeveral(key, marker, atMs);
  const place = marker === undefined ? placeOf(asked) : placeOfVariants(asked);
  const mayBeSpared = mayPassOver && (marker === undefined || isMadeUp);
  if (mayBeSpared && !sharedOdds.isWorthAsking(place)) return "passed-over";
  const came = await looking.lookIn();
  const hasAny = looking.found() !== undefined || search.marker !== undefined;
  if (marker === undefined ? hasAny : came === "found") sharedOdds.brought(place, "something");
  else if (came === "absent" && isMadeUp) sharedOdds.brought(place, "nothing");
  return came === "absent" && !hasAny ? "nothing" : undefined;
}
