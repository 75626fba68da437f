// For each recipe about routes: the requests that show that it works.
import { cc, type FieldTexts, page } from "../../testing/fakes/origin-in-process.ts";
import { magentoRow } from "./magento-row.ts";
import { bypassed, hit, type Origin, purged, type Row, stored } from "./play.ts";

/** Returns an origin whose pages contain a field of the request. */
const echoing =
  (name: string, fields: FieldTexts = {}): Origin =>
  ({ headers }) =>
    page(headers.get(name) ?? "none", fields);

const graphql = (method: string, body: string) => ({
  path: "/graphql",
  method,
  body,
  headers: { "content-type": "application/json", "content-length": String(body.length) },
});

const ownPage = "<!doctype html><title>Back soon</title><h1>We are back soon</h1>";
const [phone, laptop] = ["Mozilla/5.0 (iPhone) Mobile/15E148", "Mozilla/5.0 (X11; Linux x86_64)"];

export const routeRows: readonly Row[] = [
  {
    recipe: "Cache per country",
    origin: echoing("cf-ipcountry"),
    steps: [
      { path: "/shop/a", headers: { "cf-ipcountry": "DE" }, sees: `${stored} | DE` },
      { path: "/shop/a", headers: { "cf-ipcountry": "FR" }, sees: `${stored} | FR` },
      { path: "/shop/a", headers: { "cf-ipcountry": "DE" }, sees: `${hit} | DE` },
    ],
  },
  {
    recipe: "Another origin for some countries",
    origin: ({ url, headers }) =>
      page(`${new URL(url).host} ${headers.get("cf-ipcountry")} ${headers.get("x-shop")}`),
    steps: [
      { path: "/shop/a", country: "AT", sees: `${stored} | alps-origin.example AT alps` },
      { path: "/shop/a", country: "FR", sees: `${stored} | origin.invalid null null` },
      { path: "/shop/a", country: "CH", sees: `${stored} | alps-origin.example CH alps` },
      { path: "/shop/a", country: "AT", sees: `${hit} | alps-origin.example AT alps` },
      {
        path: "/shop/a",
        headers: { "cf-ipcountry": "AT" },
        sees: `${hit} | origin.invalid null null`,
      },
    ],
  },
  {
    recipe: "Cache mobile and desktop separately",
    origin: echoing("x-device"),
    steps: [
      { path: "/", headers: { "user-agent": phone }, sees: `${stored} | mobile` },
      { path: "/", headers: { "user-agent": laptop }, sees: `${stored} | desktop` },
      { path: "/", headers: { "user-agent": `${phone} Safari` }, sees: `${hit} | mobile` },
      { path: "/", headers: { "x-device": "invented" }, sees: `${hit} | desktop` },
    ],
  },
  {
    recipe: "Never cache for logged-in users",
    origin: echoing("cookie", cc("public, max-age=60")),
    steps: [
      { path: "/", headers: { cookie: "session=ann" }, sees: `${bypassed} | session=ann` },
      { path: "/", sees: `${stored} | none` },
      { path: "/", headers: { cookie: "remember_web=1" }, sees: `${bypassed} | remember_web=1` },
      { path: "/", sees: `${hit} | none` },
    ],
  },
  {
    recipe: "Your own error page",
    origin: () => new Response("gateway", { status: 502 }),
    steps: [
      {
        path: "/a",
        headers: { accept: "text/html,*/*;q=0.8" },
        sees: `fwd=uri-miss; fwd-status=502; detail=error-status | ${ownPage}`,
        answers: { "cache-control": "no-store", "content-type": "text/html; charset=utf-8" },
      },
      { path: "/b", sees: "fwd=uri-miss; fwd-status=502; detail=error-status | gateway" },
    ],
  },
  {
    recipe: "An application below a path",
    origin: ({ url }) => page(url, { location: "/b" }),
    steps: [
      {
        path: "/blog/a?c",
        sees: `${stored} | https://blog-origin.example/a?c`,
        answers: { location: "/blog/b" },
      },
      { path: "/a", sees: `${stored} | https://origin.invalid/a` },
    ],
  },
  {
    recipe: "A/B test with a cookie",
    origin: ({ headers, url }) =>
      page(headers.get("cookie") ?? "none", url.endsWith("?set") ? { "set-cookie": "ab=a" } : {}),
    steps: [
      { path: "/", headers: { cookie: "ab=a" }, sees: `${stored} | ab=a` },
      { path: "/", headers: { cookie: "ab=b" }, sees: `${stored} | ab=b` },
      { path: "/", headers: { cookie: "ab=a; _ga=1" }, sees: `${hit} | ab=a` },
      { path: "/?set", sees: "fwd=uri-miss; detail=set-cookie | none" },
    ],
  },
  {
    recipe: "GraphQL by QUERY",
    origin: (_, nth) => page(`answer ${nth}`),
    steps: [
      {
        ...graphql("QUERY", '{ "query": "{ me }", "variables": {} }'),
        sees: `${stored} | answer 1`,
      },
      { ...graphql("QUERY", '{"variables":{},"query":"{ me }"}'), sees: `${hit} | answer 1` },
      { ...graphql("QUERY", '{"query":"{ you }"}'), sees: `${stored} | answer 2` },
    ],
  },
  {
    recipe: "Videos, maps and downloads",
    origin: ({ headers }) => {
      const [, first = "", last = ""] =
        /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "") ?? [];
      const part = "0123456789".repeat(150_000).slice(Number(first), Number(last) + 1);
      const range = `bytes ${first}-${Number(first) + part.length - 1}/1500000`;
      return new Response(part, {
        status: 206,
        headers: { "content-type": "video/mp4", "content-range": range, etag: '"1"' },
      });
    },
    steps: [
      {
        path: "/a.mp4",
        headers: { range: "bytes=0-3" },
        sees: "fwd=uri-miss; fwd-status=206; stored | 0123",
      },
      {
        path: "/a.mp4",
        headers: { range: "bytes=2-5" },
        sees: `${hit} | 2345`,
        answers: { "content-range": "bytes 2-5/1500000" },
      },
      {
        path: "/a.mp4",
        headers: { range: "bytes=-2" },
        sees: "fwd=partial; fwd-status=206; detail=memory | 89",
      },
    ],
  },
  magentoRow,
  {
    recipe: "GraphQL",
    origin: ({ method, headers, url }) =>
      page(
        `${method} ${headers.get("accept")}`,
        url.includes("known") ? cc("max-age=60, stale-while-revalidate=60") : {},
      ),
    steps: [
      { path: "/graphql?extensions=known&operationName=a", sees: `${stored} | GET null` },
      { path: "/graphql?operationName=a&extensions=known", sees: `${hit} | GET null` },
      { passSeconds: 61 },
      { path: "/graphql?operationName=a&extensions=known", sees: `${hit} | GET null` },
      {
        path: "/graphql?operationName=a&extensions=known",
        sees: `${hit} | GET application/json`,
      },
      { path: "/graphql?extensions=error", sees: "fwd=uri-miss; detail=no-use | GET null" },
      ...[1, 2].map(() => ({
        path: "/graphql",
        method: "POST",
        body: "{}",
        sees: "fwd=method; detail=method | POST null",
      })),
    ],
  },
  {
    recipe: "Deploy without missing files",
    origin: (request, nth) => {
      const [build, other] = nth <= 3 ? ["0ld", "none"] : ["4f2c9a1", "0ld"];
      const isMissing = request.url.includes("0ld.js") && build !== "0ld";
      const type = request.url.includes(".js") ? { "content-type": "text/javascript" } : {};
      // The fifth request reaches an old server.
      const fields = { "x-build-id": nth === 5 ? other : build, ...type };
      return page(`page ${fields["x-build-id"]}`, fields, isMissing ? 404 : 200);
    },
    steps: [
      { path: "/", sees: `${stored} | page 0ld` },
      { path: "/assets/0ld.js", sees: `${stored} | page 0ld` },
      { path: "/news", sees: `${stored} | page 0ld` },
      { runs: 0, prints: /Released: 4f2c9a1, position/ },
      { path: "/", sees: `${purged} | page 4f2c9a1` },
      { path: "/news", sees: 'fwd=stale; detail="purged, left-release" | page 0ld' },
      { path: "/news", sees: `${purged} | page 4f2c9a1` },
      { path: "/assets/0ld.js", sees: `${hit} | page 0ld` },
    ],
  },
  {
    recipe: "Cache for one year, and purge by tag",
    origin: (_, nth) => page(`version ${nth}`, cc("max-age=60")),
    steps: [
      {
        path: "/articles/tides",
        sees: `${stored} | version 1`,
        answers: { "cache-control": "max-age=0" },
      },
      { passSeconds: 300 * 86_400 },
      { path: "/articles/tides", sees: `${hit} | version 1` },
      { runs: 0, prints: /It applies everywhere within 10 s/ },
      { path: "/articles/tides", sees: `${purged} | version 2` },
    ],
  },
  {
    recipe: "Serve stale pages while the origin is down",
    origin: (_, nth) => (nth === 1 ? page("page") : page("down", {}, 503)),
    steps: [
      { path: "/", sees: `${stored} | page` },
      { passSeconds: 3_000 },
      { path: "/", sees: `${hit} | page` },
      { passSeconds: 23 * 3_600 },
      { path: "/", sees: "hit; detail=stale-if-error | page" },
      { passSeconds: 3_600 },
      { path: "/", sees: "fwd=uri-miss; fwd-status=503; detail=error-status | down" },
    ],
  },
  {
    recipe: "CORS",
    origin: ({ headers, url, method }) => {
      const origin = url.includes("/fonts/") ? "*" : (headers.get("origin") ?? "none");
      return page(method, { "access-control-allow-origin": origin });
    },
    steps: [
      ...["https://a.example", "https://b.example", "https://a.example"].map((origin, at) => ({
        path: "/api/a",
        headers: { origin },
        sees: `${at < 2 ? stored : hit} | GET`,
        answers: { "access-control-allow-origin": origin },
      })),
      { path: "/api/a", method: "OPTIONS", sees: "fwd=method; detail=method | OPTIONS" },
      { path: "/fonts/a", headers: { origin: "https://a.example" }, sees: `${stored} | GET` },
      {
        path: "/fonts/a",
        headers: { origin: "https://b.example" },
        sees: `${hit} | GET`,
        answers: { "access-control-allow-origin": "*" },
      },
    ],
  },
  {
    recipe: "An API with keys",
    origin: echoing("x-api-key", cc("max-age=60")),
    steps: [
      { path: "/api/a", headers: { "x-api-key": "key-of-ann" }, sees: `${stored} | key-of-ann` },
      { path: "/api/a", headers: { "x-api-key": "key-of-bob" }, sees: `${stored} | key-of-bob` },
      { path: "/api/a", headers: { "x-api-key": "key-of-ann" }, sees: `${hit} | key-of-ann` },
      { path: "/api/a", sees: `${stored} | none` },
      {
        path: "/api/a",
        headers: { authorization: "Bearer ann" },
        sees: "fwd=bypass; detail=authorization | none",
      },
      {
        path: "/unkeyed",
        headers: { "x-api-key": "key-of-ann" },
        sees: 'fwd=uri-miss; detail="credential-field: x-api-key" | key-of-ann',
      },
    ],
  },
  {
    recipe: "404 pages",
    origin: (_, nth) => page(`none ${nth}`, {}, 404),
    steps: [
      { path: "/a", sees: "fwd=uri-miss; fwd-status=404; detail=unconfirmed | none 1" },
      { path: "/a", sees: "fwd=uri-miss; collapsed | none 2" },
      { path: "/a", sees: `${hit} | none 2` },
      { passSeconds: 31 },
      { path: "/a", sees: "fwd=uri-miss; collapsed | none 3" },
      { path: "/a", sees: `${hit} | none 3` },
    ],
  },
  {
    recipe: "Do not store error pages that say 200",
    origin: (_, nth) => page(`page ${nth}`, nth === 2 || nth > 3 ? { "x-error": "database" } : {}),
    steps: [
      { path: "/a", sees: `${stored} | page 1` },
      { passSeconds: 301 },
      { path: "/a", sees: `${hit} | page 1` },
      { passSeconds: 2 },
      { path: "/a", sees: `${hit} | page 1` },
      { path: "/a", sees: `${hit} | page 3` },
      { path: "/b", sees: 'fwd=uri-miss; detail="answer-rule: answer.0" | page 4' },
    ],
  },
  {
    recipe: "Preview and draft mode",
    origin: echoing("cookie"),
    steps: [
      { path: "/a", sees: `${stored} | none` },
      { path: "/a", headers: { cookie: "preview=1" }, sees: `${bypassed} | preview=1` },
      { path: "/drafts/a", sees: `${bypassed} | none` },
      { path: "/a?preview=true", sees: `${bypassed} | none` },
      { path: "/a", sees: `${hit} | none` },
    ],
  },
  {
    recipe: "Two sites in one Worker",
    origin: ({ url }, nth) => page(`${new URL(url).host} ${nth}`),
    steps: [
      { path: "https://www.example.com/", sees: `${stored} | blog-origin.example 1` },
      { path: "https://shop.example/", sees: `${stored} | shop-origin.example 2` },
      { path: "https://elsewhere.example/", sees: `${hit} | blog-origin.example 1` },
      { passSeconds: 61 },
      { path: "https://shop.example/", sees: `${stored} | shop-origin.example 3` },
      { path: "https://www.example.com/", sees: `${hit} | blog-origin.example 1` },
    ],
  },
  {
    recipe: "A page that changes at midnight",
    origin: (_, nth, { exports, clock }) => {
      const untilMidnight = exports["untilMidnight"] as (nowMs: number) => FieldTexts;
      return page(`day ${nth}`, untilMidnight(clock.atMs));
    },
    steps: [
      { path: "/", sees: `${stored} | day 1` },
      { passSeconds: 12 * 3_600 - 2 },
      { path: "/", sees: `${hit} | day 1` },
      { passSeconds: 2 },
      { path: "/", sees: `${stored} | day 2` },
      { passSeconds: 86_398 },
      { path: "/", sees: `${hit} | day 2` },
      { passSeconds: 1.5 },
      { path: "/", sees: "fwd=uri-miss; detail=no-use | day 3" },
      { passSeconds: 0.5 },
      { path: "/", sees: `${stored} | day 4` },
    ],
  },
];
