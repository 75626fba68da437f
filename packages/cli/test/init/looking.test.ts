// Tests how `tidemark init` examines an origin: kinds of pages, links, robots.txt, and differences
// between two bodies.
import { describe, expect, it } from "vitest";
import { bodyChange, hasToken, firstDifference } from "../../src/origin/look-at-page.ts";
import {
  choosePages,
  mayAsk,
  readRobots,
  sitemapAddresses,
} from "../../src/origin/look-at-origin.ts";
import { formatSeconds } from "../../src/origin/judge-page.ts";
import { referencesOf } from "../../src/origin/links.ts";
import { originAddress } from "../../src/commands/init.ts";
import { isFingerprinted, kindOf, privatePattern } from "../../src/origin/page-kind.ts";
import { platformOf } from "../../src/origin/platform.ts";
import { answerWith } from "../fakes/fake-world.ts";

const headersOf = (lines: Readonly<Record<string, string>>) => new Headers(lines);

describe("a path", () => {
  it.each([
    ["/account/orders/7", "/account/*"],
    ["/de/Login", "/de/Login/*"],
    ["/wp-login.php?x=1", "/wp-login.php"],
    ["/accounting", undefined],
    ["/news/my-account-of-it", undefined],
  ])("has the expected pattern of private pages: %s, %s", (path, pattern) => {
    expect(privatePattern(path)).toBe(pattern);
  });

  it.each([
    ["/assets/app.0d3e77ab.js", true],
    ["/assets/index-BxT9kQ2a.css", true],
    ["/_next/static/chunks/main.js", true],
    ["/photos/fog-20240101.jpg", false],
    ["/photos/Holiday2024Sylt.x.jpg", false],
    ["/app.min.js", false],
  ])("has a fingerprinted file name or not: %s, %s", (path, is) => {
    expect(isFingerprinted(path)).toBe(is);
  });

  it.each([
    ["/", "text/html", 200, "page"],
    ["/x", "application/json", 200, "api"],
    ["/api/x", "text/plain", 200, "api"],
    ["/feed", "application/rss+xml", 200, "feed"],
    ["/a.css", "", 404, "asset"],
    ["/x", "text/html", 404, "missing"],
    ["/x", "application/pdf", 200, "asset"],
    ["/cart", "text/html", 200, "private"],
    ["/sitemap.xml", "text/xml", 200, "sitemap"],
  ])(
    "has a kind that depends on content type and status: %s, %s, %d, %s",
    (path, type, status, kind) => {
      expect(
        kindOf(path, answerWith({ status, headers: headersOf({ "content-type": type }) })),
      ).toBe(kind);
    },
  );
});

it("`referencesOf` finds links, assets and feeds of the same host in any HTML syntax", () => {
  const text = `<a href=/bare>1</a><A HREF='one.html#x'>2</A><a class="x" href="?page=2&amp;b=1">3</a>
    <a href="https://other.test/">4</a><a href="mailto:a@b.test">5</a><!-- <a href="/hidden"> -->
    <script defer src="/a.js"></script><link rel='stylesheet' href='/a.css'><img alt="a > b" src="/i.png">
    <link type="application/rss+xml" rel=alternate href=/feed><link rel=canonical href=/canonical>`;
  const page = { origin: "https://a.test", path: "/dir/", text, contentType: "text/html" };
  const found = referencesOf({ ...page, linkField: '</wp-json/>; rel="https://api.w.org/"' });
  expect(found.map(({ path, as }) => `${as} ${path}`)).toEqual([
    "link /wp-json/",
    "link /bare",
    "link /dir/one.html",
    "link /dir/?page=2&b=1",
    "asset /a.js",
    "asset /a.css",
    "asset /i.png",
    "feed /feed",
  ]);
});

