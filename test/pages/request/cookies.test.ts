// Tests which cookies of a request reach the origin, which belong to the key of the response, and
// which are unknown. Also tests which cookies of a response make it personal to one client.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import {
  compileHasCookie,
  personalCookies,
  sortCookies,
  unknownCookies,
} from "../../../src/pages/request/cookies.ts";
import { shareOf } from "../../../testing/histories.ts";
import { routeWith } from "../../../testing/examples/requests.ts";

const sorted = (field: string) =>
  sortCookies(
    field,
    { keyCookies: ["currency"], ignoreCookies: ["theme"] },
    { harmlessCookies: ["_ga", "_ga_*"] },
  );

const [eur, usd] = ["currency=EUR", "currency=USD"];

it.each<[field: string, forwarded: string, keyed: string[], hasUnknown: boolean]>([
  ["", "", [], false],
  [" ; ;", "", [], false],
  ["_ga=1; _ga_X=2", "", [], false],
  ["theme=dark", "", [], false],
  [`_ga=1; ${eur}`, eur, [eur], false],
  [`_ga=1; session=7; ${eur}`, `session=7; ${eur}`, [eur], true],
  ["=x", "=x", [], true],
  ["session", "session", [], true],
  ["_GA=1", "_GA=1", [], true],
  ["_gas=1", "_gas=1", [], true],
  [`${eur}; ${usd}`, `${eur}; ${usd}`, [eur, usd], false],
  ["_ga_X=1, session=7", "_ga_X=1, session=7", [], true],
])("sorts the cookies of a request: %j", (field, forwarded, keyed, hasUnknown) => {
  expect(sorted(field)).toEqual({ forwarded, keyed, hasUnknown });
});

it.each<[field: string, hasOne: boolean]>([
  ["session=1", true],
  ["a=1; session=1", true],
  ["a=1;session=1", true],
  ["a=1, session=1", true],
  ["  session = 1", true],
  ["session", true],
  ["session=", true],
  ["Session=1", true],
  ['"session"=1', true],
  ["%73ession=1", true],
  ["a=%; s%65ssion=1", true],
  ["wordpress_logged_in_0a=1", true],
  ["WORDPRESS_logged%5Fin_=1", true],
  ["app.sid=1", true],
  ["session[id]=1", true],
  ["wordpress.logged in_0a=1", true],
  ["appxsid=1", false],
  ["sessions=1", false],
  ["my_session=1", false],
  ["a=session=1", false],
  ["a=session", false],
  ["wordpress_logged_in=1", false],
  ["", false],
])("finds a cookie however a server may read its name: %j", (field, hasOne) => {
  const hasCookie = compileHasCookie(["session", "wordpress_logged_in_*", "app.sid"]);
  expect(hasCookie(field)).toBe(hasOne);
});

it("finds a cookie in time that is linear in the length of the field", () => {
  const hasCookie = compileHasCookie(["session", "a*"]);
  for (const piece of ['"', " ", ";", ",", "; ", "%20", "session"]) {
    expect(hasCookie(`x=${piece.repeat(100_000)}`)).toBe(false);
  }
});

