// The head of a hash: the metadata by which all its fields are judged.
import { dataForm, type DataMetadata, keepUntilAtMs } from "../value/data-record.ts";
import type { Stamp } from "../../cache/record/record.ts";
import { decodeRecord, encodeRecord } from "../../cache/tiers/record-codec.ts";
import { comparePositions } from "../../purge/journal/entry.ts";

/**
 * Encodes a head.
 *
 * @param id random, so that every write changes the head
 */
export function headText(metadata: DataMetadata, id: string): string {
  return `${id} ${encodeRecord({ kind: "response", metadata }, keepUntilAtMs(metadata))}`;
}

/** Decodes a head. Returns `undefined` if the text is not a head of this version. */
export function headIn(text: string): DataMetadata | undefined {
  const record = decodeRecord(text.slice(text.indexOf(" ") + 1), dataForm)?.record;
  return record?.kind === "response" ? record.metadata : undefined;
}

/**
 * Merges the head of the kept fields with that of new fields. A purge that covers either head also
 * covers the merged head.
 */
export function joined(stored: DataMetadata, made: DataMetadata): DataMetadata {
  return {
    ...made,
    stamp: olderOf(stored.stamp, made.stamp),
    colo: stored.colo === made.colo ? made.colo : "",
    requestedAtMs: Math.min(stored.requestedAtMs, made.requestedAtMs),
    respondedAtMs: Math.min(stored.respondedAtMs, made.respondedAtMs),
    freshMs: Math.min(stored.freshMs, made.freshMs),
    tags: [...new Set([...stored.tags, ...made.tags])],
  };
}

/** Returns the older stamp. Both stamps must be of one chain. */
function olderOf(one: Stamp, other: Stamp): Stamp {
  if (one === "none" || other === "none") return "none";
  return comparePositions(one.position, other.position) <= 0 ? one : other;
}
