// Computes the age of a stored response (RFC 9111 §4.2.3).
import { deltaSeconds } from "./cache-control.ts";
import { datedAtMs } from "./http-date.ts";
import type { Fields } from "./fields.ts";

/**
 * Returns `current_age`.
 *
 * @param given.requestedAtMs `request_time`, epoch milliseconds
 * @param given.respondedAtMs `response_time`, epoch milliseconds
 * @param given.atMs `now`, epoch milliseconds
 * @returns seconds with fractions, never negative
 */
export function currentAgeSeconds(given: {
  fields: Fields;
  requestedAtMs: number;
  respondedAtMs: number;
  atMs: number;
}): number {
  const { fields, requestedAtMs, respondedAtMs, atMs } = given;
  const ageValueSeconds = statedAgeSeconds(fields);
  const dateValueAtMs = datedAtMs(fields, respondedAtMs);
  const apparentAgeSeconds = Math.max(0, (respondedAtMs - dateValueAtMs) / 1000);
  const responseDelaySeconds = (respondedAtMs - requestedAtMs) / 1000;
  const correctedAgeValueSeconds = ageValueSeconds + responseDelaySeconds;
  const correctedInitialAgeSeconds = Math.max(apparentAgeSeconds, correctedAgeValueSeconds);
  const residentTimeSeconds = (atMs - respondedAtMs) / 1000;
  return Math.max(0, correctedInitialAgeSeconds + residentTimeSeconds);
}

/** Matches a list whose first non-empty member is digits, optionally with parameters. */
const firstMemberPattern = /^[\s,]*(\d+)\s*(?:[,;]|$)/;

/**
 * Returns `age_value` in seconds: the first member of `Age` (RFC 9111 §5.1), or 0 if it is absent
 * or not a non-negative integer.
 *
 * This departs from RFC 9111 §5.1, which ignores an integer with parameters (`7200;a=1`). This
 * function ignores only the parameters, as for a structured field (RFC 9651 §3.3). A response must
 * not appear younger than it is.
 */
export function statedAgeSeconds(fields: Fields): number {
  return deltaSeconds(fields.get("age")?.match(firstMemberPattern)?.[1]) ?? 0;
}
