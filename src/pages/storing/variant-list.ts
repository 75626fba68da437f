// Limits the stored variants of a resource (RFC 9111 §4.1). A marker lists the variants. Clients
// can send anything in a selecting field, so the list is bounded and keeps the most requested
// variants.
import type { Context, PagePlace } from "../site/exchange.ts";
import type { StoredMetadata, ResponseAsk } from "../stored/stored-response.ts";
import type { ToKeep } from "../../cache/write-tiers.ts";
import { RecordKey } from "../../cache/record/record-key.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import { variantKey } from "../../routing/key.ts";
import { markerUntilAtMs, newestMarker } from "../reuse/vary-markers.ts";
import { discardBody } from "../../cache/record/record.ts";

/** A request whose answer is stored, and the variants known from its lookup. */
export interface VariantPlace extends PagePlace {
  /**
   * The edge's marker, with the list of other isolates; `gone` if it was removed since the lookup.
   */
  readonly ofColo?: VaryMarker | "gone";
  /** The variants that are removed to make room for this response. */
  readonly displaced?: readonly ListedVariant[];
}

/** Returns the key of this response's variant. Without `Vary`, this is the key of the request. */
export function keyOf({ selecting }: StoredMetadata, { request }: PagePlace): RecordKey {
  const names = selecting.map(([name]) => name);
  return variantKey(request.key, names, request.forwarded);
}

/**
 * Returns the place with the variant lists of other isolates. An isolate of the same colo may have
 * listed more variants since the lookup, so a new variant is added to the edge's current list. If
 * the lookup skipped Redis, the result has the marker from Redis. A new marker without that
 * marker's list would make the listed variants unreachable.
 */
export async function withListOfOthers<Place extends VariantPlace>(
  metadata: StoredMetadata,
  place: Place,
): Promise<Place> {
  const { request, exchange, marker, inShared } = place;
  if (metadata.selecting.length === 0) return place;
  const { ofColo, ofWorld } = exchange.site.tiers.of(request.route.tiers);
  if (marker === undefined) {
    if (inShared !== "passed-over") return place;
    const passedOver = await ofWorld?.read(request.key, askOfHead(exchange));
    const hasSkippedMarker = passedOver?.kind === "found" && passedOver.record.kind === "vary";
    return hasSkippedMarker ? { ...place, marker: passedOver.record } : place;
  }
  if (isListed(metadata, place) || ofColo === undefined) return place;
  const read = await ofColo.read(request.key, askOfHead(exchange));
  if (read.kind === "absent") return { ...place, ofColo: "gone" };
  if (read.kind !== "found") return place;
  if (read.record.kind === "vary") return { ...place, ofColo: read.record };
  discardBody(read.record.stored);
  return place;
}

/** Builds a read of a record without its body. */
export function askOfHead({ nowAtMs, afterAnswer }: Context): ResponseAsk {
  return { atMs: nowAtMs(), part: "metadata", afterAnswer };
}

/**
 * Returns whether this response may be stored beside the other variants. It may if it has no
 * `Vary`, if its variant is listed, or if fewer than `limits.variants` current variants are listed.
 * Otherwise, it may displace the least requested variant if its own variant had more requests in
 * the last minute, and more than one. So invented values that occur once displace nothing.
 *
 * The limit is not exact, because other isolates may have stored variants that this isolate does
 * not see.
 */
export function hasRoomFor(metadata: StoredMetadata, place: VariantPlace): boolean {
  if (metadata.selecting.length === 0) return true;
  const { nowAtMs, config, variantDemand } = place.exchange.site;
  const { variants } = listOf(metadata, place);
  const own = keyOf(metadata, place).digestAtOnce();
  if (variants.length < config.limits.variants || variants.some(({ digest }) => digest === own)) {
    return true;
  }
  const atMs = nowAtMs();
  const least = Math.min(...variants.map((each) => variantDemand.inLastMinute(each.digest, atMs)));
  return variantDemand.inLastMinute(own, atMs) > Math.max(1, least);
}

/** Returns whether the response would replace the marker that leads to the stored variants. */
export function endsVariants(metadata: StoredMetadata, place: VariantPlace): boolean {
  const marker = newestMarker(place.request.key, place.marker, place.exchange);
  if (marker === undefined) return false;
  const names = metadata.selecting.map(([name]) => name);
  const isSame = names.join() === marker.names.join();
  return !isSame && listOf(metadata, place).variants.length > 0;
}

function isListed(metadata: StoredMetadata, place: VariantPlace): boolean {
  const own = keyOf(metadata, place).digestAtOnce();
  return listOf(metadata, place).variants.some(({ digest }) => digest === own);
}

/**
 * Returns the place with the variants that this response displaces. Callers call this function once
 * per response, so that each tier gets the same list.
 */
