// One row per source of a lifetime (RFC 9111 §4.2.1, §4.2.2, §5.3; RFC 9213 §2.2).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  explicitLifetimeSeconds,
  heuristicallyCacheableStatuses,
  heuristicLifetimeSeconds,
} from "../../src/rules/freshness.ts";
import { governingDirectives } from "../../src/rules/governing-directives.ts";
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
    { id: "unstated", clause: "§4.2.1", fields: {}, seconds: "unstated" },
    {
      id: "other-directives",
      clause: "§4.2.1",
      fields: { "cache-control": "public" },
      seconds: "unstated",
    },
    { id: "max-age", clause: "§4.2.1", fields: { "cache-control": "max-age=60" }, seconds: 60 },
    { id: "max-age-0", clause: "§4.2.1", fields: { "cache-control": "max-age=0" }, seconds: 0 },
    {
      id: "max-age-unreadable",
      clause: "§4.2.1",
      fields: { "cache-control": "max-age=x", expires: date(60) },
      seconds: 0,
    },
    {
      id: "age-ignored",
      clause: "§5.1",
      fields: { "cache-control": "max-age=60", age: "abc" },
      seconds: 60,
    },
    {
      id: "age-alone",
      clause: "§4.2.1",
      fields: { age: "30" },
      seconds: "unstated",
    },
    {
      id: "age-beside",
      clause: "§4.2.1",
      fields: { "cache-control": "max-age=60", age: "90" },
      seconds: 60,
    },
    {
      id: "s-maxage-first",
      clause: "§5.2.2.10",
      fields: { "cache-control": "max-age=600, s-maxage=60" },
      seconds: 60,
    },
    {
      id: "s-maxage-0",
      clause: "§5.2.2.10",
      fields: { "cache-control": "max-age=600, s-maxage=0" },
      seconds: 0,
    },
    {
      id: "s-maxage-unreadable",
      clause: "§4.2.1",
      fields: { "cache-control": "s-maxage=x, max-age=60" },
      seconds: 0,
    },
    {
      id: "max-age-over-expires",
      clause: "§5.3",
      fields: { "cache-control": "max-age=5", expires: date(60) },
      seconds: 5,
    },
    {
      id: "expires-less-date",
      clause: "§4.2.1",
      fields: { date: date(-10), expires: date(20) },
      seconds: 30,
    },
    {
      id: "expires-is-date",
      clause: "§4.2.1",
      fields: { date: date(0), expires: date(0) },
      seconds: 0,
    },
    {
      id: "expires-a-second-on",
      clause: "§4.2.1",
      fields: { date: date(0), expires: date(1) },
      seconds: 1,
    },
    {
      id: "expires-past",
      clause: "§4.2.1",
      fields: { date: date(0), expires: date(-1) },
      seconds: 0,
    },
    { id: "no-date", clause: "RFC 9110 §6.6.1", fields: { expires: date(20) }, seconds: 20 },
    {
      id: "date-unreadable",
      clause: "RFC 9110 §6.6.1",
      fields: { date: "x", expires: date(20) },
      seconds: 20,
    },
    { id: "expires-zero", clause: "§5.3", fields: { expires: "0" }, seconds: 0 },
    { id: "expires-empty", clause: "§5.3", fields: { expires: "" }, seconds: 0 },
    {
      id: "expires-twice",
      clause: "§4.2.1",
      fields: { expires: `${date(60)}, ${date(60)}` },
      seconds: 0,
    },
    {
      id: "expires-any-case",
      clause: "§4.2",
      fields: { expires: date(20).toLowerCase() },
      seconds: 20,
    },
    {
      id: "expires-with-directives",
      clause: "§4.2.1",
      fields: { "cache-control": "public", expires: date(20) },
      seconds: 20,
    },
    {
      id: "targeted",
      clause: "RFC 9213 §2.2",
      fields: { "cdn-cache-control": "max-age=5", "cache-control": "s-maxage=60" },
      seconds: 5,
    },
    {
      id: "targeted-hides-expires",
      clause: "RFC 9213 §2.2",
      fields: { "cdn-cache-control": "public", expires: date(60) },
      seconds: "unstated",
    },
    {
      id: "targeted-unparsed",
      clause: "RFC 9213 §2.1",
      fields: { "cdn-cache-control": "&", expires: date(60) },
      seconds: 60,
    },
  ])("$id ($clause)", ({ fields, seconds }) => {
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
    { id: "a-tenth", fields: { date: date(0), "last-modified": date(-100) }, seconds: 10 },
    { id: "from-receipt", fields: { "last-modified": date(-100) }, seconds: 10 },
    { id: "from-date", fields: { date: date(-50), "last-modified": date(-100) }, seconds: 5 },
    {
      id: "below-a-day",
      fields: { date: date(0), "last-modified": date(-10 * aDay + 10) },
      seconds: aDay - 1,
    },
    { id: "a-day", fields: { date: date(0), "last-modified": date(-10 * aDay) }, seconds: aDay },
    {
      id: "at-most-a-day",
      fields: { date: date(0), "last-modified": date(-10 * aDay - 10) },
      seconds: aDay,
    },
    { id: "modified-later", fields: { date: date(0), "last-modified": date(10) }, seconds: 0 },
    { id: "no-last-modified", fields: { date: date(0) }, seconds: 0 },
    { id: "last-modified-unreadable", fields: { "last-modified": "0" }, seconds: 0 },
    { id: "status-forbids", fields: { "last-modified": date(-100) }, status: 302, seconds: 0 },
    {
      id: "public-allows",
      fields: { "last-modified": date(-100) },
      status: 302,
      isPublic: true,
      seconds: 10,
    },
  ])("$id (§4.2.2)", ({ fields, status = 200, isPublic = false, seconds }) => {
    const lifetime = heuristicLifetimeSeconds({
      status,
      isPublic,
      fields: fieldsWith(fields),
      receivedAtMs,
    });
    expect(lifetime).toBe(seconds);
  });

  it("knows the statuses of RFC 9110 §15.1, save 206", () => {
    const statuses = Array.from({ length: 500 }, (_, index) => 100 + index);
    expect(statuses.filter((status) => heuristicallyCacheableStatuses.has(status))).toEqual([
      200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
    ]);
  });
});
