// Decides which responses go to Redis at once, and which only after a second request.
import type { Exchange } from "../site/exchange.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import { responseIn, type ResponseTier } from "../stored/tiers.ts";
import { isBrief } from "../request/brief.ts";
import { withTermsKept } from "../stored/lifetime.ts";
import { storedCandidate, type OriginNeed } from "../reuse/need.ts";
import { discardBody } from "../../cache/record/record.ts";
import { placeOfVariants } from "../site/shared-odds.ts";
import { storeInTiers } from "./in-tiers.ts";
import { isStoredByRoute } from "./refusal.ts";
import { isNewAmongSeveral } from "../reuse/vary-markers.ts";
import { askOfHead, hasRoomFor, keyOf, type VariantPlace } from "./variants.ts";
import type { Candidate } from "../stored/stored-response.ts";

/**
 * Returns whether a fill stays in memory and at the edge until a second request. The route's `admission`
 * decides. By default, errors wait, and variants whose values may be made up. While Redis is short of room,
 * unlisted queries also wait, except with `collapse: "global"`. While it takes nothing new, everything that
 * it lacks waits.
 *
 * Replacements of stored responses never wait: their first request was earlier, and Redis must not keep the
 * old one longer. Nor does a 304, which only a repeated request can cause.
 */
export function awaitsSecondAsk(metadata: StoredMetadata, need: OriginNeed): boolean {
  const { route } = need.asked;
  const { usesMemory, ofColo, ofWorld } = need.exchange.site.tiers.of(route.tiers);
  // A tier has to hold it until then.
  const mayWait = ofWorld !== undefined && (usesMemory || ofColo !== undefined);
  if (!mayWait || storedCandidate(need) !== undefined) return false;
  // With a lifetime of the route, an error is stored only after its second request anyway.
  const isForFirst = isErrorStatus(metadata.status) && !isStoredByRoute(metadata, route);
  const { admission = isForFirst ? "second-ask" : undefined } = route;
  if (admission === "second-ask") return true;
  if (need.inShared === "nothing" && isPaused(need.exchange)) return true;
  if (route.collapse !== "global" && isBrief(need.asked, need.exchange.site)) return true;
  return isLikelyMadeUp(metadata, need);
}

/** Returns whether Redis has no room. This isolate checks again behind the answer, once a minute. */
function isPaused({ site: { room }, afterAnswer }: Exchange): boolean {
  if (room?.isPaused !== true) return false;
  afterAnswer(() => room.beforeWrite(0));
  return true;
}

/**
 * Returns whether this is a further variant of a page with several, where other colos rarely have the same.
 * Never with `collapse: "global"`, where the world waits for this fill.
 */
function isLikelyMadeUp(metadata: StoredMetadata, need: OriginNeed): boolean {
  const { asked, exchange, marker } = need;
  const { site } = exchange;
  const { admission, collapse, tiers } = asked.route;
  if (admission !== undefined || collapse === "global") return false;
  if (site.tiers.of(tiers).ofColo === undefined) return false;
  if (metadata.selecting.length === 0) return false;
  if (!site.sharedOdds.isPoor(placeOfVariants(asked))) return false;
  return isNewAmongSeveral(keyOf(metadata, need), marker, exchange.nowAtMs());
}

/** Responses that this isolate has admitted. */
const admitted = new WeakSet<StoredMetadata>();

/**
 * Call for a fresh hit. If its record awaits a second request, this is that request. Writes the record to the
 * shared tier behind the answer, with stamp, times and colo unchanged. Also writes it to the edge without the
 * mark, so that other isolates of the colo do not repeat this.
 */
export function admitOnHit({ stored }: Candidate, place: VariantPlace): void {
  const { metadata, body } = stored;
  if (metadata.awaitsSecondAsk !== true || admitted.has(metadata)) return;
  const { exchange } = place;
  const { decision } = exchange;
  if (isPaused(exchange)) return;
  if (body.kind !== "blob" || body.blob.size > exchange.site.config.limits.sharedBodyBytes) return;
  admitted.add(metadata);
  const admitting = async () => {
    if ((await admit(stored, place)) === "not-taken") admitted.delete(metadata);
  };
  exchange.afterAnswer(() => decision.awaits(admitting()));
}

/**
 * Admits only a record that is still current. Memory may hold one that another isolate has replaced, removed
 * or invalidated, and that must not return.
 */
async function admit(
  { metadata, body }: StoredResponse,
  place: VariantPlace,
): Promise<"admitted" | "overtaken" | "not-taken"> {
  const { ofColo, ofWorld, below } = place.exchange.site.tiers.of(place.asked.route.tiers);
  const ask = { ...askOfHead(place.exchange), atPrimary: true };
  // Displaced by variants that are requested more often.
  if (!hasRoomFor(metadata, place)) return "overtaken";
  if (ofColo !== undefined) {
    const inColo = await stateInColo(metadata, place, ofColo);
    if (inColo !== "stands") return inColo;
  }
  const read = await ofWorld?.read(keyOf(metadata, place), ask);
  if (read === undefined || read.kind === "unavailable") return "not-taken";
  const sinceAtMs = responseIn(read)?.metadata.requestedAtMs ?? -Infinity;
  if (sinceAtMs >= metadata.requestedAtMs) return "overtaken";
  const stored = { metadata: withTermsKept(metadata, { awaitsSecondAsk: undefined }), body };
  const inWorld = below.filter((tier) => tier !== ofColo);
  const isTaken = await storeInTiers(stored, { ...place, into: inWorld }, "new");
  if (isTaken && ofColo) await storeInTiers(stored, { ...place, into: [ofColo] }, "new");
  return isTaken ? "admitted" : "not-taken";
}

/** Checks the edge's copy, and for a variant also its marker: an invalidation removes the marker. */
async function stateInColo(
  metadata: StoredMetadata,
  place: VariantPlace,
  ofColo: ResponseTier,
): Promise<"stands" | "overtaken" | "not-taken"> {
  const ask = askOfHead(place.exchange);
  const found = await ofColo.read(keyOf(metadata, place), ask);
  if (found.kind === "unavailable") return "not-taken";
  const held = responseIn(found);
  discardBody(held);
  const isTheSame = held?.metadata.respondedAtMs === metadata.respondedAtMs;
  if (!isTheSame || held.metadata.awaitsSecondAsk !== true) return "overtaken";
  if (metadata.selecting.length === 0) return "stands";
  const marker = await ofColo.read(place.asked.key, ask);
  if (marker.kind === "unavailable") return "not-taken";
  discardBody(responseIn(marker));
  const isLedTo =
    marker.kind === "found" &&
    marker.record.kind === "vary" &&
    marker.record.sinceAtMs <= metadata.requestedAtMs;
  return isLedTo ? "stands" : "overtaken";
}
