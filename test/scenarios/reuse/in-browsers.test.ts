// Tests that browsers validate pages before each use unless the origin or the site has told them a lifetime: they would
// assume one (RFC 9111 §4.2.2), and no purge reaches them.
import { describe, expect, it } from "vitest";
import type { RouteChanges } from "../../../testing/examples/requests.ts";
import { cc, type FieldTexts, page } from "../../../testing/fakes/origin-in-process.ts";
import { explained, explainToken } from "../../../testing/site/explained.ts";
import { type AskInit, openSite } from "../../../testing/site/harness.ts";

const checked = "max-age=0, must-revalidate";
const lastModified = "Sun, 06 Nov 1994 08:49:37 GMT";
const later = "Sun, 06 Nov 2044 08:49:37 GMT";
const of = (type: string) => ({ "content-type": type });
const css = of("text/css");

interface Given {
  readonly status?: number;
  readonly route?: RouteChanges;
  readonly init?: AskInit;
  readonly isInFront?: boolean;
}

function openWith(fields: FieldTexts, { status, route, isInFront = false }: Given = {}) {
  const negative = { 404: "30s", 410: "30s", 501: "30s" } as const;
  return openSite({
    config: {
      cacheInFront: isInFront,
      routes: [{ name: "all", match: "*", fresh: "60s", negative, ...route }],
    },
    env: { ADMIN_TOKEN: explainToken },
    origin: () => page("page", { "last-modified": lastModified, etag: '"1"', ...fields }, status),
  });
}

type Row = [id: string, fields: FieldTexts, told: string | null, given?: Given];

const swr = "stale-while-revalidate=86400";
const slow = { purge: { maxLagSeconds: 900 } };

