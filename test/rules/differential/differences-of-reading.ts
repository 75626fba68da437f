// Lists texts that Tidemark and http-cache-semantics read differently: members of Cache-Control,
// dates and lists.
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

/** Returns a function that removes dates of the form from the response. */
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
    // Tidemark obeys `No-Store` and `MAX-AGE=60` (§5.2).
    id: "directive-in-other-case",
    agreedShareMax: { storable: 0.95, lifetime: 0.95, verdict: 0.95, "on-error": 0.99 },
    without: dropOddity("other-case"),
  },
  {
    // Tidemark reads `max-age=10, max-age=60` as 10 (§4.2.1).
    id: "directive-repeated",
    agreedShareMax: { lifetime: 0.85, verdict: 0.95, "on-error": 0.999 },
    without: (given) =>
      dropMembers(
        given,
        everywhere,
        ({ name }, index, all) => all.findIndex((other) => other.name === name) < index,
      ),
  },
  {
    // Tidemark treats `max-age = 60` as an invalid lifetime, so the lifetime is 0 (§5.2,
    // §4.2.1).
    id: "space-around-equals",
    agreedShareMax: { lifetime: 0.8, verdict: 0.85, "on-error": 0.99 },
    without: dropOddity("spaced"),
  },
  {
    // Tidemark treats `no-store=` as `no-store`, and `max-age=""` as an invalid lifetime (§5.2,
    // §4.2.1).
    id: "empty-argument",
    agreedShareMax: { storable: 0.95, lifetime: 0.95, verdict: 0.99 },
    without: dropOddity("empty"),
  },
  {
    // Tidemark treats `max-age=60s`, `+60`, `60.5` and `-60` as invalid lifetimes (§1.2.2,
    // §4.2.1).
    id: "number-with-more",
    agreedShareMax: { lifetime: 0.8, verdict: 0.99, "on-error": 0.9 },
    without: inResponse("number-and-more"),
  },
  // Tidemark reads a number of seconds above 2^31 as 2^31, also in Age (§1.2.2; the clause
  // allows both).
  { id: "oversized-seconds", agreedShareMax: { lifetime: 0.5 }, without: inResponse("oversized") },
  {
    // Tidemark reads a number of seconds above 2^31 as 2^31, also in Age (§1.2.2; the clause
    // allows both).
    id: "oversized-age",
    agreedShareMax: { age: 0 },
    without: (given) =>
      statedAgeSeconds(given) > 2 ** 31 ? changed(given, "response", { age: undefined }) : given,
  },
  {
    // Tidemark ignores an Age of `-60`, `60.5` or `60s` (§5.1).
    id: "malformed-age",
    agreedShareMax: { age: 0.5 },
    without: (given) =>
      /^-|^\d+[^\d,;]/.test(given.response.age ?? "")
        ? changed(given, "response", { age: undefined })
        : given,
  },
  {
    // Tidemark reads `max-age="6\0"` as 60 (RFC 9110 §5.6.4).
    id: "escape-in-quotes",
    agreedShareMax: { lifetime: 0.85, verdict: 0.95, "on-error": 0.99 },
    without: dropOddity("escaped"),
  },
  {
    // Tidemark after a quote that is not closed, obeys only directives that restrict caching
    // (RFC 9110 §5.6.4; the clause allows both).
    id: "quote-left-open",
    agreedShareMax: { storable: 0.999, lifetime: 0.95, verdict: 0.95, "on-error": 0.999 },
    without: dropOddity("unclosed"),
  },
  {
    // Tidemark reads `ext="a, no-store"` as one directive (RFC 9110 §5.6.4).
    id: "comma-in-quotes",
    agreedShareMax: { storable: 0.65, lifetime: 0.85, verdict: 0.99 },
    without: dropOddity("comma-in-quotes"),
  },
  {
    // Tidemark applies `private="x"` and `no-cache="x"` only to the field `x` (§5.2.2.4,
    // §5.2.2.7; the clause allows both).
    id: "qualified",
    agreedShareMax: { storable: 0.75, lifetime: 0.7 },
    without: dropOddity("qualified"),
  },
  {
    // Tidemark obeys a restrictive directive that a semicolon follows, as in `no-store; x`
    // (§5.2; the clause allows both).
    id: "semicolon",
    agreedShareMax: { storable: 0.9, lifetime: 0.9, verdict: 0.99 },
    without: dropOddity("semicolon"),
  },
  // Tidemark treats an Expires that is not an HTTP-date, such as `0`, as a date in the past
  // (§5.3, RFC 9110 §5.6.7).
  { id: "date-of-another-form", agreedShareMax: { lifetime: 0.75 }, without: dropDates("lenient") },
  // Tidemark reads the asctime form in UTC (RFC 9110 §5.6.7).
  { id: "asctime-date", agreedShareMax: { lifetime: 0.65 }, without: dropDates("asctime") },
  // Tidemark in 2030, reads the year `60` as 2060 (RFC 9110 §5.6.7).
  { id: "two-digit-year", agreedShareMax: { lifetime: 0.4 }, without: dropDates("this-century") },
  // Tidemark reads `12:09:60` as `12:09:59` (RFC 9110 §5.6.7).
  { id: "leap-second", agreedShareMax: { lifetime: 0.7 }, without: dropDates("leap-second") },
  {
    // Tidemark treats an empty Expires as a date in the past (§5.3).
    id: "empty-expires",
    agreedShareMax: { storable: 0.99, lifetime: 0.9 },
    without: (given) =>
      given.response.expires === "" ? changed(given, "response", { expires: undefined }) : given,
  },
  {
    // Tidemark ignores an ETag in which a quote is missing (RFC 9110 §8.8.3).
    id: "etag-not-quoted",
    agreedShareMax: { conditions: 0, freshens: 0.7 },
    without: (given) => {
      const keep = (etag: string | undefined) => (isWellFormed(etag) ? etag : undefined);
      const response = changed(given, "response", { etag: keep(given.response.etag) });
      return changed(response, "notModified", { etag: keep(given.notModified.etag) });
    },
  },
];
