// Tests the parsing and formatting of HTTP-date, with one row for each form and for each malformed
// text (RFC 9110 §5.6.7; RFC 9111 §4.2).
import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { formatHttpDate, parseHttpDate } from "../../src/rules/http-date.ts";
import { headerText, seeded } from "../../testing/examples/header-text.ts";

const atMs = Date.UTC(2026, 0, 1);
const example = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("parseHttpDate", () => {
  it.each([
    ["absent", "§5.6.7", null, "absent"],
    ["imf-fixdate", "§5.6.7", "Sun, 06 Nov 1994 08:49:37 GMT", example],
    ["rfc850", "§5.6.7", "Sunday, 06-Nov-94 08:49:37 GMT", example],
    ["asctime", "§5.6.7", "Sun Nov  6 08:49:37 1994", example],
    ["asctime-two-digits", "§5.6.7", "Wed Nov 16 08:49:37 1994", Date.UTC(1994, 10, 16, 8, 49, 37)],
    ["any-case", "RFC 9111 §4.2", "sUN, 06 nOV 1994 08:49:37 gmt", example],
    ["any-case-rfc850", "RFC 9111 §4.2", "SUNDAY, 06-NOV-94 08:49:37 gmt", example],
    ["any-case-asctime", "RFC 9111 §4.2", "sun nov  6 08:49:37 1994", example],
    ["around-white-space", "§5.5", " \tSun, 06 Nov 1994 08:49:37 GMT ", example],
    ["other-zone", "RFC 9111 §4.2", "Sun, 06 Nov 1994 08:49:37 UTC", "unreadable"],
    ["offset", "RFC 9111 §4.2", "Sun, 06 Nov 1994 08:49:37 +0000", "unreadable"],
    ["no-zone", "§5.6.7", "Sun, 06 Nov 1994 08:49:37", "unreadable"],
    ["one-digit-day", "§5.6.7", "Sun, 6 Nov 1994 08:49:37 GMT", "unreadable"],
    ["no-day-name", "§5.6.7", "06 Nov 1994 08:49:37 GMT", "unreadable"],
    ["long-day-name", "§5.6.7", "Sunday, 06 Nov 1994 08:49:37 GMT", "unreadable"],
    ["month-name", "§5.6.7", "Sun, 06 Nob 1994 08:49:37 GMT", "unreadable"],
    ["two-spaces", "§5.6.7", "Sun,  06 Nov 1994 08:49:37 GMT", "unreadable"],
    [
      "twice",
      "§5.6.7",
      "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
      "unreadable",
    ],
    ["iso", "§5.6.7", "1994-11-06T08:49:37Z", "unreadable"],
    ["zero", "RFC 9111 §5.3", "0", "unreadable"],
    ["minus-one", "RFC 9111 §5.3", "-1", "unreadable"],
    ["empty", "§5.6.7", "", "unreadable"],
    ["multi-byte", "§5.6.7", "Sun, ٠٦ Nov 1994 08:49:37 GMT", "unreadable"],
    ["oversized", "§5.6.7", "Sun, 06 Nov 1994 ".repeat(20_000), "unreadable"],
  ] as const)(
    "reads a form of HTTP-date, or rejects the text: %s (%s)",
    (_id, _clause, text, instant) => {
      expect(parseHttpDate(text, atMs)).toBe(instant);
    },
  );

  it.each([
    ["hour-23", "Sun, 06 Nov 1994 23:00:00 GMT", Date.UTC(1994, 10, 6, 23)],
    ["hour-24", "Sun, 06 Nov 1994 24:00:00 GMT", "unreadable"],
    ["minute-59", "Sun, 06 Nov 1994 00:59:00 GMT", Date.UTC(1994, 10, 6, 0, 59)],
    ["minute-60", "Sun, 06 Nov 1994 00:60:00 GMT", "unreadable"],
    ["second-59", "Sun, 06 Nov 1994 00:00:59 GMT", Date.UTC(1994, 10, 6, 0, 0, 59)],
    ["leap-second", "Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2016, 11, 31, 23, 59, 59)],
    ["second-61", "Sun, 06 Nov 1994 00:00:61 GMT", "unreadable"],
    ["day-00", "Sun, 00 Nov 1994 00:00:00 GMT", "unreadable"],
    ["day-30", "Wed, 30 Nov 1994 00:00:00 GMT", Date.UTC(1994, 10, 30)],
    ["day-31-of-30", "Wed, 31 Nov 1994 00:00:00 GMT", "unreadable"],
    ["day-32", "Wed, 32 Oct 1994 00:00:00 GMT", "unreadable"],
    ["leap-day", "Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 29)],
    ["no-leap-day", "Wed, 29 Feb 2023 00:00:00 GMT", "unreadable"],
    ["year-0001", "Mon, 01 Jan 0001 00:00:00 GMT", -62_135_596_800_000],
    ["year-9999", "Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799_000],
    ["year-99", "Fri, 31 Dec 99 23:59:59 GMT", "unreadable"],
    ["five-digit-year", "Fri, 31 Dec 19999 23:59:59 GMT", "unreadable"],
  ] as const)("checks the range of each number: %s (§5.6.7)", (_id, text, instant) => {
    expect(parseHttpDate(text, atMs)).toBe(instant);
  });

  describe("in a time zone 5 h 45 min ahead of GMT", () => {
    afterEach(() => void vi.unstubAllEnvs());

    it.each([
      { id: "local-zone-imf-fixdate", text: "Sun, 06 Nov 1994 08:49:37 GMT" },
      { id: "local-zone-rfc850", text: "Sunday, 06-Nov-94 08:49:37 GMT" },
      { id: "local-zone-asctime", text: "Sun Nov  6 08:49:37 1994" },
    ])("reads dates as GMT: $id (RFC 9111 §4.2)", ({ text }) => {
      vi.stubEnv("TZ", "Asia/Kathmandu");
      expect(new Date(atMs).getTimezoneOffset()).toBe(-345);
      expect(parseHttpDate(text, atMs)).toBe(example);
    });
  });

  it.each([
    { id: "this-year", text: "01-Jan-26 00:00:00", year: 2026 },
    { id: "fifty-years-ahead", text: "01-Jan-76 00:00:00", year: 2076 },
    { id: "fifty-years-and-a-second-ahead", text: "01-Jan-76 00:00:01", year: 1976 },
    { id: "fifty-one-years-ahead", text: "01-Jan-77 00:00:00", year: 1977 },
    { id: "long-ago", text: "01-Jan-99 00:00:00", year: 1999 },
    { id: "turn-of-century", text: "01-Jan-00 00:00:00", year: 2000 },
  ])("reads two-digit years as at most 50 years ahead: $id (§5.6.7)", ({ text, year }) => {
    const instant = parseHttpDate(`Monday, ${text} GMT`, atMs);
    expect(new Date(instant as number).getUTCFullYear()).toBe(year);
  });

  it.each([
    ["exists-in-the-chosen-century", "Saturday, 29-Feb-76 00:00:00 GMT", Date.UTC(1976, 1, 29)],
    ["exists-in-neither", "Monday, 29-Feb-77 00:00:00 GMT", "unreadable"],
  ] as const)("reads a leap day of a two-digit year: %s (§5.6.7)", (_id, text, instant) => {
    expect(parseHttpDate(text, atMs)).toBe(instant);
  });

  it("never throws for any text and any current time", () => {
    fc.assert(
      fc.property(headerText, fc.double(), (text, anyMs) => {
        expect(["number", "string"]).toContain(typeof parseHttpDate(text, anyMs));
      }),
      seeded,
    );
  });
});

describe("formatHttpDate", () => {
  it.each([
    { id: "example", instant: example, text: "Sun, 06 Nov 1994 08:49:37 GMT" },
    { id: "fraction-dropped", instant: example + 999, text: "Sun, 06 Nov 1994 08:49:37 GMT" },
    { id: "epoch", instant: 0, text: "Thu, 01 Jan 1970 00:00:00 GMT" },
    { id: "before-epoch", instant: -1, text: "Wed, 31 Dec 1969 23:59:59 GMT" },
  ])("writes an IMF-fixdate: $id (§5.6.7)", ({ instant, text }) => {
    expect(formatHttpDate(instant)).toBe(text);
  });

  it("writes dates that are read as the same second, from year 0 to year 9999", () => {
    const instants = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 });
    fc.assert(
      fc.property(instants, instants, (instant, anyMs) => {
        const wholeSecondMs = Math.floor(instant / 1000) * 1000;
        expect(parseHttpDate(formatHttpDate(instant), anyMs)).toBe(wholeSecondMs);
      }),
      { ...seeded, numRuns: 2_000 },
    );
  });
});
