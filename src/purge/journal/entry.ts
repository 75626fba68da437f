// One entry of the journal: a purge, the mark of a loss, or a change of the switch; as field lines of
// a Redis stream.
import * as z from "zod/mini";
import type { Stamp } from "../../cache/record/record.ts";
import { everything, type PurgeMode, type PurgeTargets } from "./purge-target.ts";
import { readPost, type SwitchPost, type SwitchState } from "./switch-state.ts";

/** Where an entry stands: its stream ID, and the random `n` that tells it from one minted anew. */
export type EntryPlace = Exclude<Stamp, "none">;

/** Epoch milliseconds by the journal's clock: a stream's ID begins with them. */
export function acceptedAtMs(position: string): number {
  return Number(position.split("-", 1)[0]);
}

export interface NewEntry {
  readonly n: string;
  readonly mode: PurgeMode;
  readonly targets: PurgeTargets;
  /** The webhook's id and the SHA-256 of its body; empty for entries that nobody sent. */
  readonly id: string;
  readonly bodyDigest: string;
  readonly reason: string;
  readonly by: string;
  /** In a mark: position and `n` of the entry that was lost; empty otherwise. */
  readonly lost: string;
  /** In a change of the switch alone. Its targets are empty lists, so that it covers nothing. */
  readonly switched?: SwitchPost | undefined;
}

export type Entry = NewEntry & EntryPlace;

/** In `by`: what an answer to an unsafe method has invalidated (RFC 9111 §4.4). */
export const byInvalidation = "invalidation";

/**
 * A hard purge that somebody ordered, or a mark that stands for one. An invalidation only says that
 * what is stored may have changed, which a validation finds out.
 */
export function isOrdered({ mode, by }: Entry): boolean {
  return mode === "hard" && by !== byInvalidation;
}

/** Covers everything; `lost` names what was lost, and is empty where the journal was empty. */
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

/** Is it the mark with which a journal begins? */
export function isBeginning({ by, lost, reason }: NewEntry): boolean {
  return by === "tidemark" && lost === "" && reason === emptyReason;
}

/** Raised with every change of form; an entry of another version covers everything. */
const version = "1";

const textsForm = z.array(z.string());

/** @returns an entry's fields by name, as XADD takes them */
export function encodeEntry(entry: NewEntry): Record<string, string> {
  return {
    v: version,
    n: entry.n,
    mode: entry.mode,
    tags: JSON.stringify(entry.targets.tags),
    prefixes: JSON.stringify(entry.targets.prefixes),
    id: entry.id,
    digest: entry.bodyDigest,
    reason: entry.reason,
    by: entry.by,
    lost: entry.lost,
    // A Worker that does not know it reads an entry that covers nothing.
    ...(entry.switched && { switch: JSON.stringify(entry.switched) }),
  };
}

/**
 * @param fields names and values in turn, as a stream gives them back
 * @returns an entry that cannot be read covers everything, hard: to be wrong in this direction
 *   costs origin requests and breaks no promise. Never throws.
 */
export function decodeEntry(position: string, fields: readonly string[]): Entry {
  const values = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    values.set(fields[at] ?? "", fields[at + 1] ?? "");
  }
  const text = (name: string) => values.get(name) ?? "";
  const targets = text("v") === version ? readTargets(text("tags"), text("prefixes")) : undefined;
  const isSoft = text("mode") === "soft" && targets !== undefined;
  const switched = readPost(text("switch"));
  return {
    position,
    n: text("n"),
    mode: isSoft ? "soft" : "hard",
    targets: targets ?? everything,
    id: text("id"),
    bodyDigest: text("digest"),
    reason: text("reason"),
    by: text("by"),
    lost: text("lost"),
    ...(switched && { switched }),
  };
}

/** @returns the last change of the switch among entries; `undefined` where none is one */
export function lastSwitched(entries: readonly Entry[]): SwitchState | undefined {
  const entry = entries.findLast(({ switched }) => switched !== undefined);
  if (entry?.switched === undefined) return undefined;
  const { post, bypass } = entry.switched;
  return { post, bypass, position: entry.position, n: entry.n };
}

function readTargets(tags: string, prefixes: string): PurgeTargets | undefined {
  try {
    return { tags: readTexts(tags), prefixes: readTexts(prefixes) };
  } catch {
    return undefined;
  }
}

/** Each once: an index counts an entry once under each of its targets. */
function readTexts(json: string): string[] {
  return [...new Set(textsForm.parse(JSON.parse(json)))];
}

/** What an entry and each of its targets take beside their texts: objects, maps, indexes. */
const entryBytes = 448;
const targetBytes = 192;
const segmentBytes = 320;

/** An upper estimate of the bytes that an entry takes in a view, which indexes it. */
export function heldBytes(entry: Entry): number {
  const { n, position, id, bodyDigest, reason, by, lost } = entry;
  const { tags, prefixes } = entry.targets;
  const texts = [n, position, id, bodyDigest, reason, by, lost, ...tags, ...prefixes];
  let bytes = entryBytes + targetBytes * tags.length;
  for (const text of texts) bytes += 2 * text.length;
  if (entry.switched !== undefined) bytes += 2 * JSON.stringify(entry.switched).length;
  // A prefix is found by its segments.
  for (const prefix of prefixes) bytes += segmentBytes * prefix.split("/").length;
  return bytes;
}

/** By the numbers of their parts, as the stream orders them. @returns below 0 if a is older than b */
export function comparePositions(a: string, b: string): number {
  const [aMs = 0, aSequence = 0] = a.split("-").map(Number);
  const [bMs = 0, bSequence = 0] = b.split("-").map(Number);
  return aMs - bMs || aSequence - bSequence;
}

/** Is it that very entry? A position alone may be given twice, after a loss. */
export function isSamePlace(entry: EntryPlace | undefined, place: EntryPlace): boolean {
  return entry?.position === place.position && entry.n === place.n;
}

/** @param reply of XRANGE or XREVRANGE: `[[id, [name, value, …]], …]`; what is not in this form is left out */
export function entriesOf(reply: unknown): Entry[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((item: unknown) => {
    if (!Array.isArray(item)) return [];
    const [position, fields] = item as unknown[];
    if (typeof position !== "string" || !Array.isArray(fields)) return [];
    return [decodeEntry(position, fields.map(String))];
  });
}
