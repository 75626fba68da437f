// Which cookies are forwarded, which are keyed, and whether one is there that nobody knows; and which
// of those that a response sets make it one client's own.
import { expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import {
  personalCookies,
  sortCookies,
  unknownCookies,
} from "../../../src/proxy/request/cookies.ts";
import { routeWith } from "../../../testing/examples/requests.ts";

const sorted = (field: string) =>
  sortCookies(
    field,
    { keyCookies: ["currency"], ignoreCookies: ["theme"] },
    { harmlessCookies: ["_ga", "_ga_*"] },
  );

it.each([
  { id: "empty", field: "", forwarded: "", keyed: [], hasUnknown: false },
  { id: "only-separators", field: " ; ;", forwarded: "", keyed: [], hasUnknown: false },
  { id: "harmless", field: "_ga=1; _ga_X=2", forwarded: "", keyed: [], hasUnknown: false },
  { id: "ignored-by-the-route", field: "theme=dark", forwarded: "", keyed: [], hasUnknown: false },
  {
    id: "keyed",
    field: "_ga=1; currency=EUR",
    forwarded: "currency=EUR",
    keyed: ["currency=EUR"],
    hasUnknown: false,
  },
  {
    id: "unknown",
    field: "_ga=1; session=7; currency=EUR",
    forwarded: "session=7; currency=EUR",
    keyed: ["currency=EUR"],
    hasUnknown: true,
  },
  { id: "no-name", field: "=x", forwarded: "=x", keyed: [], hasUnknown: true },
  { id: "no-value", field: "session", forwarded: "session", keyed: [], hasUnknown: true },
  { id: "case-counts", field: "_GA=1", forwarded: "_GA=1", keyed: [], hasUnknown: true },
  { id: "more-than-the-name", field: "_gas=1", forwarded: "_gas=1", keyed: [], hasUnknown: true },
  {
    id: "twice",
    field: "currency=EUR; currency=USD",
    forwarded: "currency=EUR; currency=USD",
    keyed: ["currency=EUR", "currency=USD"],
    hasUnknown: false,
  },
  {
    id: "two-lines-in-one",
    field: "_ga_X=1, session=7",
    forwarded: "_ga_X=1, session=7",
    keyed: [],
    hasUnknown: true,
  },
])("$id", (row) => {
  expect({ ...row, ...sorted(row.field) }).toEqual(row);
});

it("of more than 200 none counts as known but those of the key", () => {
  const harmless = "_ga=1; ".repeat(199);
  expect(sorted(`${harmless}theme=dark; currency=EUR`)).toEqual({
    forwarded: `${harmless}theme=dark; currency=EUR`,
    keyed: ["currency=EUR"],
    hasUnknown: true,
  });
  expect(sorted(`_ga=1; ${"theme=dark; ".repeat(198)}`).hasUnknown).toBe(false);
  const none = { keyCookies: [], ignoreCookies: [] };
  expect(sortCookies(`${harmless}; a=1`, none, { harmlessCookies: ["_ga"] })).toEqual({
    forwarded: `${harmless}; a=1`,
    keyed: [],
    hasUnknown: true,
  });
});

it("what may be several cookies in one is no cookie that a pattern names", () => {
  const route = routeWith({ cookies: { ignore: ["*"] }, key: { cookies: ["session"] } });
  const field = "theme=dark, session=7";
  const inRequest = sortCookies(field, route, defineConfig({}));
  expect(inRequest).toMatchObject({ keyed: [], hasUnknown: true });
  const headers = new Headers([["set-cookie", field]]);
  expect(personalCookies(headers, route, defineConfig({}))).toEqual([field]);
});

it.each([
  { id: "none", lines: [], isPersonal: false },
  { id: "harmless", lines: ["__cf_bm=1; Path=/; HttpOnly"], isPersonal: false },
  { id: "harmless-with-date", lines: ["_ga=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT; Path=/"] },
  { id: "several", lines: ["_ga=1", "_ga_X=2", " __cf_bm =3"], isPersonal: false },
  { id: "ignored-by-the-route", lines: ["theme=dark"], isPersonal: false },
  { id: "unknown", lines: ["session=1"], isPersonal: true },
  { id: "one-unknown", lines: ["_ga=1", "session=1", "theme=dark"], isPersonal: true },
  { id: "of-a-load-balancer", lines: ["__cflb=1"], isPersonal: true },
  { id: "keyed-and-harmless", lines: ["_gid=EUR"], isPersonal: true },
  { id: "case-counts", lines: ["_GA=1"], isPersonal: true },
  { id: "two-in-one-line", lines: ["_ga=1; Path=/, session=1"], isPersonal: true },
  {
    id: "two-in-one-line-after-a-date",
    lines: ["_ga=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT, session=1"],
    isPersonal: true,
  },
  { id: "no-name", lines: ["=1"], isPersonal: true },
  { id: "no-value", lines: ["_ga"], isPersonal: true },
])("a response that sets: $id", ({ lines, isPersonal = false }) => {
  const route = routeWith({ cookies: { ignore: ["theme"] }, key: { cookies: ["_gid"] } });
  const headers = new Headers(lines.map((line) => ["set-cookie", line]));
  const found = personalCookies(headers, route, defineConfig({}));
  expect(found).toEqual(isPersonal ? headers.getSetCookie() : []);
});

it("a response whose cookies the route strips is nobody's own", () => {
  const headers = new Headers([["set-cookie", "session=1"]]);
  expect(personalCookies(headers, routeWith({ setCookie: "strip" }), defineConfig({}))).toEqual([]);
});

it.each<[id: string, field: string | null, names: (string | undefined)[], values: string[]]>([
  ["none", null, [], []],
  ["not-keyed", "currency=EUR; session=7", ["session"], ["7"]],
  ["with-an-equals-sign", "a=b=c", ["a"], ["b=c"]],
  ["values-that-are-no-names", "s3cret; =t", [undefined, undefined], ["s3cret", "t"]],
  ["two-lines-in-one", "a=1, b=2", ["a"], ["1, b=2"]],
])("unknown cookies, by name and value: %s", (_id, field, names, values) => {
  const forwarded = new Headers(field === null ? {} : { cookie: field });
  const unknown = unknownCookies(forwarded, { keyCookies: ["currency"] });
  expect(unknown.map(({ name }) => name)).toEqual(names);
  expect(unknown.map(({ value }) => value)).toEqual(values);
});
