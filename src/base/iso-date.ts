// Instants as text for operators.

/**
 * @param atMs epoch milliseconds; what no calendar has, as whoever writes into Redis may make it up, counts
 *   as not known, like `undefined`
 * @returns ISO 8601; `null` where nobody knows
 */
export function isoOf(atMs: number | undefined): string | null {
  const date = new Date(atMs ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
