// How long a stored response may be used: who is asked first (RFC 9111 §4.2.1, §4.2.2; RFC 9213 §2.2), and what the route adds.
import { describe, expect, it } from "vitest";
import {
  ageSeconds,
  assignedLifetimeSeconds,
  keepUntilAtMs,
  termsOf,
} from "../../../src/proxy/stored/lifetime.ts";
import type { Route } from "../../../src/config/config.ts";
import { governingDirectives } from "../../../src/rules/governing-directives.ts";
import { fieldsOf } from "../../../src/rules/fields.ts";
import type { StoredMetadata } from "../../../src/proxy/stored/stored-response.ts";
import {
  metadataWith,
  type RouteChanges,
  routeWith,
  storedAtMs,
} from "../../../testing/examples/requests.ts";

type Fields = Readonly<Record<string, string>>;

const date = (inSeconds: number) => new Date(storedAtMs + inSeconds * 1_000).toUTCString();
const terms = (
  fields: Fields,
  route: RouteChanges = {},
  { heuristics = false, ...changes }: Partial<StoredMetadata> & { heuristics?: boolean } = {},
) => termsOf(metadataWith(fields, changes), { ...routeWith(route), heuristics });

const cc = (text: string, more: Fields = {}): Fields => ({ "cache-control": text, ...more });
const fresh = { fresh: "5m" } as const;
const overriding = { fresh: "5m", mode: "override" } as const;
const expires = { date: date(0), expires: date(40) };
const modified = { "last-modified": date(-1_000), date: date(0) };

const assigned = (route: Route, fields: Fields, status: number) => {
  const metadata = metadataWith(fields, { status });
  return assignedLifetimeSeconds(route, metadata, governingDirectives(fieldsOf(metadata)));
};

describe("the order of authority", () => {
  it.each<{ id: string; fields: Fields; route?: RouteChanges; status?: number; seconds: number }>([
    {
      id: "targeted-first",
      fields: cc("s-maxage=20, max-age=30", { ...expires, "cdn-cache-control": "max-age=10" }),
      route: fresh,
      seconds: 10,
    },
    {
      id: "targeted-hides-the-rest",
      fields: cc("s-maxage=20", { ...expires, "cdn-cache-control": "public" }),
      seconds: 0,
    },
    {
      id: "targeted-silent-then-route",
      fields: cc("s-maxage=20", { ...expires, "cdn-cache-control": "public" }),
      route: fresh,
      seconds: 300,
    },
    {
      id: "targeted-malformed",
      fields: cc("s-maxage=20", { "cdn-cache-control": "max-age=" }),
      seconds: 20,
    },
    { id: "s-maxage", fields: cc("max-age=30, s-maxage=20", expires), route: fresh, seconds: 20 },
    { id: "s-maxage-zero", fields: cc("max-age=30, s-maxage=0"), route: fresh, seconds: 0 },
    { id: "max-age", fields: cc("max-age=30", expires), route: fresh, seconds: 30 },
    { id: "expires", fields: expires, route: fresh, seconds: 40 },
    { id: "expires-unreadable", fields: { expires: "0" }, route: fresh, seconds: 0 },
    { id: "route", fields: {}, route: fresh, seconds: 300 },
    { id: "route-by-status", fields: {}, route: { fresh: { 200: "7s" } }, seconds: 7 },
    { id: "nobody", fields: {}, seconds: 0 },
    { id: "override-max-age", fields: cc("max-age=30"), route: overriding, seconds: 300 },
    { id: "override-s-maxage", fields: cc("s-maxage=30"), route: overriding, seconds: 300 },
    { id: "override-expires", fields: expires, route: overriding, seconds: 300 },
    {
      id: "override-targeted",
      fields: { "cdn-cache-control": "max-age=10" },
      route: overriding,
      seconds: 300,
    },
    {
      id: "override-another-status",
      fields: cc("max-age=30"),
      route: { fresh: { 301: "5m" }, mode: "override" },
      seconds: 30,
    },
  ])("$id", ({ fields, route, seconds }) => {
    expect(terms(fields, route).lifetimeSeconds).toBe(seconds);
  });
});

