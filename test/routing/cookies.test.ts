// Tests which cookies of a request reach the origin, which belong to the key of the response, and
// which are unknown. Also tests which cookies of a response make it personal to one client.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import {
  isUnclear,
  personalCookies,
  sortCookies,
  unknownCookies,
} from "../../src/routing/cookies.ts";
import { shareOf } from "../../testing/histories.ts";
import { routeWith } from "../../testing/examples/requests.ts";

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
  [`_ga=1; session=7; ${eur}`, `${eur}; session=7`, [eur], true],
  ["=x", "=x", [], true],
  ["session", "session", [], true],
  ["_GA=1", "_GA=1", [], true],
  ["_gas=1", "_gas=1", [], true],
  [`${eur}; ${usd}`, `${eur}; ${usd}`, [eur, usd], false],
  ["_ga_X=1, session=7", "_ga_X=1, session=7", [], true],
])("sorts the cookies of a request: %j", (field, forwarded, keyed, hasUnknown) => {
  expect(sorted(field)).toEqual({ forwarded, keyed, hasUnknown });
});

/** Consent tools, analytics and shops, also with unusual values. */
const ordinary = [
  "currency=usd; cart=%7B%22currency%22%3A%22eur%22%7D; currencyRate=1",
  "OptanonConsent=isGpcEnabled=0&currency=eur&groups=C0001%3A1%2CC0002%3A0; currency=usd",
  "last_url=%2Fshop%3Fcurrency%3Deur; currency=usd; seen=/shop?currency=eur",
  'prefs={"currency":"eur","list":["currency", "x"]}; currency=usd',
  "q=cheap%20currency%3Deur; currency=usd; sort=%22currency%22; my-currency=eur",
  'cky=consent:yes,currency:no; currency=usd; note="the currency, and more"',
  "_ga=GA1.2.3.4;currency=usd; a=b=currency=eur; price.currency=eur",
  'currency="usd"',
];
/** Each of these gives some server another value. */
const unclear = [
  "currency=usd; Currency=eur",
  "c%75rrency=eur; currency=usd",
  "currency=usd; currency[a]=eur",
  "a=b currency=eur; currency=usd",
  "a=b currency=eur",
  "currency",
  "currency=usd; a=b\u00a0currency=eur",
  "a=[currency=eur",
  "currency =usd",
  'x="; currency=usd; y="',
  'x="\\"; currency=usd; y="',
  "flag; currency=usd",
  "currency=usd; =",
  "a=1, currency=usd",
];
/** The key has all of a pair, but a condition compares its value. */
const odd = ["currency=usd eur", 'currency="usd', "currency=usd\u00a0", "currency=usd "];

it.each([
  ...ordinary.map((field) => [field, false, false] as const),
  ...unclear.map((field) => [field, true, true] as const),
  ...odd.map((field) => [field, false, true] as const),
  ["currency=usd; currency=eur", false, true] as const,
])("finds values that servers read differently: %j, keyed %s, compared %s", (field, ...found) => {
  const isFound = [true, false].map((isKeyed) => isUnclear(field, "currency", isKeyed));
  expect(isFound).toEqual(found);
});

it("finds such values in time that is linear in the length of the field", () => {
  for (const piece of [" ", "; a", ...'=" \\" " ; ;= currency = [ ;currency='.split(" ")]) {
    const field = `currency=usd; x="${piece.repeat(100_000)}`;
    expect(() => isUnclear(field, "currency", false)).not.toThrow();
  }
});

it("treats all cookies except keyed ones as unknown if a request has more than 200", () => {
  const harmless = "_ga=1; ".repeat(199);
  expect(sorted(`${harmless}theme=dark; currency=EUR`)).toEqual({
    forwarded: `currency=EUR; ${harmless}theme=dark`,
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
      const sent = [...kept.filter(isKeyed), ...kept.filter((pair) => !isKeyed(pair))];
      const isUnread = field.length > 200 && keyCookies.length === 0;
      expect(
        sortCookies(field.join(";"), { keyCookies, ignoreCookies }, { harmlessCookies }),
      ).toEqual({
        forwarded: isUnread ? field.join(";") : sent.join("; "),
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
  const found = personalCookies(headers, { route, keyedCookies: "" }, defineConfig({}));
  expect(found).toEqual([field]);
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
  const found = personalCookies(headers, { route, keyedCookies: "" }, defineConfig({}));
  expect(found).toEqual(isPersonal ? headers.getSetCookie() : []);
});

it("finds no personal cookie if the route strips Set-Cookie", () => {
  const headers = new Headers([["set-cookie", "session=1"]]);
  const request = { route: routeWith({ setCookie: "strip" }), keyedCookies: "" };
  expect(personalCookies(headers, request, defineConfig({}))).toEqual([]);
});

it.each<[line: string, keyedCookies: string, isPersonal: boolean]>([
  ["vary=a", "vary=a", false],
  ["vary=a; Path=/; HttpOnly", "vary=a", false],
  ["vary=a; expires=Wed, 09 Jun 2027 10:18:14 GMT; Max-Age=3600", "store=1; vary=a", false],
  ["vary=a", "", true],
  ["vary=b", "vary=a", true],
  ["vary=a; Max-Age=0", "vary=a", true],
  ["vary=a; Max-Age=3600; max-age=-1", "vary=a", true],
  ["vary=a; expires=Thu, 01-Jan-1970 00:00:01 GMT", "vary=a", true],
  ["vary=a", "vary=a; vary=b", true],
  ["Vary=a", "vary=a", true],
  ["vary=a, other=1", "vary=a", true],
])("a stripped line repeats the keyed cookie: %s for %s", (line, keyedCookies, isPersonal) => {
  const route = routeWith({ key: { cookies: ["vary", "store"] }, setCookie: "strip" });
  const headers = new Headers([["set-cookie", line]]);
  const found = personalCookies(headers, { route, keyedCookies }, defineConfig({}));
  expect(found).toEqual(isPersonal ? [line] : []);
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