describe("the Cache-Control that browsers get", () => {
  it.each<Row>([
    ["HTML without a lifetime", {}, checked],
    ["JSON", of("application/json; charset=utf-8"), checked],
    ["JSON-LD", of("application/ld+json"), checked],
    ["lines of JSON", of("application/x-ndjson"), checked],
    ["XML", of("application/xml"), checked],
    ["XHTML", of("application/xhtml+xml"), checked],
    ["a feed", of("Application/Atom+XML"), checked],
    ["text", of("text/plain"), checked],
    ["RSC", of("text/x-component"), checked],
    ["data of React Router", of("text/x-script; charset=utf-8"), checked],
    ["no type", of(""), checked],
    ["an invalid type", of("html"), checked],
    ["several types, of which browsers use the last", of("text/css, text/html"), checked],
    ["no validator", { "last-modified": "", etag: "" }, checked],
    ["s-maxage alone", cc("s-maxage=3600"), checked],
    ["public, and s-maxage", cc(`public, s-maxage=3600, ${swr}`), `public, ${checked}`],
    ["stale-while-revalidate alone", cc(swr), checked],
    ["a targeted field", { "cdn-cache-control": "max-age=3600" }, checked],
    ["Surrogate-Control", { "surrogate-control": "max-age=3600" }, checked],
    [
      "private for browsers",
      cc("private", { "cdn-cache-control": "max-age=60" }),
      `private, ${checked}`,
    ],
    ["must-revalidate", cc("must-revalidate, s-maxage=60"), checked],
    ["proxy-revalidate", cc("proxy-revalidate"), `proxy-revalidate, ${checked}`],
    ["max-age that browsers cannot read", cc('s-maxage=9, max-age="60"'), checked],
    ["no-cache for a field", cc('s-maxage=9, no-cache="x-a"'), `no-cache="x-a", ${checked}`],
    ["an invalid Expires", cc("s-maxage=9", { expires: "-1" }), checked],
    ["two values of Expires", cc("s-maxage=9", { expires: `${later}, ${later}` }), checked],
    ["a missing page", {}, checked, { status: 404 }],
    ["a permanent redirect", css, checked, { status: 301 }],
    [
      "a permanent redirect with must-revalidate",
      cc("must-revalidate", css),
      checked,
      { status: 308 },
    ],
    ["several choices", of("image/png"), checked, { status: 300 }],
    ["a page that is gone", css, checked, { status: 410 }],
    [
      "a status for which the route's browser is not meant",
      {},
      checked,
      { status: 404, route: { browser: "60s" } },
    ],
    ["max-age", cc("max-age=600"), "max-age=600"],
    ["several lines", cc(`public, s-maxage=9, max-age=60, ${swr}`), `public, max-age=60, ${swr}`],
    ["Expires", { expires: later }, null],
    ["Expires in the past", { ...cc("s-maxage=60"), expires: lastModified }, null],
    ["no-cache", cc("no-cache"), "no-cache"],
    ["immutable", cc("s-maxage=60, immutable"), "immutable"],
    ["a style", cc(`s-maxage=60, ${swr}`, css), null],
    ["a script", of("text/javascript"), null],
    ["a module", of("application/javascript"), null],
    ["SVG", of("image/svg+xml"), null],
    ["an image", cc("public", of("image/png")), "public"],
    ["a font", of("font/woff2"), null],
    ["a document of an office", of("application/vnd.openxmlformats-officedocument.x"), null],
    ["the route's browser", {}, "max-age=60", { route: { browser: "60s" } }],
    ["a cache in front", cc(`s-maxage=60, ${swr}`), `s-maxage=60, ${swr}`, { isInFront: true }],
  ])(
    "is the same at a miss, a hit, HEAD, a 304 and a range: %s",
    async (_, fields, told, given) => {
      const site = openWith(fields, given);
      const seen: (string | null)[] = [];
      // An anonymous request confirms an error, so the second answer of a client is stored.
      for (const init of [
        {},
        {},
        {},
        { method: "HEAD" },
        { headers: { "if-none-match": '"1"' } },
        { headers: { range: "bytes=0-1" } },
      ]) {
        seen.push((await site.get("/a", init)).fields.get("cache-control"));
      }
      expect(seen).toEqual(seen.map(() => told));
    },
  );

  const alice = { headers: { cookie: "session=alice" } };
  const basic = { headers: { authorization: "Basic YTpi" } };
  const head = { method: "HEAD" };
  const found = { headers: { ...alice.headers, "if-none-match": '"1"' } };
  const bypass = { bypass: true };

  it.each<Row>([
    ["an unknown cookie", {}, `private, ${checked}`, { init: alice }],
    ["a 304 for an unknown cookie", {}, `private, ${checked}`, { init: found }],
    ["a 304 of a style for an unknown cookie", css, "private", { init: found }],
    ["Set-Cookie", { "set-cookie": "a=1" }, `private, ${checked}`],
    ["Set-Cookie, and s-maxage", cc("s-maxage=9", { "set-cookie": "a=1" }), `private, ${checked}`],
    ["Vary: *", { vary: "*" }, checked],
    ["a redirect of one client", css, `private, ${checked}`, { init: alice, status: 301 }],
    ["HEAD", {}, checked, { init: head }],
    ["an error that is not confirmed", {}, checked, { status: 404 }],
    ["private, and s-maxage", cc("private, s-maxage=9"), `private, ${checked}`],
    ["private", cc("private"), "private"],
    ["no-store", cc("no-store"), "no-store"],
    ["an error that browsers never assume to be fresh", {}, null, { status: 403 }],
    ["a temporary redirect", {}, null, { status: 302 }],
    ["a temporary redirect that browsers may show stale", cc(swr), checked, { status: 302 }],
    ["an error that browsers may show stale", cc(swr), checked, { status: 500 }],
    ["an error of a style", cc(swr, css), swr, { status: 500 }],
    ["a bypass", {}, "private", { route: bypass }],
    ["a bypass that has lost s-maxage", cc("s-maxage=9"), `private, ${checked}`, { route: bypass }],
    ["Authorization", cc("s-maxage=9"), `private, ${checked}`, { init: basic }],
    ["a cache in front", cc("s-maxage=9"), "s-maxage=9", { init: head, isInFront: true }],
  ])("of an answer that is not stored: %s", async (_, fields, told, given) => {
    const seen = await openWith(fields, given).get("/a", given?.init);
    expect(seen.cacheStatus).not.toContain("stored");
    expect(seen.fields.get("cache-control")).toBe(told);
  });
});

describe("explain names the lifetime in browsers", () => {
  const tenDaysAgo = "Sat, 22 Dec 2029 12:00:00 GMT";

  it.each<[id: string, fields: FieldTexts, seconds: number | undefined, given?: Given]>([
    ["of the origin, less the age", cc("max-age=600"), 580],
    ["with the time of revalidation", cc("max-age=100, stale-while-revalidate=500"), 580],
    ["of Expires", { expires: "Tue, 01 Jan 2030 13:00:00 GMT" }, 3_580],
    ["of the route", {}, 3_600, { route: { browser: "1h" } }],
    ["that browsers assume", { ...css, "last-modified": tenDaysAgo }, 86_380],
    ["without end, as a year", cc("immutable", css), 31_536_000, { status: 301 }],
    ["not up to N", cc("max-age=30"), undefined],
    ["not up to the N of the route", cc("max-age=600"), undefined, { route: slow }],
    ["not of a page without one", {}, undefined],
  ])("%s", async (_, fields, seconds, given) => {
    const site = openWith(fields, given);
    // An anonymous request confirms a redirect.
    await site.get("/a");
    await site.get("/a");
    site.clock.advance(20);
    const { look } = await explained(site, "/a");
    expect(look?.tiers[0]?.copy?.browsersSeconds).toBe(seconds);
  });
});
