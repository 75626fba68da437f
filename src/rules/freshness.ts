// Computes the freshness lifetime of a response (RFC 9111 §4.2.1, §4.2.2), which begins when the
// origin generates the response, and the age of a stored response (RFC 9111 §4.2.3).
import { type GoverningDirectives, deltaSeconds } from "./cache-control.ts";
import { datedAtMs, parseHttpDate } from "./http-date.ts";
import type { Fields } from "./fields.ts";

/**
 * Returns the explicit freshness lifetime in a shared cache: the first of `s-maxage`, `max-age`,
 * and `Expires` minus `Date` (RFC 9111 §4.2.1). An invalid `Expires`, such as `0`, means already
 * expired (§5.3). A targeted field overrides `Expires` (RFC 9213 §2.2).
 *
 * @param given.receivedAtMs epoch milliseconds; replaces an absent or invalid `Date`
 * @returns seconds, never negative; `"unstated"` if the response states no lifetime
 */
export function explicitLifetimeSeconds(given: {
  governing: GoverningDirectives;
  fields: Fields;
  receivedAtMs: number;
}): number | "unstated" {
  const { directives, source } = given.governing;
  if (directives.sMaxageSeconds !== undefined) return directives.sMaxageSeconds;
  if (directives.maxAgeSeconds !== undefined) return directives.maxAgeSeconds;
  if (source === "targeted") return "unstated";
  const expiresAtMs = parseHttpDate(given.fields.get("expires"), given.receivedAtMs);
  if (expiresAtMs === "absent") return "unstated";
  if (expiresAtMs === "unreadable") return 0;
  const generatedAtMs = datedAtMs(given.fields, given.receivedAtMs);
  return Math.max(0, (expiresAtMs - generatedAtMs) / 1000);
}

/** The statuses that are heuristically cacheable (RFC 9110 §15.1), without 206. */
export const heuristicallyCacheableStatuses: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
]);

const heuristicLifetimeSecondsMax = 86_400;

/**
 * Returns a tenth of the time from `Last-Modified` to `Date`, at most a day (RFC 9111 §4.2.2).
 *
 * @returns seconds; 0 if no heuristic applies
 */
export function heuristicLifetimeSeconds(given: {
  status: number;
  isPublic: boolean;
  fields: Fields;
  receivedAtMs: number;
}): number {
  if (!given.isPublic && !heuristicallyCacheableStatuses.has(given.status)) return 0;
  return Math.min(tenthSinceModified(given), heuristicLifetimeSecondsMax);
}

/** Returns a tenth of the time from `Last-Modified` to `Date` in seconds; 0 without a valid `Last-Modified`. */
export function tenthSinceModified(given: { fields: Fields; receivedAtMs: number }): number {
  const modifiedAtMs = parseHttpDate(given.fields.get("last-modified"), given.receivedAtMs);
  if (typeof modifiedAtMs !== "number") return 0;
  const generatedAtMs = datedAtMs(given.fields, given.receivedAtMs);
  return Math.max(0, (generatedAtMs - modifiedAtMs) / 1000) / 10;
}

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
  const statedSeconds = statedAgeSeconds(fields);
  const dateValueAtMs = datedAtMs(fields, respondedAtMs);
  const apparentAgeSeconds = Math.max(0, (respondedAtMs - dateValueAtMs) / 1000);
  const responseDelaySeconds = (respondedAtMs - requestedAtMs) / 1000;
  const correctedAgeValueSeconds = statedSeconds + responseDelaySeconds;
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
  return ageValueSeconds(fields) ?? 0;
}

function ageValueSeconds(fields: Fields): number | undefined {
  return deltaSeconds(fields.get("age")?.match(firstMemberPattern)?.[1]);
}

/** Caches round `Age` down to whole seconds. */
const ageRoundingMs = 1_000;

/**
 * Returns the earliest time at which a cache's answer was generated or validated, by its
 * `corrected_age_value` (RFC 9111 §4.2.3). `Date` does not count, because the clock of an origin may
 * be slow.
 *
 * @param requestedAtMs `request_time`, epoch milliseconds
 * @returns epoch milliseconds; `undefined` without a valid `Age`
 */
export function earliestGeneratedAtMs(fields: Fields, requestedAtMs: number): number | undefined {
  const ageSeconds = ageValueSeconds(fields);
  return ageSeconds === undefined ? undefined : requestedAtMs - ageSeconds * 1_000 - ageRoundingMs;
}