describe("heuristics", () => {
  it.each([
    { id: "off", fields: modified, heuristics: false, seconds: 0 },
    { id: "on", fields: modified, heuristics: true, seconds: 100 },
    { id: "after-the-route", fields: modified, route: fresh, heuristics: true, seconds: 300 },
    { id: "after-expires", fields: { ...modified, ...expires }, heuristics: true, seconds: 40 },
    { id: "without-last-modified", fields: {}, heuristics: true, seconds: 0 },
  ])("$id (RFC 9111 §4.2.2)", ({ fields, route, heuristics, seconds }) => {
    expect(terms(fields, route, { heuristics }).lifetimeSeconds).toBe(seconds);
  });
});

describe("what a route gives a status", () => {
  const route = routeWith({
    fresh: "5m",
    negative: { 404: "30s", 410: "0s" },
  });

  it.each([
    { id: "ok", status: 200, seconds: 300 },
    { id: "no-content", status: 204, seconds: 300 },
    { id: "moved", status: 301, seconds: 300 },
    { id: "moved-for-now", status: 302, seconds: undefined },
    { id: "not-found", status: 404, seconds: 30 },
    { id: "gone-never", status: 410, seconds: 0 },
    { id: "not-allowed-is-an-error", status: 405, seconds: undefined },
    { id: "server-error", status: 500, seconds: undefined },
  ])("$id", ({ status, seconds }) => {
    expect(assigned(route, {}, status)).toBe(seconds);
  });

  it.each(["private", "no-store"])("never lifts %s that a targeted field hides", (directive) => {
    const fields = cc(directive, { "cdn-cache-control": "stale-if-error=60" });
    expect(assigned(route, fields, 200)).toBeUndefined();
  });

  it("a status of its own goes for redirects too", () => {
    const own = routeWith({ fresh: { 302: "10s" } });
    expect(assigned(own, {}, 302)).toBe(10);
  });

  it("the origin's word goes before a negative lifetime", () => {
    const given = terms(cc("max-age=7"), { negative: { 404: "30s" } }, { status: 404 });
    expect(given.lifetimeSeconds).toBe(7);
  });
});

describe("jitter only shortens", () => {
  it.each([
    { id: "none", jitter: 0, draw: 0.999, seconds: 100 },
    { id: "least-draw", jitter: 0.2, draw: 0, seconds: 100 },
    { id: "middle", jitter: 0.2, draw: 0.5, seconds: 90 },
    { id: "whole", jitter: 1, draw: 0.75, seconds: 25 },
  ])("$id", ({ jitter, draw, seconds }) => {
    const given = terms(cc("max-age=100"), { jitter }, { jitterDraw: draw });
    expect(given.lifetimeSeconds).toBeCloseTo(seconds, 9);
  });
});

describe("what forbids stale and unvalidated use", () => {
  it.each([
    { id: "nothing", fields: cc("max-age=1"), neverStale: false, alwaysValidate: false },
    {
      id: "must-revalidate",
      fields: cc("must-revalidate"),
      neverStale: true,
      alwaysValidate: false,
    },
    {
      id: "proxy-revalidate",
      fields: cc("proxy-revalidate"),
      neverStale: true,
      alwaysValidate: false,
    },
    { id: "no-cache", fields: cc("no-cache"), neverStale: false, alwaysValidate: true },
    {
      id: "no-cache-qualified",
      fields: cc('no-cache="x"'),
      neverStale: false,
      alwaysValidate: false,
    },
    { id: "s-maxage-departs", fields: cc("s-maxage=1"), neverStale: false, alwaysValidate: false },
    {
      id: "targeted-hides-it",
      fields: cc("must-revalidate, no-cache", { "cdn-cache-control": "max-age=1" }),
      neverStale: false,
      alwaysValidate: false,
    },
    {
      id: "override-goes-first",
      fields: cc("must-revalidate, no-cache"),
      route: overriding,
      neverStale: false,
      alwaysValidate: false,
    },
    {
      id: "override-of-another-status",
      fields: cc("must-revalidate, no-cache"),
      route: { fresh: { 301: "5m" }, mode: "override" } as const,
      neverStale: true,
      alwaysValidate: true,
    },
  ])("$id (RFC 9111 §4.2.4, §5.2.2)", ({ fields, route, neverStale, alwaysValidate }) => {
    expect(terms(fields, route)).toMatchObject({ neverStale, alwaysValidate });
  });
});

