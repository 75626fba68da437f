// How long a response stays fresh, counted from its generation (RFC 9111 §4.2.1, §4.2.2).
import type { GoverningDirectives } from "./governing-directives.ts";
import { datedAtMs, parseHttpDate } from "./http-date.ts";
import type { Fields } from "./fields.ts";

/**
 * Explicit freshness lifetime in a shared cache. First match wins (RFC 9111 §4.2.1): `s-maxage`,
 * `max-age`, `Expires` minus `Date`. An unreadable `Expires`, `0` included, means already expired
 * (§5.3). A targeted field hides `Expires` (RFC 9213 §2.2).
 *
 * @param given.receivedAtMs epoch milliseconds; stands in for an absent or unreadable `Date`
 * @returns seconds, never negative; `"unstated"` when the response gives none
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

/** Status codes whose responses may be given a heuristic lifetime (RFC 9110 §15.1), save 206. */
export const heuristicallyCacheableStatuses: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
]);

const heuristicLifetimeSecondsMax = 86_400;

/**
 * A tenth of the time since `Last-Modified`, at most a day (RFC 9111 §4.2.2).
 *
 * @returns seconds; 0 where no heuristic applies
 */
export function heuristicLifetimeSeconds(given: {
  status: number;
  isPublic: boolean;
  fields: Fields;
  receivedAtMs: number;
}): number {
  if (!given.isPublic && !heuristicallyCacheableStatuses.has(given.status)) return 0;
  const modifiedAtMs = parseHttpDate(given.fields.get("last-modified"), given.receivedAtMs);
  if (typeof modifiedAtMs !== "number") return 0;
  const generatedAtMs = datedAtMs(given.fields, given.receivedAtMs);
  const sinceModifiedSeconds = Math.max(0, (generatedAtMs - modifiedAtMs) / 1000);
  return Math.min(sinceModifiedSeconds / 10, heuristicLifetimeSecondsMax);
}
