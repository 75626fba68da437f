// One row per form of HTTP-date and per way to miss it (RFC 9110 §5.6.7; RFC 9111 §4.2).
import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { formatHttpDate, parseHttpDate } from "../../src/rules/http-date.ts";
import { headerText, seeded } from "../../testing/examples/header-text.ts";

const atMs = Date.UTC(2026, 0, 1);
const example = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("parseHttpDate", () => {
  it.each([
    { id: "absent", clause: "§5.6.7", text: null, instant: "absent" },
    {
      id: "imf-fixdate",
      clause: "§5.6.7",
      text: "Sun, 06 Nov 1994 08:49:37 GMT",
      instant: example,
    },
    { id: "rfc850", clause: "§5.6.7", text: "Sunday, 06-Nov-94 08:49:37 GMT", instant: example },
    { id: "asctime", clause: "§5.6.7", text: "Sun Nov  6 08:49:37 1994", instant: example },
    {
      id: "asctime-two-digits",
      clause: "§5.6.7",
      text: "Wed Nov 16 08:49:37 1994",
      instant: Date.UTC(1994, 10, 16, 8, 49, 37),
    },
    {
      id: "any-case",
      clause: "RFC 9111 §4.2",
      text: "sUN, 06 nOV 1994 08:49:37 gmt",
      instant: example,
    },
    {
      id: "any-case-rfc850",
      clause: "RFC 9111 §4.2",
      text: "SUNDAY, 06-NOV-94 08:49:37 gmt",
      instant: example,
    },
    {
      id: "any-case-asctime",
      clause: "RFC 9111 §4.2",
      text: "sun nov  6 08:49:37 1994",
      instant: example,
    },
    {
      id: "around-white-space",
      clause: "§5.5",
      text: " \tSun, 06 Nov 1994 08:49:37 GMT ",
      instant: example,
    },
    {
      id: "other-zone",
      clause: "RFC 9111 §4.2",
      text: "Sun, 06 Nov 1994 08:49:37 UTC",
      instant: "unreadable",
    },
    {
      id: "offset",
      clause: "RFC 9111 §4.2",
      text: "Sun, 06 Nov 1994 08:49:37 +0000",
      instant: "unreadable",
    },
    { id: "no-zone", clause: "§5.6.7", text: "Sun, 06 Nov 1994 08:49:37", instant: "unreadable" },
    {
      id: "one-digit-day",
      clause: "§5.6.7",
      text: "Sun, 6 Nov 1994 08:49:37 GMT",
      instant: "unreadable",
    },
    {
      id: "no-day-name",
      clause: "§5.6.7",
      text: "06 Nov 1994 08:49:37 GMT",
      instant: "unreadable",
    },
    {
      id: "long-day-name",
      clause: "§5.6.7",
      text: "Sunday, 06 Nov 1994 08:49:37 GMT",
      instant: "unreadable",
    },
    {
      id: "month-name",
      clause: "§5.6.7",
      text: "Sun, 06 Nob 1994 08:49:37 GMT",
      instant: "unreadable",
    },
    {
      id: "two-spaces",
      clause: "§5.6.7",
      text: "Sun,  06 Nov 1994 08:49:37 GMT",
      instant: "unreadable",
    },
    {
      id: "twice",
      clause: "§5.6.7",
      text: "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
      instant: "unreadable",
    },
    { id: "iso", clause: "§5.6.7", text: "1994-11-06T08:49:37Z", instant: "unreadable" },
    { id: "zero", clause: "RFC 9111 §5.3", text: "0", instant: "unreadable" },
    { id: "minus-one", clause: "RFC 9111 §5.3", text: "-1", instant: "unreadable" },
    { id: "empty", clause: "§5.6.7", text: "", instant: "unreadable" },
    {
      id: "multi-byte",
      clause: "§5.6.7",
      text: "Sun, ٠٦ Nov 1994 08:49:37 GMT",
      instant: "unreadable",
    },
    {
      id: "oversized",
      clause: "§5.6.7",
      text: "Sun, 06 Nov 1994 ".repeat(20_000),
      instant: "unreadable",
    },
  ] as const)("$id ($clause)", ({ text, instant }) => {
    expect(parseHttpDate(text, atMs)).toBe(instant);
  });

  it.each([
    { id: "hour-23", text: "Sun, 06 Nov 1994 23:00:00 GMT", instant: Date.UTC(1994, 10, 6, 23) },
    { id: "hour-24", text: "Sun, 06 Nov 1994 24:00:00 GMT", instant: "unreadable" },
    {
      id: "minute-59",
      text: "Sun, 06 Nov 1994 00:59:00 GMT",
      instant: Date.UTC(1994, 10, 6, 0, 59),
    },
    { id: "minute-60", text: "Sun, 06 Nov 1994 00:60:00 GMT", instant: "unreadable" },
    {
      id: "second-59",
      text: "Sun, 06 Nov 1994 00:00:59 GMT",
      instant: Date.UTC(1994, 10, 6, 0, 0, 59),
    },
    {
      id: "leap-second",
      text: "Sat, 31 Dec 2016 23:59:60 GMT",
      instant: Date.UTC(2016, 11, 31, 23, 59, 59),
    },
    { id: "second-61", text: "Sun, 06 Nov 1994 00:00:61 GMT", instant: "unreadable" },
    { id: "day-00", text: "Sun, 00 Nov 1994 00:00:00 GMT", instant: "unreadable" },
    { id: "day-30", text: "Wed, 30 Nov 1994 00:00:00 GMT", instant: Date.UTC(1994, 10, 30) },
    { id: "day-31-of-30", text: "Wed, 31 Nov 1994 00:00:00 GMT", instant: "unreadable" },
    { id: "day-32", text: "Wed, 32 Oct 1994 00:00:00 GMT", instant: "unreadable" },
    { id: "leap-day", text: "Thu, 29 Feb 2024 00:00:00 GMT", instant: Date.UTC(2024, 1, 29) },
    { id: "no-leap-day", text: "Wed, 29 Feb 2023 00:00:00 GMT", instant: "unreadable" },
    { id: "year-0001", text: "Mon, 01 Jan 0001 00:00:00 GMT", instant: -62_135_596_800_000 },
    { id: "year-9999", text: "Fri, 31 Dec 9999 23:59:59 GMT", instant: 253_402_300_799_000 },
    { id: "year-99", text: "Fri, 31 Dec 99 23:59:59 GMT", instant: "unreadable" },
    { id: "five-digit-year", text: "Fri, 31 Dec 19999 23:59:59 GMT", instant: "unreadable" },
  ] as const)("$id (§5.6.7)", ({ text, instant }) => {
    expect(parseHttpDate(text, atMs)).toBe(instant);
  });

  describe("in a place that is 5 h 45 min ahead of GMT", () => {
    afterEach(() => void vi.unstubAllEnvs());

    it.each([
      { id: "local-zone-imf-fixdate", text: "Sun, 06 Nov 1994 08:49:37 GMT" },
      { id: "local-zone-rfc850", text: "Sunday, 06-Nov-94 08:49:37 GMT" },
      { id: "local-zone-asctime", text: "Sun Nov  6 08:49:37 1994" },
    ])("$id (RFC 9111 §4.2)", ({ text }) => {
      vi.stubEnv("TZ", "Asia/Kathmandu");
      expect(new Date(atMs).getTimezoneOffset()).toBe(-345);
      expect(parseHttpDate(text, atMs)).toBe(example);
    });
  });

  it.each([
    { id: "this-year", text: "01-Jan-26 00:00:00", year: 2026 },
    { id: "fifty-years-ahead", text: "01-Jan-76 00:00:00", year: 2076 },
    { id: "a-second-more", text: "01-Jan-76 00:00:01", year: 1976 },
    { id: "a-year-more", text: "01-Jan-77 00:00:00", year: 1977 },
    { id: "long-ago", text: "01-Jan-99 00:00:00", year: 1999 },
    { id: "turn-of-century", text: "01-Jan-00 00:00:00", year: 2000 },
  ])("two-digit years: $id (§5.6.7)", ({ text, year }) => {
    const instant = parseHttpDate(`Monday, ${text} GMT`, atMs);
    expect(new Date(instant as number).getUTCFullYear()).toBe(year);
  });

  it.each([
    {
      id: "exists-in-the-chosen-century",
      text: "Saturday, 29-Feb-76 00:00:00 GMT",
      instant: Date.UTC(1976, 1, 29),
    },
    { id: "exists-in-neither", text: "Monday, 29-Feb-77 00:00:00 GMT", instant: "unreadable" },
  ] as const)("two-digit leap days: $id (§5.6.7)", ({ text, instant }) => {
    expect(parseHttpDate(text, atMs)).toBe(instant);
  });

  it("never throws, at any instant", () => {
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
  ])("$id (§5.6.7)", ({ instant, text }) => {
    expect(formatHttpDate(instant)).toBe(text);
  });

  it("is read back as the same whole second, from year 0 to year 9999", () => {
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
