// The bytes of values of Next.js as they are stored: text if they are UTF-8, which is a third shorter than base64.

/** Text, or bytes that are not UTF-8. */
export type StoredBytes = string | Uint8Array;

export function storedBytesOf(bytes: Uint8Array): StoredBytes {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}

/** Returns a copy of the bytes. */
export function bytesIn(stored: StoredBytes): Uint8Array<ArrayBuffer> {
  return typeof stored === "string" ? new TextEncoder().encode(stored) : new Uint8Array(stored);
}
