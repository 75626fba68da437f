// Tests the age of a response, with one row for each term of the calculation (RFC 9111 §4.2.3) and
// for each form of `Age` (§5.1).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  statedAgeSeconds,
  currentAgeSeconds,
  earliestGeneratedAtMs,
} from "../../src/rules/freshness.ts";
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
    { id: "only-empty-members", texts: { age: " , ,," }, seconds: 0 },
    { id: "empty", texts: { age: "" }, seconds: 0 },
    { id: "not-a-number", texts: { age: "abc" }, seconds: 0 },
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
    { id: "only-a-parameter", texts: { age: ";a=7" }, seconds: 0 },
  ])("reads the first member of Age, or 0: $id (§5.1)", ({ texts, seconds }) => {
    expect(statedAgeSeconds(fieldsWith(texts as Record<string, string>))).toBe(seconds);
  });

  it("reads the first of several lines, in stored fields and in Headers", () => {
    const lines: FieldLine[] = [
      ["age", "30"],
      ["age", "7200"],
    ];
    expect(statedAgeSeconds(fieldsOf({ fields: lines }))).toBe(30);
    expect(statedAgeSeconds(headersOf(lines))).toBe(30);
  });

  it.each([
    { age: "30", atMs: -31_000 },
    { age: "0", atMs: -1_000 },
    { age: "7200, 0", atMs: -7_201_000 },
    { age: "old", atMs: undefined },
    { age: undefined, atMs: undefined },
  ])("tells the earliest time of the answer, rounded down by up to 1 s: $age", ({ age, atMs }) => {
    const fields = fieldsWith(age === undefined ? {} : { age });
    const expected = atMs === undefined ? undefined : respondedAtMs + atMs;
    expect(earliestGeneratedAtMs(fields, respondedAtMs)).toBe(expected);
  });

  it("returns 0 for long invalid texts", () => {
    const texts = ["1".repeat(9_000), " ".repeat(9_000), ",".repeat(9_000), "1 ".repeat(9_000)];
    for (const text of texts) expect(statedAgeSeconds(fieldsWith({ age: `${text}x` }))).toBe(0);
  });
});

describe("currentAgeSeconds", () => {
  interface Times {
    readonly delayMs?: number;
    readonly restedMs?: number;
  }
  type Fields = Readonly<Record<string, string>>;

  it.each<[id: string, clause: string, fields: Fields, seconds: number, times?: Times]>([
    ["just-received", "§4.2.3", {}, 0],
    ["resident-time", "§4.2.3", {}, 90.5, { restedMs: 90_500 }],
    ["response-delay", "§4.2.3", {}, 3, { delayMs: 3_000 }],
    ["apparent-age", "§4.2.3", { date: date(-60) }, 60],
    ["date-ahead", "§4.2.3", { date: date(60) }, 0],
    ["date-unreadable", "§4.2.3", { date: "yesterday" }, 0],
    ["age-value", "§5.1", { age: "30" }, 30],
    ["age-and-delay", "§4.2.3", { age: "30" }, 32, { delayMs: 2_000 }],
    ["larger-apparent", "§4.2.3", { age: "30", date: date(-60) }, 60],
    ["larger-corrected", "§4.2.3", { age: "90", date: date(-60) }, 90],
    ["never-added", "§4.2.3", { age: "30", date: date(-31) }, 32, { delayMs: 2_000 }],
    ["age-unreadable", "§5.1", { age: "x" }, 0],
    ["age-first-member", "§5.1", { age: "1, 90;a=7" }, 1],
    ["age-ignored-date-counts", "§5.1", { age: "x", date: date(-60) }, 60],
    ["age-at-limit", "§1.2.2", { age: "2147483648" }, 2_147_483_648],
    ["age-past-limit", "§1.2.2", { age: "2147483649" }, 2_147_483_648],
    ["age-oversized", "§1.2.2", { age: "9".repeat(9_000) }, 2_147_483_648],
    ["computed-for-a-time-before-receipt", "§4.2.3", {}, 0, { restedMs: -5_000 }],
    ["clock-set-back", "§4.2.3", { age: "1" }, 0, { delayMs: -5_000 }],
  ])(
    "computes the age: %s (%s)",
    (_id, _clause, fields, seconds, { delayMs = 0, restedMs = 0 } = {}) => {
      expect(
        currentAgeSeconds({
          fields: fieldsWith(fields),
          requestedAtMs: respondedAtMs - delayMs,
          respondedAtMs,
          atMs: respondedAtMs + restedMs,
        }),
      ).toBe(seconds);
    },
  );

  it("never throws, is never negative, and never decreases as time passes", () => {
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