describe("an error of the server lives for ten seconds at most", () => {
  it.each<{ id: string; negative: RouteChanges["negative"]; status: number; seconds: number }>([
    { id: "not-named", negative: {}, status: 503, seconds: 10 },
    { id: "origin", negative: { 503: "origin" }, status: 503, seconds: 10 },
    { id: "less", negative: { 503: "5s" }, status: 503, seconds: 10 },
    { id: "unless the duration says more", negative: { 503: "30s" }, status: 503, seconds: 30 },
    { id: "599", negative: { 599: "origin" }, status: 599, seconds: 10 },
    { id: "no-server-error", negative: { 404: "origin" }, status: 404, seconds: 60 },
  ])("$id", ({ negative, status, seconds }) => {
    const { lifetimeSeconds } = terms(cc("max-age=60"), { negative }, { status });
    expect(lifetimeSeconds).toBe(seconds);
  });
});

describe("stale allowances", () => {
  const route = { staleWhileRevalidate: "1m", staleIfError: "1h" } as const;

  it.each([
    { id: "nobody", fields: {}, whileRevalidate: 0, ifError: 0 },
    { id: "route", fields: cc("max-age=1"), route, whileRevalidate: 60, ifError: 3_600 },
    { id: "route-never-fresh", fields: cc("max-age=0"), route, whileRevalidate: 0, ifError: 3_600 },
    { id: "route-no-lifetime", fields: {}, route, whileRevalidate: 0, ifError: 3_600 },
    {
      id: "error-not-named",
      fields: cc("max-age=9"),
      route,
      status: 404,
      whileRevalidate: 0,
      ifError: 0,
    },
    {
      id: "redirect-not-named",
      fields: cc("max-age=9"),
      route,
      status: 302,
      whileRevalidate: 0,
      ifError: 0,
    },
    {
      id: "error-named",
      fields: {},
      route: { ...route, negative: { 404: "30s" } },
      status: 404,
      whileRevalidate: 60,
      ifError: 3_600,
    },
    {
      id: "error-named-as-the-origin-says",
      fields: cc("max-age=9"),
      route: { ...route, negative: { 503: "origin" } },
      status: 503,
      whileRevalidate: 1,
      ifError: 0,
    },
    {
      id: "error-of-the-server-for-as-long-as-it-lives",
      fields: cc("max-age=60, stale-while-revalidate=86400"),
      route: { ...route, negative: { 503: "30s" } },
      status: 503,
      whileRevalidate: 0,
      ifError: 0,
    },
    {
      id: "not-among-those-of-fresh",
      fields: cc("max-age=9"),
      route: { ...route, fresh: { 301: "1h" } },
      whileRevalidate: 0,
      ifError: 0,
    },
    {
      id: "error-by-its-origin",
      fields: cc("max-age=0, stale-while-revalidate=5, stale-if-error=6"),
      status: 404,
      whileRevalidate: 5,
      ifError: 6,
    },
    {
      id: "fields-first",
      fields: cc("stale-while-revalidate=5, stale-if-error=0"),
      route,
      whileRevalidate: 5,
      ifError: 0,
    },
    {
      id: "unreadable",
      fields: cc("max-age=9, stale-if-error=x"),
      route,
      whileRevalidate: 60,
      ifError: 3_600,
    },
  ])("$id (RFC 5861 §3, §4)", ({ fields, route: given, status, whileRevalidate, ifError }) => {
    expect(terms(fields, given, { status: status ?? 200 })).toMatchObject({
      staleWhileRevalidateSeconds: whileRevalidate,
      staleIfErrorSeconds: ifError,
    });
  });
});

