// The meaning of a generated exchange in HTTP, derived from its parts and not from parsing its
// text.
import { names } from "../../../testing/examples/generated-fields.ts";
import type { DateText } from "../../../testing/examples/generated-dates.ts";
import type { Exchange } from "./exchange.ts";

export const says = ({ response }: Exchange, name: string): boolean =>
  names(response.control).has(name);

export const wishes = ({ asks }: Exchange, name: string): boolean => names(asks.control).has(name);

/**
 * Returns the number of the first member with the name: 0 without a number, `undefined` without a
 * member.
 */
export function statedSeconds({ response }: Exchange, name: string): number | undefined {
  const found = response.control?.members.find((member) => member.name === name);
  return found && (found.seconds ?? 0);
}

export function wishedSeconds({ asks }: Exchange, name: string): number | undefined {
  return asks.control?.members.find((member) => member.name === name)?.seconds;
}

export const isDate = (date: DateText | "" | undefined): date is DateText =>
  date !== undefined && date !== "" && date.form !== "lenient" && date.form !== "no-date";

/** Returns the explicit lifetime (RFC 9111 §4.2.1), or `undefined` if no field states it. */
export function explicitSeconds(given: Exchange): number | undefined {
  const { expires, date } = given.response;
  const stated = statedSeconds(given, "s-maxage") ?? statedSeconds(given, "max-age");
  if (stated !== undefined || expires === undefined) return stated;
  if (!isDate(expires)) return 0;
  return Math.max(0, expires.offsetSeconds - (isDate(date) ? date.offsetSeconds : 0));
}

/**
 * Returns the heuristic lifetime of both sides: a tenth of the time since Last-Modified, without a
 * limit.
 */
export function guessedSeconds({ response }: Exchange): number {
  const { lastModified, date } = response;
  if (!isDate(lastModified)) return 0;
  const generated = isDate(date) ? date.offsetSeconds : 0;
  return Math.max(0, generated - lastModified.offsetSeconds) / 10;
}

export function lifetimeSeconds(given: Exchange): number {
  if (says(given, "no-cache")) return 0;
  const explicit = explicitSeconds(given);
  return explicit ?? (given.heuristics ? guessedSeconds(given) : 0);
}

/** Returns the age on receipt according to Date, or 0 without a Date. */
export const apparentAgeSeconds = ({ response: { date } }: Exchange): number =>
  isDate(date) ? Math.max(0, -date.offsetSeconds) : 0;

/** Returns the first member of Age, or 0 if Age is absent or invalid. */
export const statedAgeSeconds = ({ response: { age = "" } }: Exchange): number =>
  /^\d+([,;]|$)/.test(age) ? Number.parseInt(age, 10) : 0;

export const ageOnReceiptSeconds = (given: Exchange): number =>
  Math.max(apparentAgeSeconds(given), statedAgeSeconds(given) + given.delaySeconds);

export const ageSeconds = (given: Exchange): number =>
  ageOnReceiptSeconds(given) + given.restedSeconds;

/**
 * Returns how long the response has been stale. The number is negative while the response is fresh.
 */
export const staleSeconds = (given: Exchange): number => ageSeconds(given) - lifetimeSeconds(given);

export const isFresh = (given: Exchange): boolean => staleSeconds(given) < 0;
