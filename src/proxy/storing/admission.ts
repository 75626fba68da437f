// Which responses Redis gets at once, and which only when somebody asks for them again.
import type { Exchange } from "../site/exchange.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import { responseIn, type ResponseTier } from "../stored/tiers.ts";
import { isBrief } from "../request/brief.ts";
import { withTermsKept } from "../stored/lifetime.ts";
import { atHand, type Need } from "../reuse/need.ts";
import { discardBody } from "../../cache/record/record.ts";
import { placeOfVariants } from "../site/shared-odds.ts";
import { storeInTiers } from "./in-tiers.ts";
import { isStoredByRoute } from "./refusal.ts";
import { isNewAmongSeveral } from "../reuse/vary-markers.ts";
import { askOfHead, hasRoomFor, keyOf, type VariantPlace } from "./variants.ts";
import type { Candidate } from "../stored/stored-response.ts";

/**
 * Does this fill wait in memory and at the edge until it is asked for a second time? By the route's
 * `admission`; where that is unset, an error does, and a variant whose values may be made up. While the
 * database is tight, so does a query that the route does not list, unless a crowd in the world waits for it.
 * While it takes nothing new, so does all that it does not have.
 *
 * Not where the look-up found something stored that it takes the place of: that was asked for
 * before, and must not outlive in Redis what came after it. Nor does a 304 wait, whatever was to be
 * done with the response that it freshens: only who asks again for what is stored brings one about.
 */
export function awaitsSecondAsk(metadata: StoredMetadata, need: Need): boolean {
  const { route } = need.asked;
  const { usesMemory, ofColo, ofWorld } = need.exchange.site.tiers.of(route.tiers);
  // It must lie somewhere until then.
  const mayWait = ofWorld !== undefined && (usesMemory || ofColo !== undefined);
  if (!mayWait || atHand(need) !== undefined) return false;
  // The route's own lifetime stores an error on its second ask already.
  const isForFirst = isErrorStatus(metadata.status) && !isStoredByRoute(metadata, route);
  const { admission = isForFirst ? "second-ask" : undefined } = route;
  if (admission === "second-ask") return true;
  if (need.inShared === "nothing" && isPaused(need.exchange)) return true;
  if (route.collapse !== "global" && isBrief(need.asked, need.exchange.site)) return true;
  return isLikelyMadeUp(metadata, need);
}

/** Has the database no room? This isolate looks again behind the answer, once a minute. */
function isPaused({ site: { room }, afterAnswer }: Exchange): boolean {
  if (room?.isPaused !== true) return false;
  afterAnswer(() => room.beforeWrite(0));
  return true;
}

/**
 * One more variant of a page that has several, where other colos hardly ever have such. Not where a
 * crowd in the world waits for what one of them fills.
 */
function isLikelyMadeUp(metadata: StoredMetadata, need: Need): boolean {
  const { asked, exchange, marker } = need;
  const { site } = exchange;
  const { admission, collapse, tiers } = asked.route;
  if (admission !== undefined || collapse === "global") return false;
  if (site.tiers.of(tiers).ofColo === undefined) return false;
  if (metadata.selecting.length === 0) return false;
  if (!site.sharedOdds.isPoor(placeOfVariants(asked))) return false;
  return isNewAmongSeveral(keyOf(metadata, need), marker, exchange.nowAtMs());
}

/** What this isolate has admitted. */
const admitted = new WeakSet<StoredMetadata>();

/**
 * To be called for what answers fresh from a tier: if it waits for its second ask, this is it. It is
 * written to the shared tier behind the answer as its fill left it, stamp, times and colo unchanged;
 * and to the edge without its mark, so that the colo's other isolates need not do the same.
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
 * Only what still stands: this isolate's memory may hold what another one has replaced, ended, or
 * invalidated since, which it must not bring back to those who know better.
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

/** Of a variant its marker, too: that is what goes when the page is invalidated. */
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
