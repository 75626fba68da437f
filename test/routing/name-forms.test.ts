// Tests that a name is found wherever a server may read it, and not in text that only contains it.
import { expect, it } from "vitest";
import { cookieForm, countIn, parameterForm } from "../../src/routing/name-forms.ts";

const cookies = cookieForm(["session", "wordpress_logged_in_*", "app.sid"]);
const parameters = parameterForm(["preview", "draft_*"]);

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
  ["app_sid=1", true],
  ["session[id]=1", true],
  ["session%00x=1", true],
  ["wordpress.logged in_0a=1", true],
  ["appxsid=1", false],
  ["sessions=1", false],
  ["my_session=1", false],
  ["a=session=1", false],
  ["a=session", false],
  ["wordpress_logged_in=1", false],
  ["", false],
  ["sessions_seen=3; session-count=1; x.session=2", false],
  ["OptanonConsent=isGpcEnabled=0&session=1&groups=C0001%3A1", false],
  ["cart=%7B%22session%22%3A%5B%22session%22%5D%7D", false],
  ['cart={"session":1,"a":["session","b"]}', false],
  ["last_url=%2Fa%3Fsession%3D1; seen=/a?session=1", false],
  ["q=the%20session%3D1%20ends", false],
])("finds a cookie however a server may read its name: %j", (field, hasOne) => {
  expect(field.search(cookies) >= 0).toBe(hasOne);
});

/**
 * Fields in which the named server reads `session`, and none reads it as RFC 6265 says. Each octet is one
 * character, as on Node.
 */
it.each([
  [
    "a=b session=m",
    "SimpleCookie of Python 3.11, Bottle 0.12, WebOb 1.8, aiohttp 3.14, lua-resty-cookie",
  ],
  ["a=b\tsession=m", "SimpleCookie, Bottle, WebOb, aiohttp, lua-resty-cookie"],
  ["a=b\vsession=m", "SimpleCookie, Bottle, WebOb, aiohttp"],
  ["$Version=1 session=m", "SimpleCookie, Bottle, WebOb"],
  ["a=b session", "aiohttp"],
  ["a=b;\xA0session=m", "Starlette, WebOb, cookie 0.6"],
  ["a=b;\x85session=m", "Starlette, WebOb"],
  ["a=b;\x1Fsession=m", "Django 5.2, Starlette, Tornado, WebOb, Jetty 9.4"],
  ["\x14session=m", "Jetty 9.4, WebOb"],
  ["a=b; session\xA0=m", "Starlette, cookie 0.6"],
  ["a=b; session\x1C=m", "Django, Starlette, Tornado"],
  ["a=b;\xE2\x80\x83session=m", "Django, WebOb, cookie 0.6 on Workers"],
  ["a=b; session\xE2\x80\x83=m", "Django, cookie 0.6 on Workers"],
  ["\xEF\xBB\xBFsession=m", "cookie 0.6 on Workers"],
  ["a=[session=m", "WebOb"],
  ['a={"q":"session=m"}', "WebOb"],
  ["\\session=m", "Tomcat's LegacyCookieProcessor, WebOb"],
  ["<session=m", "LegacyCookieProcessor"],
  ["=session=m", "Werkzeug 0.16, LegacyCookieProcessor"],
  ["$Version=1; a=b,session=m", "Tomcat 9, Jetty"],
  ['a="b; session=m"', "Tomcat 9, cookie 0.6"],
  ["+session=m", "PHP before 7.4.11"],
  ["a=1%3B%20session=m", "code that decodes the whole field first"],
])("finds a cookie that a server reads: %j, %s", (field) => {
  expect(field.search(cookies)).toBeGreaterThanOrEqual(0);
  const onWorkers = Buffer.from(field, "latin1").toString();
  expect(onWorkers.search(cookies)).toBeGreaterThanOrEqual(0);
});

it("finds a cookie after and before each octet that is no part of a name or a value", () => {
  const octets = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
  const inside = /[\w!#$%&'*+.^`|~()/:<=>?@{}-]/;
  for (const octet of octets.filter((one) => !inside.test(one))) {
    expect(`a=b${octet}session=m`).toMatch(cookies);
  }
  const ending = octets.filter((octet) => !/[\w!#$%&'*+.^`|~()/:<>?@{},-]|]/.test(octet));
  for (const octet of ending) expect(`session${octet}=m`).toMatch(cookies);
});

it.each<[query: string, hasOne: boolean]>([
  ["preview", true],
  ["a=b&preview=1", true],
  ["Preview=", true],
  ["%70review=0", true],
  ["%u0070review=0", true],
  ["preview[]=1", true],
  ["preview%5Ba%5D=1", true],
  ["[preview]=1", true],
  ["preview]=1", true],
  ["a=b;preview=1", true],
  ["%20preview=1", true],
  ["+preview+=1", true],
  ["preview%00x=1", true],
  ["?preview=1", true],
  ["draft.x=1", true],
  ["previews=1&my-preview=1&x_preview=1&draft=1", false],
  ["q=preview&preview-mode=1", false],
  ["next=%2Fa%3Fpreview%3D1%26preview", false],
  ["next=/a?preview=1", false],
  ["filter[preview]=1", false],
  ["", false],
])("finds a parameter however a server may read its name: %j", (query, hasOne) => {
  expect(countIn(parameters, query) > 0).toBe(hasOne);
});

it.each([
  [["session", "a*"], "x="],
  [["_", "__", "_a", "a_b"], ""],
] as const)("finds %j in time that is linear in the length of the text", (names, before) => {
  for (const piece of [" ", "; ", "_ ", ...'" ; , %20 %3b session _ [ ( = +'.split(" ")]) {
    const text = before + piece.repeat(50_000);
    for (const form of [cookieForm(names), parameterForm(names)]) {
      expect(() => countIn(form, text)).not.toThrow();
    }
  }
});
