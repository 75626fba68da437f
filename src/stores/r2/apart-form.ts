// The form of a record in the shared tier whose body is in R2. Such a record has an empty body, and its
// metadata names the object.
import * as z from "zod/mini";
import type { MetadataWith } from "../../cache/record/record.ts";
import { version, versionApart } from "../../cache/tiers/record-codec.ts";
import type { CheckedRecord, RecordForm } from "../../cache/tiers/record-form.ts";
import { sha256HexAtOnce } from "../../base/sha256.ts";
import { keepDays } from "./bucket.ts";

/** The body in R2. The name of its object follows from the record's key and `days`. */
export interface BodyApart {
  /** The entity tag of the object, which changes with the body. */
  readonly etag: string;
  /** The prefix of the object's name. */
  readonly days: number;
  readonly bodyBytes: number;
  readonly bodyDigest: string | null;
}

export type WithApart<Detail> = Detail & { readonly apart?: BodyApart };

const apartForm = z.object({
  v: z.literal(versionApart),
  record: z.object({
    metadata: z.object({
      apart: z.object({
        etag: z.string(),
        days: z.literal(keepDays),
        bodyBytes: z.int().check(z.minimum(1)),
        bodyDigest: z.nullable(z.string()),
      }),
    }),
  }),
});

/** Returns a form that also checks records whose body is in R2. */
export function formWithApart<Detail>(form: RecordForm<Detail>): RecordForm<WithApart<Detail>> {
  return {
    ...form,
    check(parsed) {
      const found = z.safeParse(apartForm, parsed);
      if (!found.success) return form.check(parsed) as CheckedRecord<WithApart<Detail>> | undefined;
      const checked = form.check({ ...(parsed as object), v: version });
      if (checked?.record.kind !== "response") return undefined;
      const { apart } = found.data.record.metadata;
      const metadata = { ...checked.record.metadata, apart };
      return { ...checked, record: { kind: "response", metadata } };
    },
  };
}

/** Returns the metadata of the record in the shared tier. */
export function withoutBody<Detail>(
  metadata: MetadataWith<Detail>,
  apart: BodyApart,
): MetadataWith<WithApart<Detail>> {
  return { ...metadata, bodyBytes: 0, bodyDigest: sha256HexAtOnce(""), apart };
}

/** Returns the metadata of the response, with its true length and digest. */
export function joinedWith<Detail>(
  metadata: MetadataWith<WithApart<Detail>>,
  { bodyBytes, bodyDigest }: BodyApart,
): MetadataWith<Detail> {
  const { apart: _, ...own } = metadata;
  return { ...(own as MetadataWith<Detail>), bodyBytes, bodyDigest };
}
