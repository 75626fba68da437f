// What a `Vary` marker tells of the variants that it leads to (RFC 9111 §4.1).
import type { Exchange } from "../site/exchange.ts";
import type { LookupSite } from "../site/site.ts";
import { sha256Short } from "../../base/sha256.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";

/** A page of one or two variants, such as for desktop and mobile, is like any. */
const severalMin = 2;

/** Does the marker list several variants whose time is not over, and not this one? */
export function isNewAmongSeveral(
  variant: RecordKey,
  marker: VaryMarker | undefined,
  atMs: number,
): boolean {
  const live = marker?.variants.filter(([, untilAtMs]) => untilAtMs > atMs) ?? [];
  if (live.length < severalMin) return false;
  const own = sha256Short(variant.text);
  return !live.some(([digest]) => digest === own);
}

/**
 * The marker with what other requests have listed here since the look-up.
 *
 * @param followed the look-up's own, for where memory holds none
 */
export function newestMarker(
  primary: RecordKey,
  followed: VaryMarker | undefined,
  { site: { tiers }, nowAtMs }: Exchange<Pick<LookupSite, "tiers">>,
): VaryMarker | undefined {
  const held = tiers.memory.read(primary, { atMs: nowAtMs() });
  return held.kind === "found" && held.record.kind === "vary" ? held.record : followed;
}
