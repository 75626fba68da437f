// Servers normalise paths differently. These tests check that no server reads a forwarded path as a
// path of another route. Models of well-known servers read each path, alone and in pairs.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { Loops } from "../../src/routing/loops.ts";
import { readingsOf } from "../../src/routing/path-readings.ts";
import { plan } from "../../src/pages/request/plan.ts";
import { compileRoutes } from "../../src/routing/routes.ts";
import { compileUrlReader } from "../../src/routing/url-reader.ts";
import { pathSpelled } from "../../src/routing/target.ts";
import { NameSecret } from "../../src/cache/record/record-key.ts";

const nameSecret = new NameSecret("site", "a text that no client knows");

const config = defineConfig({
  origins: { bucket: { url: "https://bucket.example" }, social: { url: "https://social.example" } },
  routes: [
    { name: "assets", match: "/assets/*", origin: "bucket", fresh: "1h" },
    { name: "handles", match: "/@:user/*", origin: "social" },
    { name: "mine", match: "/me/*", bypass: true },
    { name: "search", match: "/search/:words", fresh: "1m" },
    { name: "rest", match: "*", fresh: "1m" },
  ],
});
const matchRoute = compileRoutes(config);
const readUrl = compileUrlReader({ config, nameSecret, matchRoute, siteHosts: [] });
const loops = new Loops({ pseudonym: () => "x", nowAtMs: () => 0, log: () => undefined });

/** Returns a request as a runtime would that does not normalise the URL. */
const asRequest = (path: string, method = "GET") =>
  ({ url: `http://www.example.com${path}`, method, headers: new Headers() }) as Request;

function planned(path: string, method?: string) {
  const request = asRequest(path, method);
  const site = { config, loops };
  const made = plan(request, readUrl(request), { site, address: undefined });
  if (made.kind === "lookup") {
    return { kind: made.kind, route: made.request.route, path: made.request.target.path };
  }
  if (made.kind === "pass") {
    return { kind: made.kind, route: made.passed.route, path: made.passed.target.path };
  }
  return { kind: made.kind, route: undefined, path: "" };
}

const routeAt = (path: string) =>
  matchRoute({ scheme: "http", host: "www.example.com", path: pathSpelled(path) }).route;

describe("a path that some server reads as a path of another origin", () => {
  it.each([
    { id: "encoded-slash", path: "/assets/..%2fprivate" },
    { id: "encoded-backslash", path: "/assets/..%5Cprivate" },
    { id: "backslash-in-a-name", path: "/assets%5cx%2f..%2fprivate" },
    { id: "twice-encoded", path: "/assets/%252e%252e%252fprivate" },
    { id: "twice-encoded-slash", path: "/assets/..%252fprivate" },
    { id: "parameter", path: "/assets/..;/private" },
    { id: "parameter-with-value", path: "/assets/..;a=b/private" },
    { id: "encoded-parameter", path: "/assets/..%3b/private" },
    { id: "overlong-slash", path: "/assets/..%c0%afprivate" },
    { id: "overlong-dots", path: "/assets/%c0%ae%c0%ae/private" },
    { id: "overlong-of-three", path: "/assets/%e0%80%ae%e0%80%ae/private" },
    { id: "overlong-of-four", path: "/assets/%f0%80%80%af../..%f0%80%80%afprivate" },
    { id: "iis", path: "/assets/..%u002fprivate" },
    { id: "full-width", path: "/assets/．．/private" },
    { id: "full-width-slash", path: "/assets/..%EF%BC%8Fprivate" },
    { id: "full-width-of-iis", path: "/assets/%uFF0E%uff0e/private" },
    { id: "half-of-a-surrogate", path: "/assets/%ud800../private" },
    { id: "invisible", path: "/assets/.%E2%80%8B./private" },
    { id: "long-s", path: "/aſſets/x" },
    { id: "sharp-s", path: "/aßets/x" },
    { id: "broken-escapes", path: "/assets/%2%65%2%65/private" },
    { id: "white-space", path: "/assets/..%20/private" },
    { id: "tab", path: "/assets/..%09/private" },
    { id: "nul-within-dots", path: "/assets/.%00./private" },
    { id: "empty-segment", path: "//assets/logo.png" },
    { id: "parameter-into-another-origin", path: "/x/..;/assets/secret" },
    { id: "encoded-mark", path: "/%40ann/x" },
    { id: "cut-at-nul", path: "/assets%00/x" },
    { id: "cut-at-query", path: "/assets%3f/x" },
    { id: "cut-at-fragment", path: "/assets%23x" },
    { id: "cut-at-line-feed", path: "/assets%0a" },
    { id: "trailing-dot", path: "/assets./logo.png" },
    { id: "too-many-readings", path: "/a;%20//%2fb%5cc%3b/.%2e%25/%3f/x%00.%09/.../%0ay" },
    { id: "too-long", path: `/${";".repeat(5_000)}` },
  ])("is refused: $id", ({ path }) => {
    expect([planned(path).kind, planned(path, "PUT").kind]).toEqual(["refuse", "refuse"]);
  });
});

