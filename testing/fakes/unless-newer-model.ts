// Models the Lua script that writes a record unless a newer one is stored.
import { decodeRecord } from "../../src/cache/tiers/record-codec.ts";
import { dataForm } from "../../src/data/value/data-record.ts";
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
  const [head = ""] = held.split("\n", 1);
  const record = decodeRecord(head, dataForm)?.record;
  if (record?.kind !== "response" || record.metadata.stamp === "none") return false;
  const { respondedAtMs, bodyDigest, stamp } = record.metadata;
  const by = comparePositions(stamp.position, `${ms}-${nth}`);
  const isLoad = kind === "load";
  if (by < 0 || (by === 0 && !isLoad)) return false;
  const isSeen = String(respondedAtMs) === seenMs && bodyDigest === seenDigest;
  const isRecent = respondedAtMs >= Number(sinceMs);
  if (!isLoad) return isRecent;
  if (by === 0) return isRecent && !isSeen;
  return isRecent || !isSeen;
}
