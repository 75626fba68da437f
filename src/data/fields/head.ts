// The head of a hash: by it all its fields are judged together.
import { dataForm, type DataMetadata, keepUntilAtMs } from "../value/data-record.ts";
import type { Stamp } from "../../cache/record/record.ts";
import { decodeRecord, encodeRecord } from "../../cache/tiers/record-codec.ts";
import { comparePositions } from "../../purge/journal/entry.ts";

/** @param id random: no two heads are the same text, so that one tells whether anything was set since */
export function headText(metadata: DataMetadata, id: string): string {
  return `${id} ${encodeRecord({ kind: "response", metadata }, keepUntilAtMs(metadata))}`;
}

/** @returns `undefined` for what is no head of this version */
export function headIn(text: string): DataMetadata | undefined {
  const record = decodeRecord(text.slice(text.indexOf(" ") + 1), dataForm)?.record;
  return record?.kind === "response" ? record.metadata : undefined;
}

/**
 * What fields that are set now make of a head which may still be used: whatever a purge covers of the
 * older or of the newer fields, it covers of the hash.
 */
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

/** Of one chain. */
function olderOf(one: Stamp, other: Stamp): Stamp {
  if (one === "none" || other === "none") return "none";
  return comparePositions(one.position, other.position) <= 0 ? one : other;
}
