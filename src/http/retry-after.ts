// Reads Retry-After (RFC 9110 §10.2.3): how long a client should wait before it asks again.
import { parseHttpDate } from "./http-date.ts";

/**
 * @param text the field's value; `null` for a field that is absent
 * @param atMs the instant that a date is counted from
 * @returns seconds; `undefined` for what is no number of them, or no date to come. Never throws.
 */
export function retryAfterSeconds(text: string | null, atMs: number): number | undefined {
  // As many digits as a client can be counted on to read: three years.
  if (text !== null && /^\d{1,8}$/.test(text)) return Number(text);
  const againAtMs = parseHttpDate(text, atMs);
  if (typeof againAtMs === "string" || againAtMs <= atMs) return undefined;
  return Math.ceil((againAtMs - atMs) / 1_000);
}
