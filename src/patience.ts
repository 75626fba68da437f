// Waits by timers: for an instant, or for what another request has under way and no longer.

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * @param promise of another request. The runtime breaks the promises of a request that it ends,
 *   which counts as impatience too. Never rejects.
 */
export async function patiently<T>(
  promise: Promise<T>,
  patienceMs: number,
): Promise<T | "out-of-patience"> {
  const { promise: end, resolve } = Promise.withResolvers<"out-of-patience">();
  const timer = setTimeout(() => resolve("out-of-patience"), patienceMs);
  try {
    return await Promise.race([promise, end]);
  } catch {
    return "out-of-patience";
  } finally {
    clearTimeout(timer);
  }
}
