// An entry of the journal: a purge, a mark of loss, or a post of the switch. A mark of loss covers
// everything, because entries were lost or the journal was empty. An entry is stored as the fields
// of a Redis stream entry.
import { listIn } from "../../base/json-text.ts";
import type { Stamp } from "../../cache/record/record.ts";
import {
  everything,
  everythingAnd,
  type PurgeMode,
  type PurgeTargets,
  releasedBy,
} from "./purge-target.ts";
import { readPost, type SwitchPost, type SwitchState } from "./switch-state.ts";

/**
 * An entry's stream ID and its `n`. After a loss, another entry may get the same ID. An `n` is a
 * random text. In Redis, the entry's number and lineage follow the text (rule 27).
 */
export type EntryId = Exclude<Stamp, "none">;

/**
 * Returns when the journal accepted the entry at a position, by the journal's clock, in epoch
 * milliseconds.
 */
export function acceptedAtMs(position: string): number {
  return Number(position.split("-", 1)[0]);
}

export interface NewEntry {
  readonly n: string;
  readonly mode: PurgeMode;
  readonly targets: PurgeTargets;
  /** The `webhook-id` of a signed request, or the random id of a write through (rule 25 c); else empty. */
  readonly id: string;
  /** The SHA-256 of a signed request's body; else empty. */
  readonly bodyDigest: string;
  readonly reason: string;
  readonly by: string;
  /**
   * In a mark of loss, the position and `n` of the lost entry, separated by a space. Empty in the
   * mark of an empty journal, and in all other entries.
   */
  readonly lost: string;
  /** Present only in a post of the switch. The targets of a post are empty, and cover nothing. */
  readonly switched?: SwitchPost | undefined;
}

export type Entry = NewEntry & EntryId;

/** The value of `by` for invalidations by unsafe requests (RFC 9111 §4.4). */
export const byInvalidation = "invalidation";

/**
 * Returns whether an entry is a hard purge or a mark, but not an invalidation. A response that was
 * only invalidated may still be validated with the origin.
 */
export function isOrdered({ mode, by }: Entry): boolean {
  return mode === "hard" && by !== byInvalidation;
}

/**
 * Returns a mark, which covers everything.
 *
 * @param lost the position and `n` of the lost entry; empty for an empty journal
 */
export function markOf(lost: string, n: string): NewEntry {
  return {
    n,
    mode: "hard",
    targets: everything,
    id: "",
    bodyDigest: "",
    reason: lost === "" ? emptyReason : "the journal has lost entries",
    by: "tidemark",
    lost,
  };
}

const emptyReason = "the journal was empty";

/** Returns whether an entry is the mark that begins an empty journal. */
export function isBeginning({ by, reason }: NewEntry): boolean {
  return by === "tidemark" && reason === emptyReason;
}

/** Returns whether no entry precedes this one in the journal, by the number in its `n`. */
export function isFirst(entry: Entry): boolean {
  return isBeginning(entry) || /^[^.]*\.1(?:\.\d+)?$/.test(entry.n);
}

/**
 * The version of the format, which every incompatible change increments. An entry of another
 * version covers everything. Its post of the switch and its release still count, if they can be read.
 */
const version = "1";

/** Returns an entry's fields by name, in the format of XADD. */
export function encodeEntry(entry: NewEntry): Record<string, string> {
  const { tags, prefixes } = entry.targets;
  return {
    v: version,
    n: entry.n,
    mode: entry.mode,
    tags: JSON.stringify(tags),
    prefixes: JSON.stringify(prefixes),
    id: entry.id,
    digest: entry.bodyDigest,
    reason: entry.reason,
    by: entry.by,
    lost: entry.lost,
    ...(entry.switched && { switch: JSON.stringify(entry.switched) }),
  };
}

/**
 * Decodes an entry. Never throws. An invalid entry becomes a hard purge of everything, which costs
 * origin requests but misses no purge.
 *
 * @param fields alternating names and values, as in a stream reply
 */
