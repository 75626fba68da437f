// How a request continues a body of which it has read the first bytes.
import type { StartPorts } from "../cache/flights.ts";

/** The rest of a body that several requests continue at the same byte. */
export interface SharedRest {
  /** The body that the first of them fetches; `undefined` if it got none. */
  arriving?: Promise<ArrivingBody | undefined>;
}

/** How one request continues a body from a byte. Each returns `undefined` if that is impossible. */
export interface Continuation {
  /** Reads the rest from the tier that has stored the body. */
  readonly ofStored: (atByte: number) => Promise<ReadableStream<Uint8Array> | undefined>;
  /** Fetches the rest of the same version from the origin. */
  readonly ofOrigin: (
    atByte: number,
  ) => Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined>;
  /** Like `ofOrigin`, with one range request for all requests that share the rest. */
  readonly together: (
    atByte: number,
    shared: SharedRest,
  ) => Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined>;
}

/** A body that more requests can read. */
export interface ArrivingBody {
  /** Returns the whole body for one more request; `undefined` if the call comes too late. */
  join(
    continuation: Continuation,
    ports: Pick<StartPorts, "afterAnswer">,
  ): ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
}
