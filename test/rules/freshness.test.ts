// Tests explicit and heuristic lifetimes, with one row for each source (RFC 9111 §4.2.1, §4.2.2,
// §5.3; RFC 9213 §2.2).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  explicitLifetimeSeconds,
  heuristicallyCacheableStatuses,
  heuristicLifetimeSeconds,
} from "../../src/rules/freshness.ts";
import { governingDirectives } from "../../src/rules/cache-control.ts";
import { formatHttpDate } from "../../src/rules/http-date.ts";
import { fieldsWith, headerText, seeded } from "../../testing/examples/header-text.ts";

const receivedAtMs = Date.UTC(2026, 0, 1, 12);
const date = (offsetSeconds: number) => formatHttpDate(receivedAtMs + offsetSeconds * 1000);

const lifetimeOf = (texts: Record<string, string>) => {
  const fields = fieldsWith(texts);
  return explicitLifetimeSeconds({ governing: governingDirectives(fields), fields, receivedAtMs });
};

describe("explicitLifetimeSeconds", () => {
  it.each([
    ["unstated", "§4.2.1", {}, "unstated"],
    ["other-directives", "§4.2.1", { "cache-control": "public" }, "unstated"],
    ["max-age", "§4.2.1", { "cache-control": "max-age=60" }, 60],
    ["max-age-0", "§4.2.1", { "cache-control": "max-age=0" }, 0],
    ["max-age-unreadable", "§4.2.1", { "cache-control": "max-age=x", expires: date(60) }, 0],
    ["age-ignored", "§5.1", { "cache-control": "max-age=60", age: "abc" }, 60],
    ["only-age", "§4.2.1", { age: "30" }, "unstated"],
    ["age-with-max-age", "§4.2.1", { "cache-control": "max-age=60", age: "90" }, 60],
    ["s-maxage-first", "§5.2.2.10", { "cache-control": "max-age=600, s-maxage=60" }, 60],
    ["s-maxage-0", "§5.2.2.10", { "cache-control": "max-age=600, s-maxage=0" }, 0],
    ["s-maxage-unreadable", "§4.2.1", { "cache-control": "s-maxage=x, max-age=60" }, 0],
    ["max-age-over-expires", "§5.3", { "cache-control": "max-age=5", expires: date(60) }, 5],
    ["expires-minus-date", "§4.2.1", { date: date(-10), expires: date(20) }, 30],
    ["expires-is-date", "§4.2.1", { date: date(0), expires: date(0) }, 0],
    ["expires-a-second-after-date", "§4.2.1", { date: date(0), expires: date(1) }, 1],
    ["expires-past", "§4.2.1", { date: date(0), expires: date(-1) }, 0],
    ["no-date", "RFC 9110 §6.6.1", { expires: date(20) }, 20],
    ["date-unreadable", "RFC 9110 §6.6.1", { date: "x", expires: date(20) }, 20],
    ["expires-zero", "§5.3", { expires: "0" }, 0],
    ["expires-empty", "§5.3", { expires: "" }, 0],
    ["expires-twice", "§4.2.1", { expires: `${date(60)}, ${date(60)}` }, 0],
    ["expires-any-case", "§4.2", { expires: date(20).toLowerCase() }, 20],
    ["expires-with-directives", "§4.2.1", { "cache-control": "public", expires: date(20) }, 20],
    [
      "targeted",
      "RFC 9213 §2.2",
      { "cdn-cache-control": "max-age=5", "cache-control": "s-maxage=60" },
      5,
    ],
    [
      "targeted-hides-expires",
      "RFC 9213 §2.2",
      { "cdn-cache-control": "public", expires: date(60) },
      "unstated",
    ],
    ["targeted-unparsed", "RFC 9213 §2.1", { "cdn-cache-control": "&", expires: date(60) }, 60],
  ])("returns the lifetime that the fields state: %s (%s)", (_id, _clause, fields, seconds) => {
    expect(lifetimeOf(fields as Record<string, string>)).toBe(seconds);
  });

  it("never throws and is never negative", () => {
    fc.assert(
      fc.property(headerText, headerText, headerText, (control, expires, dateText) => {
        const seconds = lifetimeOf({ "cache-control": control, expires, date: dateText });
        expect(seconds === "unstated" || seconds >= 0).toBe(true);
      }),
      seeded,
    );
  });
});

describe("heuristicLifetimeSeconds", () => {
  const aDay = 86_400;
  it.each([
    ["a-tenth", { date: date(0), "last-modified": date(-100) }, 10],
    ["from-receipt", { "last-modified": date(-100) }, 10],
    ["from-date", { date: date(-50), "last-modified": date(-100) }, 5],
    ["below-a-day", { date: date(0), "last-modified": date(-10 * aDay + 10) }, aDay - 1],
    ["a-day", { date: date(0), "last-modified": date(-10 * aDay) }, aDay],
    ["at-most-a-day", { date: date(0), "last-modified": date(-10 * aDay - 10) }, aDay],
    ["modified-later", { date: date(0), "last-modified": date(10) }, 0],
    ["no-last-modified", { date: date(0) }, 0],
    ["last-modified-unreadable", { "last-modified": "0" }, 0],
    ["status-forbids", { "last-modified": date(-100) }, 0, 302],
    ["public-allows", { "last-modified": date(-100) }, 10, 302, true],
  ])(
    "returns a tenth of the time since Last-Modified, or less: %s (§4.2.2)",
    (_id, fields, seconds, status = 200, isPublic = false) => {
      const lifetime = heuristicLifetimeSeconds({
        status,
        isPublic,
        fields: fieldsWith(fields),
        receivedAtMs,
      });
      expect(lifetime).toBe(seconds);
    },
  );

  it("applies to the statuses of RFC 9110 §15.1 except 206", () => {
    const statuses = Array.from({ length: 500 }, (_, index) => 100 + index);
    expect(statuses.filter((status) => heuristicallyCacheableStatuses.has(status))).toEqual([
      200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
    ]);
  });
});