export function withDisplaced<Place extends VariantPlace>(
  metadata: StoredMetadata,
  place: Place,
): Place {
  if (metadata.selecting.length === 0) return place;
  const own = keyOf(metadata, place).digestAtOnce();
  const others = listOf(metadata, place).variants.filter(({ digest }) => digest !== own);
  const displaced = leastRequested(others, place);
  return displaced.length === 0 ? place : { ...place, displaced };
}

/**
 * Returns the variants to displace for one more: the least requested, and among equally requested
 * variants the oldest.
 */
function leastRequested(
  others: readonly ListedVariant[],
  { exchange }: VariantPlace,
): readonly ListedVariant[] {
  const { site } = exchange;
  const tooManyCount = others.length + 1 - site.config.limits.variants;
  if (tooManyCount <= 0) return [];
  const atMs = exchange.nowAtMs();
  const demandOf = ({ digest }: ListedVariant) => site.variantDemand.inLastMinute(digest, atMs);
  const ranked = others.map((variant) => ({ variant, demand: demandOf(variant) }));
  ranked.sort((one, other) => one.demand - other.demand);
  return ranked.slice(0, tooManyCount).map(({ variant }) => variant);
}

/** Builds the marker that leads to a response under this key with this expiry. */
export function markerTo(
  metadata: StoredMetadata,
  stored: { key: RecordKey; untilAtMs: number },
  place: VariantPlace,
): ToKeep<VaryMarker> {
  const { request, marker, ofColo, exchange } = place;
  const own = stored.key.digestAtOnce();
  const list = listOf(metadata, place);
  const others = list.variants.filter(({ digest }) => digest !== own);
  const tooMany = new Set(leastRequested(others, place));
  const variants: ListedVariant[] = [
    ...others.filter((variant) => !tooMany.has(variant)),
    { digest: own, untilAtMs: stored.untilAtMs },
  ];
  const names = metadata.selecting.map(([name]) => name);
  const atMs = exchange.nowAtMs();
  // An instant further ahead is from a wrong clock, and would exclude this response.
  const sinceAtMsMax = atMs + exchange.site.config.purge.allowanceMs;
  const known = [marker, ofColo].flatMap((one) => (typeof one === "object" ? one.sinceAtMs : []));
  const credible = known.filter((instantMs) => instantMs <= sinceAtMsMax);
  const sinceAtMs = credible.length > 0 ? Math.max(...credible) : metadata.requestedAtMs;
  const record: VaryMarker = {
    kind: "vary",
    names,
    sinceAtMs,
    variants: variants.map(({ digest, untilAtMs }) => [digest, untilAtMs]),
    listedSinceAtMs: list.sinceAtMs,
  };
  return {
    key: request.key,
    record,
    untilAtMs: markerUntilAtMs(record, atMs),
    // If the edge has no marker, an invalidation may have removed it. A new marker at the edge
    // would lead other isolates to invalidated variants.
    onlyIn: ofColo === "gone" ? "isolate" : undefined,
  };
}

/** A variant in a marker's list. */
interface ListedVariant {
  readonly digest: string;
  readonly untilAtMs: number;
}

/**
 * Returns the current variants in the lists of this isolate and the colo. `sinceAtMs` is the
 * instant since which all of them were requested. Ignores lists that a known purge covers, because
 * their unusable variants would keep other variants from being stored.
 */
function listOf(
  metadata: StoredMetadata,
  { request, exchange, marker, ofColo, displaced = [] }: VariantPlace,
): { readonly variants: readonly ListedVariant[]; readonly sinceAtMs: number } {
  const atMs = exchange.nowAtMs();
  const gone = new Set(displaced.map(({ digest }) => digest));
  const listed = new Map<string, ListedVariant>();
  let sinceAtMs = metadata.requestedAtMs;
  const lists = [typeof ofColo === "object" ? ofColo : undefined];
  for (const list of [...lists, newestMarker(request.key, marker, exchange)]) {
    if (list === undefined) continue;
    const { listedSinceAtMs } = list;
    if (isPurged(metadata, listedSinceAtMs, exchange)) continue;
    sinceAtMs = Math.min(sinceAtMs, listedSinceAtMs);
    for (const [digest, untilAtMs] of list.variants) {
      if (untilAtMs > atMs && !gone.has(digest)) listed.set(digest, { digest, untilAtMs });
    }
  }
  return { variants: [...listed.values()], sinceAtMs };
}

/** Returns whether a purge covers the oldest variant of a list. */
function isPurged(like: StoredMetadata, sinceAtMs: number, { site }: Context): boolean {
  // Add 1 ms, because the first entry of a new journal covers everything and may be as old as the list.
  return site.view.purgedSince(like, sinceAtMs + 1);
}

/** Returns the keys of the displaced variants in the tiers below memory. */
export function keysOf({ request, displaced = [] }: VariantPlace): RecordKey[] {
  return displaced.map(({ digest }) => RecordKey.ofDigest(digest, request.key.host));
}
