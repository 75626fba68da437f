// What a marker tells of the variants of a resource (RFC 9111 §4.1): which of them are stored.
import type { MemoryTier } from "../../cache/tiers/memory-tier.ts";
import type { RecordKey } from "../../cache/record-key.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import { sha256Short } from "../../sha256.ts";

/** What is needed to find the marker that memory holds. */
export interface MarkerPorts {
  readonly tiers: { readonly memory: Pick<MemoryTier, "read"> };
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
}

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
 * @param primary  the resource's own key, under which its marker stands
 * @param followed the marker that the look-up followed; `undefined` if there was none
 * @returns the marker that memory holds, else `followed`
 */
export function newestMarker(
  primary: RecordKey,
  followed: VaryMarker | undefined,
  { tiers, nowAtMs }: MarkerPorts,
): VaryMarker | undefined {
  const held = tiers.memory.read(primary, { atMs: nowAtMs() });
  return held.kind === "found" && held.record.kind === "vary" ? held.record : followed;
}