describe("a path that some server reads as a path of another route of the same origin", () => {
  it.each([
    { id: "empty-segment", path: "//me/orders" },
    { id: "parameter", path: "/me;x/orders" },
    { id: "encoded-slash", path: "/x%2f..%2fme" },
    { id: "encoded-query", path: "/me%3fx.css" },
    { id: "encoded-slash-in-a-parameter", path: "/search/AC%2FDC" },
    { id: "line-feed", path: "/me%0A/x" },
    { id: "no-break-space", path: "/me%C2%A0/x" },
  ])("bypasses the cache: $id", ({ path }) => {
    expect(planned(path).kind).toBe("pass");
  });
});

describe("a path that all servers read as a path of the same route", () => {
  it.each([
    { id: "space", path: "/search/a%20b", kind: "lookup" },
    { id: "parameter", path: "/assets/a;v=2/b", kind: "lookup" },
    { id: "empty-segment", path: "/assets//a", kind: "lookup" },
    { id: "url-in-a-path", path: "/assets/https://a.example/b%3Fc", kind: "lookup" },
    { id: "percent", path: "/search/100%25", kind: "lookup" },
    { id: "latin-1", path: "/search/caf%E9", kind: "lookup" },
    { id: "utf-8", path: "/search/%E4%BD%A0%E5%A5%BD", kind: "lookup" },
    { id: "non-joiner", path: "/search/%D9%85%E2%80%8C%D9%85", kind: "lookup" },
    { id: "full-width", path: "/search/１０％", kind: "lookup" },
    { id: "encoded-slash", path: "/assets/a%2fb", kind: "pass" },
    { id: "package-of-a-scope", path: "/assets/@scope%2fname", kind: "pass" },
  ])("is not refused: $id", ({ path, kind }) => {
    expect(planned(path)).toMatchObject({ kind });
  });

  it("has no other readings if it contains no character that servers treat differently", () => {
    const utf8 = "/caf%C3%A9/cafe%CC%81/%E2%82%AC/%D0%9C%D0%B8%D1%80";
    for (const path of ["/", "/a/b.c/d-e_f~g", utf8, "/@a/b:c,d=e"]) {
      expect([...(readingsOf(path) ?? ["x"])]).toEqual([]);
    }
  });
});

/** Resolves dot segments and keeps empty segments (RFC 3986 §5.2.4). */
function resolved(path: string): string {
  const out: string[] = [];
  const segments = path.split("/").slice(1);
  segments.forEach((segment, at) => {
    const isLast = at === segments.length - 1;
    if (segment === "..") out.pop();
    else if (segment !== ".") out.push(segment);
    if (isLast && (segment === ".." || segment === ".")) out.push("");
  });
  return `/${out.join("/")}`;
}

const bytes = (path: string) =>
  path.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
