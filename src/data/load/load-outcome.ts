// The request for a load, and its outcome for all callers that wait for it.
import type { Flight, Flights } from "../../cache/flights.ts";
import type { TierName } from "../../config/config.ts";
import type { Candidate, DataMetadata, DataRecord } from "../value/data-record.ts";
import type { LoadMany } from "../value/load-context.ts";
import type { DataPlace } from "../value/space.ts";

/** The outcome for all waiting callers. */
export type LoadOutcome =
  | { readonly kind: "stored"; readonly stored: DataRecord }
  /** The value is not stored, but the waiting callers receive it. */
  | {
      readonly kind: "given";
      readonly stored?: undefined;
      readonly given: DataRecord;
      /** Whether the value is newer than the stored value, which then must not answer any more. */
      readonly endsOlder?: boolean;
    }
  /** All waiting callers receive this error. */
  | { readonly kind: "failed"; readonly stored?: undefined; readonly error: unknown };

export type DataFlight = Flight<LoadOutcome>;
export type DataFlights = Flights<LoadOutcome>;

/** A value to load. */
export interface LoadNeed {
  readonly place: DataPlace;
  readonly load: LoadMany<unknown>;
  /** The stored value. It may answer if the load is slow or fails, or if the source confirms it. */
  readonly older: Candidate | undefined;
  /** Whether the caller accepts only a load that starts after its call. */
  readonly isForced: boolean;
}

/** Returns the longest time of a load, including the wait for its lock. */
export function flightMsMaxOf({ place }: LoadNeed): number {
  const { hardTimeoutMs, waitTimeoutMs } = place.space;
  return hardTimeoutMs + waitTimeoutMs;
}

/** The result of one call. */
export type CallResult =
  | { readonly kind: "value"; readonly metadata: DataMetadata; readonly by: ValueSource }
  /** A stored value that is stale. */
  | {
      readonly kind: "value";
      readonly metadata: DataMetadata;
      readonly by: "stale";
      /** Whether a soft purge has made it stale, and not its age alone. */
      readonly isPurged: boolean;
      readonly tier: TierName;
    }
  | { readonly kind: "error"; readonly error: unknown };

/** `load`: the caller's own load. `collapsed`: another call's load. `hit`: a fresh stored value. */
export type ValueSource = "load" | "collapsed" | "hit";
