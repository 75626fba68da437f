// The tiers of stored responses: those of the cache, holding HTTP's detail.
import type { RecordHead } from "../../cache/tiers/record-form.ts";
import type {
  ArrivingRecord,
  Memory,
  Tier,
  TierAsk,
  TierRead,
  TierRecord,
} from "../../cache/tiers/tier.ts";
import type { ResponseDetail } from "./stored-response.ts";

export type ResponseTier = Tier<ResponseDetail>;
export type ResponseAsk = TierAsk<ResponseDetail>;
export type ResponseRead = TierRead<ResponseDetail>;
export type ResponseRecord = TierRecord<ResponseDetail>;
export type ResponseHead = RecordHead<ResponseDetail>;
export type ArrivingResponse = ArrivingRecord<ResponseDetail>;

/** In the order in which they are asked. */
export interface Tiers {
  readonly memory: Memory<ResponseDetail>;
  readonly edge: ResponseTier;
  /** `undefined` without a database. */
  readonly shared: ResponseTier | undefined;
}
