// How many variants of one resource are stored (RFC 9111 §4.1), and which: their list stands in the marker
// that leads to them. It is bounded, because anybody can put anything into a field that selects, and the
// most requested keep their places in it.
import type { Context } from "../site/exchange.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import type { ResponseAsk } from "../stored/tiers.ts";
import { sha256HexAtOnce, sha256Short } from "../../base/sha256.ts";
import type { ToKeep } from "../../cache/keep.ts";
import { RecordKey } from "../../cache/record/record-key.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import { variantKey } from "../request/key.ts";
import type { Need } from "../reuse/need.ts";
import { newestMarker } from "../reuse/vary-markers.ts";
import { discardBody } from "../../cache/record/record.ts";

/** A request whose answer is stored, and what its look-up has learnt of the variants. */
export interface VariantPlace extends Pick<
  Need,
  "asked" | "exchange" | "marker" | "inShared" | "memoryCount"
> {
  /** What other isolates have listed; `gone` where the colo's marker was taken away meanwhile. */
  readonly ofColo?: VaryMarker | "gone";
  /** Variants that make room for this response. */
  readonly displaced?: readonly ListedVariant[];
}

/** The key of the variant that a response to this request is; the primary one without `Vary`. */
export function keyOf({ selecting }: StoredMetadata, { asked }: Pick<Need, "asked">): RecordKey {
  const names = selecting.map(([name]) => name);
  return variantKey(asked.key, names, asked.forwarded);
}

/**
 * With what others have listed, asked behind the answer. Another isolate of the colo may have listed
 * more since this one read the marker, so a variant that is new here is listed beside what the edge tier
 * has by now. And a marker that the look-up passed over in Redis stands as if it had been followed: a
 * new one would end the variants that it leads to.
 */
export async function withListOfOthers<Place extends VariantPlace>(
  metadata: StoredMetadata,
  place: Place,
): Promise<Place> {
  const { asked, exchange, marker, inShared } = place;
  if (metadata.selecting.length === 0) return place;
  const { ofColo, ofWorld } = exchange.site.tiers.of(asked.route.tiers);
  if (marker === undefined) {
    if (inShared !== "passed-over") return place;
    const passedOver = await ofWorld?.read(asked.key, askOfHead(exchange));
    const isLed = passedOver?.kind === "found" && passedOver.record.kind === "vary";
    return isLed ? { ...place, marker: passedOver.record } : place;
  }
  if (isListed(metadata, place) || ofColo === undefined) return place;
  const read = await ofColo.read(asked.key, askOfHead(exchange));
  if (read.kind === "absent") return { ...place, ofColo: "gone" };
  if (read.kind !== "found") return place;
  if (read.record.kind === "vary") return { ...place, ofColo: read.record };
  discardBody(read.record.stored);
  return place;
}

/** Asks a tier for what stands under a key, and not for its body. */
export function askOfHead({ nowAtMs, afterAnswer }: Context): ResponseAsk {
  return { atMs: nowAtMs(), part: "metadata", afterAnswer };
}

/**
 * May this response be stored beside the other variants? Always without `Vary`, where its variant
 * is listed already, and where fewer than `limits.variants` are listed whose time is not over. Otherwise
 * it displaces the least requested of them, if it was itself requested more often in the last minute, and
 * more than once: made-up values that come once displace nothing, however many there are.
 *
 * A bound and no exact count: fills elsewhere that this isolate has not read of are not in its list.
 */
export function hasRoomFor(metadata: StoredMetadata, place: VariantPlace): boolean {
  if (metadata.selecting.length === 0) return true;
  const { nowAtMs, config, variantDemand } = place.exchange.site;
  const { variants } = listOf(metadata, place);
  const own = sha256Short(keyOf(metadata, place).text);
  if (variants.length < config.limits.variants || variants.some(({ digest }) => digest === own)) {
    return true;
  }
  const atMs = nowAtMs();
  const least = Math.min(...variants.map((each) => variantDemand.inLastMinute(each.digest, atMs)));
  return variantDemand.inLastMinute(own, atMs) > Math.max(1, least);
}

/** Would it take the place of the marker that leads to the stored variants? */
export function endsVariants(metadata: StoredMetadata, place: VariantPlace): boolean {
  const marker = newestMarker(place.asked.key, place.marker, place.exchange);
  if (marker === undefined) return false;
  const names = metadata.selecting.map(([name]) => name);
  const isSame = names.join() === marker.names.join();
  return !isSame && listOf(metadata, place).variants.length > 0;
}

function isListed(metadata: StoredMetadata, place: VariantPlace): boolean {
  const own = sha256Short(keyOf(metadata, place).text);
  return listOf(metadata, place).variants.some(({ digest }) => digest === own);
}

