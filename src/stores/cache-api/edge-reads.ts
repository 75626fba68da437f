// What the Cache API is asked for, and the bodies that it gives: none that is not as long as its record
// says.
import { contentRange, lengthOf } from "../../rules/ranges.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import type { StoredBody } from "../../cache/record/record.ts";
import { letGo } from "../../base/let-go.ts";

/** `gone`: the record is there without its body. `not-whole`: the body is not what the record says. */
export type BodyRead = StoredBody | "gone" | "not-whole";

/** Answered with a 304 while what lies there bears that tag. */
export function unless(entityTag: string, address: string): Request {
  return new Request(address, { headers: { "if-none-match": entityTag } });
}

/**
 * Answered with a 206 where the cache knows ranges, and with all of it elsewhere
 * (developers.cloudflare.com, "Cache API").
 */
export function ranged({ firstByte, lastByte }: ByteRange, address: string): Request {
  return new Request(address, { headers: { range: `bytes=${firstByte}-${lastByte}` } });
}

/** All of a body, read as it is sent. */
export function streamedFrom(response: Response, bodyBytes: number | null): BodyRead {
  const { body, headers, status } = response;
  if (body === null) return "gone";
  const statedBytes = Number(headers.get("content-length") ?? bodyBytes);
  if (status === 200 && statedBytes === bodyBytes) return { kind: "stream", stream: body };
  letGo(response);
  return "not-whole";
}

/** Those bytes of a body that were asked for, and no others. */
export function partFrom(response: Response, range: ByteRange, bodyBytes: number | null): BodyRead {
  const { body, headers } = response;
  const partBytes = lengthOf(range);
  const isAsked =
    bodyBytes !== null && headers.get("content-range") === contentRange(range, bodyBytes);
  const statedBytes = Number(headers.get("content-length") ?? partBytes);
  if (body !== null && isAsked && statedBytes === partBytes) {
    return { kind: "part", range, stream: body };
  }
  letGo(response);
  return "not-whole";
}
