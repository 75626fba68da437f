// One row per term of the calculation (RFC 9111 §4.2.3), and per form of `Age` (§5.1).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { statedAgeSeconds, currentAgeSeconds } from "../../src/rules/current-age.ts";
import { type FieldLine, fieldsOf, headersOf } from "../../src/rules/fields.ts";
import { formatHttpDate } from "../../src/rules/http-date.ts";
import { fieldsWith, headerText, seeded } from "../../testing/examples/header-text.ts";

const respondedAtMs = Date.UTC(2026, 0, 1, 12);
const date = (offsetSeconds: number) => formatHttpDate(respondedAtMs + offsetSeconds * 1000);

describe("statedAgeSeconds", () => {
  it.each([
    { id: "absent", texts: {}, seconds: 0 },
    { id: "zero", texts: { age: "0" }, seconds: 0 },
    { id: "integer", texts: { age: "30" }, seconds: 30 },
    { id: "leading-zeros", texts: { age: "0030" }, seconds: 30 },
    { id: "spaces-around", texts: { age: " 30 " }, seconds: 30 },
    { id: "first-member-younger", texts: { age: "0, 7200" }, seconds: 0 },
    { id: "first-member-older", texts: { age: "7200, 0" }, seconds: 7_200 },
    { id: "without-spaces", texts: { age: "90,7200" }, seconds: 90 },
    { id: "twice-the-same", texts: { age: "60, 60" }, seconds: 60 },
    { id: "first-valid-second-not", texts: { age: "60, abc" }, seconds: 60 },
    { id: "first-invalid-second-not", texts: { age: "abc, 7200" }, seconds: 0 },
    { id: "empty-member-first", texts: { age: ", 90" }, seconds: 90 },
    { id: "empty-members-alone", texts: { age: " , ,," }, seconds: 0 },
    { id: "empty", texts: { age: "" }, seconds: 0 },
    { id: "no-number", texts: { age: "abc" }, seconds: 0 },
    { id: "negative", texts: { age: "-7" }, seconds: 0 },
    { id: "signed", texts: { age: "+7" }, seconds: 0 },
    { id: "fraction", texts: { age: "7.5" }, seconds: 0 },
    { id: "exponent", texts: { age: "7e1" }, seconds: 0 },
    { id: "hexadecimal", texts: { age: "0x10" }, seconds: 0 },
    { id: "two-numbers-one-member", texts: { age: "7 90" }, seconds: 0 },
    { id: "quoted", texts: { age: '"7"' }, seconds: 0 },
    { id: "comma-in-quotes", texts: { age: '"7, 90"' }, seconds: 0 },
    { id: "multi-byte", texts: { age: "٧" }, seconds: 0 },
    { id: "parameter", texts: { age: "7;a=1" }, seconds: 7 },
    { id: "parameter-after-spaces", texts: { age: "7 ; a=900" }, seconds: 7 },
    { id: "parameter-alone", texts: { age: ";a=7" }, seconds: 0 },
  ])("$id (§5.1)", ({ texts, seconds }) => {
    expect(statedAgeSeconds(fieldsWith(texts as Record<string, string>))).toBe(seconds);
  });

  it("takes the first of several lines, in stored fields and in Headers", () => {
    const lines: FieldLine[] = [
      ["age", "30"],
      ["age", "7200"],
    ];
    expect(statedAgeSeconds(fieldsOf({ fields: lines }))).toBe(30);
    expect(statedAgeSeconds(headersOf(lines))).toBe(30);
  });

  it("reads long rubbish in linear time", () => {
    const texts = ["1".repeat(9_000), " ".repeat(9_000), ",".repeat(9_000), "1 ".repeat(9_000)];
    for (const text of texts) expect(statedAgeSeconds(fieldsWith({ age: `${text}x` }))).toBe(0);
  });
});

describe("currentAgeSeconds", () => {
  it.each([
    { id: "just-received", clause: "§4.2.3", fields: {}, seconds: 0 },
    { id: "resident-time", clause: "§4.2.3", fields: {}, restedMs: 90_500, seconds: 90.5 },
    { id: "response-delay", clause: "§4.2.3", fields: {}, delayMs: 3_000, seconds: 3 },
    { id: "apparent-age", clause: "§4.2.3", fields: { date: date(-60) }, seconds: 60 },
    { id: "date-ahead", clause: "§4.2.3", fields: { date: date(60) }, seconds: 0 },
    { id: "date-unreadable", clause: "§4.2.3", fields: { date: "yesterday" }, seconds: 0 },
    { id: "age-value", clause: "§5.1", fields: { age: "30" }, seconds: 30 },
    { id: "age-and-delay", clause: "§4.2.3", fields: { age: "30" }, delayMs: 2_000, seconds: 32 },
    {
      id: "larger-apparent",
      clause: "§4.2.3",
      fields: { age: "30", date: date(-60) },
      seconds: 60,
    },
    {
      id: "larger-corrected",
      clause: "§4.2.3",
      fields: { age: "90", date: date(-60) },
      seconds: 90,
    },
    {
      id: "never-added",
      clause: "§4.2.3",
      fields: { age: "30", date: date(-31) },
      delayMs: 2_000,
      restedMs: 10_000,
      seconds: 42,
    },
    { id: "age-unreadable", clause: "§5.1", fields: { age: "x" }, seconds: 0 },
    { id: "age-first-member", clause: "§5.1", fields: { age: "1, 90;a=7" }, seconds: 1 },
    {
      id: "age-ignored-date-counts",
      clause: "§5.1",
      fields: { age: "x", date: date(-60) },
      seconds: 60,
    },
    { id: "age-at-limit", clause: "§1.2.2", fields: { age: "2147483648" }, seconds: 2_147_483_648 },
    {
      id: "age-past-limit",
      clause: "§1.2.2",
      fields: { age: "2147483649" },
      seconds: 2_147_483_648,
    },
    {
      id: "age-oversized",
      clause: "§1.2.2",
      fields: { age: "9".repeat(9_000) },
      seconds: 2_147_483_648,
    },
    { id: "asked-before-receipt", clause: "§4.2.3", fields: {}, restedMs: -5_000, seconds: 0 },
    { id: "clock-set-back", clause: "§4.2.3", fields: { age: "1" }, delayMs: -5_000, seconds: 0 },
  ])("$id ($clause)", ({ fields, delayMs = 0, restedMs = 0, seconds }) => {
    expect(
      currentAgeSeconds({
        fields: fieldsWith(fields as Record<string, string>),
        requestedAtMs: respondedAtMs - delayMs,
        respondedAtMs,
        atMs: respondedAtMs + restedMs,
      }),
    ).toBe(seconds);
  });

  it("never throws, is never negative and never falls as time passes", () => {
    const dates = fc.oneof(headerText, fc.integer({ min: -9_999, max: 9_999 }).map(date));
    const ages = fc.oneof(headerText, fc.nat().map(String));
    const offsetsMs = fc.integer({ min: -1_000_000, max: 1_000_000_000 });
    const all = fc.tuple(dates, ages, offsetsMs, offsetsMs, fc.nat());
    fc.assert(
      fc.property(all, ([dateText, age, delayMs, restedMs, laterMs]) => {
        const ageAt = (atMs: number) =>
          currentAgeSeconds({
            fields: fieldsWith({ date: dateText, age }),
            requestedAtMs: respondedAtMs - delayMs,
            respondedAtMs,
            atMs,
          });
        const seconds = ageAt(respondedAtMs + restedMs);
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(ageAt(respondedAtMs + restedMs + laterMs)).toBeGreaterThanOrEqual(seconds);
      }),
      seeded,
    );
  });
});
