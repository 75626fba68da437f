// Models the Lua script that writes a record unless a newer one is stored.
import { comparePositions } from "../simulation/simulated-stream.ts";

/**
 * Returns what the script does: `newer`, `not-at-end`, or the arguments of SET.
 *
 * @param args ARGV of the script
 * @param held the stored text; empty for none
 * @param last the `n` of the journal's last entry; `undefined` without the journal's key
 */
export function setUnlessNewer(
  [text = "", px = "", xx = "", ...newerArgs]: readonly string[],
  held: string,
  last?: string,
): "newer" | "not-at-end" | readonly string[] {
  if (last === "" || (last !== undefined && last !== newerArgs.at(-1))) return "not-at-end";
  return isNewer(held, newerArgs) ? "newer" : [text, "PX", px, ...(xx === "" ? [] : ["XX"])];
}

function isNewer(
  held: string,
  [ms = "", nth = "", kind, sinceMs, seenMs, seenDigest]: readonly string[],
): boolean {
  const { position, respondedAtMs, bodyDigest } = stampedIn(held);
  if (typeof position !== "string" || Number.isNaN(respondedAtMs)) return false;
  const by = comparePositions(position, `${ms}-${nth}`);
  const isLoad = kind === "load";
  if (by < 0 || (by === 0 && !isLoad)) return false;
  const isSeen = String(respondedAtMs) === seenMs && bodyDigest === seenDigest;
  const isRecent = respondedAtMs >= Number(sinceMs);
  if (!isLoad) return isRecent;
  if (by === 0) return isRecent && !isSeen;
  return isRecent || !isSeen;
}

/** Returns the members of a record with a stamp; nothing for another text. */
function stampedIn(held: string) {
  const [head = ""] = held.split("\n", 1);
  try {
    const { s: stamp, q: requestedAtMs, a: tookMs, d: bodyDigest } = JSON.parse(head);
    return { position: stamp[0], respondedAtMs: requestedAtMs + tookMs, bodyDigest };
  } catch {
    return {};
  }
}
