// How many variants of one resource are stored (RFC 9111 §4.1): their list stands in the marker that
// leads to them, and is bounded, since anybody can put anything into a field that selects.
import type { Config } from "../../config/config.ts";
import type { Decision } from "../../observe/decision.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import type { ResponseAsk, Tiers } from "../stored/tiers.ts";
import { sha256Short } from "../../sha256.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { StoredVariant, VaryMarker } from "../../cache/tiers/tier.ts";
import { variantKey } from "../request/key.ts";
import type { InShared } from "../reuse/shared-look.ts";
import type { Asked } from "../request/plan.ts";
import { type MarkerPorts, newestMarker } from "../reuse/vary-markers.ts";
import { discardBody } from "../../cache/record/record.ts";

/** What the variants that are stored are counted with, here and in the tiers below. */
export interface VariantPorts extends MarkerPorts {
  readonly config: Pick<Config, "limits">;
  readonly tiers: Tiers;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** A request whose answer is stored, and the marker that its look-up followed, if there was one. */
export interface VariantPlace<P> {
  readonly asked: Asked;
  readonly ports: P;
  readonly decision: Decision;
  readonly marker: VaryMarker | undefined;
  /** `changeCount` of memory before the look-up read it under its key; `undefined` if it did not. */
  readonly memoryCount?: number | undefined;
  /** What the look-up passed over may be a marker. */
  readonly inShared?: InShared | undefined;
  /** What other isolates have listed; `gone` where the colo's marker was taken away meanwhile. */
  readonly ofColo?: VaryMarker | "gone";
}

/** The key of the variant that a response to this request is; the primary one without `Vary`. */
export function keyOf(
  { selecting }: StoredMetadata,
  { asked }: { readonly asked: Pick<Asked, "key" | "forwarded"> },
): RecordKey {
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
    const passedOver = await ports.tiers.shared?.read(asked.key, askOfMarker(ports));
    const isLed = passedOver?.kind === "found" && passedOver.record.kind === "vary";
    return isLed ? { ...place, marker: passedOver.record } : place;
  }
  const own = sha256Short(keyOf(metadata, place).text);
  const isListed = liveVariants(place).some(([digest]) => digest === own);
  if (isListed || !asked.route.tiers.includes("edge")) return place;
  const read = await ports.tiers.edge.read(asked.key, askOfMarker(ports));
  if (read.kind === "absent") return { ...place, ofColo: "gone" };
  if (read.kind !== "found") return place;
  if (read.record.kind === "vary") return { ...place, ofColo: read.record };
  discardBody(read.record.stored);
  return place;
}

function askOfMarker({ nowAtMs, afterAnswer }: VariantPorts): ResponseAsk {
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
  const { ports } = place;
  const live = liveVariants(place);
  if (live.length < ports.config.limits.variants) return true;
  const own = sha256Short(keyOf(metadata, place).text);
  return live.some(([digest]) => digest === own);
}

/** The marker that leads to a response which is stored under this key until that instant. */
export function markerTo(
  metadata: StoredMetadata,
  stored: { key: RecordKey; untilAtMs: number },
  place: VariantPlace<MarkerPorts>,
): VaryMarker {
  const own = sha256Short(stored.key.text);
  const others = liveVariants(place).filter(([digest]) => digest !== own);
  return {
    kind: "vary",
    names: metadata.selecting.map(([name]) => name),
    sinceAtMs: Math.max(
      place.marker?.sinceAtMs ?? metadata.requestedAtMs,
      typeof place.ofColo === "object" ? place.ofColo.sinceAtMs : -Infinity,
    ),
    variants: [...others, [own, stored.untilAtMs]],
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
