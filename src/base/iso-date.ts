// Formats instants for operators.

/**
 * Formats an instant as ISO 8601.
 *
 * @param atMs epoch milliseconds; values beyond the range of `Date` can come from a forged entry in Redis
 * @returns `null` for `undefined` and for values beyond that range
 */
export function isoOf(atMs: number | undefined): string | null {
  const date = new Date(atMs ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
