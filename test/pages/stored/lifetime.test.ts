// Tests how long a stored response may be used, according to its fields (RFC 9111 §4.2; RFC 9213
// §2.2) and to its route.
import { describe, expect, it } from "vitest";
import {
  ageSeconds,
  assignedLifetimeSeconds,
  keepUntilAtMs,
  termsOf,
} from "../../../src/pages/stored/lifetime.ts";
import type { Route } from "../../../src/config/config.ts";
import { governingDirectives } from "../../../src/rules/cache-control.ts";
import { fieldsOf } from "../../../src/rules/fields.ts";
import type { StoredMetadata } from "../../../src/pages/stored/stored-response.ts";
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

describe("the lifetime of a response", () => {
  const targeted = { ...expires, "cdn-cache-control": "max-age=10" };
  const silent = { "cdn-cache-control": "public" };
  const ofOther = { fresh: { 301: "5m" }, mode: "override" } as const;

  // The function explicitLifetimeSeconds decides the order among the fields.
  it.each<[id: string, fields: Fields, seconds: number, route?: RouteChanges]>([
    ["targeted-first", cc("s-maxage=20, max-age=30", targeted), 10, fresh],
    ["targeted-silent", cc("s-maxage=20", silent), 0],
    ["targeted-silent-then-route", cc("s-maxage=20", silent), 300, fresh],
    ["s-maxage", cc("max-age=30, s-maxage=20", expires), 20, fresh],
    ["max-age", cc("max-age=30", expires), 30, fresh],
    ["expires", expires, 40, fresh],
    ["expires-unreadable", { expires: "0" }, 0, fresh],
    ["route", {}, 300, fresh],
    ["route-by-status", {}, 7, { fresh: { 200: "7s" } }],
    ["not-stated", {}, 0],
    ["override-max-age", cc("max-age=30"), 300, overriding],
    ["override-s-maxage", cc("s-maxage=30"), 300, overriding],
    ["override-expires", expires, 300, overriding],
    ["override-targeted", { "cdn-cache-control": "max-age=10" }, 300, overriding],
    ["override-another-status", cc("max-age=30"), 30, ofOther],
  ])("follows the order of authority: %s", (_id, fields, seconds, route) => {
    expect(terms(fields, route).lifetimeSeconds).toBe(seconds);
  });
});

describe("the heuristic lifetime", () => {
  it.each<[id: string, fields: Fields, heuristics: boolean, seconds: number, route?: RouteChanges]>(
    [
      ["off", modified, false, 0],
      ["on", modified, true, 100],
      ["after-the-route", modified, true, 300, fresh],
      ["after-expires", { ...modified, ...expires }, true, 40],
    ],
  )(
    "applies only if nothing states a lifetime: %s (RFC 9111 §4.2.2)",
    (_id, fields, heuristics, seconds, route) => {
      expect(terms(fields, route, { heuristics }).lifetimeSeconds).toBe(seconds);
    },
  );
});

describe("the route option jitter", () => {
  const secondsOf = (url: string, jitter: number) =>
    terms(cc("max-age=100"), { jitter }, { url }).lifetimeSeconds;
  const urls = Array.from({ length: 200 }, (_, nth) => `https://www.example.com/${nth}`);

  it("spreads the lifetimes of responses that are stored together", () => {
    const seconds = urls.map((url) => secondsOf(url, 0.2)).sort((a, b) => a - b);
    expect([seconds[0], seconds.at(-1)].map((one) => Math.round(one ?? 0))).toEqual([80, 100]);
    for (const [nth, one] of seconds.entries())
      expect(Math.abs(one - 80 - nth / 10)).toBeLessThan(3);
  });

  it("shortens a lifetime alike in each isolate, and none without the option", () => {
    expect(urls.map((url) => secondsOf(url, 1))).toEqual(urls.map((url) => secondsOf(url, 1)));
    expect(new Set(urls.map((url) => secondsOf(url, 0)))).toEqual(new Set([100]));
  });
});

