// Parses the three forms of HTTP-date (RFC 9110 §5.6.7). Ignores case, as RFC 9111 §4.2 advises.
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

/** The named groups of each form. */
type DateParts = Readonly<Record<"day" | "month" | "year" | "hour" | "minute" | "second", string>>;

/**
 * Parses a date. Never throws.
 *
 * @param text a field value; `null` if the field is absent
 * @param atMs the instant that decides the century of two-digit years
 * @returns epoch milliseconds, or the reason why there is no date
 */
export function parseHttpDate(text: string | null, atMs: number): number | "absent" | "unreadable" {
  if (text === null) return "absent";
  for (const form of forms) {
    const parts = form.exec(text.trim())?.groups as DateParts | undefined;
    if (parts !== undefined) return instantOf(parts, atMs);
  }
  return "unreadable";
}

function instantOf(parts: DateParts, atMs: number): number | "unreadable" {
  const { year } = parts;
  const named = parts.month.toLowerCase();
  const monthIndex = months.findIndex((name) => name.toLowerCase() === named);
  const part = (name: keyof DateParts) => Number(parts[name]);
  const [day, hour, minute, second] = [part("day"), part("hour"), part("minute"), part("second")];
  const at = (fullYear: number) => {
    // `Date.UTC` would read the years 0 to 99 as 1900 to 1999.
    const midnight = new Date(0).setUTCFullYear(fullYear, monthIndex, day);
    // The grammar allows leap seconds; `Date` has none.
    return new Date(midnight).setUTCHours(hour, minute, Math.min(second, 59));
  };
  if (minute > 59 || second > 60) return "unreadable";
  if (year.length === 4) return dayExists(at(Number(year)), day);
  // RFC 9110 §5.6.7: a date that seems more than 50 years ahead is in the previous century.
  const thisYear = new Date(atMs).getUTCFullYear();
  const century = Math.floor(thisYear / 100) * 100;
  const latestAtMs = new Date(atMs).setUTCFullYear(thisYear + 50);
  const thisCentury = at(century + Number(year));
  const instant = thisCentury > latestAtMs ? at(century - 100 + Number(year)) : thisCentury;
  return dayExists(instant, day);
}

/**
 * Rejects dates such as 31 February, which `Date` converts to a day of March. Also rejects hours
 * such as 24, which `Date` converts to an hour of another day.
 */
function dayExists(instant: number, day: number): number | "unreadable" {
  return new Date(instant).getUTCDate() === day ? instant : "unreadable";
}

/** Returns the instant in `Date`, or the receipt time if `Date` is absent or invalid. */
export function datedAtMs(fields: Fields, receivedAtMs: number): number {
  const atMs = parseHttpDate(fields.get("date"), receivedAtMs);
  return typeof atMs === "number" ? atMs : receivedAtMs;
}

/** Formats epoch milliseconds as IMF-fixdate, in whole seconds. */
export function formatHttpDate(atMs: number): string {
  return new Date(atMs).toUTCString();
}
