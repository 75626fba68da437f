// Bodies as the Cache API gives and takes them: none that is not as long as its record says.
import { contentRange, lengthOf } from "../../http/ranges.ts";
import type { ByteRange } from "../../http/ranges.ts";
import type { StoredBody } from "../record/record.ts";
import { letGo } from "../../let-go.ts";

/** `gone`: the record is there without its body. `not-whole`: the body is not what the record says. */
export type BodyRead = StoredBody | "gone" | "not-whole";

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
