// Bodies as the Cache API gives and takes them: none that is not as long as its record says.
import { contentRange, lengthOf } from "../../http/ranges.ts";
import type { ByteRange } from "../../http/ranges.ts";
import type { CacheRecord, MetadataWith, StoredBody } from "../record/record.ts";
import { letGo } from "../../let-go.ts";
import type { TierRead } from "./tier.ts";

/** All of a body, read as it is sent; `gone` where the record has none. */
export function streamedFrom(
  response: Response,
  bodyBytes: number | null,
): StoredBody | "gone" | "not-whole" {
  const { body, headers, status } = response;
  if (body === null) return "gone";
  if (status !== 200) {
    letGo(response);
    return "not-whole";
  }
  const statedBytes = Number(headers.get("content-length") ?? bodyBytes);
  if (statedBytes === bodyBytes) return { kind: "stream", stream: body };
  letGo(response);
  return "not-whole";
}

/** Those bytes of a body that were asked for, and no others. */
export function partFrom(
  response: Response,
  range: ByteRange,
  bodyBytes: number | null,
): StoredBody | "not-whole" {
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

/** Of metadata that does for an answer, while it is kept. */
export function withoutBody<Detail>(
  { metadata, keepUntilAtMs }: { metadata: MetadataWith<Detail>; keepUntilAtMs: number },
  atMs: number,
): TierRead<Detail> {
  if (atMs >= keepUntilAtMs) return { kind: "absent" };
  const stored: CacheRecord<Detail> = { metadata, body: { kind: "absent" } };
  return { kind: "found", record: { kind: "response", stored } };
}

/** What is written; `undefined` for what is not held whole. */
export function wholeBody({
  body,
}: Pick<CacheRecord<unknown>, "body">): ReadableStream<Uint8Array> | undefined {
  return body.kind === "blob" ? body.blob.stream() : undefined;
}