describe("the lifetime that a route assigns to a status", () => {
  const route = routeWith({ fresh: "5m", negative: { 404: "30s", 410: "0s" } });

  it.each([
    { id: "ok", status: 200, seconds: 300 },
    { id: "no-content", status: 204, seconds: 300 },
    { id: "moved", status: 301, seconds: 300 },
    { id: "found", status: 302, seconds: undefined },
    { id: "not-found", status: 404, seconds: 30 },
    { id: "gone-never", status: 410, seconds: 0 },
    { id: "method-not-allowed", status: 405, seconds: undefined },
    { id: "server-error", status: 500, seconds: undefined },
  ])("is that of fresh or negative, or undefined: $id", ({ status, seconds }) => {
    expect(assigned(route, {}, status)).toBe(seconds);
  });

  it.each(["private", "no-store"])("does not override %s behind a targeted field", (directive) => {
    const fields = cc(directive, { "cdn-cache-control": "stale-if-error=60" });
    expect(assigned(route, fields, 200)).toBeUndefined();
  });

  it("also applies to redirects if fresh names the status", () => {
    const own = routeWith({ fresh: { 302: "10s" } });
    expect(assigned(own, {}, 302)).toBe(10);
  });

  it.each([400, 404, 503])("yields to the origin's shorter lifetime: %i", (status) => {
    const given = terms(cc("max-age=7"), { negative: { [status]: "30s" } }, { status });
    expect(given.lifetimeSeconds).toBe(7);
  });
});

describe("the terms of a response", () => {
  const both = "must-revalidate, no-cache";
  const hidden = cc(both, { "cdn-cache-control": "max-age=1" });
  const ofOther = { fresh: { 301: "5m" }, mode: "override" } as const;
  const [neither, never, always] = [
    { neverStale: false, alwaysValidate: false },
    { neverStale: true, alwaysValidate: false },
    { neverStale: false, alwaysValidate: true },
  ];

  it.each<[id: string, fields: Fields, terms: object, route?: RouteChanges]>([
    ["nothing", cc("max-age=1"), neither],
    ["must-revalidate", cc("must-revalidate"), never],
    ["proxy-revalidate", cc("proxy-revalidate"), never],
    ["no-cache", cc("no-cache"), always],
    ["no-cache-qualified", cc('no-cache="x"'), neither],
    ["s-maxage-departs", cc("s-maxage=1"), neither],
    ["targeted-hides-it", hidden, neither],
    ["override-goes-first", cc(both), neither, overriding],
    ["override-of-another-status", cc(both), { ...never, alwaysValidate: true }, ofOther],
  ])(
    "forbid stale or unvalidated use, or allow both: %s (RFC 9111 §4.2.4, §5.2.2)",
    (_id, fields, forbidden, route) => {
      expect(terms(fields, route)).toMatchObject(forbidden);
    },
  );
});

describe("the lifetime of an error whose status has a duration", () => {
  const ways: readonly (readonly [id: string, fields: Fields])[] = [
    ["max-age", cc("max-age=600")],
    ["s-maxage", cc("public, s-maxage=600")],
    ["Expires", { expires: "Fri, 01 Jan 2100 00:00:00 GMT" }],
    ["a targeted field", cc("private", { "cdn-cache-control": "max-age=600" })],
    ["none", {}],
  ];
  it.each(ways)("is not longer: %s", (_, fields) => {
    for (const status of [400, 403, 405, 500, 501, 503]) {
      for (const given of [
        { negative: { [status]: "5s" } },
        { fresh: { [status]: "5s" } },
      ] as const) {
        expect(terms(fields, given, { status }).lifetimeSeconds).toBe(5);
      }
    }
  });
});

describe("the lifetime of a 5xx response", () => {
  it.each<{ id: string; negative: RouteChanges["negative"]; status: number; seconds: number }>([
    { id: "not-named", negative: {}, status: 503, seconds: 10 },
    { id: "origin", negative: { 503: "origin" }, status: 503, seconds: 10 },
    { id: "less", negative: { 503: "5s" }, status: 503, seconds: 5 },
    {
      id: "unless a longer duration is configured",
      negative: { 503: "30s" },
      status: 503,
      seconds: 30,
    },
    { id: "599", negative: { 599: "origin" }, status: 599, seconds: 10 },
    { id: "no-server-error", negative: { 404: "origin" }, status: 404, seconds: 60 },
  ])("is at most ten seconds: $id", ({ negative, status, seconds }) => {
    const { lifetimeSeconds } = terms(cc("max-age=60"), { negative }, { status });
    expect(lifetimeSeconds).toBe(seconds);
  });
});

