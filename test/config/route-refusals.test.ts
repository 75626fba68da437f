// Routes that make no sense are refused with their name, the field, what was wrong and what would
// be right.
import { describe, expect, it } from "vitest";
import { isDuration, refusalOf, route } from "./refusal-of.ts";

const noDuration = (text: string) =>
  `${JSON.stringify(text)} is not a duration: write a whole number with s, m, h or d, such as "5m"`;
const isFresh = 'must be a duration such as "5m", or durations by status such as { 200: "60s" }';
const noHost = (host: string, match = `${host}/*`) =>
  `begins with ${JSON.stringify(host)}, which is not a host of a site: write "/${match}" for a path, ` +
  'or a host as in a URL, such as "a.example/*"';
const noPattern = 'does not consist of literal segments, ":name", and "*" as the last one';

describe("a route is refused", () => {
  it.each([
    {
      id: "unknown-field",
      changes: { frehs: "5m" },
      at: "",
      says: '"frehs" is not a field of a route',
    },
    {
      id: "match-without-slash",
      changes: { match: "news" },
      at: "match",
      says: '"news" matches nothing: write "*", a path that begins with "/", or a host and a path, as "a.example/*"',
    },
    { id: "match-star-inside", changes: { match: "/a/*/b" }, at: "match", says: noPattern },
    { id: "match-star-in-a-segment", changes: { match: "/a*" }, at: "match", says: noPattern },
    { id: "match-optional", changes: { match: "/a/:b?" }, at: "match", says: noPattern },
    {
      id: "match-parameter-with-rest",
      changes: { match: "/a/:b.html" },
      at: "match",
      says: noPattern,
    },
    { id: "match-query", changes: { match: "/a?b=1" }, at: "match", says: noPattern },
    {
      id: "match-number",
      changes: { match: 5 },
      at: "match",
      says: 'must be a pattern, such as "/articles/:slug", or a list of patterns',
    },
    { id: "match-no-list", changes: { match: [] }, at: "match", says: "is empty" },
    { id: "match-in-a-list", changes: { match: ["/a", "/b*"] }, at: "match.1", says: noPattern },
    { id: "match-host-star", changes: { match: "a.example/b*" }, at: "match", says: noPattern },
    { id: "match-word", changes: { match: "news/*" }, at: "match", says: noHost("news") },
    {
      id: "match-with-a-scheme",
      changes: { match: "https://a.example/*" },
      at: "match",
      says: noHost("https:", "https://a.example/*"),
    },
    { id: "match-any-host", changes: { match: "*/*" }, at: "match", says: noHost("*") },
    {
      id: "match-star-in-a-label",
      changes: { match: "a*.example/*" },
      at: "match",
      says: noHost("a*.example"),
    },
    {
      id: "match-port-too-large",
      changes: { match: "a.example:65536/*" },
      at: "match",
      says: noHost("a.example:65536"),
    },
    {
      id: "match-user",
      changes: { match: "a@b.example/*" },
      at: "match",
      says: noHost("a@b.example"),
    },
    {
      id: "methods-none",
      changes: { methods: [] },
      at: "methods",
      says: "is empty, so no request would match this route",
    },
    {
      id: "methods-text",
      changes: { methods: "POST" },
      at: "methods",
      says: 'must be a list of methods, such as ["POST", "PUT"]',
    },
    {
      id: "methods-small",
      changes: { methods: ["POST", "put"] },
      at: "methods.1",
      says: '"put" is not a method: write it in capital letters, such as "POST"',
    },
    {
      id: "methods-head-alone",
      changes: { methods: ["HEAD", "POST"] },
      at: "methods",
      says: 'has HEAD without GET, but both share stored responses; write "GET", which includes HEAD',
    },
    {
      id: "tags-of-one-pattern",
      changes: {
        match: ["/a/:slug", "/b/:id"],
        tags: ({ slug }: Readonly<Record<string, string>>) => [slug],
      },
      at: "tags",
      says: "uses parameters that match lacks: slug",
    },
    {
      id: "when-unreachable",
      changes: { whenUnreachable: "ask" },
      at: "whenUnreachable",
      says: 'must be "serve", or left out',
    },
    {
      id: "settle-seconds",
      changes: { purge: { settleSeconds: -1 } },
      at: "purge.settleSeconds",
      says: "is less than 0",
    },
    { id: "mode", changes: { mode: "force" }, at: "mode", says: 'must be "default" or "override"' },
    {
      id: "override-without-fresh",
      changes: { mode: "override" },
      at: "mode",
      says: '"override" needs a lifetime; add fresh',
    },
    {
      id: "origin-unknown",
      changes: { origin: "bucket" },
      at: "origin",
      says: '"bucket" is not in origins; add it there',
    },
    {
      id: "origin-of-every-object",
      changes: { origin: "toString" },
      at: "origin",
      says: '"toString" is not in origins; add it there',
    },
    { id: "fresh-number", changes: { fresh: 300 }, at: "fresh", says: isFresh },
    { id: "fresh-unit", changes: { fresh: "5min" }, at: "fresh", says: noDuration("5min") },
    { id: "fresh-no-unit", changes: { fresh: "300" }, at: "fresh", says: noDuration("300") },
    { id: "fresh-fraction", changes: { fresh: "1.5h" }, at: "fresh", says: noDuration("1.5h") },
    { id: "fresh-empty", changes: { fresh: "" }, at: "fresh", says: noDuration("") },
    { id: "fresh-status", changes: { fresh: { 99: "5m" } }, at: "fresh", says: isFresh },
    {
      id: "fresh-of-a-status",
      changes: { fresh: { 200: "5x" } },
      at: "fresh.200",
      says: noDuration("5x"),
    },
    {
      id: "negative-too-low",
      changes: { negative: { 299: "5s" } },
      at: "negative.299",
      says: "is not a status from 300 to 599",
    },
    {
      id: "negative-too-high",
      changes: { negative: { 600: "5s" } },
      at: "negative.600",
      says: "is not a status from 300 to 599",
    },
    {
      id: "negative-duration",
      changes: { negative: { 404: 30 } },
      at: "negative.404",
      says: 'must be a duration such as "30s", or "origin"',
    },
    {
      id: "negative-neither",
      changes: { negative: { 503: "orign" } },
      at: "negative.503",
      says: '"orign" is neither a duration such as "30s" nor "origin", the origin\'s own lifetime',
    },
    {
      id: "negative-never-stored",
      changes: { negative: { 429: "origin" } },
      at: "negative.429",
      says: "must not be stored (RFC 6585); leave it out",
    },
    {
      id: "negative-of-the-network",
      changes: { negative: { 522: "30s" } },
      at: "negative.522",
      says: "is Cloudflare's own status for a failed origin, so it is never stored; leave it out",
    },
    {
      id: "negative-of-a-part",
      changes: { negative: { 416: "30s" } },
      at: "negative.416",
      says: "describes only a part, so it is never stored; leave it out",
    },
    {
      id: "negative-text",
      changes: { negative: "30s" },
      at: "negative",
      says: 'must be lifetimes by status, such as { 404: "30s", 503: "origin" }',
    },
    { id: "browser", changes: { browser: "-1s" }, at: "browser", says: noDuration("-1s") },
    { id: "browser-number", changes: { browser: 60 }, at: "browser", says: isDuration },
    {
      id: "immutable-alone",
      changes: { immutable: true },
      at: "immutable",
      says: "needs a lifetime for browsers; add browser",
    },
    {
      id: "stale-while-revalidate",
      changes: { staleWhileRevalidate: "x" },
      at: "staleWhileRevalidate",
      says: noDuration("x"),
    },
    { id: "stale-if-error", changes: { staleIfError: 1 }, at: "staleIfError", says: isDuration },
    {
      id: "tier",
      changes: { tiers: ["edge", "disk"] },
      at: "tiers.1",
      says: 'has an unknown tier; the tiers are "memory", "edge", "kv", "shared"',
    },
    {
      id: "tiers",
      changes: { tiers: "edge" },
      at: "tiers",
      says: 'must be a list of tiers, such as ["memory", "edge"]',
    },
    { id: "query-list", changes: { query: ["page"] }, at: "query", says: "must be an object" },
    {
      id: "query-field",
      changes: { query: { deny: [] } },
      at: "query",
      says: '"deny" is not a field of query',
    },
    {
      id: "query-pattern",
      changes: { query: { allow: ["a*b"] } },
      at: "query.allow",
      says: 'has a "*" that is not at the end of a name',
    },
    {
      id: "key-field",
      changes: { key: { header: [] } },
      at: "key",
      says: '"header" is not a field of key',
    },
    {
      id: "forward-text",
      changes: { forward: "accept" },
      at: "forward",
      says: 'must be a list, such as ["x-app"]',
    },
    {
      id: "forward-no-name",
      changes: { forward: ["x app"] },
      at: "forward",
      says: "has a name that no header field can have",
    },
    {
      id: "forward-everything",
      changes: { forward: ["*"] },
      at: "forward",
      says: "must contain whole names; omit it to forward all fields, or write [] for none",
    },
    {
      id: "key-header",
      changes: { key: { headers: ["x app"] } },
      at: "key.headers",
      says: "has a name that no header field can have",
    },
    {
      id: "key-cookie",
      changes: { key: { cookies: [""] } },
      at: "key.cookies.0",
      says: "is empty",
    },
    {
      id: "cookies",
      changes: { cookies: { ignore: "a" } },
      at: "cookies.ignore",
      says: 'must be a list, such as ["utm_*"]',
    },
    {
      id: "set-cookie",
      changes: { setCookie: "drop" },
      at: "setCookie",
      says: 'must be "respect" or "strip"',
    },
    {
      id: "jitter-text",
      changes: { jitter: "10%" },
      at: "jitter",
      says: "must be a number from 0 to 1",
    },
    { id: "jitter-less", changes: { jitter: -0.1 }, at: "jitter", says: "is less than 0" },
    { id: "jitter-more", changes: { jitter: 1.1 }, at: "jitter", says: "is more than 1" },
    {
      id: "tags-text",
      changes: { tags: "a" },
      at: "tags",
      says: "must be a list of tags, or a function that makes one from the path's parameters",
    },
    {
      id: "tags-number",
      changes: { tags: [1] },
      at: "tags",
      says: "must be a list of tags, or a function that makes one from the path's parameters",
    },
    {
      id: "honour",
      changes: { honourRequestDirectives: "yes" },
      at: "honourRequestDirectives",
      says: "must be true or false",
    },
    {
      id: "admission",
      changes: { admission: "third-ask" },
      at: "admission",
      says: 'must be "first-ask" or "second-ask"',
    },
    {
      id: "admission-to-nothing",
      changes: { admission: "first-ask", tiers: ["memory", "edge"] },
      at: "admission",
      says: 'needs the shared tier; add "shared" to tiers, or omit it',
    },
    {
      id: "admission-from-nowhere",
      changes: { admission: "second-ask", tiers: ["shared"] },
      at: "admission",
      says: 'needs a local tier that counts requests; add "memory" or "edge" to tiers',
    },
    {
      id: "invalidate",
      changes: { invalidate: "global" },
      at: "invalidate",
      says: 'must be "here" or "everywhere"',
    },
    {
      id: "invalidate-yes",
      changes: { invalidate: true },
      at: "invalidate",
      says: 'must be "here" or "everywhere"',
    },
    {
      id: "collapse",
      changes: { collapse: true },
      at: "collapse",
      says: 'must be "isolate" or "global"',
    },
    {
      id: "collapse-unshared",
      changes: { collapse: "global", tiers: ["memory", "edge"] },
      at: "collapse",
      says: '"global" needs the shared tier; add "shared" to tiers',
    },
    {
      id: "waitTimeout",
      changes: { waitTimeout: "0s" },
      at: "waitTimeout",
      says: 'is not from "1s" to "1d"',
    },
    {
      id: "early-refresh-yes",
      changes: { earlyRefresh: true },
      at: "earlyRefresh",
      says: "must be a number, such as 1, or 0 for none",
    },
    {
      id: "early-refresh-below",
      changes: { earlyRefresh: -0.1 },
      at: "earlyRefresh",
      says: "is less than 0",
    },
    {
      id: "early-refresh-above",
      changes: { earlyRefresh: 10.1 },
      at: "earlyRefresh",
      says: "is more than 10",
    },
    {
      id: "refresh-ahead",
      changes: { refreshAhead: 10 },
      at: "refreshAhead",
      says: `must be a duration: a number with s, m, h or d, such as "5m"`,
    },
  ])("$id", ({ changes, at, says }) => {
    const place = at === "" ? 'route "news"' : `route "news", ${at}`;
    expect(refusalOf(route(changes))).toBe(`${place}: ${says}`);
  });
});