describe("age and retention", () => {
  it.each([
    { id: "at-once", fields: {}, atSeconds: 0, age: 0 },
    { id: "later", fields: {}, atSeconds: 10.5, age: 10.5 },
    { id: "upstream-age", fields: { age: "7" }, atSeconds: 10, age: 17 },
    { id: "clock-set-back", fields: {}, atSeconds: -10, age: 0 },
  ])("age: $id (RFC 9111 §4.2.3)", ({ fields, atSeconds, age }) => {
    const metadata = metadataWith(fields);
    const given = termsOf(metadata, routeWith());
    expect(ageSeconds(metadata, given, storedAtMs + atSeconds * 1_000)).toBe(age);
  });

  const day = 86_400;
  it.each([
    { id: "fresh-alone", fields: cc("max-age=10"), seconds: 10 },
    { id: "less-its-age", fields: cc("max-age=10", { age: "4" }), seconds: 6 },
    { id: "old-already", fields: cc("max-age=10", { age: "40" }), seconds: 0 },
    {
      id: "old-already, but stale for less than is allowed",
      fields: cc("max-age=10, stale-if-error=50", { age: "40" }),
      seconds: 20,
    },
    {
      id: "stale",
      fields: cc("max-age=10, stale-while-revalidate=5, stale-if-error=7"),
      seconds: 17,
    },
    {
      id: "age-ignored",
      fields: cc("max-age=10, stale-while-revalidate=5, stale-if-error=7", { age: "-7" }),
      seconds: 17,
    },
    { id: "never-stale", fields: cc("max-age=10, must-revalidate, stale-if-error=7"), seconds: 10 },
    { id: "validator", fields: cc("max-age=10", { etag: '"a"' }), seconds: 10 + day },
    {
      id: "never-stale-validator",
      fields: cc("max-age=1, must-revalidate", { etag: '"a"' }),
      seconds: 1 + day,
    },
  ])("kept: $id", ({ fields, seconds }) => {
    const metadata = metadataWith(fields);
    const given = termsOf(metadata, routeWith());
    expect(keepUntilAtMs(metadata, given)).toBe(storedAtMs + seconds * 1_000);
  });

  it.each<{ id: string; fields: Fields; route?: RouteChanges }>([
    { id: "max-age", fields: cc("max-age=99999999999999999999") },
    { id: "s-maxage", fields: cc("s-maxage=2147483648") },
    { id: "Expires", fields: { date: date(0), expires: "Fri, 31 Dec 9999 23:59:59 GMT" } },
    { id: "stale", fields: cc("max-age=1, stale-if-error=99999999999") },
    { id: "validator", fields: cc("max-age=31536000", { etag: '"a"' }) },
    { id: "the route", fields: {}, route: { fresh: "9999d" } },
  ])("a year at the most, whatever is said: $id", ({ fields, route = {} }) => {
    const metadata = metadataWith(fields);
    const given = termsOf(metadata, routeWith(route));
    expect(keepUntilAtMs(metadata, given)).toBe(storedAtMs + 365 * 86_400_000);
  });

  it("terms of one response under two routes are kept apart", () => {
    const metadata = metadataWith();
    const under = (changes: RouteChanges) => termsOf(metadata, routeWith(changes)).lifetimeSeconds;
    expect([under({ fresh: "1m" }), under({ fresh: "2m" })]).toEqual([60, 120]);
  });
});
