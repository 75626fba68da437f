// Records as text that outlives this version of the code: versioned, checked when read.
import * as z from "zod/mini";
import { askedByPattern, type StoredMetadata } from "../../proxy/stored/stored-response.ts";
import type { TierRecord, VaryMarker } from "./tier.ts";

/** Raised with every change of form; a record of another version is a miss. */
const version = 4;

/** What no field can have would throw only when an answer is made of it (RFC 9110 §5.1, §5.5). */
export const fieldName = z.string().check(z.regex(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/));
export const fieldValue = z.string().check(z.regex(/^[^\0\r\n]*$/));

const sentValue = z.string().check(z.regex(askedByPattern));

const metadataForm = z.object({
  url: z.string(),
  route: z.string(),
  status: z.int().check(z.minimum(200), z.maximum(599)),
  statusText: fieldValue,
  fields: z.array(z.tuple([fieldName, fieldValue])),
  requestedAtMs: z.number(),
  respondedAtMs: z.number(),
  bodyBytes: z.nullable(z.int().check(z.minimum(0))),
  bodyDigest: z.nullable(z.string()),
  selecting: z.array(z.tuple([fieldName, z.nullable(z.string())])),
  tags: z.array(z.string()),
  withheldTags: z.optional(z.array(z.tuple([fieldName, z.array(z.string())]))),
  askedBy: z.optional(
    z.object({ userAgent: z.optional(sentValue), accept: z.optional(sentValue) }),
  ),
  stamp: z.union([z.literal("none"), z.object({ position: z.string(), n: z.string() })]),
  colo: z.string(),
  fillCostMs: z.number(),
  jitterDraw: z.number(),
  bodyDate: z.optional(fieldValue),
  bodyRequestedAtMs: z.optional(z.number()),
  lifetimeSecondsMax: z.optional(z.number()),
  awaitsSecondAsk: z.optional(z.boolean()),
});

const recordForm = z.object({
  v: z.literal(version),
  keepUntilAtMs: z.number(),
  record: z.union([
    z.object({ kind: z.literal("response"), metadata: metadataForm }),
    z.object({
      kind: z.literal("vary"),
      names: z.array(fieldName),
      sinceAtMs: z.number(),
      variants: z.array(z.tuple([z.string(), z.number()])),
    }),
  ]),
});

/** A record without its body, as a tier that holds text keeps it. */
export type RecordHead = { kind: "response"; metadata: StoredMetadata } | VaryMarker;

export function headOf(record: TierRecord): RecordHead {
  return record.kind === "vary" ? record : { kind: "response", metadata: record.stored.metadata };
}

/** @returns JSON in ASCII alone, so that it can also stand in a header field */
export function encodeRecord(record: RecordHead, keepUntilAtMs: number): string {
  return JSON.stringify({ v: version, keepUntilAtMs, record }).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** @returns `undefined` for text of another version or form. Never throws. */
export function decodeRecord(
  text: string,
): { record: RecordHead; keepUntilAtMs: number } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const checked = z.safeParse(recordForm, parsed);
  return checked.success ? checked.data : undefined;
}
