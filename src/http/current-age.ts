// How old a stored response is (RFC 9111 §4.2.3), in that section's own terms.
import { deltaSeconds } from "./cache-control.ts";
import { datedAtMs } from "./http-date.ts";
import type { Fields } from "./fields.ts";

/**
 * @param given.requestedAtMs `request_time`, epoch milliseconds
 * @param given.respondedAtMs `response_time`, epoch milliseconds
 * @param given.atMs          `now`
 * @returns seconds, fractions kept, never negative
 */
export function currentAgeSeconds(given: {
  fields: Fields;
  requestedAtMs: number;
  respondedAtMs: number;
  atMs: number;
}): number {
  const { fields, requestedAtMs, respondedAtMs, atMs } = given;
  const ageValueSeconds = largestAgeSeconds(fields.get("age"));
  const dateValueAtMs = datedAtMs(fields, respondedAtMs);
  const apparentAgeSeconds = Math.max(0, (respondedAtMs - dateValueAtMs) / 1000);
  const responseDelaySeconds = (respondedAtMs - requestedAtMs) / 1000;
  const correctedAgeValueSeconds = ageValueSeconds + responseDelaySeconds;
  const correctedInitialAgeSeconds = Math.max(apparentAgeSeconds, correctedAgeValueSeconds);
  const residentTimeSeconds = (atMs - respondedAtMs) / 1000;
  return Math.max(0, correctedInitialAgeSeconds + residentTimeSeconds);
}

/** Of one that is malformed the largest number counts: where it answers at all, it is that old. */
function largestAgeSeconds(text: string | null): number {
  const numbers = text?.match(/\d+/g) ?? [];
  return numbers.reduce((largest, number) => Math.max(largest, deltaSeconds(number) ?? 0), 0);
}

/**
 * What `Age` says, in seconds: one non-negative integer (RFC 9111 §5.1).
 *
 * Departs from RFC 9111 §5.1, which takes the first of several members and ignores what is
 * malformed: either reading may make a response younger than it is.
 */
export function statedAgeSeconds(fields: Fields): number | "absent" | "unreadable" {
  const text = fields.get("age");
  return text === null ? "absent" : (deltaSeconds(text.trim()) ?? "unreadable");
}
