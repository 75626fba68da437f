// Generates valid and invalid values of Date, Expires and Last-Modified, each with the instant that
// RFC 9110 assigns to it.
import * as fc from "fast-check";

/** The time at which every generated response is received: a Tuesday, a whole minute, in winter. */
export const receivedAtMs = Date.UTC(2030, 0, 1, 12);

type DateForm =
  | "fixdate"
  | "rfc850"
  | "asctime"
  /** A two-digit year that a parser without a clock places in the previous century. */
  | "this-century"
  | "leap-second"
  /** A date that `Date.parse` accepts, and HTTP does not. */
  | "lenient"
  | "no-date";

interface DateText {
  readonly text: string;
  readonly form: DateForm;
  /** The instant relative to `receivedAtMs`; 0 if the text is not a date by RFC 9110. */
  readonly offsetSeconds: number;
}

const weekdays = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

const fixdate = (atMs: number): string => new Date(atMs).toUTCString();

function parts(atMs: number) {
  const [, day = "", month = "", year = "", clock = ""] = fixdate(atMs).split(/,? /);
  const weekday = weekdays[new Date(atMs).getUTCDay()] ?? "";
  return { year, month, day, clock, weekday };
}

function rfc850(atMs: number): string {
  const { weekday, day, month, year, clock } = parts(atMs);
  return `${weekday}, ${day}-${month}-${year.slice(2)} ${clock} GMT`;
}

function asctime(atMs: number): string {
  const { weekday, day, month, year, clock } = parts(atMs);
  return `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, " ")} ${clock} ${year}`;
}

const goodForms: readonly [DateForm, (atMs: number) => string][] = [
  ["fixdate", fixdate],
  ["fixdate", fixdate],
  ["fixdate", fixdate],
  ["fixdate", (atMs) => fixdate(atMs).toLowerCase()],
  ["rfc850", rfc850],
  ["asctime", asctime],
];

const lenientForms: readonly ((atMs: number) => string)[] = [
  (atMs) => new Date(atMs).toISOString(),
  (atMs) => fixdate(atMs).replace(" GMT", ""),
  (atMs) => fixdate(atMs).replace("GMT", "+0000"),
  (atMs) => fixdate(atMs).replace("GMT", "UTC"),
  (atMs) => fixdate(atMs).slice(5),
  (atMs) => fixdate(atMs).replaceAll(" ", "  "),
  (atMs) => fixdate(atMs).replace(/^\w+/, "Foo"),
];

const oddDates: readonly DateText[] = [
  { text: "Tue, 01 Jan 2030 12:09:60 GMT", form: "leap-second", offsetSeconds: 599 },
  { text: "Tue, 01 Jan 2030 11:59:60 GMT", form: "leap-second", offsetSeconds: -1 },
  {
    text: "Thursday, 01-Jan-60 12:00:00 GMT",
    form: "this-century",
    offsetSeconds: (Date.UTC(2060, 0, 1, 12) - receivedAtMs) / 1_000,
  },
  ...["never", "Tue, 01 Jan 2030 25:00:00 GMT", "Tue, 32 Jan 2030 12:00:00 GMT"].map(noDate),
];

function noDate(text: string): DateText {
  return { text, form: "no-date", offsetSeconds: 0 };
}

/** @param offsetsSeconds relative to `receivedAtMs` */
export function dateText(...offsetsSeconds: number[]): fc.Arbitrary<DateText> {
  const offset = fc.constantFrom(...offsetsSeconds);
  const good = fc
    .tuple(offset, fc.constantFrom(...goodForms))
    .map(([offsetSeconds, [form, write]]) => ({
      text: write(receivedAtMs + offsetSeconds * 1_000),
      form,
      offsetSeconds,
    }));
  const lenient = fc.oneof(
    fc
      .tuple(offset, fc.constantFrom(...lenientForms))
      .map(([seconds, write]) => write(receivedAtMs + seconds * 1_000)),
    // A lenient parser reads the first two as the years 2000 and 2001, and the third as a day in
    // March.
    fc.constantFrom("0", "-1", "Sun, 31 Feb 2030 12:00:00 GMT"),
  );
  return fc.oneof(
    { weight: 12, arbitrary: good },
    {
      weight: 2,
      arbitrary: lenient.map((text): DateText => ({ text, form: "lenient", offsetSeconds: 0 })),
    },
    { weight: 1, arbitrary: fc.constantFrom(...oddDates) },
  );
}
