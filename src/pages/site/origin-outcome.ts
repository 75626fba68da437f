// A forward: its place, the answer of the origin, and the outcomes for the requests that wait for it.
import type { Relay } from "../../bodies/relay.ts";
import type { Flight, FlightOutcome, Flights } from "../../cache/flights.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Stamp } from "../../cache/record/record.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import type { OriginTrouble } from "../../platform/origin-health.ts";
import { retryAfterSeconds } from "../../rules/retry-after.ts";
import type { Objections } from "../../part/port/phases.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";

/**
 * The kind of a failure. `error-status`: the origin answered with an error status of RFC 5861 §4.
 */
export type OriginFailure = OriginTrouble | "error-status";

/** A failed origin request, with the parts of an error response that other clients may receive. */
export interface FailedRequest {
  readonly failure: OriginFailure;
  readonly status?: number;
  readonly retryAfterSeconds?: number | undefined;
}

/** A request, and the place of its response. */
export interface RequestPlace {
  readonly request: LookupRequest;
  /** The key of the response. Concurrent origin requests of one key are collapsed. */
  readonly key: RecordKey;
}

/** An origin's answer, with the stamp from before its request. Instants are epoch milliseconds. */
export interface StampedAnswer extends Objections {
  readonly response: Response;
  readonly requestedAtMs: number;
  readonly respondedAtMs: number;
  readonly stamp: Stamp;
  /** The build that made the answer: empty if unknown, absent on a route without builds. */
  readonly release?: string | undefined;
  /** The origin's fields, by which parts judge the answer. Absent if these are the fields of `response`. */
  readonly judgedFields?: Headers;
}

/** The result of an origin request for waiting requests. */
export type SharedOutcome =
  | { readonly kind: "stored"; readonly stored: StoredResponse }
  /** A response whose body is still arriving. */
  | {
      readonly kind: "arriving";
      readonly metadata: StoredMetadata;
      readonly relay: Relay;
      readonly stored?: undefined;
    }
  /** Stored, but the body is too large for memory. Each request looks the response up. */
  | {
      readonly kind: "in-tiers";
      readonly metadata: StoredMetadata;
      /** Whether the tier of all colos has not stored the body. */
      readonly isOnlyInColo?: boolean;
      readonly stored?: undefined;
    }
  /** Variants are stored under their own keys, so each request looks up its own variant. */
  | { readonly kind: "varies"; readonly marker: VaryMarker; readonly stored?: undefined }
  | ({ readonly kind: "origin-failed"; readonly stored?: undefined } & FailedRequest);

export type OriginOutcome = FlightOutcome<SharedOutcome>;

export type OriginFlight = Flight<SharedOutcome>;

export type OriginFlights = Flights<SharedOutcome>;

/**
 * @param response a server error that is not stored
 * @param atMs the current time, to convert a date in Retry-After into seconds
 */
export function failedWith({ status, headers }: Response, atMs: number): OriginOutcome {
  const seconds = retryAfterSeconds(headers.get("retry-after"), atMs);
  return { kind: "origin-failed", failure: "error-status", status, retryAfterSeconds: seconds };
}
