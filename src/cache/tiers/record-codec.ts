// Encodes records as versioned text, and validates records when they are read.
import * as z from "zod/mini";
import { unknownValue } from "../../rules/selecting.ts";
import type { MetadataWith } from "../record/record.ts";
import type { CheckedRecord, RecordForm } from "./record-form.ts";
import type { RecordHead, TierRecord } from "./tier.ts";

/**
 * The version of the format, which every incompatible change increments. A record of another
 * version is a miss.
 */
export const version = 5;

/** The version of a record whose body is in another store, so that it is a miss without that store. */
export const versionApart = `${version}-apart`;

/** The metadata of every record, without the user's detail. */
const metadataForm = {
  url: z.string(),
  route: z.string(),
  tags: z.array(z.string()),
  groups: z.optional(z.array(z.string())),
  stamp: z.union([z.literal("none"), z.object({ position: z.string(), n: z.string() })]),
  colo: z.string(),
  requestedAtMs: z.number(),
  respondedAtMs: z.number(),
  bodyRequestedAtMs: z.optional(z.number()),
  fillCostMs: z.number(),
  bodyBytes: z.nullable(z.int().check(z.minimum(0))),
  bodyDigest: z.nullable(z.string()),
  awaitsSecondAsk: z.optional(z.boolean()),
};

/**
 * Compiles the validation of a record, for `RecordForm.check`.
 *
 * @param given.detail the checks by member
 * @param given.name the check of a name in a marker
 */
export function recordCheck<Detail>(given: {
  readonly detail: { readonly [Name in keyof Detail]-?: z.ZodMiniType<Detail[Name]> };
  readonly name: z.ZodMiniType<string>;
}): RecordForm<Detail>["check"] {
  const { detail, name } = given;
  const form = z.object({
    v: z.literal(version),
    keepUntilAtMs: z.number(),
    record: z.union([
      z.object({ kind: z.literal("response"), metadata: z.object({ ...metadataForm, ...detail }) }),
      z.object({
        kind: z.literal("vary"),
        names: z.array(name),
        sinceAtMs: z.number(),
        variants: z.array(z.tuple([z.string().check(z.regex(/^[\da-f]{64}$/)), z.number()])),
        listedSinceAtMs: z.number(),
      }),
    ]),
  });
  return (parsed) => {
    const checked = z.safeParse(form, parsed);
    if (!checked.success) return undefined;
    const { record, keepUntilAtMs } = checked.data;
    if (record.kind === "vary") return { record, keepUntilAtMs };
    const metadata = record.metadata as unknown as MetadataWith<Detail>;
    return { record: { kind: "response", metadata }, keepUntilAtMs };
  };
}

export function headOf<Detail>(record: TierRecord<Detail>): RecordHead<Detail> {
  return record.kind === "vary" ? record : { kind: "response", metadata: record.stored.metadata };
}

/** Returns ASCII-only JSON, which can also be a header field. */
export function encodeRecord(record: RecordHead<unknown>, keepUntilAtMs: number): string {
  const isApart = record.kind === "response" && "apart" in record.metadata;
  const v = isApart ? versionApart : version;
  return JSON.stringify({ v, keepUntilAtMs, record: withoutValues(record) }).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Leaves out the values of a request that select the record, because they may be secrets of a client. */
function withoutValues(record: RecordHead<unknown>): object {
  if (record.kind === "vary" || record.metadata.selecting === undefined) return record;
  const selecting = record.metadata.selecting.map(([name]) => [name, unknownValue]);
  return { ...record, metadata: { ...record.metadata, selecting } };
}

/** Returns the record; `undefined` for text of another version or form. Never throws. */
export function decodeRecord<Detail>(
  text: string,
  { check }: RecordForm<Detail>,
): CheckedRecord<Detail> | undefined {
  try {
    return check(JSON.parse(text));
  } catch {
    return undefined;
  }
}
