// Pages for the tests of doctor, with and without faults, and the expected findings.
import type { Copy } from "../../../../src/protocol/explain-answer.ts";
import { fromOrigin, hit, origin, passed, type Script, site } from "./scripted-network.ts";

type Fields = Readonly<Record<string, string>>;

export const session = "0123456789abcdef0123";
export const cookie = (value: string) => ({ "set-cookie": `sid=${value}; HttpOnly; Secure` });

export const wellSite: Script = (_, at) => hit(at);
const hits =
  (fields: Fields, text?: string): Script =>
  (_, at) => ({ ...hit(at, fields), ...(text !== undefined && { text }) });
const passes =
  (detail: string, fields: Fields = {}, status = 200): Script =>
  () => ({ status, ...passed(detail, fields) });
const own =
  (status: number, error: string): Script =>
  () => ({ status, fields: { "proxy-status": `tidemark; error=${error}` } });
const fromCache = (cacheStatus: string) => ({ fields: { "cache-status": cacheStatus } });
const status =
  (cacheStatus: string): Script =>
  () =>
    fromCache(cacheStatus);
const inFront =
  (ours: string): Script =>
  (_, at) =>
    hit(at, { "cache-status": `${hit(at).fields["cache-status"]}, cdn; ${ours}` });
const answers =
  (fields: Fields = {}): Script =>
  () =>
    fromOrigin(fields);
const gzip = { "content-encoding": "gzip" };
const suffixed = { ...gzip, etag: '"1-gzip"' };
const byRequest =
  (answer: (headers: Headers) => ReturnType<Script>): Script =>
  (_path, _at, _nth, headers) =>
    answer(headers);
const refuses: Script = () => ({ status: 403 });
const isPrivate = { "cache-control": "private" };
const html = { "content-type": "text/html; charset=utf-8" };
const open = "origin-open info";

export interface Page {
  readonly site: Script;
  readonly origin?: Script;
  /** The stored response, as the site explains it. */
  readonly copy?: Pick<Copy, "ageOnArrivalSeconds" | "browsersSeconds">;
}