/**
 * The same place, with the variants that this response displaces. To be asked once for a response: each
 * tier is then written with the same list.
 */
export function withDisplaced<Place extends VariantPlace>(
  metadata: StoredMetadata,
  place: Place,
): Place {
  if (metadata.selecting.length === 0) return place;
  const own = sha256Short(keyOf(metadata, place).text);
  const others = listOf(metadata, place).variants.filter(({ digest }) => digest !== own);
  const displaced = leastRequested(others, place);
  return displaced.length === 0 ? place : { ...place, displaced };
}

/** Those for which there is no room beside one more. Of equals, the ones that were stored first. */
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

/** A marker outlives its variants, so that those are reachable and counted that are still there. */
const markerKeepMs = 86_400_000;

/** The marker that leads to a response which is stored under this key until that instant. */
export function markerTo(
  metadata: StoredMetadata,
  stored: { key: RecordKey; untilAtMs: number },
  place: VariantPlace,
): ToKeep<VaryMarker> {
  const { asked, marker, ofColo, exchange } = place;
  const own = sha256Short(stored.key.text);
  const list = listOf(metadata, place);
  const others = list.variants.filter(({ digest }) => digest !== own);
  const tooMany = new Set(leastRequested(others, place));
  const variants: ListedVariant[] = [
    ...others.filter((variant) => !tooMany.has(variant)),
    { digest: own, untilAtMs: stored.untilAtMs, whole: sha256HexAtOnce(stored.key.text) },
  ];
  const names = metadata.selecting.map(([name]) => name);
  const sinceAtMs = Math.max(
    marker?.sinceAtMs ?? metadata.requestedAtMs,
    typeof ofColo === "object" ? ofColo.sinceAtMs : -Infinity,
  );
  const latestAtMs = Math.max(...variants.map(({ untilAtMs }) => untilAtMs));
  return {
    key: asked.key,
    record: {
      kind: "vary",
      names,
      sinceAtMs,
      variants: variants.map(({ digest, untilAtMs }) => [digest, untilAtMs]),
      digests: variants.map(({ whole }) => whole),
      listedSinceAtMs: list.sinceAtMs,
    },
    untilAtMs: Math.max(exchange.nowAtMs() + markerKeepMs, latestAtMs),
    // A marker that this isolate alone still has may have been invalidated: written anew, it would
    // lead others back to what is gone.
    onlyIn: ofColo === "gone" ? "isolate" : undefined,
  };
}

/** A variant as a marker lists it. */
interface ListedVariant {
  /** By the first 64 bits of the SHA-256 of its key. */
  readonly digest: string;
  readonly untilAtMs: number;
  /** All of that in hex; empty where the marker is of a version that does not tell it. */
  readonly whole: string;
}

/**
 * Returns the stored variants whose time is not over, as listed here and in the colo, and since when
 * they were requested. A list counts for nothing once a purge is known that covers the page: else those
 * who filled it would keep others from being stored although none of it may answer.
 */
function listOf(
  metadata: StoredMetadata,
  { asked, exchange, marker, ofColo, displaced = [] }: VariantPlace,
): { readonly variants: readonly ListedVariant[]; readonly sinceAtMs: number } {
  const atMs = exchange.nowAtMs();
  const gone = new Set(displaced.map(({ digest }) => digest));
  const listed = new Map<string, ListedVariant>();
  let sinceAtMs = metadata.requestedAtMs;
  const lists = [typeof ofColo === "object" ? ofColo : undefined];
  for (const list of [...lists, newestMarker(asked.key, marker, exchange)]) {
    if (list === undefined) continue;
    const listedSinceAtMs = list.listedSinceAtMs ?? list.sinceAtMs;
    // The first entry of a new journal covers everything, and may be as old as the first request.
    if (exchange.site.view.purgedSince(metadata, listedSinceAtMs + 1)) continue;
    sinceAtMs = Math.min(sinceAtMs, listedSinceAtMs);
    for (const [at, [digest, untilAtMs]] of list.variants.entries()) {
      if (untilAtMs <= atMs || gone.has(digest)) continue;
      listed.set(digest, { digest, untilAtMs, whole: list.digests?.[at] ?? "" });
    }
  }
  return { variants: [...listed.values()], sinceAtMs };
}

/** The keys of displaced variants in the tiers below memory, as far as markers tell them. */
export function keysOf({ asked, displaced = [] }: VariantPlace): RecordKey[] {
  const told = displaced.filter(({ whole }) => whole !== "");
  return told.map(({ whole }) => RecordKey.ofDigest(whole, asked.key.host));
}