describe("the stale allowances of a response", () => {
  const route = { staleWhileRevalidate: "1m", staleIfError: "1h" } as const;
  const ofOther = { ...route, fresh: { 301: "1h" } } as const;
  const named = (negative: RouteChanges["negative"]) => ({ ...route, negative });
  const forLong = cc("max-age=60, stale-while-revalidate=86400");
  const own = cc("max-age=0, stale-while-revalidate=5, stale-if-error=6");

  it.each<[string, Fields, RouteChanges, number, whileRevalidate: number, ifError: number]>([
    ["not-stated", {}, {}, 200, 0, 0],
    ["route", cc("max-age=1"), route, 200, 60, 3_600],
    ["route-never-fresh", cc("max-age=0"), route, 200, 0, 3_600],
    ["route-no-lifetime", {}, route, 200, 0, 3_600],
    ["error-not-named", cc("max-age=9"), route, 404, 0, 0],
    ["redirect-not-named", cc("max-age=9"), route, 302, 0, 0],
    ["error-named", {}, named({ 404: "30s" }), 404, 60, 3_600],
    ["error-with-the-lifetime-of-its-origin", cc("max-age=9"), named({ 503: "origin" }), 503, 1, 0],
    ["server-error-with-a-duration", forLong, named({ 503: "30s" }), 503, 0, 0],
    ["error-beyond-its-route", forLong, named({ 400: "30s" }), 400, 60, 3_600],
    [
      "error-below-its-route",
      cc("max-age=9, stale-while-revalidate=5, stale-if-error=6"),
      named({ 400: "30s" }),
      400,
      5,
      6,
    ],
    ["error-without-an-allowance-of-its-route", own, { negative: { 400: "30s" } }, 400, 0, 0],
    ["status-not-named-by-fresh", cc("max-age=9"), ofOther, 200, 0, 0],
    ["error-by-its-origin", own, {}, 404, 5, 6],
    ["fields-first", cc("stale-while-revalidate=5, stale-if-error=0"), route, 200, 5, 0],
    ["unreadable", cc("max-age=9, stale-if-error=x"), route, 200, 60, 3_600],
  ])(
    "are those of its fields, or else of its route: %s (RFC 5861 §3, §4)",
    (_id, fields, given, status, whileRevalidate, ifError) => {
      expect(terms(fields, given, { status })).toMatchObject({
        staleWhileRevalidateSeconds: whileRevalidate,
        staleIfErrorSeconds: ifError,
      });
    },
  );
});

describe("a stored response", () => {
  it.each([
    { id: "at-once", fields: {}, atSeconds: 0, age: 0 },
    { id: "later", fields: {}, atSeconds: 10.5, age: 10.5 },
    { id: "upstream-age", fields: { age: "7" }, atSeconds: 10, age: 17 },
    { id: "clock-set-back", fields: {}, atSeconds: -10, age: 0 },
  ])("has the right age: $id (RFC 9111 §4.2.3)", ({ fields, atSeconds, age }) => {
    const metadata = metadataWith(fields);
    const given = termsOf(metadata, routeWith());
    expect(ageSeconds(metadata, given, storedAtMs + atSeconds * 1_000)).toBe(age);
  });

  const day = 86_400;
  const allowing = "max-age=10, stale-while-revalidate=5, stale-if-error=7";
  const tagged = { etag: '"a"' };

  it.each([
    ["only-max-age", cc("max-age=10"), 10],
    ["minus-its-age", cc("max-age=10", { age: "4" }), 6],
    ["old-already", cc("max-age=10", { age: "40" }), 0],
    ["old-already, within stale-if-error", cc("max-age=10, stale-if-error=50", { age: "40" }), 20],
    ["stale", cc(allowing), 17],
    ["age-ignored", cc(allowing, { age: "-7" }), 17],
    ["never-stale", cc("max-age=10, must-revalidate, stale-if-error=7"), 10],
    ["validator", cc("max-age=10", tagged), 10 + day],
    ["never-stale-validator", cc("max-age=1, must-revalidate", tagged), 1 + day],
  ] as const)("is kept until it is of no use: %s", (_id, fields, seconds) => {
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
  ])("is kept for at most a year: $id", ({ fields, route = {} }) => {
    const metadata = metadataWith(fields);
    const given = termsOf(metadata, routeWith(route));
    expect(keepUntilAtMs(metadata, given)).toBe(storedAtMs + 365 * 86_400_000);
  });

  it("has separate terms under two routes", () => {
    const metadata = metadataWith();
    const under = (changes: RouteChanges) => termsOf(metadata, routeWith(changes)).lifetimeSeconds;
    expect([under({ fresh: "1m" }), under({ fresh: "2m" })]).toEqual([60, 120]);
  });
});