export const rows: readonly [name: string, page: Page, ...findings: string[]][] = [
  ["a hit", { site: wellSite }],
  ["a route that bypasses the cache", { site: passes("route") }],
  ["a redirect within the site", { site: passes("x", { location: `${site}/a` }, 301) }],
  ["a response with a client error", { site: passes("error-status", {}, 404) }],
  ["an origin that rejects doctor's requests", { site: wellSite, origin: refuses }],
  ["an origin that everybody can reach", { site: wellSite, origin: answers() }, open],
  ["a response with status 500", { site: passes("error-status", {}, 500) }, "page-fails warning"],
  [
    "a Worker that does not start",
    { site: own(500, "proxy_internal_error") },
    "page-fails critical",
  ],
  ["a forwarding loop", { site: own(508, "proxy_loop_detected") }, "loop critical"],
  [
    "a forwarding loop that another server reports",
    { site: passes("error-status", {}, 508) },
    "loop critical",
  ],
  ["a request that came back to Tidemark once", { site: passes("came-back") }, "loop critical"],
  [
    "links to the origin",
    { site: hits(html, `<a href="${origin}/a">a</a>`), origin: refuses },
    "links-past warning",
  ],
  [
    "a redirect to the origin",
    { site: passes("x", { location: `${origin}/a` }, 301), origin: refuses },
    "links-past warning",
  ],
  [
    "links to the site, and an icon of the origin",
    {
      site: hits(
        html,
        `<a href="/a">a</a><a href="${site}/b">b</a><link rel="icon" href="${origin}/i.png">`,
      ),
      origin: refuses,
    },
  ],
  [
    "a redirect to itself",
    { site: (_, at) => ({ status: 301, ...hit(at, { location: "/#top" }) }) },
    "redirect-to-itself critical",
  ],
  [
    "an ESI tag of Magento's menu",
    { site: hits(html, `<nav><esi:include src="${site}/page_cache/block/esi" /></nav>`) },
    "esi-unprocessed critical",
  ],
  ["an ESI comment", { site: hits(html, "<!--esi <p>a</p> -->") }, "esi-unprocessed critical"],
  [
    "an ESI tag in a script's text",
    { site: hits({ "content-type": "text/javascript" }, "'<esi:include src=a>'") },
  ],
  ["a response without Cache-Status", { site: () => ({}) }, "not-through-tidemark critical"],
  ["a hit of a cache in front of Tidemark", { site: inFront("hit") }, "cache-in-front critical"],
  [
    "a cache in front of Tidemark that forwards",
    { site: inFront("fwd=miss") },
    "cache-in-front info",
  ],
  ["a ttl that does not fall", { site: () => hit(0) }, "cache-in-front critical"],
  ["an ignored Tidemark-Debug", { site: hits({ "x-no-debug": "1" }) }, "cache-in-front critical"],
  [
    "a hit of a cache between Tidemark and the origin",
    { site: status("varnish; hit, tidemark; fwd=bypass; detail=route") },
    "cache-below warning",
  ],
  [
    "an Age from the origin",
    { site: wellSite, origin: answers({ age: "7" }) },
    "cache-below warning",
    open,
  ],
  [
    "an X-Cache from the origin",
    { site: wellSite, origin: answers({ "x-cache": "Hit from cloudfront" }) },
    "cache-below warning",
    open,
  ],
  [
    "an origin behind Cloudflare, whose cache Tidemark bypasses",
    { site: wellSite, origin: answers({ "cf-cache-status": "HIT", age: "7" }) },
    "cache-below info",
    open,
  ],
  [
    "a miss of a cache between Tidemark and the origin",
    {
      site: wellSite,
      origin: answers({ "x-cache": "MISS", age: "0", "cf-cache-status": "DYNAMIC" }),
    },
    open,
  ],
  [
    "a stored response that was old on arrival",
    { site: wellSite, copy: { ageOnArrivalSeconds: 90 } },
    "cache-below warning",
  ],
  [
    "a stored response that was new on arrival",
    { site: wellSite, copy: { ageOnArrivalSeconds: 2 } },
  ],
  [
    "a stored page that browsers may use for longer than N",
    { site: hits({ "cache-control": "max-age=3600" }) },
    "browsers-keep info",
  ],
  ["a stored page that browsers may use for N", { site: hits({ "cache-control": "max-age=10" }) }],
  [
    "a stored page whose lifetime in browsers is nearly over",
    { site: hits({ "cache-control": "max-age=3600", age: "3595" }) },
  ],
  [
    "a stored file that browsers assume to be fresh",
    { site: hits({ "cache-control": "public", "last-modified": "Sat, 31 Oct 2026 00:00:00 GMT" }) },
    "browsers-keep info",
  ],
  [
    "a permanent redirect whose fields another server has removed",
    { site: (_, at) => ({ status: 301, ...hit(at, { "cache-control": "public" }) }) },
    "browsers-keep info",
  ],
  [
    "a page that is not stored, and that browsers may use for an hour",
    { site: passes("route", { "cache-control": "private, max-age=3600" }) },
  ],
  [
    "a page that browsers may use for the N of its route",
    { site: hits({ "cache-control": "max-age=60" }), copy: { ageOnArrivalSeconds: 0 } },
  ],
  [
    "a page that browsers may use for longer than the N of its route",
    { site: wellSite, copy: { ageOnArrivalSeconds: 0, browsersSeconds: 5 } },
    "browsers-keep info",
  ],
  [
    "a response that forbids caching",
    { site: passes("no-store", { "cache-control": "no-store" }) },
    "origin-forbids-caching warning",
  ],
  [
    "an origin that forbids caching",
    { site: passes("private"), origin: answers({ "cache-control": "max-age=0, private" }) },
    "origin-forbids-caching warning",
    open,
  ],
  [
    "a page without a lifetime",
    { site: status("tidemark; fwd=stale; fwd-status=304; stored") },
    "no-lifetime warning",
  ],
  [
    "a copy that expires between the two requests",
    {
      site: (_, at, nth) =>
        nth === 1 ? hit(at) : fromCache("tidemark; fwd=stale; fwd-status=200; stored"),
    },
  ],
  [
    "a page that was just purged",
    { site: status("tidemark; fwd=stale; fwd-status=200; stored; detail=purged") },
  ],
  [
    "a cookie on a page that is the same for everybody",
    {
      site: passes("set-cookie", {
        "set-cookie": "lang=en",
        "cache-control": "max-age=60, private",
      }),
    },
    "cookie-on-page warning",
  ],
  ["a cookie of Cloudflare", { site: hits({ "set-cookie": `__cf_bm=${session}; HttpOnly` }) }],
  [
    "a new session for each client",
    { site: (_, __, nth) => passed("route", { ...isPrivate, ...cookie(session + nth) }) },
  ],
  [
    "a cookie that the route strips",
    { site: wellSite, origin: (_, __, nth) => fromOrigin(cookie(session + nth)) },
    open,
  ],
  [
    "the same session for two clients",
    { site: passes("route", { ...isPrivate, ...cookie(session) }) },
    "session-shared critical",
  ],
  [
    "the same session for two clients, from the origin",
    {
      site: passes("error-status", {}, 404),
      origin: answers({ ...isPrivate, ...cookie(session) }),
    },
    "origin-forbids-caching warning",
    "session-shared critical",
    open,
  ],
  ["Vary: *", { site: passes("vary-any", { vary: "*" }) }, "vary-wide warning"],
  [
    "Vary: User-Agent",
    { site: hits({ vary: "Accept-Encoding, User-Agent" }) },
    "vary-wide warning",
  ],
  ["Vary: Cookie", { site: hits({ vary: "Cookie" }) }, "vary-wide info"],
  ["Vary: Accept-Encoding", { site: hits({ vary: "Accept-Encoding" }) }],
  [
    "an origin that forgets Vary",
    {
      site: wellSite,
      origin: byRequest((headers) => {
        const isJson = headers.get("accept") === "application/json";
        return fromOrigin(isJson ? { "content-type": "application/json" } : html);
      }),
    },
    "varies-silently warning",
    open,
  ],
  [
    "an origin that has Markdown for agents without Vary",
    {
      site: wellSite,
      origin: byRequest((headers) => {
        const isAgent = headers.get("accept") === "text/markdown";
        return fromOrigin(isAgent ? { "content-type": "text/markdown; charset=utf-8" } : html);
      }),
    },
    "varies-silently warning",
    open,
  ],
  [
    "an origin that has Markdown for agents with Vary",
    {
      site: wellSite,
      origin: byRequest((headers) => {
        const isAgent = headers.get("accept") === "text/markdown";
        return fromOrigin({
          ...(isAgent ? { "content-type": "text/markdown" } : html),
          vary: "Accept",
        });
      }),
    },
    open,
  ],
  [
    "an origin that compresses nothing for a proxy",
    {
      site: wellSite,
      origin: byRequest((headers) => fromOrigin(headers.has("via") ? {} : gzip)),
    },
    "plain-for-proxies warning",
    open,
  ],
  [
    "an origin that refuses requests with Via",
    {
      site: wellSite,
      origin: byRequest((headers) => (headers.has("via") ? { status: 403 } : fromOrigin(gzip))),
    },
    open,
  ],
  ["an origin that always compresses", { site: wellSite, origin: answers(gzip) }, open],
  [
    "an origin that does not recognise its ETag with a coding",
    { site: wellSite, origin: answers(suffixed) },
    "coding-in-tag warning",
    open,
  ],
  [
    "an origin that recognises its ETag with a coding",
    {
      site: wellSite,
      origin: byRequest((headers) =>
        headers.get("if-none-match") === suffixed.etag ? { status: 304 } : fromOrigin(suffixed),
      ),
    },
    open,
  ],
  [
    "an origin that is also Tidemark",
    { site: wellSite, origin: answers({ "cache-status": "tidemark; fwd=uri-miss" }) },
    open,
    "origin-is-tidemark warning",
  ],
];
