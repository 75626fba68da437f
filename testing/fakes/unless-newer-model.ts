// Models the Lua script that writes records unless newer ones are stored.
import { comparePositions } from "../simulation/simulated-stream.ts";

/**
 * Returns the reply of the script.
 *
 * @param args the number of keys, the keys, and ARGV
 * @param store runs the script for a record, with `unlessNewerArgs` and the `n` of the journal's last entry
 */
export function storedUnlessNewer(
  [count = "", ...rest]: readonly string[],
  store: (key: string, args: readonly string[], last: string | undefined) => unknown,
  last: string,
): readonly unknown[] {
  const [keys, args] = [rest.slice(0, Number(count)), rest.slice(Number(count))];
  const own = keys.slice(0, args.length / 2);
  const lastOf = keys.length > own.length ? last : undefined;
  return own.map((key, at) => store(key, args.slice(2 * at, 2 * at + 2), lastOf));
}

/**
 * Returns what the script does with a record: `newer`, `not-at-end`, or the arguments of SET.
 *
 * @param args `unlessNewerArgs`
 * @param held the stored text; empty for none
 * @param last the `n` of the journal's last entry; `undefined` without the journal's key
 */
export function setUnlessNewer(
  [options = "", text = ""]: readonly string[],
  held: string,
  last?: string,
): "newer" | "not-at-end" | readonly string[] {
  const [px = "", xx, n, ...newerArgs] = JSON.parse(options) as string[];
  if (last === "" || (last !== undefined && last !== n)) return "not-at-end";
  const isKept = last === undefined && isNewer(held, newerArgs);
  return isKept ? "newer" : [text, "PX", px, ...(xx === "" ? [] : ["XX"])];
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
