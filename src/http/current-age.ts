// How old a stored response is (RFC 9111 §4.2.3), in that section's own terms.
import { deltaSeconds } from "./cache-control.ts";
import { parseHttpDate } from "./http-date.ts";
import type { Fields } from "./stored-response.ts";

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
  const ageValueSeconds = ageSeconds(fields.get("age"));
  const dateAtMs = parseHttpDate(fields.get("date"), respondedAtMs);
  const apparentAgeSeconds =
    typeof dateAtMs === "number" ? Math.max(0, (respondedAtMs - dateAtMs) / 1000) : 0;
  const responseDelaySeconds = (respondedAtMs - requestedAtMs) / 1000;
  const correctedAgeValueSeconds = ageValueSeconds + responseDelaySeconds;
  const correctedInitialAgeSeconds = Math.max(apparentAgeSeconds, correctedAgeValueSeconds);
  const residentTimeSeconds = (atMs - respondedAtMs) / 1000;
  return Math.max(0, correctedInitialAgeSeconds + residentTimeSeconds);
}

/** The first of several members counts, and text that is not delta-seconds is ignored (§5.1). */
function ageSeconds(text: string | null): number {
  return deltaSeconds(text?.split(",")[0]?.trim()) ?? 0;
}
