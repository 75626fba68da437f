// A stored response as plain data (RFC 9111 §3), the same in every tier: a record of the cache whose
// detail is what HTTP says of it.
import type { Candidate as CacheCandidate } from "../../cache/find.ts";
import type { CacheRecord, RecordMetadata } from "../../cache/record/record.ts";
import { type FieldLine, fieldsOf } from "../../rules/fields.ts";

/** The tags that one field names: without the field itself where that may not be stored. */
export type FieldTags = readonly [field: string, tags: readonly string[]];

/**
 * What is kept of a request to be sent once more: browsers' own have 70 to 200 characters. Of others
 * than these no request can be made (RFC 9110 §5.5).
 */
export const askedByPattern = /^[\t\u0020-\u007e\u0080-\u00ff]{0,256}$/;

/**
 * What kind of client a response was made for, so that a refresh can ask for the same: `User-Agent`
 * and `Accept` of its request, where these fit `askedByPattern`.
 */
export interface AskedBy {
  readonly userAgent?: string | undefined;
  readonly accept?: string | undefined;
}

/** What HTTP says of a stored response, beside what any record has. */
export interface ResponseDetail {
  readonly status: number;
  readonly statusText: string;
  readonly fields: readonly FieldLine[];
  /** Selecting header fields and the forwarded values they had (RFC 9111 §4.1). */
  readonly selecting: readonly (readonly [name: string, value: string | null])[];
  /** Those of its tags, by field, whose field is not among `fields`, so that a 304 can leave them. */
  readonly withheldTags?: readonly FieldTags[] | undefined;
  /** Its route's tags could not be worked out, so that no purge by them would find it. */
  readonly lacksRouteTags?: boolean | undefined;
  /** `undefined` in records of earlier versions. */
  readonly askedBy?: AskedBy | undefined;
  /** Drawn once per fill, 0 ≤ draw < 1: how much of the route's jitter shortens this lifetime. */
  readonly jitterDraw: number;
  /** `Date` of the answer that brought the body, once a 304 has brought one of its own. */
  readonly bodyDate?: string | undefined;
  /** Filled so soon after a purge that its origin may not be settled: fresh for no longer. */
  readonly lifetimeSecondsMax?: number | undefined;
}

/** Everything that is known of a stored response, save its body. Serialises to JSON and back. */
export interface StoredMetadata extends RecordMetadata, ResponseDetail {}

/** A stored response with its body, or with as much of that as was read. */
export type StoredResponse = CacheRecord<ResponseDetail>;

/** A stored response, the tier that it was read from, and its key there. */
export type Candidate = CacheCandidate<ResponseDetail>;

/** @returns `Date` of the answer that brought the body, as it came; `null` where it had none */
export function bodyDateOf(metadata: StoredMetadata): string | null {
  return metadata.bodyDate ?? fieldsOf(metadata).get("date");
}
