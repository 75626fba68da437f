// Reads Retry-After (RFC 9110 §10.2.3): how long a client should wait before it asks again.
import { parseHttpDate } from "./http-date.ts";

/** Eight digits, which any client can be counted on to read: three years. */
const secondsMax = 99_999_999;

/**
 * @param text the field's value; `null` for a field that is absent
 * @param atMs the instant that a date is counted from
 * @returns seconds; `undefined` for what is no number of them, or no date to come. Never throws.
 */
export function retryAfterSeconds(text: string | null, atMs: number): number | undefined {
  if (text !== null && /^\d{1,8}$/.test(text)) return Number(text);
  const againAtMs = parseHttpDate(text, atMs);
  if (typeof againAtMs === "string" || againAtMs <= atMs) return undefined;
  const seconds = Math.ceil((againAtMs - atMs) / 1_000);
  return seconds <= secondsMax ? seconds : undefined;
}
