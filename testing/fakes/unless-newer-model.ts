// Models the Lua script that writes a record unless a newer one is stored.
import type { RecordMetadata } from "../../src/cache/record/record.ts";
import { comparePositions } from "../simulation/simulated-stream.ts";

/**
 * Returns what the script does: `newer`, or the arguments of SET.
 *
 * @param args ARGV of the script
 * @param held the stored text; empty for none
 */
export function setUnlessNewer(
  [text = "", px = "", xx = "", ...newerArgs]: readonly string[],
  held: string,
): "newer" | readonly string[] {
  return isNewer(held, newerArgs) ? "newer" : [text, "PX", px, ...(xx === "" ? [] : ["XX"])];
}

function isNewer(
  held: string,
  [ms = "", nth = "", kind, sinceMs, seenMs, seenDigest]: readonly string[],
): boolean {
  const metadata = metadataIn(held);
  if (metadata === undefined || metadata.stamp === "none") return false;
  const { respondedAtMs, bodyDigest, stamp } = metadata;
  const by = comparePositions(stamp.position, `${ms}-${nth}`);
  const isLoad = kind === "load";
  if (by < 0 || (by === 0 && !isLoad)) return false;
  const isSeen = String(respondedAtMs) === seenMs && bodyDigest === seenDigest;
  const isRecent = respondedAtMs >= Number(sinceMs);
  if (!isLoad) return isRecent;
  if (by === 0) return isRecent && !isSeen;
  return isRecent || !isSeen;
}

/** Returns the metadata of a record with a stamp; `undefined` for another text. */
function metadataIn(held: string): RecordMetadata | undefined {
  const [head = ""] = held.split("\n", 1);
  try {
    const { metadata } = JSON.parse(head).record;
    return typeof metadata.stamp.position === "string" ? metadata : undefined;
  } catch {
    return undefined;
  }
}
