// The port of slices, which a Worker has only if it imports `tidemark/slices`.
import type { FetchResult } from "../../cache/flights.ts";
import type { Stamp } from "../../cache/record/record.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { FieldLine } from "../../rules/fields.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/** A `PagePlace`, whose file imports the site. */
interface Place {
  readonly request: LookupRequest;
  readonly key: RecordKey;
}

/** A 206, with the stamp from before its request. */
interface AnsweredSlice {
  readonly response: Response;
  readonly requestedAtMs: number;
  readonly respondedAtMs: number;
  readonly stamp: Stamp;
}

/** The request for a slice. */
export interface SliceRequest {
  readonly request: LookupRequest;
  /** The fields to add. */
  readonly fields: readonly FieldLine[];
  readonly range: ByteRange;
}

/** The slices of one isolate. */
export interface SlicePort {
  /** Returns whether an answer to this request may be stored in slices. */
  isSliced(place: Place): boolean;
  /**
   * Returns the request for the slice with the first byte that the client wants; `undefined` if the
   * client's own request is forwarded.
   *
   * @param stamp the stamp from before the request
   */
  requestFor(place: Place, stamp: Stamp): SliceRequest | undefined;
  /**
   * Stores a 206 as a head and its first slice, or whole if it has the whole body, and answers the
   * client from them.
   *
   * @param place has the request that the origin received, with the conditions of the client
   * @param asked.range the range of the slice
   * @returns `undefined` if the client's own request must be forwarded
   */
  take(
    fresh: AnsweredSlice,
    place: Place,
    asked: { readonly client: LookupRequest; readonly range: ByteRange },
  ): Promise<FetchResult<Response> | undefined>;
  /**
   * Waits for the first slice of an answer, if the answer has a body.
   *
   * @param mayAnswer judges the head after the wait
   * @returns `gone` if the head may not answer, and `limited` if the client may cause no fetch
   */
  ready(
    head: StoredMetadata,
    place: Place,
    mayAnswer: () => boolean,
  ): Promise<"ready" | "gone" | "limited">;
  /**
   * Returns whether the answer's body has begun, or has no slice to wait for. Otherwise the client's
   * own request must be forwarded.
   */
  hasBegun(place: Place): Promise<boolean>;
  /** Returns the body of an answer. If a slice cannot be had, the body is cut off. */
  bodyOf(
    head: StoredMetadata,
    part: ByteRange | undefined,
    place: Place,
  ): ReadableStream<Uint8Array>;
}
