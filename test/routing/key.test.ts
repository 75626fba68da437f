// Tests the key of a request. Requests with equal keys share a stored response (RFC 9111 §2, §4.1).
import { describe, expect, it } from "vitest";
import { variantKey } from "../../src/routing/key.ts";
import { askedWith, configWith, type RouteChanges } from "../../testing/examples/requests.ts";

interface Request {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const keyOf = (request: Request, route: RouteChanges) =>
  askedWith(request, configWith(route)).key.text;
const at = (path: string): Request => ({ url: `https://www.example.com${path}` });
const withField = (name: string, value: string): Request => ({ headers: { [name]: value } });
const withCookie = (cookie: string): Request => withField("cookie", cookie);

describe("the key of two equivalent requests", () => {
  it.each<[id: string, a: Request, b: Request, route?: RouteChanges]>([
    ["head-and-get", {}, { method: "HEAD" }],
    ["sorted", at("/?a=1&b=2"), at("/?b=2&&a=1"), { query: { order: "sort" } }],
    ["tracking", at("/a"), at("/a?utm_source=x&gclid=1")],
    ["tracking-in-escapes", at("/a"), at("/a?%75tm_source=x")],
    ["case-of-host", at("/"), { url: "https://WWW.EXAMPLE.COM/" }],
    ["not-allowed", at("/?page=1"), at("/?page=1&x=2"), { query: { allow: ["page"] } }],
    ["harmless-cookie", {}, withCookie("_ga=1")],
    ["unkeyed-field", {}, withField("accept-language", "de")],
    ["unknown-cookie", {}, withCookie("session=1")],
  ])("is the same: %s", (_id, a, b, route = {}) => {
    expect(keyOf(a, route)).toBe(keyOf(b, route));
  });
});

describe("the key of two different requests", () => {
  const byField = { key: { headers: ["X-App"] } };
  const byCookie = { key: { cookies: ["currency"] } };

  it.each<{ id: string; a: Request; b: Request; route?: RouteChanges }>([
    { id: "scheme", a: at("/"), b: { url: "http://www.example.com/" } },
    { id: "host", a: at("/"), b: { url: "https://example.com/" } },
    { id: "path", a: at("/a"), b: at("/a/") },
    { id: "case-of-path", a: at("/a"), b: at("/A") },
    { id: "query", a: at("/?a=1"), b: at("/?a=2") },
    { id: "query-order", a: at("/?a=1&b=2"), b: at("/?b=2&a=1") },
    { id: "escape", a: at("/~a"), b: at("/%7ea") },
    { id: "case-of-escape", a: at("/%7ea"), b: at("/%7Ea") },
    { id: "empty-pair", a: at("/?a"), b: at("/?a&") },
    { id: "repeats", a: at("/?a=1&a=2"), b: at("/?a=2&a=1") },
    { id: "escaped-ampersand", a: at("/?a=1%26b=2"), b: at("/?a=1&b=2") },
    { id: "field", a: withField("x-app", "1"), b: withField("x-app", "2"), route: byField },
    { id: "field-absent", a: withField("x-app", ""), b: {}, route: byField },
    { id: "cookie", a: withCookie("currency=EUR"), b: withCookie("currency=USD"), route: byCookie },
    { id: "cookie-absent", a: withCookie("currency="), b: {}, route: byCookie },
  ])("differs: $id", ({ a, b, route = {} }) => {
    expect(keyOf(a, route)).not.toBe(keyOf(b, route));
  });

  it("contains a line feed after the URL if the route keys a field", () => {
    const facet = keyOf(withField("x-app", "1"), byField);
    expect(facet.split("\n")[0]).toBe(keyOf({}, {}));
  });
});

describe("variantKey", () => {
  const variant = (names: string[], headers: Record<string, string>) => {
    const { key, forwarded } = askedWith({ headers });
    return variantKey(key, names, forwarded).text;
  };

  it.each([
    ["same", "accept-language", { "accept-language": "de, en" }, { "accept-language": "de,en" }],
    [
      "encodings",
      "accept-encoding",
      { "accept-encoding": "gzip, br" },
      { "accept-encoding": "br;q=1, gzip, zstd" },
    ],
    ["dropped-field", "x-forwarded-host", { "x-forwarded-host": "evil.example" }, {}],
    ["harmless-cookie", "cookie", { cookie: "_ga=1" }, {}],
  ])("is the same for two requests: %s", (_id, name, a, b) => {
    expect(variant([name], a as Record<string, string>)).toBe(
      variant([name], b as Record<string, string>),
    );
  });

  it.each([
    ["value", "accept-language", { "accept-language": "de" }, { "accept-language": "en" }],
    ["absent", "x-app", { "x-app": "" }, {}],
  ])("differs for two requests: %s", (_id, name, a, b) => {
    expect(variant([name], a as Record<string, string>)).not.toBe(
      variant([name], b as Record<string, string>),
    );
  });

  it("is the primary key if the response varies by no field", () => {
    const { key, forwarded } = askedWith();
    expect(variantKey(key, [], forwarded)).toBe(key);
  });
});
