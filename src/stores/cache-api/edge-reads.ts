// Builds requests to the Cache API, and reads bodies from its responses. A body is rejected if its
// length differs from the record's.
import { type ByteRange, contentRange, lengthOf } from "../../rules/ranges.ts";
import type { StoredBody } from "../../cache/record/record.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { overridingRules } from "../../base/colo-cache.ts";

/**
 * `gone`: the body of the record is no longer stored. `not-whole`: the response has another length
 * or range than the record requires.
 */
export type BodyRead = StoredBody | "gone" | "not-whole";

/** The requests for one stored response. They are kept, because Workers take some 4 µs to construct one. */
export class ResponseRequests {
  readonly #address: string;
  readonly #entityTag: string;
  #whole: Request | undefined;
  #unlessSame: Request | undefined;

  constructor(address: string, entityTag: string) {
    this.#address = address;
    this.#entityTag = entityTag;
  }

  get whole(): Request {
    return (this.#whole ??= new Request(this.#address, overridingRules));
  }

  /** Gets a 304 while the stored response has the entity tag. */
  get unlessSame(): Request {
    const headers = { "if-none-match": this.#entityTag };
    return (this.#unlessSame ??= new Request(this.#address, { ...overridingRules, headers }));
  }
}

/**
 * Builds a range request. Caches without support for ranges answer with the whole body
 * (developers.cloudflare.com, "Cache API").
 */
export function ranged({ firstByte, lastByte }: ByteRange, address: string): Request {
  const headers = { range: `bytes=${firstByte}-${lastByte}` };
  return new Request(address, { ...overridingRules, headers });
}

/**
 * Returns the whole body as a stream; `gone` without a body, `not-whole` for another status or
 * length.
 */
export function streamedFrom(response: Response, bodyBytes: number | null): BodyRead {
  const { body, headers, status } = response;
  if (body === null) return "gone";
  const statedBytes = Number(headers.get("content-length") ?? bodyBytes);
  if (status === 200 && statedBytes === bodyBytes) return { kind: "stream", stream: body };
  cancelBody(response);
  return "not-whole";
}

/** Returns the requested part of a body; `not-whole` for any other response. */
export function partFrom(response: Response, range: ByteRange, bodyBytes: number | null): BodyRead {
  const { body, headers } = response;
  const partBytes = lengthOf(range);
  const isAsked =
    bodyBytes !== null && headers.get("content-range") === contentRange(range, bodyBytes);
  const statedBytes = Number(headers.get("content-length") ?? partBytes);
  if (body !== null && isAsked && statedBytes === partBytes) {
    return { kind: "part", range, stream: body };
  }
  cancelBody(response);
  return "not-whole";
}
