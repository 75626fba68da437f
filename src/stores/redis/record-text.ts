// Encodes a record as one Redis string: the metadata as ASCII JSON without line feeds, a line feed,
// and the body as text. A marker has no body.
import { decodeRecord, isOfKey } from "../../cache/tiers/record-codec.ts";
import type { Command } from "../../remote/redis/redis.ts";
import { longHeadCharsMax } from "./journal/record-scripts.ts";
import type { CheckedRecord, RecordForm } from "../../cache/tiers/record-form.ts";

/**
 * The characters that a lookup for metadata reads. They contain most heads, and many small pages as
 * a whole. Reading them costs 4,096 B × $0.03/GB = $0.00000012, a sixteenth of the price of a
 * command.
 */
export const headCharsMax = 4_096;

const headEnd = "\n";

/** The characters of the digest at the end of a key. */
const digestChars = 64;

/** The room for metadata that a 304 may add, in characters. */
const spareChars = 128;

const charsOf = { whole: 0, metadata: headCharsMax, "long-metadata": longHeadCharsMax };

export type RecordPart = keyof typeof charsOf;

/** Returns the command that reads the value, or its beginning. */
export function readCommand(redisKey: string, part: RecordPart): Command {
  // -1 means the end.
  return ["GETRANGE", redisKey, 0, charsOf[part] - 1];
}

/** Returns whether the text ends within the metadata. */
export function isCutHead(text: unknown): boolean {
  return typeof text === "string" && text.length >= headCharsMax && !text.includes(headEnd);
}

export function recordText(head: string, body: string): string {
  return head + headEnd + body;
}

/** A Redis value, or its beginning. */
export interface HeldRecord<Detail> extends CheckedRecord<Detail> {
  /** The characters available for a head that replaces this head in place. */
  readonly headChars: number;
  readonly bodyText: string;
}

/**
 * Decodes the value of a key. Returns `undefined` if it is not a record, ends within its head, or
 * has the mark of another key. Never throws.
 */
export function recordIn<Detail>(
  redisKey: string,
  text: unknown,
  { form }: { readonly form: RecordForm<Detail> },
): HeldRecord<Detail> | undefined {
  const headChars = typeof text === "string" ? text.indexOf(headEnd) : -1;
  if (typeof text !== "string" || headChars === -1) return undefined;
  const head = text.slice(0, headChars);
  const decoded = decodeRecord(head, form);
  if (decoded === undefined || !isOfKey(decoded, redisKey.slice(-digestChars))) return undefined;
  return { ...decoded, headChars, bodyText: text.slice(headChars + 1) };
}

/** Pads a head with spaces, which JSON allows, so that a later head fits in its place. */
export function padded(head: string): string {
  return head.padEnd(Math.ceil((head.length + spareChars) / spareChars) * spareChars);
}