export function decodeEntry(position: string, fields: readonly string[]): Entry {
  const text = (name: string) => valueIn(fields, name);
  const written = readTargets(text("tags"), text("prefixes"));
  const targets = text("v") === version ? written : undefined;
  const isSoft = text("mode") === "soft" && targets !== undefined;
  const switched = readPost(text("switch"), acceptedAtMs(position));
  return {
    position,
    n: text("n"),
    mode: isSoft ? "soft" : "hard",
    targets: targets ?? everythingAnd(written),
    id: text("id"),
    bodyDigest: text("digest"),
    reason: text("reason"),
    by: text("by"),
    lost: text("lost"),
    ...(switched && { switched }),
  };
}

/** Returns the state after the last post among the entries; `undefined` if there is no post. */
export function lastSwitched(entries: readonly Entry[]): SwitchState | undefined {
  const entry = entries.findLast(({ switched }) => switched !== undefined);
  if (entry?.switched === undefined) return undefined;
  const { post, bypass } = entry.switched;
  return { post, bypass, position: entry.position, n: entry.n };
}

/** A release, and the position of the entry that told it. */
export interface ReleaseEntry {
  readonly id: string;
  readonly position: string;
}

/** Returns the releases that entries tell, in the order of the entries. */
export function releasesIn(entries: readonly Entry[]): readonly ReleaseEntry[] {
  return entries.flatMap(({ targets, position }) => {
    const id = releasedBy(targets);
    return id === undefined ? [] : [{ id, position }];
  });
}

/** Returns the last value of a name; empty if there is none. A map would take longer than these few names. */
function valueIn(fields: readonly string[], name: string): string {
  for (let at = fields.length - (fields.length % 2) - 2; at >= 0; at -= 2) {
    if (fields[at] === name) return fields[at + 1] ?? "";
  }
  return "";
}

function readTargets(tags: string, prefixes: string): PurgeTargets | undefined {
  try {
    return { tags: readTexts(tags), prefixes: readTexts(prefixes) };
  } catch {
    return undefined;
  }
}

/** Parses a JSON list of strings, without duplicates. Throws for any other text. */
function readTexts(json: string): readonly string[] {
  const texts: unknown = JSON.parse(json);
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === "string"))
    throw new Error("This is no list of strings.");
  return texts.length < 2 ? texts : [...new Set(texts)];
}

/**
 * The estimated bytes of objects, maps and indexes per entry, per tag and per segment of a prefix.
 */
const entryBytes = 448;
const targetBytes = 192;
const segmentBytes = 320;

/** Returns an upper estimate of the bytes that an entry occupies in a view and its index. */
export function heldBytes(entry: Entry): number {
  const { n, position, id, bodyDigest, reason, by, lost } = entry;
  const { tags, prefixes } = entry.targets;
  let chars = n.length + position.length + id.length + bodyDigest.length + reason.length;
  chars += by.length + lost.length;
  for (const tag of tags) chars += tag.length;
  for (const prefix of prefixes) chars += prefix.length;
  let bytes = entryBytes + targetBytes * tags.length + 2 * chars;
  if (entry.switched !== undefined) bytes += 2 * JSON.stringify(entry.switched).length;
  // Prefixes are indexed by segment.
  for (const prefix of prefixes) bytes += segmentBytes * prefix.split("/").length;
  return bytes;
}

/**
 * Compares positions in the order of the stream. Returns a negative number if a is older than b.
 */
export function comparePositions(a: string, b: string): number {
  const [aMs = 0, aSequence = 0] = a.split("-").map(Number);
  const [bMs = 0, bSequence = 0] = b.split("-").map(Number);
  return aMs - bMs || aSequence - bSequence;
}

/**
 * Returns whether the entry is at this place. After a loss, another entry may have the same
 * position, but not the same `n`.
 */
export function isSameEntry(entry: EntryId | undefined, place: Stamp): boolean {
  return place !== "none" && entry?.position === place.position && entry.n === place.n;
}

/**
 * Decodes a reply of XRANGE or XREVRANGE, `[[id, [name, value, …]], …]`. Skips items of any other
 * form.
 */
export function entriesOf(reply: unknown): Entry[] {
  return listIn(reply).flatMap((item) => {
    const [position, fields] = listIn(item);
    if (typeof position !== "string" || !Array.isArray(fields)) return [];
    return [decodeEntry(position, fields.map(String))];
  });
}
