// Decides whether a stored record is newer than a written one (docs/internals/purge-protocol-data.md, rule 28 c). The
// object decides in the transaction that writes.
import { type NewerRecords, type Provenance, recentMsMax } from "../../cache/record/record.ts";
import { provenanceIn } from "../../cache/tiers/record-codec.ts";
import { comparePositions } from "../../purge/journal/entry.ts";
import type { UnlessNewer } from "./framed-call.ts";

export function unlessNewer(
  { stamp, requestedAtMs }: Provenance,
  { kind, seen }: NewerRecords,
): UnlessNewer {
  const position = stamp === "none" ? "0-0" : stamp.position;
  const { respondedAtMs = 0, bodyDigest = null } = seen ?? {};
  const ofSeen = seen && { seen: { respondedAtMs, bodyDigest } };
  return { kind, position, recentFromMs: requestedAtMs - recentMsMax, ...ofSeen };
}

/** @param head the head of the stored record. Without a stamp, or if it is unreadable, it is older */
export function isNewer(
  head: string,
  { kind, position, recentFromMs, seen }: UnlessNewer,
): boolean {
  const held = provenanceIn(head);
  if (held === undefined) return false;
  const by = comparePositions(held.position, position);
  if (by < 0 || (by === 0 && kind === "set")) return false;
  const isRecent = held.respondedAtMs >= recentFromMs;
  if (kind === "set") return isRecent;
  const isSeen = held.respondedAtMs === seen?.respondedAtMs && held.bodyDigest === seen.bodyDigest;
  return by === 0 ? isRecent && !isSeen : isRecent || !isSeen;
}
