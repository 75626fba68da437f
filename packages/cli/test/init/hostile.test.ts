// Tests `tidemark init` with hostile or odd origins. Their responses must neither block the command
// nor inject code into its files.
import { describe, expect, it } from "vitest";
import { pathsLinkedFrom } from "../../src/doctor/pages/read-pages.ts";
import { bodyChange, hasToken } from "../../src/origin/look-at-page.ts";
import { referencesOf } from "../../src/origin/links.ts";
import { mayAsk, readRobots, sitemapAddresses } from "../../src/origin/look-at-origin.ts";
import { answerWith } from "../fakes/fake-world.ts";
import { initialised, siteBehind } from "./reached-origin.ts";

const long = (text: string) => text.repeat(Math.floor(1_000_000 / text.length));
const referring = (text: string, contentType = "text/html") => ({
  origin: "https://a.test",
  path: "/",
  text,
  contentType,
  linkField: null,
});
const changed = (first: string, second: string) =>
  bodyChange({ text: first, digest: "1" }, { text: second, digest: "2" });

/** With quadratic run time, each row would take minutes. */
describe("a megabyte of hostile text", () => {
  const linked = (text: string) =>
    pathsLinkedFrom(
      answerWith({ text, headers: new Headers({ "content-type": "text/html" }) }),
      undefined,
    );
  it.each([
    ["tags without an end", () => referencesOf(referring(long("<a ")))],
    ["tags without an end, for doctor", () => linked(long("<a "))],
    ["quotes without an end", () => referencesOf(referring(long(`<a '<a "`)))],
    ["comments without an end", () => referencesOf(referring(long("<!--")))],
    ["the field Link", () => referencesOf({ ...referring(""), linkField: long("<") })],
    ["tokens without an end", () => [hasToken(long("<meta ")), changed(long("<meta "), "")]],
    ["digits", () => changed(`${long("1")}z`, `${long("1")}y`)],
    ["spaces in a sitemap", () => sitemapAddresses(`<loc>${long(" ")}<`)],
    [
      "wildcards in robots.txt",
      () => mayAsk(`/${"a".repeat(2_000)}`, readRobots(`User-agent: *\nDisallow: /${long("*a")}b`)),
    ],
  ])("is parsed without quadratic run time: %s", (_, read) => {
    expect(read).not.toThrow();
  });
});

const html = (body: string) => (fields: Readonly<Record<string, string>>) =>
  new Response(body, { headers: { "content-type": "text/html", ...fields } });

const origin = "https://odd.test";
const links = [
  "/a`${process.exit(7)}`/x",
  "/a`${process.exit(7)}`/y",
  "/quote'\"/x",
  "/*/b",
  "/wiki/Foo_(bar)",
  "/wiki/A:b|c",
  "/c++/$a[1]{2}^3/x.css",
  "/(me)/login",
  "/end*/x",
  "/:id/account",
  "/:odd-name/login",
  "/:v/assets/x.css",
  "/star*.css",
  "/b*d/feed.xml",
  "/line\u2028process.exit(7)//x",
  "/ü/ö",
  "/\u202egnp.exe",
  "//169.254.169.254/latest/meta-data/",
  "http://127.0.0.1:22/",
  "file:///etc/passwd",
  `/${"long/".repeat(1_000)}login`,
];
const robots = [
  "User-agent: *",
  'Disallow: /", process.exit(7), "/login',
  "Disallow: /\u001b[2J\u202e/account",
  "Disallow: /`${process.exit(7)}`/account/",
  "Disallow: /:x-y/account/",
  "Disallow: /*/ */ process.exit(7) /*/cart",
  ...Array.from({ length: 5_000 }, (_, at) => `Disallow: /t${at}/login`),
].join("\n");

function odd(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/robots.txt") return new Response(robots);
  if (pathname === "/") {
    const named = links.map((path) => `<a href="${path.replaceAll('"', "&quot;")}">x</a>`);
    return html(named.join(""))({});
  }
  if (pathname.endsWith(".css"))
    return new Response("x", { headers: { "content-type": "text/css" } });
  if (pathname.endsWith(".xml")) {
    return new Response("x", { headers: { "content-type": "application/rss+xml" } });
  }
  if (pathname.endsWith("x"))
    return html("x")({ "set-cookie": "\u009b31m`${process.exit(7)}*/=1" });
  return html("x")({ "cache-control": "*/`${process.exit(7)}`, private, \u009b2J" });
}

describe("an origin whose paths and fields are code", () => {
  it("gets a valid configuration, and no pattern for files that matches all paths", async () => {
    const { user, told, asked, ran } = await initialised(origin, odd, ["--pages", "60"]);
    expect(ran.code).toBe(0);
    const { config, cacheStatusOf } = await siteBehind(user, odd);
    const files = config.routes.filter(({ name }) => name.startsWith("files"));
    expect(files.flatMap(({ match }) => match.map(({ text }) => text))).not.toContain("/*");
    expect(await cacheStatusOf("/t7/login/x")).toContain("fwd=bypass");
    const patterns = config.routes.flatMap(({ match }) => match);
    expect(patterns.length).toBeLessThan(150);
    expect(asked.filter((one) => /169\.254|passwd|long/.test(one))).toEqual([]);
    expect(told.files.length).toBe(9);
  });

  it("gets files without C1 control characters or right-to-left overrides", async () => {
    const { told } = await initialised(origin, odd, ["--pages", "60"]);
    const texts = told.files.map(({ text }) => text);
    for (const text of texts) expect(text).not.toMatch(/[\u0080-\u009f\u202e]/u);
  });
});

it("init stops sending requests to an origin soon after five time-outs", async () => {
  let count = 0;
  const late = (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/" || pathname === "/robots.txt") {
      return html(Array.from({ length: 13 }, (_, name) => `<a href="/${name}">x</a>`).join(""))({});
    }
    count += 1;
    throw new DOMException("late", "TimeoutError");
  };
  const { told } = await initialised(origin, late);
  expect(count).toBeLessThan(8);
  expect(told.findings.filter(({ code }) => code === "failed").length).toBeGreaterThan(10);
});

it("init reports and respects a robots.txt that forbids all paths", async () => {
  const shut = (request: Request) =>
    request.url.endsWith("/robots.txt")
      ? new Response("User-agent: *\nDisallow: /")
      : html(`<a href="/a">a</a>`)({});
  const { told, asked } = await initialised(origin, shut);
  expect(told.findings.map(({ code }) => code)).toContain("robots");
  expect(asked).not.toContain("GET /a");
});

it("init examines an origin that redirects to a javascript: URL", async () => {
  const script = () => new Response(null, { status: 302, headers: { location: "javascript:x" } });
  const { ran, told } = await initialised(origin, script);
  expect(ran.code).toBe(0);
  expect(told.pages[0]?.judgement.kind).toBe("other");
});
