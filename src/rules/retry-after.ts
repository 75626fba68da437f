// Parses Retry-After (RFC 9110 §10.2.3), the time that a client should wait before a retry.
import { parseHttpDate } from "./http-date.ts";

/** The maximum, about three years. Every client can parse eight digits. */
const secondsMax = 99_999_999;

/**
 * Parses a number of seconds or a date. Never throws.
 *
 * @param text the field value; `null` if the field is absent
 * @param atMs the instant from which a date is counted
 * @returns seconds; `undefined` for invalid text, and for a date in the past or beyond the maximum
 */
export function retryAfterSeconds(text: string | null, atMs: number): number | undefined {
  if (text !== null && /^\d{1,8}$/.test(text)) return Number(text);
  const againAtMs = parseHttpDate(text, atMs);
  if (typeof againAtMs === "string" || againAtMs <= atMs) return undefined;
  const seconds = Math.ceil((againAtMs - atMs) / 1_000);
  return seconds <= secondsMax ? seconds : undefined;
}
