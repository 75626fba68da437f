// How many variants of one resource are stored (RFC 9111 §4.1): their list stands in the marker that
// leads to them, and is bounded, since anybody can put anything into a field that selects.
import type { Config } from "../../config/config.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import type { ResponseAsk, Tiers } from "../stored/tiers.ts";
import { sha256Short } from "../../sha256.ts";
import type { ToKeep } from "../../cache/keep.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { StoredVariant, VaryMarker } from "../../cache/tiers/tier.ts";
import { variantKey } from "../request/key.ts";
import type { Need } from "../reuse/need.ts";
import { type MarkerPorts, newestMarker } from "../reuse/vary-markers.ts";
import { discardBody } from "../../cache/record/record.ts";

/** What the variants that are stored are counted with, here and in the tiers below. */
export interface VariantPorts extends MarkerPorts {
  readonly config: Pick<Config, "limits">;
  readonly tiers: Tiers;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** A request whose answer is stored, and what its look-up has learnt of the variants. */
export interface VariantPlace<P> extends Pick<
  Need<P>,
  "asked" | "ports" | "decision" | "marker" | "inShared" | "memoryCount"
> {
  /** What other isolates have listed; `gone` where the colo's marker was taken away meanwhile. */
  readonly ofColo?: VaryMarker | "gone";
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
export async function withListOfOthers<Place extends VariantPlace<VariantPorts>>(
  metadata: StoredMetadata,
  place: Place,
): Promise<Place> {
  const { asked, ports, marker, inShared } = place;
  if (metadata.selecting.length === 0) return place;
  if (marker === undefined) {
    if (inShared !== "passed-over") return place;
    const passedOver = await ports.tiers.shared?.read(asked.key, askOfHead(ports));
    const isLed = passedOver?.kind === "found" && passedOver.record.kind === "vary";
    return isLed ? { ...place, marker: passedOver.record } : place;
  }
  if (isListed(metadata, place) || !asked.route.tiers.includes("edge")) return place;
  const read = await ports.tiers.edge.read(asked.key, askOfHead(ports));
  if (read.kind === "absent") return { ...place, ofColo: "gone" };
  if (read.kind !== "found") return place;
  if (read.record.kind === "vary") return { ...place, ofColo: read.record };
  discardBody(read.record.stored);
  return place;
}

/** Asks a tier for what stands under a key, and not for its body. */
export function askOfHead({ nowAtMs, afterAnswer }: VariantPorts): ResponseAsk {
  return { atMs: nowAtMs(), part: "metadata", afterAnswer };
}

/**
 * May this response be stored beside the other variants? Always without `Vary`, where its variant
 * is listed already, and where fewer than `limits.variants` are listed whose time is not over.
 *
 * A bound and no exact count: fills elsewhere that this isolate has not read of are not in its list.
 */
export function hasRoomFor(metadata: StoredMetadata, place: VariantPlace<VariantPorts>): boolean {
  if (metadata.selecting.length === 0) return true;
  const { variants: variantsMax } = place.ports.config.limits;
  return liveVariants(place).length < variantsMax || isListed(metadata, place);
}

function isListed(metadata: StoredMetadata, place: VariantPlace<MarkerPorts>): boolean {
  const own = sha256Short(keyOf(metadata, place).text);
  return liveVariants(place).some(([digest]) => digest === own);
}

/** A marker outlives its variants, so that those are reachable and counted that are still there. */
const markerKeepMs = 86_400_000;

/** The marker that leads to a response which is stored under this key until that instant. */
export function markerTo(
  metadata: StoredMetadata,
  stored: { key: RecordKey; untilAtMs: number },
  place: VariantPlace<MarkerPorts>,
): ToKeep<VaryMarker> {
  const { asked, marker, ofColo, ports } = place;
  const own = sha256Short(stored.key.text);
  const others = liveVariants(place).filter(([digest]) => digest !== own);
  const variants: StoredVariant[] = [...others, [own, stored.untilAtMs]];
  const names = metadata.selecting.map(([name]) => name);
  const sinceAtMs = Math.max(
    marker?.sinceAtMs ?? metadata.requestedAtMs,
    typeof ofColo === "object" ? ofColo.sinceAtMs : -Infinity,
  );
  const latestAtMs = Math.max(...variants.map(([, untilAtMs]) => untilAtMs));
  return {
    key: asked.key,
    record: { kind: "vary", names, sinceAtMs, variants },
    untilAtMs: Math.max(ports.nowAtMs() + markerKeepMs, latestAtMs),
    // A marker that this isolate alone still has may have been invalidated: written anew, it would
    // lead others back to what is gone.
    onlyIn: ofColo === "gone" ? "memory" : undefined,
  };
}

function liveVariants(place: VariantPlace<MarkerPorts>): StoredVariant[] {
  const { asked, ports, marker, ofColo } = place;
  const listedElsewhere = typeof ofColo === "object" ? ofColo.variants : [];
  const atMs = ports.nowAtMs();
  const listed = newestMarker(asked.key, marker, ports)?.variants ?? [];
  const all = new Map([...listedElsewhere, ...listed]);
  return [...all].filter(([, untilAtMs]) => untilAtMs > atMs);
}
