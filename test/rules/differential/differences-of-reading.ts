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
    theirs: "knows directives in lower case alone",
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
    why: "the first is to be used, or the response counts as stale",
  },
  {
    id: "space-around-equals",
    agreedShareMax: { lifetime: 0.8, verdict: 0.85, "on-error": 0.99 },
    without: dropOddity("spaced"),
    ours: "reads `max-age = 60` as a lifetime that is unreadable, so 0",
    theirs: "takes the spaces off and reads 60",
    clause: "RFC 9111 §5.2, §4.2.1",
    right: "ours",
    why: "the grammar has no space there, and what is invalid is best taken as stale",
  },
  {
    id: "empty-argument",
    agreedShareMax: { storable: 0.95, lifetime: 0.95, verdict: 0.99 },
    without: dropOddity("empty"),
    ours: 'reads `no-store=` as no-store, `max-age=""` as an unreadable lifetime',
    theirs: "takes either for absent",
    clause: "RFC 9111 §5.2, §4.2.1",
    right: "ours",
    why: "what restricts is not to be missed, and what is invalid is best taken as stale",
  },
  {
    id: "number-with-more",
    agreedShareMax: { lifetime: 0.8, verdict: 0.99, "on-error": 0.9 },
    without: inResponse("number-and-more"),
    ours: "takes `max-age=60s`, `+60`, `60.5` and `-60` for unreadable, so 0",
    theirs: "reads the number they begin with, below zero too",
    clause: "RFC 9111 §1.2.2, §4.2.1",
    right: "ours",
    why: "delta-seconds are digits alone, and what is invalid is best taken as stale",
  },
  {
    id: "oversized-seconds",
    agreedShareMax: { lifetime: 0.5 },
    without: inResponse("oversized"),
    ours: "counts more than 2^31 seconds as 2^31",
    theirs: "counts them all",
    clause: "RFC 9111 §1.2.2",
    right: "both",
    why: "2^31 or the greatest number that can be held, and either is for ever",
  },
  {
    id: "oversized-age",
    agreedShareMax: { age: 0 },
    without: (given) =>
      statedAgeSeconds(given) > 2 ** 31 ? changed(given, "response", { age: undefined }) : given,
    ours: "counts an Age of more than 2^31 as 2^31",
    theirs: "counts it all",
    clause: "RFC 9111 §1.2.2",
    right: "both",
    why: "2^31 or the greatest number that can be held",
  },
  {
    id: "malformed-age",
    agreedShareMax: { age: 0.5 },
    without: (given) =>
      /^-|^\d+[^\d,;]/.test(given.response.age ?? "")
        ? changed(given, "response", { age: undefined })
        : given,
    ours: "ignores an Age of `-60`, `60.5` or `60s`",
    theirs: "reads the number they begin with, below zero too",
    clause: "RFC 9111 §5.1",
    right: "ours",
    why: "a cache should ignore a value that is no non-negative integer",
  },
  {
    id: "escape-in-quotes",
    agreedShareMax: { lifetime: 0.85, verdict: 0.95, "on-error": 0.99 },
    without: dropOddity("escaped"),
    ours: 'reads `max-age="6\\0"` as 60',
    theirs: "reads the backslash as text",
    clause: "RFC 9110 §5.6.4",
    right: "ours",
    why: "a quoted pair stands for the character in it",
  },
  {
    id: "quote-left-open",
    agreedShareMax: { storable: 0.999, lifetime: 0.95, verdict: 0.95, "on-error": 0.999 },
    without: dropOddity("unclosed"),
    ours: "lets an open quote take what follows, and heeds only what restricts in it",
    theirs: "knows no quotes around commas, so it reads on",
    clause: "RFC 9110 §5.6.4",
    right: "both",
    why: "the text is invalid; ours is the reading that stores less",
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
    why: "the clauses note that many caches take the qualified form for the other",
  },
  {
    id: "semicolon",
    agreedShareMax: { storable: 0.9, lifetime: 0.9, verdict: 0.99 },
    without: dropOddity("semicolon"),
    ours: "heeds a directive that restricts, as in `no-store; x`",
    theirs: "takes it for an unknown directive",
    clause: "RFC 9111 §5.2",
    right: "both",
    why: "the text is invalid; ours is the reading that stores less",
  },
  {
    id: "date-of-another-form",
    agreedShareMax: { lifetime: 0.75 },
    without: dropDates("lenient"),
    ours: "reads HTTP-dates alone; an Expires of another form, `0` too, has passed",
    theirs: "reads whatever `Date.parse` reads: ISO 8601, no zone, `0` as the year 2000",
    clause: "RFC 9111 §5.3, RFC 9110 §5.6.7",
    right: "ours",
    why: "an invalid date, `0` above all, must be taken as past",
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
    why: "only what would be more than 50 years ahead is past",
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
    ours: "takes an empty Expires for a date that has passed",
    theirs: "takes it for absent, and may guess a lifetime",
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
    ours: "takes an ETag without both its quotes for none",
    theirs: "sends it and compares it",
    clause: "RFC 9110 §8.8.3",
    right: "ours",
    why: "it is no entity tag; an origin would have to parse it in If-None-Match",
  },
];