describe("robots.txt", () => {
  const robots = readRobots(
    "User-agent: other\nDisallow: /\n\nUser-agent: *\nDisallow: /tmp/ # all of it\nAllow: /tmp/open\nDisallow: /*.pdf$\nDisallow:\nSitemap: /s.xml",
  );

  it.each([
    ["/", true],
    ["/tmp/x", false],
    ["/tmp/open/x", true],
    ["/a/b.pdf", false],
    ["/a/b.pdf?x", true],
  ])("allows or forbids a path: %s, %s", (path, may) => {
    expect(mayAsk(path, robots)).toBe(may);
  });

  it.each([
    ["/a/b", "/a", false],
    ["/a/b", "/a$", true],
    ["/a", "/a$", false],
    ["/a/x.pdf?y", "/*.pdf", false],
    ["/ab", "/ab*b$", true],
    ["/aXbXb", "/a*b*b$", false],
    ["/aXb", "/a*b*b$", true],
    ["/a.b", "/a*$", false],
    ["/a+b", "/a.b", true],
  ])(
    "applies the pattern of a Disallow line: path %s, pattern %s, allowed %s",
    (path, rule, may) => {
      expect(mayAsk(path, readRobots(`User-agent: *\nDisallow: ${rule}`))).toBe(may);
    },
  );

  it("names a sitemap, whose addresses `sitemapAddresses` returns", () => {
    expect(robots.sitemaps).toEqual(["/s.xml"]);
    const text =
      "<urlset><url><loc> https://a.test/?a=1&amp;b=2 </loc></url><loc><![CDATA[/x]]></loc>";
    expect(sitemapAddresses(text)).toEqual(["https://a.test/?a=1&b=2", "/x"]);
  });
});

it("`choosePages` takes pages of each kind in turn, and no links with side effects", () => {
  const link = (path: string) => ({ path, as: "link" as const });
  const paths = "/a/1 /a/2 /a/3 /b/1 /login /logout /x?q=1 /cart?add-to-cart=1 /known";
  const references = [...paths.split(" ").map(link), { path: "/f", as: "feed" as const }];
  const known = new Set(["/known"]);
  const chosen = choosePages({ references, listed: ["/c/1"] }, { known, count: 6 });
  expect(chosen).toEqual(["/login", "/f", "/a/1", "/b/1", "/c/1", "/a/2"]);
});

describe("two bodies", () => {
  const body = (text: string) => ({ text, digest: text });
  const form = (token: string) =>
    `<p>x</p><input type="hidden" name="csrf_token" value="${token}">`;

  it.each([
    ["<p>x</p>", "<p>x</p>", "same"],
    [form("a1"), form("b2"), "token"],
    ["at 12:00:01", "at 12:00:02", "numbers"],
    ["id 9f3ac2", "id 07bbe1", "numbers"],
    ["Hello", "Hello Ada", "content"],
    [form("a1"), `${form("b2")} Ada`, "content"],
  ])("are compared by tokens, numbers and content: %s, %s, %s", (first, second, change) => {
    expect(bodyChange(body(first), body(second))).toBe(change);
  });

  it.each([
    ["<p>at 12:00:01</p>", "<p>at 12:00:02</p>", ["<p>at 12:00:01</p>", "<p>at 12:00:02</p>"]],
    [
      `${form("a")}\n<b>1</b>`,
      `${form("b")}\n<b>2</b>`,
      ["<p>x</p> <b>1</b>", "<p>x</p> <b>2</b>"],
    ],
    ["Hello", "Hello Ada", ["Hello", "Hello Ada"]],
    ["a\u001b[31m1", "a\u001b[31m2", ["a [31m1", "a [31m2"]],
  ])("differ first at a place that is shown without tokens: %j, %j", (first, second, shown) => {
    expect(firstDifference(first, second)).toEqual(shown);
  });

  it("contain a token only if a form field or an attribute is named like one", () => {
    expect(hasToken(form("a"))).toBe(true);
    expect(hasToken('<script nonce="a"></script>')).toBe(true);
    expect(hasToken("<p>a nonce</p><input name=q>")).toBe(false);
  });
});

it.each([
  ["www.example.com", "https://www.example.com"],
  ["127.0.0.1:8080", "https://127.0.0.1:8080"],
  ["http://a.test/", "http://a.test"],
])("`originAddress` reads %s as %s", (text, origin) => {
  expect(originAddress(text)).toBe(origin);
});

it.each([
  [{ link: '<https://a.test/wp-json/>; rel="https://api.w.org/"' }, "", "WordPress"],
  [{}, '<body class="home woocommerce"><link href="/wp-content/x.css">', "WooCommerce"],
  [{}, "<p>WordPress</p>", "unknown"],
])("`platformOf` derives the platform from %j %s: %s", (lines, text, platform) => {
  expect(platformOf([answerWith({ headers: headersOf(lines), text })])).toBe(platform);
});

it.each([
  [60, "1m"],
  [90, "90s"],
  [86_400, "1d"],
  [0, "0s"],
  [1.4, "1s"],
])("`formatSeconds` writes %d s as %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});
