// The body of a record that is in memory.
import type { StoredBody } from "./record.ts";

export type HeldBody = Extract<StoredBody, { kind: "blob" }>;

/**
 * Creates a body whose blob is created when a tier needs it. A blob costs Node 8 µs, and values of
 * data need none.
 */
export function bodyOfBytes(bytes: Uint8Array<ArrayBuffer>): HeldBody {
  let held: Uint8Array<ArrayBuffer> | Blob = bytes;
  return {
    kind: "blob",
    get blob() {
      return held instanceof Blob ? held : (held = new Blob([held]));
    },
    get bytes() {
      return held instanceof Blob ? undefined : held;
    },
  };
}

/** Returns the length in bytes. */
export function sizeOf(body: HeldBody): number {
  return body.bytes?.byteLength ?? body.blob.size;
}

export async function bytesOf(body: HeldBody): Promise<Uint8Array<ArrayBuffer>> {
  return body.bytes ?? new Uint8Array(await body.blob.arrayBuffer());
}
