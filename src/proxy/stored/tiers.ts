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
import type { ResponseDetail, StoredResponse } from "./stored-response.ts";

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
