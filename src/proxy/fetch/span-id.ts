// The span ID of one forward in a trace (W3C Trace Context §3.2.2.4).

/** Returns 16 random hexadecimal digits, which are not all 0. */
export function newSpanId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  // An ID of zeros is invalid.
  if (bytes.every((byte) => byte === 0)) return newSpanId();
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
