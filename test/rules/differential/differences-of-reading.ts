// Where the two read the same text differently: members of Cache-Control, dates, lists.
import type { DateForm, DateText } from "../../../testing/examples/generated-dates.ts";
import { isWellFormed, type Oddity } from "../../../testing/examples/generated-fields.ts";
import type { Difference } from "./difference.ts";
import type { Exchange } from "./exchange.ts";
import { statedAgeSeconds } from "./labels.ts";
import { changed, dropMembers } from "./taking-out.ts";

const everywhere = ["request", "response", "asks"] as const;

const dropOddity = (oddity: Oddity) => (given: Exchange) =>
  dropMembers(given, everywhere, (member) => member.oddity === oddity);

const inResponse = (oddity: Oddity) => (given: Exchange) =>
  dropMembers(given, ["response"], (member) => member.oddity === oddity);

/** Dates of that form, taken out of the response. */
const dropDates = (form: DateForm) => (given: Exchange) => {
  const { expires, date, lastModified } = given.response;
  const keep = <T extends DateText | "" | undefined>(text: T) =>
    typeof text === "object" && text.form === form ? undefined : text;
  return changed(given, "response", {
    expires: keep(expires),
    date: keep(date),
    lastModified: keep(lastModified),
  });
};

export const differencesOfReading: readonly Difference[] = [
  {
    id: "directive-in-other-case",
    agreedShareMax: { storable: 0.95, lifetime: 0.95, verdict: 0.95, "on-error": 0.99 },
    without: dropOddity("other-case"),
    ours: "reads `No-Store` and `MAX-AGE=60`",
    theirs: "recognises only lower-case directives",
    clause: "RFC 9111 §5.2",
    right: "ours",
    why: "names of directives are case-insensitive",
  },
  {
    id: "directive-repeated",
    agreedShareMax: { lifetime: 0.85, verdict: 0.95, "on-error": 0.999 },
    without: (given) =>
      dropMembers(
        given,
        everywhere,
        ({ name }, index, all) => all.findIndex((other) => other.name === name) < index,
      ),
    ours: "takes the first of `max-age=10, max-age=60`",
    theirs: "takes the last",
    clause: "RFC 9111 §4.2.1",
    right: "ours",
    why: "the first is to be used, or the response treated as stale",
  },
  {
    id: "space-around-equals",
    agreedShareMax: { lifetime: 0.8, verdict: 0.85, "on-error": 0.99 },
    without: dropOddity("spaced"),
    ours: "reads `max-age = 60` as an unreadable lifetime, so 0",
    theirs: "strips the spaces and reads 60",
    clause: "RFC 9111 §5.2, §4.2.1",
    right: "ours",
    why: "the grammar has no space there, and an invalid lifetime is best treated as stale",
  },
  {
    id: "empty-argument",
    agreedShareMax: { storable: 0.95, lifetime: 0.95, verdict: 0.99 },
    without: dropOddity("empty"),
    ours: 'reads `no-store=` as no-store, `max-age=""` as an unreadable lifetime',
    theirs: "treats either as absent",
    clause: "RFC 9111 §5.2, §4.2.1",
    right: "ours",
    why: "a restriction must not be missed, and an invalid lifetime is best treated as stale",
  },
  {
    id: "number-with-more",
    agreedShareMax: { lifetime: 0.8, verdict: 0.99, "on-error": 0.9 },
    without: inResponse("number-and-more"),
    ours: "treats `max-age=60s`, `+60`, `60.5` and `-60` as unreadable, so 0",
    theirs: "reads the number at their beginning, even below zero",
    clause: "RFC 9111 §1.2.2, §4.2.1",
    right: "ours",
    why: "delta-seconds are only digits, and an invalid lifetime is best treated as stale",
  },
  {
    id: "oversized-seconds",
    agreedShareMax: { lifetime: 0.5 },
    without: inResponse("oversized"),
    ours: "treats more than 2^31 seconds as 2^31",
    theirs: "uses the full number",
    clause: "RFC 9111 §1.2.2",
    right: "both",
    why: "2^31 or the greatest representable number, and either is forever",
  },
  {
    id: "oversized-age",
    agreedShareMax: { age: 0 },
    without: (given) =>
      statedAgeSeconds(given) > 2 ** 31 ? changed(given, "response", { age: undefined }) : given,
    ours: "treats an Age of more than 2^31 as 2^31",
    theirs: "uses the full number",
    clause: "RFC 9111 §1.2.2",
    right: "both",
    why: "2^31 or the greatest representable number",
  },
  {
    id: "malformed-age",
    agreedShareMax: { age: 0.5 },
    without: (given) =>
      /^-|^\d+[^\d,;]/.test(given.response.age ?? "")
        ? changed(given, "response", { age: undefined })
        : given,
    ours: "ignores an Age of `-60`, `60.5` or `60s`",
    theirs: "reads the number at their beginning, even below zero",
    clause: "RFC 9111 §5.1",
    right: "ours",
    why: "a cache should ignore a value that is not a non-negative integer",
  },
  {
    id: "escape-in-quotes",
    agreedShareMax: { lifetime: 0.85, verdict: 0.95, "on-error": 0.99 },
    without: dropOddity("escaped"),
    ours: 'reads `max-age="6\\0"` as 60',
    theirs: "reads the backslash as text",
    clause: "RFC 9110 §5.6.4",
    right: "ours",
    why: "a quoted pair represents its character",
  },
  {
    id: "quote-left-open",
    agreedShareMax: { storable: 0.999, lifetime: 0.95, verdict: 0.95, "on-error": 0.999 },
    without: dropOddity("unclosed"),
    ours: "lets an open quote include everything after it, and obeys only restrictions in it",
    theirs: "ignores quotes around commas, so it continues",
    clause: "RFC 9110 §5.6.4",
    right: "both",
    why: "the text is invalid; Tidemark's reading stores less",
  },
  {
    id: "comma-in-quotes",
    agreedShareMax: { storable: 0.65, lifetime: 0.85, verdict: 0.99 },
    without: dropOddity("comma-in-quotes"),
    ours: 'reads `ext="a, no-store"` as one directive',
    theirs: "splits at every comma, and finds no-store",
    clause: "RFC 9110 §5.6.4",
    right: "ours",
    why: "a quoted string is one value",
  },
  {
    id: "qualified",
    agreedShareMax: { storable: 0.75, lifetime: 0.7 },
    without: dropOddity("qualified"),
    ours: 'applies `private="x"` and `no-cache="x"` to the fields they name',
    theirs: "applies them to the whole response",
    clause: "RFC 9111 §5.2.2.4, §5.2.2.7",
    right: "both",
    why: "the clauses note that many caches treat the qualified form as the other",
  },
  {
    id: "semicolon",
    agreedShareMax: { storable: 0.9, lifetime: 0.9, verdict: 0.99 },
    without: dropOddity("semicolon"),
    ours: "obeys a restricting directive, as in `no-store; x`",
    theirs: "treats it as an unknown directive",
    clause: "RFC 9111 §5.2",
    right: "both",
    why: "the text is invalid; Tidemark's reading stores less",
  },
  {
    id: "date-of-another-form",
    agreedShareMax: { lifetime: 0.75 },
    without: dropDates("lenient"),
    ours: "parses only HTTP-dates; an Expires of another form, including `0`, has passed",
    theirs: "accepts whatever `Date.parse` accepts: ISO 8601, no zone, `0` as the year 2000",
    clause: "RFC 9111 §5.3, RFC 9110 §5.6.7",
    right: "ours",
    why: "an invalid date, especially `0`, must be treated as past",
  },
  {
    id: "asctime-date",
    agreedShareMax: { lifetime: 0.65 },
    without: dropDates("asctime"),
    ours: "reads the asctime form in UTC",
    theirs: "reads it in the time zone of its process",
    clause: "RFC 9110 §5.6.7",
    right: "ours",
    why: "every HTTP-date is in UTC",
  },
  {
    id: "two-digit-year",
    agreedShareMax: { lifetime: 0.4 },
    without: dropDates("this-century"),
    ours: "reads the year 60 in 2030 as 2060",
    theirs: "reads it as 1960 in any year",
    clause: "RFC 9110 §5.6.7",
    right: "ours",
    why: "only a date more than 50 years ahead is past",
  },
  {
    id: "leap-second",
    agreedShareMax: { lifetime: 0.7 },
    without: dropDates("leap-second"),
    ours: "reads `12:09:60` as the second before the next minute",
    theirs: "reads `12:00:00` in it",
    clause: "RFC 9110 §5.6.7",
    right: "ours",
    why: "the grammar allows a 60th second",
  },
  {
    id: "empty-expires",
    agreedShareMax: { storable: 0.99, lifetime: 0.9 },
    without: (given) =>
      given.response.expires === "" ? changed(given, "response", { expires: undefined }) : given,
    ours: "treats an empty Expires as a date that has passed",
    theirs: "treats it as absent, and may guess a lifetime",
    clause: "RFC 9111 §5.3",
    right: "ours",
    why: "it is an invalid date",
  },
  {
    id: "etag-not-quoted",
    agreedShareMax: { conditions: 0, freshens: 0.7 },
    without: (given) => {
      const keep = (etag: string | undefined) => (isWellFormed(etag) ? etag : undefined);
      const response = changed(given, "response", { etag: keep(given.response.etag) });
      return changed(response, "notModified", { etag: keep(given.notModified.etag) });
    },
    ours: "ignores an ETag without both its quotes",
    theirs: "sends it and compares it",
    clause: "RFC 9110 §8.8.3",
    right: "ours",
    why: "it is not an entity tag; an origin would have to parse it in If-None-Match",
  },
];
