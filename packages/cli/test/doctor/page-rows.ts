// Pages with one trouble each, and pages of which nothing is to be said.
import { fromOrigin, hit, origin, passed, type Script, site } from "./scripted-network.ts";

export const session = "0123456789abcdef0123";
export const cookie = (value: string) => ({ "set-cookie": `sid=${value}; HttpOnly; Secure` });

export interface Row {
  readonly name: string;
  readonly site: Script;
  readonly origin?: Script;
  readonly explained?: object;
  readonly codes: readonly string[];
}

export const wellSite: Script = (_, at) => hit(at);
const html = { "content-type": "text/html; charset=utf-8" };
const openInfo = "origin-open info";

export const rows: readonly Row[] = [
  { name: "a hit, and nothing else", site: wellSite, codes: [] },
  { name: "a page that is passed by", site: () => passed("route"), codes: [] },
  {
    name: "a redirect elsewhere",
    site: () => ({ status: 301, fields: { location: `${site}/a`, ...passed("x").fields } }),
    codes: [],
  },
  {
    name: "an error of a client",
    site: () => ({ status: 404, ...passed("error-status") }),
    codes: [],
  },
  {
    name: "an origin that refuses strangers",
    site: wellSite,
    origin: () => ({ status: 403 }),
    codes: [],
  },
  {
    name: "an origin that all can reach",
    site: wellSite,
    origin: () => fromOrigin(),
    codes: [openInfo],
  },
  {
    name: "an answer of 500",
    site: () => ({ status: 500, ...passed("error-status") }),
    codes: ["page-fails warning"],
  },
  {
    name: "a Worker that does not start",
    site: () => ({
      status: 500,
      fields: { "proxy-status": "tidemark; error=proxy_internal_error" },
    }),
    codes: ["page-fails critical"],
  },
  {
    name: "a loop",
    site: () => ({
      status: 508,
      fields: { "proxy-status": "tidemark; error=proxy_loop_detected" },
    }),
    codes: ["loop critical"],
  },
  {
    name: "a loop that something else tells of",
    site: () => ({ status: 508, ...passed("error-status") }),
    codes: ["loop critical"],
  },
  {
    name: "a page that has come back once",
    site: () => passed("came-back"),
    codes: ["loop critical"],
  },
  {
    name: "links to the origin",
    site: (_, at) => ({ ...hit(at, html), text: `<a href="${origin}/a">a</a>` }),
    origin: () => ({ status: 403 }),
    codes: ["links-past warning"],
  },
  {
    name: "a redirect to the origin",
    site: () => ({ status: 301, fields: { location: `${origin}/a`, ...passed("x").fields } }),
    origin: () => ({ status: 403 }),
    codes: ["links-past warning"],
  },
  {
    name: "links to the site, and a file from elsewhere",
    site: (_, at) => ({
      ...hit(at, html),
      text: `<a href="/a">a</a><a href="${site}/b">b</a><link rel="icon" href="${origin}/i.png">`,
    }),
    origin: () => ({ status: 403 }),
    codes: [],
  },
  {
    name: "a redirect to itself",
    site: (_, at) => ({ status: 301, fields: { ...hit(at).fields, location: "/#top" } }),
    codes: ["redirect-to-itself critical"],
  },
  {
    name: "an answer without Cache-Status",
    site: () => ({}),
    codes: ["not-through-tidemark critical"],
  },
  {
    name: "a hit of a cache in front",
    site: (_, at) => hit(at, { "cache-status": `${hit(at).fields["cache-status"]}, cdn; hit` }),
    codes: ["cache-in-front critical"],
  },
  {
    name: "a cache in front that has forwarded",
    site: (_, at) =>
      hit(at, { "cache-status": `${hit(at).fields["cache-status"]}, cdn; fwd=miss` }),
    codes: ["cache-in-front info"],
  },
  {
    name: "a ttl that stands still",
    site: () => hit(0),
    codes: ["cache-in-front critical"],
  },
  {
    name: "a field for debugging that is not answered",
    site: (_, at) => hit(at, { "x-no-debug": "1" }),
    codes: ["cache-in-front critical"],
  },
  {
    name: "a hit below, as Cache-Status has it",
    site: () =>
      passed("route", { "cache-status": "varnish; hit, tidemark; fwd=bypass; detail=route" }),
    codes: ["cache-below warning"],
  },
  {
    name: "an origin with Age",
    site: wellSite,
    origin: () => fromOrigin({ age: "7" }),
    codes: ["cache-below warning", openInfo],
  },
  {
    name: "an origin with X-Cache",
    site: wellSite,
    origin: () => fromOrigin({ "x-cache": "Hit from cloudfront" }),
    codes: ["cache-below warning", openInfo],
  },
  {
    name: "an origin behind Cloudflare, whose cache Tidemark passes by",
    site: wellSite,
    origin: () => fromOrigin({ "cf-cache-status": "HIT", age: "7" }),
    codes: ["cache-below info", openInfo],
  },
  {
    name: "an origin with a cache that has missed",
    site: wellSite,
    origin: () => fromOrigin({ "x-cache": "MISS", age: "0", "cf-cache-status": "DYNAMIC" }),
    codes: [openInfo],
  },
  {
    name: "a copy that was old when it came",
    site: wellSite,
    explained: { look: { tiers: [{ tier: "memory", copy: { ageOnArrivalSeconds: 90 } }] } },
    codes: ["cache-below warning"],
  },
  {
    name: "a copy that was new when it came",
    site: wellSite,
    explained: { look: { tiers: [{ tier: "memory", copy: { ageOnArrivalSeconds: 2 } }] } },
    codes: [],
  },
  {
    name: "an origin that forbids caching, by the site",
    site: () => passed("no-store", { "cache-control": "no-store" }),
    codes: ["origin-forbids-caching warning"],
  },
  {
    name: "an origin that forbids caching, asked directly",
    site: () => passed("private"),
    origin: () => fromOrigin({ "cache-control": "max-age=0, private" }),
    codes: ["origin-forbids-caching warning", openInfo],
  },
  {
    name: "a page that is stale at once",
    site: () => ({ fields: { "cache-status": "tidemark; fwd=stale; fwd-status=304; stored" } }),
    codes: ["no-lifetime warning"],
  },
  {
    name: "a page that was purged meanwhile",
    site: () => ({
      fields: { "cache-status": "tidemark; fwd=stale; fwd-status=200; stored; detail=purged" },
    }),
    codes: [],
  },
  {
    name: "a cookie on a page for everybody",
    site: () =>
      passed("set-cookie", { "set-cookie": "lang=en", "cache-control": "max-age=60, private" }),
    codes: ["cookie-on-page warning"],
  },
  {
    name: "a cookie of Cloudflare's on it",
    site: (_, at) => hit(at, { "set-cookie": `__cf_bm=${session}; HttpOnly` }),
    codes: [],
  },
  {
    name: "a cookie on a page for one client",
    site: (_, __, nth) => passed("route", { "cache-control": "private", ...cookie(session + nth) }),
    codes: [],
  },
  {
    name: "a cookie that its route takes off",
    site: wellSite,
    origin: (_, __, nth) => fromOrigin(cookie(session + nth)),
    codes: [openInfo],
  },
  {
    name: "the same session for two clients",
    site: () => passed("route", { "cache-control": "private", ...cookie(session) }),
    codes: ["session-shared critical"],
  },
  {
    name: "the same session for two clients, from the origin",
    site: () => ({ status: 404, ...passed("error-status") }),
    origin: () => fromOrigin({ "cache-control": "private", ...cookie(session) }),
    codes: ["origin-forbids-caching warning", "session-shared critical", openInfo],
  },
  { name: "Vary: *", site: () => passed("vary-any", { vary: "*" }), codes: ["vary-wide warning"] },
  {
    name: "Vary: User-Agent",
    site: (_, at) => hit(at, { vary: "Accept-Encoding, User-Agent" }),
    codes: ["vary-wide warning"],
  },
  { name: "Vary: Cookie", site: (_, at) => hit(at, { vary: "Cookie" }), codes: ["vary-wide info"] },
  {
    name: "Vary: Accept-Encoding",
    site: (_, at) => hit(at, { vary: "Accept-Encoding" }),
    codes: [],
  },
  {
    name: "a Tidemark behind",
    site: wellSite,
    origin: () => fromOrigin({ "cache-status": "tidemark; fwd=uri-miss" }),
    codes: [openInfo, "origin-is-tidemark warning"],
  },
];
