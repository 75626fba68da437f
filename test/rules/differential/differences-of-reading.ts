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
    id: "directive-in-other-case",
    agreedShareMax: { storable: 0.95, lifetime: 0.95, verdict: 0.95, "on-error": 0.99 },
    without: dropOddity("other-case"),
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
  },
  {
    id: "space-around-equals",
    agreedShareMax: { lifetime: 0.8, verdict: 0.85, "on-error": 0.99 },
    without: dropOddity("spaced"),
  },
  {
    id: "empty-argument",
    agreedShareMax: { storable: 0.95, lifetime: 0.95, verdict: 0.99 },
    without: dropOddity("empty"),
  },
  {
    id: "number-with-more",
    agreedShareMax: { lifetime: 0.8, verdict: 0.99, "on-error": 0.9 },
    without: inResponse("number-and-more"),
  },
  { id: "oversized-seconds", agreedShareMax: { lifetime: 0.5 }, without: inResponse("oversized") },
  {
    id: "oversized-age",
    agreedShareMax: { age: 0 },
    without: (given) =>
      statedAgeSeconds(given) > 2 ** 31 ? changed(given, "response", { age: undefined }) : given,
  },
  {
    id: "malformed-age",
    agreedShareMax: { age: 0.5 },
    without: (given) =>
      /^-|^\d+[^\d,;]/.test(given.response.age ?? "")
        ? changed(given, "response", { age: undefined })
        : given,
  },
  {
    id: "escape-in-quotes",
    agreedShareMax: { lifetime: 0.85, verdict: 0.95, "on-error": 0.99 },
    without: dropOddity("escaped"),
  },
  {
    id: "quote-left-open",
    agreedShareMax: { storable: 0.999, lifetime: 0.95, verdict: 0.95, "on-error": 0.999 },
    without: dropOddity("unclosed"),
  },
  {
    id: "comma-in-quotes",
    agreedShareMax: { storable: 0.65, lifetime: 0.85, verdict: 0.99 },
    without: dropOddity("comma-in-quotes"),
  },
  {
    id: "qualified",
    agreedShareMax: { storable: 0.75, lifetime: 0.7 },
    without: dropOddity("qualified"),
  },
  {
    id: "semicolon",
    agreedShareMax: { storable: 0.9, lifetime: 0.9, verdict: 0.99 },
    without: dropOddity("semicolon"),
  },
  { id: "date-of-another-form", agreedShareMax: { lifetime: 0.75 }, without: dropDates("lenient") },
  { id: "asctime-date", agreedShareMax: { lifetime: 0.65 }, without: dropDates("asctime") },
  { id: "two-digit-year", agreedShareMax: { lifetime: 0.4 }, without: dropDates("this-century") },
  { id: "leap-second", agreedShareMax: { lifetime: 0.7 }, without: dropDates("leap-second") },
  {
    id: "empty-expires",
    agreedShareMax: { storable: 0.99, lifetime: 0.9 },
    without: (given) =>
      given.response.expires === "" ? changed(given, "response", { expires: undefined }) : given,
  },
  {
    id: "etag-not-quoted",
    agreedShareMax: { conditions: 0, freshens: 0.7 },
    without: (given) => {
      const keep = (etag: string | undefined) => (isWellFormed(etag) ? etag : undefined);
      const response = changed(given, "response", { etag: keep(given.response.etag) });
      return changed(response, "notModified", { etag: keep(given.notModified.etag) });
    },
  },
];
