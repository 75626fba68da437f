// What a load comes to, for all who wait for it; and what is loaded for whom.
import type { Flight, Flights } from "../../cache/flights.ts";
import type { TierName } from "../../config/config.ts";
import type { Candidate, DataMetadata, DataRecord } from "../value/data-record.ts";
import type { LoadMany } from "../value/load-context.ts";
import type { Place } from "../value/place.ts";

/** What those who wait are told. */
export type LoadOutcome =
  | { readonly kind: "stored"; readonly stored: DataRecord }
  /** It is not stored: who waited is given it all the same. */
  | {
      readonly kind: "given";
      readonly stored?: undefined;
      readonly given: DataRecord;
      /** It is newer than what is stored, and that is not to answer any longer. */
      readonly endsOlder?: boolean;
    }
  /** All who waited get this very error. */
  | { readonly kind: "failed"; readonly stored?: undefined; readonly error: unknown };

export type DataFlight = Flight<LoadOutcome>;
export type DataFlights = Flights<LoadOutcome>;

/** A value that has to be loaded. */
export interface Need {
  readonly place: Place;
  readonly load: LoadMany<unknown>;
  /** What is stored: it may answer where the load is slow or fails, or be told to hold still. */
  readonly older: Candidate | undefined;
  /** Nothing may answer that was loaded, or begun to be, before. */
  readonly isForced: boolean;
}

/** What one call is given. */
export type Given =
  | { readonly kind: "value"; readonly metadata: DataMetadata; readonly by: GivenBy }
  /** What was stored before, and is stale. */
  | {
      readonly kind: "value";
      readonly metadata: DataMetadata;
      readonly by: "stale";
      readonly tier: TierName;
    }
  | { readonly kind: "error"; readonly error: unknown };

/** `load`: its own; `collapsed`: another call's; `hit`: what was stored before, and is fresh. */
export type GivenBy = "load" | "collapsed" | "hit";
