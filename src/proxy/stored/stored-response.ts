// A stored response as plain data (RFC 9111 §3), the same in every tier: a cache record with HTTP's
// metadata.
import type { Candidate as CacheCandidate } from "../../cache/find.ts";
import type { CacheRecord, RecordMetadata } from "../../cache/record/record.ts";
import { type FieldLine, fieldsOf } from "../../rules/fields.ts";

/** The tags in one response field, which itself may not be storable. */
export type FieldTags = readonly [field: string, tags: readonly string[]];

/**
 * Field values that a refresh can send again. Browsers send 70 to 200 characters. Other characters are
 * invalid in requests (RFC 9110 §5.5).
 */
export const askedByPattern = /^[\t\u0020-\u007e\u0080-\u00ff]{0,256}$/;

/**
 * The kind of client that a response was made for, so that a refresh can ask for the same: `User-Agent`
 * and `Accept` of its request, if they match `askedByPattern`.
 */
export interface AskerFields {
  readonly userAgent?: string | undefined;
  readonly accept?: string | undefined;
}

/** HTTP's metadata of a stored response, in addition to that of every record. */
export interface ResponseDetail {
  readonly status: number;
  readonly statusText: string;
  readonly fields: readonly FieldLine[];
  /** Selecting header fields and their forwarded values (RFC 9111 §4.1). */
  readonly selecting: readonly (readonly [name: string, value: string | null])[];
  /** Tags from fields that are not in `fields`. A 304 without such a field keeps its tags. */
  readonly withheldTags?: readonly FieldTags[] | undefined;
  /** The route's tag function failed, so purges by its tags would miss this response. */
  readonly lacksRouteTags?: boolean | undefined;
  /** `undefined` in records of earlier versions. */
  readonly askedBy?: AskerFields | undefined;
  /** Drawn once per fill, 0 ≤ draw < 1: how much of the route's jitter shortens this lifetime. */
  readonly jitterDraw: number;
  /** The `Date` of the answer that brought the body, if a 304 has replaced the field. */
  readonly bodyDate?: string | undefined;
  /** Limits the lifetime of a fill soon after a purge, when the origin may still serve old content. */
  readonly lifetimeSecondsMax?: number | undefined;
}

/** Everything about a stored response except its body. Serialises to JSON and back. */
export interface StoredMetadata extends RecordMetadata, ResponseDetail {}

/** A stored response with its body, or the part that was read. */
export type StoredResponse = CacheRecord<ResponseDetail>;

/** A stored response, the tier that it was read from, and its key there. */
export type Candidate = CacheCandidate<ResponseDetail>;

/** Returns the `Date` of the answer that brought the body, unparsed; `null` if it had none. */
export function bodyDateOf(metadata: StoredMetadata): string | null {
  return metadata.bodyDate ?? fieldsOf(metadata).get("date");
}
