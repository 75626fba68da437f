// The request for a load, and its outcome for all callers that wait for it.
import type { Flight, Flights } from "../../cache/flights.ts";
import type { TierName } from "../../config/config.ts";
import type { Candidate, DataMetadata, DataRecord } from "../value/data-record.ts";
import type { LoadMany } from "../value/load-context.ts";
import type { Place } from "../value/place.ts";

/** The outcome that all waiting callers get. */
export type LoadOutcome =
  | { readonly kind: "stored"; readonly stored: DataRecord }
  /** The value is not stored, but the waiting callers get it. */
  | {
      readonly kind: "given";
      readonly stored?: undefined;
      readonly given: DataRecord;
      /** The value is newer than the stored one, which must not answer any more. */
      readonly endsOlder?: boolean;
    }
  /** All waiting callers get this error. */
  | { readonly kind: "failed"; readonly stored?: undefined; readonly error: unknown };

export type DataFlight = Flight<LoadOutcome>;
export type DataFlights = Flights<LoadOutcome>;

/** A value that has to be loaded. */
export interface LoadNeed {
  readonly place: Place;
  readonly load: LoadMany<unknown>;
  /** The stored value. It may answer if the load is slow or fails, or if the source confirms it. */
  readonly older: Candidate | undefined;
  /** The caller accepts only a load that starts after its call. */
  readonly isForced: boolean;
}

/** The result of one call. */
export type CallResult =
  | { readonly kind: "value"; readonly metadata: DataMetadata; readonly by: ValueSource }
  /** A stored value that is stale. */
  | {
      readonly kind: "value";
      readonly metadata: DataMetadata;
      readonly by: "stale";
      readonly tier: TierName;
    }
  | { readonly kind: "error"; readonly error: unknown };

/** `load`: the caller's own load. `collapsed`: another call's. `hit`: a fresh stored value. */
export type ValueSource = "load" | "collapsed" | "hit";