const escaped = (path: string) =>
  path.replaceAll(
    /[%?#\0-\x20\x7f-\xff]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
const ofC = (text: string) => text.split("\0")[0] ?? "";

/**
 * The path that each server passes to its handler, according to its documentation and behaviour.
 */
const servers: Readonly<Record<string, (path: string) => string>> = {
  "WHATWG URL": (path) => new URL(`http://a${path}`).pathname,
  "RFC 3986": (path) =>
    resolved(
      path.replaceAll(/%(2d|2e|3\d|[46][1-9a-f]|[57][\da]|5f|7e)/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      ),
    ),
  nginx: (path) => escaped(resolved(bytes(path).replaceAll(/\/{2,}/g, "/"))),
  "nginx without merge_slashes": (path) => escaped(resolved(bytes(path))),
  "Apache, AllowEncodedSlashes": (path) =>
    escaped(resolved(ofC(bytes(path)).replaceAll(/\/{2,}/g, "/"))),
  Tomcat: (path) =>
    escaped(
      resolved(
        bytes(path.replaceAll(/;[^/]*/g, ""))
          .replaceAll("\\", "/")
          .replaceAll(/\/+/g, "/"),
      ),
    ),
  Jetty: (path) => escaped(resolved(bytes(path).replaceAll(/;[^/]*/g, ""))),
  "Envoy, unescape and forward": (path) =>
    resolved(path.replaceAll(/%2f|%5c/gi, "/").replaceAll(/\/{2,}/g, "/")),
  IIS: (path) =>
    escaped(
      resolved(bytes(path).replaceAll("\\", "/"))
        .replaceAll(/\/{2,}/g, "/")
        .replaceAll(/[. ]+(?=\/|$)/g, ""),
    ),
  "a reader of overlong UTF-8": (path) =>
    escaped(resolved(bytes(path.replaceAll(/%c0%ae/gi, ".").replaceAll(/%c0%af/gi, "/")))),
  "a file system that folds": (path) => {
    const text = new TextDecoder().decode(Uint8Array.from(bytes(path), (one) => one.charCodeAt(0)));
    const seen = text
      .normalize("NFKC")
      .replaceAll(/\p{Cf}/gu, "")
      .replaceAll("ſ", "s");
    return resolved(seen.replaceAll(/[^/\w.@]/gu, encodeURIComponent));
  },
  "a proxy that puts the decoded path into a URL": (path) =>
    bytes(path)
      .replaceAll(/[\n\r\t]/g, "")
      .split(/[?#]/)[0] ?? "/",
};

const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("/", "assets", "me", "private", "..", "@ann", "search") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ..."%2e %2E . %2f %5c \\ // ; ;x %3b %25 %252f %252e %00 %20 %0a %09 %3f %23 %40 % %2 %c0%ae %c0%af x %EF%BC%8E %EF%BC%8F ＠ %E2%80%8B aſſets".split(
        " ",
      ),
    ),
  },
);

describe("the route of a forwarded path", () => {
  const paths = fc.array(piece, { maxLength: 9 }).map((pieces) => `/${pieces.join("")}`);

  it("is also the route of the path after two servers in a row have normalised it", () => {
    const names = fc.constantFrom(...Object.keys(servers));
    let forwarded = 0;
    fc.assert(
      fc.property(paths, names, names, (path, first, second) => {
        const { kind, route, path: sent } = planned(path);
        if (route === undefined) return;
        forwarded += 1;
        const arrived = new URL(`http://origin.example${sent}`).pathname;
        expect(arrived).toBe(sent);
        const read = servers[first]!(arrived);
        const reread = servers[second]!(read.startsWith("/") ? read : `/${read}`);
        const other = routeAt(reread.startsWith("/") ? reread : `/${reread}`);
        // A bypassing request stores nothing, so only its origin must be the same.
        const chosen = ({ name, origin }: typeof other) => (kind === "lookup" ? name : origin);
        expect({ path, reread, is: chosen(other) }).toEqual({ path, reread, is: chosen(route) });
      }),
      {
        seed: Number(process.env["FUZZ_SEED"] ?? 31),
        numRuns: Number(process.env["FUZZ_RUNS"] ?? 3_000),
      },
    );
    expect(forwarded).toBeGreaterThan(1_000);
  });
});
