// Computes the wait before a purge is retried.

export interface BackOff {
  /**
   * The maximum wait before the second try. It doubles with each further try, up to `waitMsMax`.
   */
  readonly firstWaitMs: number;
  readonly waitMsMax: number;
  /** Returns a new number, 0 ≤ n < 1, for each wait. */
  readonly random: () => number;
}

/**
 * Returns a random wait in milliseconds: from half of the maximum to the maximum, and at least 1.
 * Jitter prevents senders that failed together from retrying together.
 *
 * @param failedTries 1 after the first failure
 */
export function backOffMs(failedTries: number, given: BackOff): number {
  const wholeMs = Math.min(given.waitMsMax, given.firstWaitMs * 2 ** (failedTries - 1));
  return Math.max(1, Math.round((wholeMs / 2) * (1 + given.random())));
}

const retryAfterMsMax = 3_600_000;

/**
 * Parses `Retry-After` (RFC 9110 §10.2.3) in seconds or as a date.
 *
 * @returns milliseconds: 0 for an absent or invalid field or a past date; at most an hour, because
 *   the field may be wrong
 */
export function retryAfterMs(field: string | null, atMs: number): number {
  const text = field?.trim() ?? "";
  // The form of asctime has no time zone.
  const isDate = /^[A-Z][a-z]{2,8},? /.test(text);
  const dateAtMs = isDate ? Date.parse(text.replace(/(?: GMT)?$/, " GMT")) : Number.NaN;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : dateAtMs - atMs;
  return Number.isNaN(waitMs) ? 0 : Math.min(Math.max(0, waitMs), retryAfterMsMax);
}

/** Waits. Rejects with the signal's reason when the signal is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
