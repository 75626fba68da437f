// A stored response as plain data (RFC 9111 §3): a cache record with HTTP's metadata, the same in
// every tier. Also the cache's tier types, for HTTP responses.
import type { Candidate as CacheCandidate } from "../../cache/lookup.ts";
import type { RuleMatch } from "../../config/answer-rules.ts";
import type { CacheRecord, RecordMetadata } from "../../cache/record/record.ts";
import { type FieldLine, fieldsOf, type Fields } from "../../rules/fields.ts";
import { type SelectingValues, selectingValues } from "../../rules/selecting.ts";
import { strongValidator } from "../../rules/validators.ts";
import type { TierStack } from "../../cache/tiers/tier-stack.ts";
import type {
  ArrivingRecord,
  RecordHead,
  Tier,
  TierAsk,
  TierRead,
  TierRecord,
} from "../../cache/tiers/tier.ts";

/** The tags in one response field. The field itself is not always stored. */
export type FieldTags = readonly [field: string, tags: readonly string[]];

/** A body that a `BodyHolder` has. The holder knows more members. */
export interface HeldApart {
  /** The length of the whole body. */
  readonly totalBytes: number;
}

/** HTTP's metadata of a stored response, in addition to the metadata of every record. */
export interface ResponseDetail {
  readonly status: number;
  readonly statusText: string;
  readonly fields: readonly FieldLine[];
  /** The selecting header fields and their forwarded values (RFC 9111 §4.1). */
  readonly selecting: SelectingValues;
  /**
   * The tags from fields that are not stored in `fields`. A 304 without such a field keeps the
   * field's tags.
   */
  readonly withheldTags?: readonly FieldTags[] | undefined;
  /**
   * Whether the route's tag function failed, so that purges by its tags would miss this response.
   */
  readonly lacksRouteTags?: boolean | undefined;
  /**
   * Whether a client's own request fetched the body. Fields that `Vary` should name may then have
   * changed the body, so a refresh sends no validators.
   */
  readonly isOfClient?: boolean | undefined;
  /** The `Date` of the answer that the body is from, if a 304 has replaced the field. */
  readonly bodyDate?: string | undefined;
  /**
   * The entity tag that clients get in place of the origin's validators, because these lie: made of the body, and
   * empty while the body's digest is unknown.
   */
  readonly contentTag?: string | undefined;
  /** Limits the lifetime soon after a purge, when the origin may still serve old content. */
  readonly lifetimeSecondsMax?: number | undefined;
  /** The fallback origin that sent the response, which is provisional; absent for the route's own origin. */
  readonly provisional?: string | undefined;
  /** The route's rules on answers that fitted; `undefined` if none did. */
  readonly ruleMatch?: RuleMatch | undefined;
  /** The body, if a `BodyHolder` has it; its record is then empty. */
  readonly heldApart?: HeldApart | undefined;
  /** A text that a part has stored with the response when it first answered in place of one that failed. */
  readonly mark?: string | undefined;
}

/**
 * The metadata of a stored response: everything except its body. It can be serialized to JSON and
 * back.
 */
export interface StoredMetadata extends RecordMetadata, ResponseDetail {
  readonly selecting: SelectingValues;
}

/** A stored response with its body, or the part that was read. */
export type StoredResponse = CacheRecord<ResponseDetail>;

/** A stored response, the tier that it was read from, and its key there. */
export type Candidate = CacheCandidate<ResponseDetail>;

/** A stored response to judge, whose body and tier do not matter. */
export interface JudgedResponse extends Pick<Candidate, "key"> {
  readonly stored: Pick<StoredResponse, "metadata">;
}

/** Returns the length of the whole body, which a holder may have; `null` if unknown. */
export function wholeBytes({
  bodyBytes,
  heldApart,
}: Pick<StoredMetadata, "bodyBytes" | "heldApart">): number | null {
  return heldApart?.totalBytes ?? bodyBytes;
}

/** Returns the unparsed `Date` of the answer that the body is from; `null` if there is none. */
export function bodyDateOf(metadata: StoredMetadata): string | null {
  return metadata.bodyDate ?? fieldsOf(metadata).get("date");
}

/** Returns the strong validator of the body; `undefined` if there is none, or if it may lie. */
export function validatorOf(metadata: StoredMetadata): string | undefined {
  return metadata.contentTag === undefined ? originValidatorOf(metadata) : undefined;
}

/** Returns the strong validator that the origin knows, even if it may lie; `undefined` if there is none. */
export function originValidatorOf(metadata: StoredMetadata): string | undefined {
  return strongValidator(fieldsOf(metadata), bodyDateOf(metadata));
}

export type ResponseTier = Tier<ResponseDetail>;
export type ResponseAsk = TierAsk<ResponseDetail>;
export type ResponseRead = TierRead<ResponseDetail>;
export type ResponseRecord = TierRecord<ResponseDetail>;
export type ResponseHead = RecordHead<ResponseDetail>;
export type ArrivingResponse = ArrivingRecord<ResponseDetail>;

export type Tiers = TierStack<ResponseDetail>;

/** Returns the response that a read found; `undefined` for a miss or a marker. */
export function responseIn(read: ResponseRead): StoredResponse | undefined {
  return read.kind === "found" && read.record.kind === "response" ? read.record.stored : undefined;
}

/** Metadata with values, by the metadata that a tier has read and may return again. */
const whole = new WeakMap<StoredMetadata, StoredMetadata>();

/**
 * Adds the values that select a response, which no tier below memory has. They are those of the request,
 * because its key has led to the response.
 */
export function withValues(read: ResponseRead, request: Fields): ResponseRead {
  const { metadata, body } = responseIn(read) ?? {};
  if (metadata === undefined || body === undefined || metadata.selecting.length === 0) return read;
  const names = metadata.selecting.map(([name]) => name);
  const made = whole.get(metadata) ?? { ...metadata, selecting: selectingValues(names, request) };
  whole.set(metadata, made);
  return { kind: "found", record: { kind: "response", stored: { metadata: made, body } } };
}
