// The cache's tier types, for HTTP responses.
import type { TierStack } from "../../cache/tiers/tier-stack.ts";
import type {
  ArrivingRecord,
  RecordHead,
  Tier,
  TierAsk,
  TierRead,
  TierRecord,
} from "../../cache/tiers/tier.ts";
import type { Fields } from "../../rules/fields.ts";
import { selectingValues } from "../../rules/selecting.ts";
import type { ResponseDetail, StoredMetadata, StoredResponse } from "./stored-response.ts";

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
