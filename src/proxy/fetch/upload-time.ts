// How long a request's body may take to go to the origin: its first byte comes only behind that.

/** 64 KiB a second, half a megabit: who sends slower may find no patience. */
const bytesPerMs = 65.536;

/** Whoever claims a large body holds a connection of the origin for no longer. */
const uploadMsMax = 1_800_000;

/**
 * What a body adds to the time-out for the first byte of its answer, by the length that its client
 * tells: a body that takes minutes is no sign of an origin that is silent.
 *
 * @returns milliseconds; 0 without a body, or where its length is not told
 */
export function uploadMs(request: Pick<Request, "body" | "headers">): number {
  const length = request.headers.get("content-length") ?? "";
  if (request.body === null || !/^\d{1,15}$/.test(length)) return 0;
  return Math.min(uploadMsMax, Math.ceil(Number(length) / bytesPerMs));
}
