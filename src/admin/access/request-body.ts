// Reads the body of an operator's request, with limits on size and time.
import { unreachable } from "../../base/unreachable.ts";
import type { Reason } from "../../base/operator-error.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Time limit for a body. Bodies of operators have at most 256 KiB, and webhooks at most 1 MiB, so a
 * slower client is at fault.
 */
const bodyMsMax = 10_000;

/** Each chunk costs a turn of the event loop, however small it is. */
const chunksMax = 16_384;

/** Reasons for a missing body: over its limits, timed out, or aborted by the client. */
type BodyFault = "too-large" | "too-many-chunks" | "too-slow" | "broken-off";

/**
 * Reads the body up to the size limit, within `bodyMsMax`. Never rejects.
 *
 * @param bounds.hintOfLarge the hint for a body over its limit
 * @returns the body, or the error for a body that could not be read
 */
export async function bodyUpTo(
  { headers, body }: Request,
  bounds: { readonly bytesMax: number; readonly hintOfLarge: string },
): Promise<Bytes | BodyRefusal> {
  const { bytesMax } = bounds;
  if (Number(headers.get("content-length") ?? 0) > bytesMax) return refusalOf("too-large", bounds);
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const { promise: late, resolve } = Promise.withResolvers<"too-slow">();
  const timer = setTimeout(() => resolve("too-slow"), bodyMsMax);
  const read = await Promise.race([bytesOf(reader, bytesMax), late]);
  clearTimeout(timer);
  if (typeof read !== "string") return read;
  if (read !== "broken-off") reader.cancel().catch(() => undefined);
  return refusalOf(read, bounds);
}

/**
 * Copies each chunk, because a client may send chunks of one byte, whose objects take hundreds of
 * times the memory of their bytes.
 */
async function bytesOf(
  reader: ReadableStreamDefaultReader<Bytes>,
  bytesMax: number,
): Promise<Bytes | BodyFault> {
  let bytes = new Uint8Array();
  let length = 0;
  try {
    for (let chunkCount = 1; ; chunkCount += 1) {
      const { done, value } = await reader.read();
      if (done) return bytes.subarray(0, length);
      if (chunkCount > chunksMax) return "too-many-chunks";
      const end = length + value.byteLength;
      if (end > bytesMax) return "too-large";
      if (end > bytes.length) {
        const larger = new Uint8Array(Math.min(bytesMax, 2 * end));
        larger.set(bytes);
        bytes = larger;
      }
      bytes.set(value, length);
      length = end;
    }
  } catch {
    return "broken-off";
  }
}

/** The error for a request without a usable body. */
interface BodyRefusal extends Reason {
  readonly status: number;
  readonly code: "too-large" | "too-slow" | "malformed";
}

function refusalOf(
  fault: BodyFault,
  { bytesMax, hintOfLarge }: Parameters<typeof bodyUpTo>[1],
): BodyRefusal {
  const again = { hint: "Send the request again, with its whole body at once." };
  switch (fault) {
    case "too-large": {
      const why = `The body is over ${bytesMax} bytes.`;
      return { status: 413, code: fault, why, hint: hintOfLarge };
    }
    case "too-many-chunks": {
      const why = `The body arrived in over ${chunksMax} chunks.`;
      return { status: 413, code: "too-large", why, ...again };
    }
    case "too-slow": {
      const why = `The body did not arrive within ${bodyMsMax / 1_000} s.`;
      return { status: 408, code: fault, why, ...again };
    }
    case "broken-off":
      return { status: 400, code: "malformed", why: "The body was cut off.", ...again };
    default:
      return unreachable(fault);
  }
}
