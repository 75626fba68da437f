// How long a browser may use an answer without a request: as the fields tell, or as browsers assume (RFC 9111 §4.2.2).
import { deltaSeconds, membersOf, parseDirectives, responseDirectives } from "./cache-control.ts";
import type { Fields } from "./fields.ts";
import { heuristicallyCacheableStatuses, tenthSinceModified } from "./freshness.ts";
import { datedAtMs, parseHttpDate } from "./http-date.ts";
import { isTextual } from "./media-types.ts";

/** Statuses that browsers use for ever if nothing tells them a lifetime, even with `must-revalidate`. */
const lastingStatuses: ReadonlySet<number> = new Set([300, 301, 308, 410]);

/**
 * Returns how long the fields let a browser use an answer after its generation, in a form that all browsers read.
 * Chromium ignores `max-age="60"`, and an invalid `Expires` such as `-1`.
 *
 * @param receivedAtMs as for `explicitLifetimeSeconds`
 * @returns seconds, never negative; `undefined` if the fields tell nothing
 */
function toldSeconds(fields: Fields, receivedAtMs: number): number | undefined {
  const members = membersOf(fields.get("cache-control"));
  if (members.some((one) => /^no-(?:cache|store)$/i.test(one))) return 0;
  const [maxAge] = members.flatMap((one) => /^max-age=(\d+)$/i.exec(one)?.[1] ?? []);
  if (maxAge !== undefined) return deltaSeconds(maxAge);
  const expiresAtMs = parseHttpDate(fields.get("expires"), receivedAtMs);
  if (typeof expiresAtMs !== "number") return undefined;
  return Math.max(0, (expiresAtMs - datedAtMs(fields, receivedAtMs)) / 1000);
}

/** Returns whether browsers may assume a lifetime for an answer without one (RFC 9111 §4.2.2, RFC 9110 §15.1). */
const mayAssume = (status: number, fields: Fields): boolean =>
  heuristicallyCacheableStatuses.has(status) || status === 206 || responseDirectives(fields).public;

/**
 * Returns how long a browser may use an answer after its generation, in seconds: as the fields tell, or else as
 * browsers assume, without the limit of `heuristicLifetimeSeconds`.
 *
 * @returns ∞ for `lastingStatuses` without a lifetime
 */
export function browserLifetimeSeconds(given: {
  status: number;
  fields: Fields;
  receivedAtMs: number;
}): number {
  const { status, fields, receivedAtMs } = given;
  const assumedSeconds = () => (mayAssume(status, fields) ? tenthSinceModified(given) : 0);
  return (
    toldSeconds(fields, receivedAtMs) ?? (lastingStatuses.has(status) ? Infinity : assumedSeconds())
  );
}

/**
 * Returns how long a browser may show an answer after its generation, in seconds: for its lifetime, and then while it
 * revalidates (RFC 5861 §3).
 */
export function browserUseSeconds(given: Parameters<typeof browserLifetimeSeconds>[0]): number {
  const directives = responseDirectives(given.fields);
  const { mustRevalidate, noCache, staleWhileRevalidateSeconds = 0 } = directives;
  const isNeverStale = mustRevalidate || noCache === true;
  return browserLifetimeSeconds(given) + (isNeverStale ? 0 : staleWhileRevalidateSeconds);
}

/**
 * Returns whether browsers may use a text without a lifetime, by an assumed one or as stale (RFC 5861 §3), or any answer
 * with a status of `lastingStatuses`. Beside `immutable` they may, because the answer never changes (RFC 8246). In place
 * of a `max-age` or `Expires` that they cannot read, they assume one by `Last-Modified` alone.
 *
 * @param fields the fields that leave, of which `whole` may have more
 * @param whole the whole answer, with its type
 */
export function isSilentToBrowsers(
  fields: Fields,
  whole: { readonly status: number; readonly headers: Fields },
): boolean {
  const { status, headers } = whole;
  const isLasting = lastingStatuses.has(status);
  const { staleWhileRevalidateSeconds = 0 } = responseDirectives(fields);
  const mayUse = mayAssume(status, fields) || staleWhileRevalidateSeconds > 0;
  const isText = mayUse && isTextual(headers);
  if (!(isLasting || isText) || toldSeconds(fields, 0) !== undefined) return false;
  const names = parseDirectives(fields.get("cache-control")).map(({ name }) => name);
  const isUnreadable = names.includes("max-age") || fields.has("expires");
  const isAssumed = isLasting || !isUnreadable || fields.has("last-modified");
  return isAssumed && !names.includes("immutable");
}
