// Estimates the upload time of a request's body, during which the origin sends no first byte.

/**
 * The assumed upload speed: 64 KiB per second, or half a megabit per second. Slower uploads may
 * time out.
 */
const bytesPerMs = 65.536;

/** Limits how long a client can hold a connection to the origin by claiming a large body. */
const uploadMsMax = 1_800_000;

/**
 * Returns the time to add to the first-byte timeout, derived from the stated length of the
 * request's body. A slow upload does not mean that the origin is unresponsive.
 *
 * @returns milliseconds; 0 without a body or a stated length
 */
export function uploadMs(request: Pick<Request, "body" | "headers">): number {
  const length = request.headers.get("content-length") ?? "";
  if (request.body === null || !/^\d{1,15}$/.test(length)) return 0;
  return Math.min(uploadMsMax, Math.ceil(Number(length) / bytesPerMs));
}
