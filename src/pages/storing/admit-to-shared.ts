// Decides which responses go to Redis at once, and which only after a second request.
import type { Exchange } from "../site/exchange.ts";
import { type PendingRequest, storedCandidate } from "../reuse/pending-request.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import {
  type Candidate,
  type StoredMetadata,
  type StoredResponse,
  responseIn,
  type ResponseTier,
} from "../stored/stored-response.ts";
import { sharedMsMax } from "../request/brief-retention.ts";
import { withTermsKept } from "../stored/lifetime.ts";
import { discardBody } from "../../cache/record/record.ts";
import { storeInTiers } from "./in-tiers.ts";
import { needsConfirmation } from "./refusal.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import { askOfHead, hasRoomFor, keyOf, type VariantPlace } from "./variant-list.ts";

/**
 * Returns whether a fill stays in memory and at the edge until a second request. The route's
 * `admission` decides. By default, errors wait if their lifetime is not from the route, and so do
 * variants whose selecting values may be invented. While Redis is nearly full, pages with a query
 * also wait on routes without `query.allow`, unless other colos wait for the fill. While writes to
 * Redis are paused, every response that Redis lacks waits.
 *
 * A replacement of a stored response never waits, because its first request was earlier, and Redis
 * must not keep the old response. A 304 never waits, because only a repeated request can cause it.
 */
function mustAwaitSecondAsk(metadata: StoredMetadata, pending: PendingRequest): boolean {
  const { route } = pending.request;
  const { usesMemory, ofColo, ofWorld } = pending.exchange.site.tiers.of(route.tiers);
  // Until the second request, a tier of the isolate or colo must store the response.
  const mayWait = ofWorld !== undefined && (usesMemory || ofColo !== undefined);
  if (!mayWait || storedCandidate(pending) !== undefined) return false;
  // An error whose lifetime is from the route already needs a second, anonymous request.
  // Clients choose the content.
  const isForFirst =
    pending.request.content !== undefined ||
    (isErrorStatus(metadata.status) && !needsConfirmation(metadata, route));
  const { admission = isForFirst ? "second-ask" : undefined } = route;
  if (admission === "second-ask") return true;
  if (pending.inShared === "nothing" && isPaused(pending.exchange)) return true;
  const isBrief = sharedMsMax(pending.request, pending.exchange.site) !== undefined;
  if (route.traits.collapsesGlobally !== true && isBrief) return true;
  return mayBeMadeUp(metadata, pending);
}

/** Returns the metadata to store, which says whether the shared tier awaits a second request. */
export function withAdmission(metadata: StoredMetadata, pending: PendingRequest): StoredMetadata {
  const mustAwait = mustAwaitSecondAsk(metadata, pending);
  return mustAwait ? withTermsKept(metadata, { awaitsSecondAsk: true }) : metadata;
}

/**
 * Returns whether writes to Redis are paused because Redis is full. During a pause, also checks the
 * free space in the background if a check is due.
 */
function isPaused({ site: { room }, afterAnswer }: Exchange): boolean {
  if (room?.isPaused !== true) return false;
  afterAnswer(async () => room.beforeWrite(0));
  return true;
}

/**
 * Returns whether this is a new variant of a page with several variants, because a client may have
 * invented it. Returns false if other colos wait for this fill.
 */
function mayBeMadeUp(metadata: StoredMetadata, pending: PendingRequest): boolean {
  const { request, exchange, marker } = pending;
  const { admission, traits, tiers } = request.route;
  if (admission !== undefined || traits.collapsesGlobally === true) return false;
  if (exchange.site.tiers.of(tiers).ofColo === undefined) return false;
  if (metadata.selecting.length === 0) return false;
  return isNewAmongSeveral(keyOf(metadata, pending), marker, exchange.nowAtMs());
}

/** A page with at least this many other variants has several. One is normal, such as mobile. */
const severalMin = 2;

/** Returns whether the marker lists several live variants, but not this variant. */
function isNewAmongSeveral(
  variant: RecordKey,
  marker: VaryMarker | undefined,
  atMs: number,
): boolean {
  const live = marker?.variants.filter(([, untilAtMs]) => untilAtMs > atMs) ?? [];
  if (live.length < severalMin) return false;
  const own = variant.digestAtOnce();
  return !live.some(([digest]) => digest === own);
}

/** Responses that this isolate has already admitted to Redis. */
const admitted = new WeakSet<StoredMetadata>();

/**
 * Admits the record of a fresh hit to Redis if the record awaits a second request. The hit counts
 * as that request. Writes the record to the shared tier in the background, with stamp, times and
 * colo unchanged. Also writes the record to the edge without `awaitsSecondAsk`, so that other
 * isolates of the colo do not repeat the write.
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
 * Admits only a record that is still current. Memory may hold a record that another isolate has
 * replaced, removed or invalidated. An outdated record must not reach Redis.
 */
async function admit(
  { metadata, body }: StoredResponse,
  place: VariantPlace,
): Promise<"admitted" | "overtaken" | "not-taken"> {
  const { ofColo, ofWorld, below } = place.exchange.site.tiers.of(place.request.route.tiers);
  const ask = { ...askOfHead(place.exchange), atPrimary: true };
  // Other variants, which are requested more often, have displaced this variant.
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

/**
 * Compares the record with the edge's copy. For a variant, also checks the marker, because an
 * invalidation of the URL removes only the marker.
 */
async function stateInColo(
  metadata: StoredMetadata,
  place: VariantPlace,
  ofColo: ResponseTier,
): Promise<"stands" | "overtaken" | "not-taken"> {
  const ask = askOfHead(place.exchange);
  const found = await ofColo.read(keyOf(metadata, place), ask);
  if (found.kind === "unavailable") return "not-taken";
  const response = responseIn(found);
  discardBody(response);
  const isTheSame = response?.metadata.respondedAtMs === metadata.respondedAtMs;
  if (!isTheSame || response.metadata.awaitsSecondAsk !== true) return "overtaken";
  if (metadata.selecting.length === 0) return "stands";
  const marker = await ofColo.read(place.request.key, ask);
  if (marker.kind === "unavailable") return "not-taken";
  discardBody(responseIn(marker));
  const isLedTo =
    marker.kind === "found" &&
    marker.record.kind === "vary" &&
    marker.record.sinceAtMs <= metadata.requestedAtMs;
  return isLedTo ? "stands" : "overtaken";
}
