// What a forward to the origin leaves to those who waited for it: the outcome of a flight, in HTTP.
import type { Flight, FlightOutcome, Flights } from "../../cache/flights.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import { retryAfterSeconds } from "../../rules/retry-after.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";

/** `error-status`: it answered with a status that RFC 5861 §4 counts as an error. */
export type OriginFailure = "unreachable" | "timeout" | "error-status";

/** How a forward failed; of an error's answer, what may be told to others than its client. */
export interface FailedForward {
  readonly failure: OriginFailure;
  readonly status?: number;
  readonly retryAfterSeconds?: number | undefined;
}

/** What a forward leaves to those who waited. */
export type SharedForward =
  | { readonly kind: "stored"; readonly stored: StoredResponse }
  /** The body of an anonymous request's response, while it still comes. */
  | {
      readonly kind: "arriving";
      readonly metadata: StoredMetadata;
      /** `join` gives the body from its first byte on, as long as there is time and room for that. */
      readonly relay: { join(): ReadableStream<Uint8Array<ArrayBuffer>> | undefined };
      readonly stored?: undefined;
    }
  /** Variants are stored under keys of their own by now: each looks for its own. */
  | { readonly kind: "varies"; readonly marker: VaryMarker; readonly stored?: undefined }
  | ({ readonly kind: "origin-failed"; readonly stored?: undefined } & FailedForward);

export type ForwardOutcome = FlightOutcome<SharedForward>;

export type ForwardFlight = Flight<SharedForward>;

export type ForwardFlights = Flights<SharedForward>;

/**
 * @param response an error of the server, which is not stored
 * @param atMs     the instant that a date in its Retry-After is counted from
 */
export function failedWith({ status, headers }: Response, atMs: number): ForwardOutcome {
  const seconds = retryAfterSeconds(headers.get("retry-after"), atMs);
  return { kind: "origin-failed", failure: "error-status", status, retryAfterSeconds: seconds };
}
