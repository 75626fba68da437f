// Reads HTTP-date in its three forms (RFC 9110 §5.6.7), in any case, as a cache should
// (RFC 9111 §4.2); any other text is no date.
import type { Fields } from "./fields.ts";

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const month = `(?<month>${months.join("|")})`;
const clock = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;

const forms = [
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
  String.raw`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\d\d) ${month} (?<year>\d{4}) ${clock} GMT`,
  // rfc850-date: Sunday, 06-Nov-94 08:49:37 GMT
  String.raw`(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\d\d)-${month}-(?<year>\d\d) ${clock} GMT`,
  // asctime-date: Sun Nov  6 08:49:37 1994
  String.raw`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${month} (?<day>[ \d]\d) ${clock} (?<year>\d{4})`,
].map((form) => new RegExp(`^${form}$`, "i"));

/**
 * @param text  a field's value; `null` for a field that is absent
 * @param atMs  the instant that two-digit years are read around
 * @returns epoch milliseconds, or why there is no instant. Never throws.
 */
export function parseHttpDate(text: string | null, atMs: number): number | "absent" | "unreadable" {
  if (text === null) return "absent";
  for (const form of forms) {
    const parts = form.exec(text.trim())?.groups;
    if (parts !== undefined) return instantOf(parts, atMs);
  }
  return "unreadable";
}

function instantOf(parts: Readonly<Record<string, string>>, atMs: number): number | "unreadable" {
  const { month: named = "", year = "" } = parts;
  const monthIndex = months.findIndex((name) => name.toLowerCase() === named.toLowerCase());
  const part = (name: string) => Number(parts[name]);
  const [day, hour, minute, second] = [part("day"), part("hour"), part("minute"), part("second")];
  const at = (fullYear: number) => {
    // `Date.UTC` would take the years 0 to 99 for 1900 to 1999.
    const midnight = new Date(0).setUTCFullYear(fullYear, monthIndex, day);
    // A leap second is allowed by the grammar; the clock has none.
    return new Date(midnight).setUTCHours(hour, minute, Math.min(second, 59));
  };
  if (hour > 23 || minute > 59 || second > 60) return "unreadable";
  if (year.length === 4) return dayExists(at(Number(year)), day);
  // RFC 9110 §5.6.7: more than 50 years ahead means the century before.
  const thisYear = new Date(atMs).getUTCFullYear();
  const century = Math.floor(thisYear / 100) * 100;
  const latestAtMs = new Date(atMs).setUTCFullYear(thisYear + 50);
  const thisCentury = at(century + Number(year));
  const instant = thisCentury > latestAtMs ? at(century - 100 + Number(year)) : thisCentury;
  return dayExists(instant, day);
}

/** `Date` carries the 31st of February over into March; that is no date. */
function dayExists(instant: number, day: number): number | "unreadable" {
  return new Date(instant).getUTCDate() === day ? instant : "unreadable";
}

/** @returns the instant of `Date`, or of the receipt where that is absent or unreadable */
export function datedAtMs(fields: Fields, receivedAtMs: number): number {
  const atMs = parseHttpDate(fields.get("date"), receivedAtMs);
  return typeof atMs === "number" ? atMs : receivedAtMs;
}

/** Epoch milliseconds as IMF-fixdate, whole seconds. */
export function formatHttpDate(atMs: number): string {
  return new Date(atMs).toUTCString();
}
