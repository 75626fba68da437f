// Finds `Vary` markers, which list the variants of a page (RFC 9111 §4.1).
import type { Exchange } from "../site/exchange.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import { contentTagName } from "../../rules/validators.ts";

/** The minimum retention of a marker, so that its variants stay reachable and counted. */
const markerKeepMs = 86_400_000;
/** The same on a URL whose validators lie. Browsers keep an old page for weeks. */
const lyingKeepMs = 30 * markerKeepMs;

/** Returns the expiry of a marker that is written now, in epoch milliseconds. */
export function markerUntilAtMs(
  { names, variants }: Pick<VaryMarker, "names" | "variants">,
  atMs: number,
): number {
  const keepMs = names.includes(contentTagName) ? lyingKeepMs : markerKeepMs;
  return Math.max(atMs + keepMs, ...variants.map(([, untilAtMs]) => untilAtMs));
}

/** Returns the request fields by which the variants of a page differ. */
export function fieldsOfVariants(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== contentTagName);
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
