// The form of a record in the shared tier whose body is in R2. Such a record has an empty body, and its
// metadata names the object.
import type { MetadataWith } from "../../cache/record/record.ts";
import { isCount, isText, isTextOrNull } from "../../cache/tiers/record-codec.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
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

function isBodyApart(value: unknown): boolean {
  const { etag, days, bodyBytes, bodyDigest } = Object(value) as Partial<BodyApart>;
  const isStored = isText(etag) && keepDays.some((each) => each === days);
  return isStored && isCount(bodyBytes) && bodyBytes !== 0 && isTextOrNull(bodyDigest);
}

/** Returns a form that also has records whose body is in R2. */
export function formWithApart<Detail>(form: RecordForm<Detail>): RecordForm<WithApart<Detail>> {
  const apart = { name: "apart", inText: "p", isValid: isBodyApart, isRequired: false };
  return { ...form, members: [...form.members, { ...apart, leftOut: undefined }] };
}

/** The digest of no bytes. */
const digestOfNothing = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
const emptyBody = { bodyBytes: 0, bodyDigest: digestOfNothing };

/** Returns the metadata of the record in the shared tier. */
export function withoutBody<Detail>(
  metadata: MetadataWith<Detail>,
  apart: BodyApart,
): MetadataWith<WithApart<Detail>> {
  return { ...metadata, ...emptyBody, apart };
}

/** Returns the metadata of the response, with its true length and digest. */
export function joinedWith<Detail>(
  metadata: MetadataWith<WithApart<Detail>>,
  { bodyBytes, bodyDigest }: BodyApart,
): MetadataWith<Detail> {
  const { apart: _, ...own } = metadata;
  return { ...(own as MetadataWith<Detail>), bodyBytes, bodyDigest };
}
