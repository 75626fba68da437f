// The head of a hash: the metadata by which all its fields are judged.
import { dataForm, type DataMetadata, keepUntilAtMs } from "../value/data-record.ts";
import type { Stamp } from "../../cache/record/record.ts";
import { decodeRecord, encodeRecord } from "../../cache/tiers/record-codec.ts";
import { comparePositions } from "../../purge/journal/entry.ts";

/** @param id random, so that every head differs and a changed head shows a write */
export function headText(metadata: DataMetadata, id: string): string {
  return `${id} ${encodeRecord({ kind: "response", metadata }, keepUntilAtMs(metadata))}`;
}

/** Returns `undefined` if the text is not a head of this version. */
export function headIn(text: string): DataMetadata | undefined {
  const record = decodeRecord(text.slice(text.indexOf(" ") + 1), dataForm)?.record;
  return record?.kind === "response" ? record.metadata : undefined;
}

/** Merges the head of kept fields with that of new fields. A purge that covers either covers the merged hash. */
export function joined(held: DataMetadata, made: DataMetadata): DataMetadata {
  return {
    ...made,
    stamp: olderOf(held.stamp, made.stamp),
    colo: held.colo === made.colo ? made.colo : "",
    requestedAtMs: Math.min(held.requestedAtMs, made.requestedAtMs),
    respondedAtMs: Math.min(held.respondedAtMs, made.respondedAtMs),
    freshMs: Math.min(held.freshMs, made.freshMs),
    tags: [...new Set([...held.tags, ...made.tags])],
  };
}

/** Both stamps must be of one chain. */
function olderOf(one: Stamp, other: Stamp): Stamp {
  if (one === "none" || other === "none") return "none";
  return comparePositions(one.position, other.position) <= 0 ? one : other;
}
