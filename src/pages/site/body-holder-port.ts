// The port of the part that stores the bodies of some responses apart from their records.
import type { FetchResult } from "../../cache/flights.ts";
import type { Stamp } from "../../cache/record/record.ts";
import type { FieldLine } from "../../rules/fields.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import type { RequestPlace, StampedAnswer } from "./origin-outcome.ts";

/** A request of the holder in place of the client's. */
export interface HolderRequest {
  readonly request: LookupRequest;
  /** The fields to add. */
  readonly fields: readonly FieldLine[];
  /**
   * Stores the answer, and answers the client.
   *
   * @param place has the request that the origin received, with the conditions of the client
   * @returns `not-held` if the answer is to be stored like any other, without a read of its body;
   *   `own-request` if the client's own request must be forwarded
   */
  take(
    fresh: StampedAnswer,
    place: RequestPlace,
  ): Promise<FetchResult<Response> | "not-held" | "own-request">;
}

/** The bodies of one isolate that are stored apart. The core judges their records, and sends no byte before. */
export interface BodyHolder {
  /** Returns whether an answer to a request for a range may be shared, because the holder asks for another. */
  mayCollapse(place: RequestPlace): boolean;
  /** Returns whether the body of a record can be had here. */
  has(head: StoredMetadata, place: RequestPlace): boolean;
  /**
   * Returns the request for what the client wants of the body; `undefined` if the client's own request is
   * forwarded.
   *
   * @param stamp the stamp from before the request
   */
  ask(place: RequestPlace, stamp: Stamp): HolderRequest | undefined;
  /**
   * Waits for the first bytes of an answer, if the answer has a body.
   *
   * @param mayAnswer judges the head after the wait
   * @returns `gone` if the head may not answer, and `limited` if the client may cause no fetch
   */
  ready(
    head: StoredMetadata,
    place: RequestPlace,
    mayAnswer: () => boolean,
  ): Promise<"ready" | "gone" | "limited">;
  /**
   * Returns whether the answer's body has begun, or has nothing to wait for. Otherwise the client's own
   * request must be forwarded.
   */
  hasBegun(place: RequestPlace): Promise<boolean>;
  /** Returns the body of an answer. If the rest of it cannot be had, the body is cut off. */
  read(
    head: StoredMetadata,
    part: ByteRange | undefined,
    place: RequestPlace,
  ): ReadableStream<Uint8Array>;
}
