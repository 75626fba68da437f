// Reads `Vary` markers, which list the variants of a page (RFC 9111 §4.1).
import type { Exchange } from "../site/exchange.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";

/** A page with at least this many other variants has several. One is normal, such as mobile. */
const severalMin = 2;

/** Returns whether the marker lists several live variants, but not this variant. */
export function isNewAmongSeveral(
  variant: RecordKey,
  marker: VaryMarker | undefined,
  atMs: number,
): boolean {
  const live = marker?.variants.filter(([, untilAtMs]) => untilAtMs > atMs) ?? [];
  if (live.length < severalMin) return false;
  const own = variant.digestAtOnce();
  return !live.some(([digest]) => digest === own);
}

/**
 * Returns memory's marker, which includes variants added since the lookup.
 *
 * @param followed the lookup's marker, returned if memory has none
 */
export function newestMarker(
  primary: RecordKey,
  followed: VaryMarker | undefined,
  { site: { tiers }, nowAtMs }: Exchange,
): VaryMarker | undefined {
  const read = tiers.memory.read(primary, { atMs: nowAtMs() });
  return read.kind === "found" && read.record.kind === "vary" ? read.record : followed;
}