it("treats all cookies except keyed ones as unknown if a request has more than 200", () => {
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

it("sorts any cookies as a search of all names and patterns does", () => {
  const names = fc.constantFrom("_ga", "_ga_X", "_g", "a.b", "a.", "a-b", "axb", "c", "C", "");
  const pairs = fc.array(
    fc.tuple(fc.constantFrom("", " "), names, fc.constantFrom("", "=", "=1", "=a, c=2", "=b=c")),
  );
  const patterns = fc.array(
    fc.tuple(names, fc.constantFrom("", "*")).map((parts) => parts.join("")),
    { maxLength: 4 },
  );
  const isIn = (list: readonly string[], name: string) =>
    list.some((one) => name === one || (one.endsWith("*") && name.startsWith(one.slice(0, -1))));
  fc.assert(
    fc.property(pairs, fc.nat(1), fc.array(names), patterns, patterns, (few, size, ...lists) => {
      const field = few
        .concat(
          Array(size * 70)
            .fill(few)
            .flat(),
        )
        .map((parts) => parts.join(""));
      const [keyCookies, ignoreCookies, harmlessCookies] = lists;
      const all = field.map((pair) => pair.trim()).filter((pair) => pair !== "");
      const isKeyed = (pair: string) =>
        !pair.includes(",") && isIn(keyCookies, pair.split("=")[0] ?? "");
      const isKept = (pair: string) =>
        field.length > 200 ||
        isKeyed(pair) ||
        pair.includes(",") ||
        !isIn([...ignoreCookies, ...harmlessCookies], pair.split("=")[0] ?? "");
      const kept = all.filter(isKept);
      const isUnread = field.length > 200 && keyCookies.length === 0;
      expect(
        sortCookies(field.join(";"), { keyCookies, ignoreCookies }, { harmlessCookies }),
      ).toEqual({
        forwarded: isUnread ? field.join(";") : kept.join("; "),
        keyed: all.filter(isKeyed),
        hasUnknown: isUnread || !kept.every(isKeyed),
      });
    }),
    { seed: 9_111, numRuns: shareOf(1_000) },
  );
});

it("matches no pattern against a cookie whose value may contain another cookie", () => {
  const route = routeWith({ cookies: { ignore: ["*"] }, key: { cookies: ["session"] } });
  const field = "theme=dark, session=7";
  const inRequest = sortCookies(field, route, defineConfig({}));
  expect(inRequest).toMatchObject({ keyed: [], hasUnknown: true });
  const headers = new Headers([["set-cookie", field]]);
  expect(personalCookies(headers, route, defineConfig({}))).toEqual([field]);
});

const dated = "_ga=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT";

it.each([
  [[], false],
  [["__cf_bm=1; Path=/; HttpOnly"], false],
  [[`${dated}; Path=/`], false],
  [["_ga=1", "_ga_X=2", " __cf_bm =3"], false],
  [["theme=dark"], false],
  [["session=1"], true],
  [["_ga=1", "session=1", "theme=dark"], true],
  [["__cflb=1"], true],
  // The cookie is harmless by default, but the route's key contains it.
  [["_gid=EUR"], true],
  [["_GA=1"], true],
  [["_ga=1; Path=/, session=1"], true],
  [[`${dated}, session=1`], true],
  [["=1"], true],
  [["_ga"], true],
])("finds personal cookies in a response with Set-Cookie lines %j: %s", (lines, isPersonal) => {
  const route = routeWith({ cookies: { ignore: ["theme"] }, key: { cookies: ["_gid"] } });
  const headers = new Headers(lines.map((line) => ["set-cookie", line]));
  const found = personalCookies(headers, route, defineConfig({}));
  expect(found).toEqual(isPersonal ? headers.getSetCookie() : []);
});

it("finds no personal cookie if the route strips Set-Cookie", () => {
  const headers = new Headers([["set-cookie", "session=1"]]);
  expect(personalCookies(headers, routeWith({ setCookie: "strip" }), defineConfig({}))).toEqual([]);
});

it.each<[id: string, field: string | null, names: (string | undefined)[], values: string[]]>([
  ["none", null, [], []],
  ["not-keyed", "currency=EUR; session=7", ["session"], ["7"]],
  ["with-an-equals-sign", "a=b=c", ["a"], ["b=c"]],
  ["no-name-or-an-empty-name", "s3cret; =t", [undefined, undefined], ["s3cret", "t"]],
  ["comma-in-a-value", "a=1, b=2", ["a"], ["1, b=2"]],
])("returns the names and values of unknown cookies: %s", (_id, field, names, values) => {
  const forwarded = new Headers(field === null ? {} : { cookie: field });
  const unknown = unknownCookies(forwarded, { keyCookies: ["currency"] });
  expect(unknown.map(({ name }) => name)).toEqual(names);
  expect(unknown.map(({ value }) => value)).toEqual(values);
});
