// A record as the one string that Redis holds: its head, which is metadata as JSON in ASCII, then a line
// feed, which JSON has nowhere, then its body as text. Nothing follows the line feed of a marker.
import { decodeRecord } from "../../cache/tiers/record-codec.ts";
import type { CheckedRecord, RecordForm } from "../../cache/tiers/record-form.ts";

/**
 * How much is asked for where metadata may do: more than most heads, and many a small page whole. It
 * costs a sixteenth of a command: 4,096 B × $0.03/GB = $0.00000012.
 */
export const headCharsMax = 4_096;

/** Where metadata alone is of use and is longer than that: bodies may be a hundred times as long. */
const longHeadCharsMax = 65_536;

const headEnd = "\n";

/** What a 304 may add to metadata before it no longer fits into the place that it had. */
const spareChars = 128;

const charsOf = { whole: 0, metadata: headCharsMax, "long-metadata": longHeadCharsMax };

export type RecordPart = keyof typeof charsOf;

/** What GETRANGE is asked for; -1 is the end. */
export function rangeOf(redisKey: string, part: RecordPart): [string, number, number] {
  return [redisKey, 0, charsOf[part] - 1];
}

/** Is it what there is of a record whose metadata is longer than what was asked for? */
export function isCutHead(text: unknown): boolean {
  return typeof text === "string" && text.length >= headCharsMax && !text.includes(headEnd);
}

export function recordText(head: string, body: string): string {
  return head + headEnd + body;
}

/** What Redis holds under a key, or its beginning. */
export interface HeldRecord<Detail> extends CheckedRecord<Detail> {
  /** How much room a head has that is written over this one. */
  readonly headChars: number;
  readonly bodyText: string;
}

/** @returns `undefined` for what is cut within its head, and for what is no record. Never throws. */
export function recordIn<Detail>(
  text: unknown,
  form: RecordForm<Detail>,
): HeldRecord<Detail> | undefined {
  const headChars = typeof text === "string" ? text.indexOf(headEnd) : -1;
  if (typeof text !== "string" || headChars === -1) return undefined;
  const decoded = decodeRecord(text.slice(0, headChars), form);
  return decoded && { ...decoded, headChars, bodyText: text.slice(headChars + 1) };
}

/** Room to be written over by a later head; JSON does not mind the spaces. */
export function padded(head: string): string {
  return head.padEnd(Math.ceil((head.length + spareChars) / spareChars) * spareChars);
}
