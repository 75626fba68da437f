// How long to wait before a purge is tried again, and the wait itself.

export interface BackOff {
  /** Before the second try; each further wait is twice as long. */
  readonly firstWaitMs: number;
  readonly waitMsMax: number;
  /** From 0 up to 1, drawn anew for each wait. */
  readonly random: () => number;
}

/**
 * Between half the wait and all of it, so that senders that failed together do not return so.
 *
 * @param failedTries 1 after the first failure
 * @returns at least 1
 */
export function backOffMs(failedTries: number, given: BackOff): number {
  const wholeMs = Math.min(given.waitMsMax, given.firstWaitMs * 2 ** (failedTries - 1));
  return Math.max(1, Math.round((wholeMs / 2) * (1 + given.random())));
}

const retryAfterMsMax = 3_600_000;

/**
 * Reads `Retry-After` (RFC 9110 §10.2.3), in seconds or as a date.
 *
 * @returns 0 for an absent or unreadable field, and for a date that has passed; an hour at most,
 * since the purge is wanted now and the field may be a slip
 */
export function retryAfterMs(field: string | null, atMs: number): number {
  const text = field?.trim() ?? "";
  const dateAtMs = /^[A-Z][a-z]{2}, .* GMT$/.test(text) ? Date.parse(text) : Number.NaN;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : dateAtMs - atMs;
  return Number.isNaN(waitMs) ? 0 : Math.min(Math.max(0, waitMs), retryAfterMsMax);
}

/** Waits. @throws the signal's reason as soon as that is aborted */
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
