// Writes a response to tiers: under the key that its Vary gives it, with the marker that leads there if it
// has a Vary. Also removes responses.
import { tierScopes } from "../../config/tier-names.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import { keep, takeOut } from "../../cache/keep.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import { RecordKey } from "../../cache/record/record-key.ts";
import type { TierKeep, VaryMarker } from "../../cache/tiers/tier.ts";
import type { ArrivingResponse, ResponseRecord, ResponseTier, Tiers } from "../stored/tiers.ts";
import type { LookupRequest } from "../request/plan.ts";
import { sharedMsMax } from "../request/brief.ts";
import { keepUntilAtMs, termsOf } from "../stored/lifetime.ts";
import type { OriginNeed } from "../reuse/need.ts";
import { hasRoomFor, keyOf, keysOf, markerTo, type VariantPlace } from "./variants.ts";

/** Returns the largest body that may be stored without holding it in memory; 0 if no tier takes such. */
export function streamBytesMax({ route }: Pick<LookupRequest, "route">, tiers: Tiers): number {
  return Math.max(0, ...tiers.of(route.tiers).all.map(({ arrivingBytesMax }) => arrivingBytesMax));
}

type WritableRecord = Exclude<ResponseRecord, VaryMarker> | ArrivingResponse;

/**
 * Removes a record from this isolate at once, and from the colo and the shared tier behind the answer.
 *
 * @param hosts those under which a tier of the colo may keep it
 */
export function removeStored(
  key: RecordKey,
  { exchange }: Pick<OriginNeed, "exchange">,
  hosts: readonly string[],
): void {
  const { decision } = exchange;
  const { memory, below } = exchange.site.tiers;
  const inColo = [...new Set(hosts)].map((host) => new RecordKey(key.text, host));
  memory.remove(key);
  const removing = takeOut(
    below.flatMap((tier) =>
      (tierScopes[tier.name] === "colo" ? inColo : [key]).map((at) => [tier, at] as const),
    ),
  );
  const noting = async () => {
    for (const tier of await removing) decision.changed(tier, "not-removed");
  };
  exchange.afterAnswer(() => decision.awaits(noting()));
}

/**
 * Removes displaced variants from Redis behind the answer. Memory and the edge evict by themselves, and may
 * answer with them until then.
 */
export function removeDisplaced(place: VariantPlace): void {
  const { below } = place.exchange.site.tiers;
  const keys = keysOf(place);
  const inWorld = below.filter(({ name }) => tierScopes[name] === "world");
  const places = inWorld.flatMap((tier) => keys.map((key) => [tier, key] as const));
  if (places.length > 0) place.exchange.afterAnswer(async () => void (await takeOut(places)));
}

/**
 * Stores a response. Memory has it when this returns, and the other tiers once the promise settles. While the
 * response awaits a second request, the shared tier is left out. Nothing is written if the response was
 * invalidated since its request, or if the route is now bypassed.
 *
 * @param given.into the tiers to write; those of other routes are ignored
 * @returns whether each of them stored it; never rejects
 */
export function storeInTiers(
  stored: StoredResponse,
  given: VariantPlace & { readonly into: readonly ResponseTier[] },
  body: TierKeep["body"],
): Promise<boolean> {
  if (hasLostItsPlace(stored.metadata, given)) return Promise.resolve(false);
  const { awaitsSecondAsk } = stored.metadata;
  const tiers = given.into.filter(({ name }) => {
    const scope = tierScopes[name];
    // A region's copy is backfilled by another colo's look-up.
    return scope !== "region" && (scope !== "world" || awaitsSecondAsk !== true);
  });
  return write({ kind: "response", stored }, tiers, given, body);
}

/**
 * Streams a body that is too large for memory to the first tier that accepts it. Also removes an older
 * response from memory, which must not answer instead.
 *
 * @returns whether the tier stored it; never rejects
 */
export async function storeArriving(
  arriving: ArrivingResponse,
  place: VariantPlace,
): Promise<boolean> {
  const { metadata } = arriving;
  const { all, memory } = place.exchange.site.tiers.of(place.asked.route.tiers);
  const taking = all.filter(({ arrivingBytesMax }) => arrivingBytesMax > 0).slice(0, 1);
  const completed = arriving.completed.then((bytes) =>
    hasLostItsPlace(metadata, place) ? "cut" : bytes,
  );
  const isKept = await write({ ...arriving, completed }, taking, place, "new");
  if (isKept) memory.remove(keyOf(metadata, place));
  return isKept;
}

async function write(
  record: WritableRecord,
  tiers: readonly ResponseTier[],
  place: VariantPlace,
  body: TierKeep["body"],
): Promise<boolean> {
  const { asked, exchange } = place;
  const { decision } = exchange;
  const { metadata } = record.kind === "arriving" ? record : record.stored;
  const atMs = exchange.nowAtMs();
  const untilAtMs = keepUntilAtMs(metadata, termsOf(metadata, asked.route));
  const stored = { key: keyOf(metadata, place), record, untilAtMs };
  const kept = await keep<ResponseRecord | ArrivingResponse>(
    metadata.selecting.length === 0 ? [stored] : [stored, markerTo(metadata, stored, place)],
    exchange.site.tiers.of(asked.route.tiers).all.filter((tier) => tiers.includes(tier)),
    {
      atMs,
      body,
      leadsToError: isErrorStatus(metadata.status),
      sharedMsMax: sharedMsMax(asked, exchange.site),
    },
  );
  for (const { tier, came } of kept) decision.changed(tier, came);
  return kept.every(({ came }) => came === "kept");
}

/**
 * Returns whether the response may no longer be stored: its URL was invalidated here since the request, its
 * route is now bypassed, or other variants have displaced it.
 */
function hasLostItsPlace(metadata: StoredMetadata, place: VariantPlace): boolean {
  const { asked, exchange } = place;
  const { site } = exchange;
  return (
    site.bypasses(asked.route.name) ||
    site.invalidations.covers(metadata, keyOf(metadata, place)) ||
    !hasRoomFor(metadata, place)
  );
}
