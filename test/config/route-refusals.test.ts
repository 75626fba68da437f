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
    ["unknown-field", { frehs: "5m" }, "", '"frehs" is not a field of a route'],
    [
      "match-without-slash",
      { match: "news" },
      "match",
      '"news" matches nothing: write "*", a path that begins with "/", or a host and a path, as "a.example/*"',
    ],
    ["match-star-inside", { match: "/a/*/b" }, "match", noPattern],
    ["match-star-in-a-segment", { match: "/a*" }, "match", noPattern],
    ["match-optional", { match: "/a/:b?" }, "match", noPattern],
    ["match-parameter-with-rest", { match: "/a/:b.html" }, "match", noPattern],
    ["match-query", { match: "/a?b=1" }, "match", noPattern],
    [
      "match-number",
      { match: 5 },
      "match",
      'must be a pattern, such as "/articles/:slug", or a list of patterns',
    ],
    ["match-no-list", { match: [] }, "match", "is empty"],
    ["match-in-a-list", { match: ["/a", "/b*"] }, "match.1", noPattern],
    ["match-host-star", { match: "a.example/b*" }, "match", noPattern],
    ["match-word", { match: "news/*" }, "match", noHost("news")],
    [
      "match-with-a-scheme",
      { match: "https://a.example/*" },
      "match",
      noHost("https:", "https://a.example/*"),
    ],
    ["match-any-host", { match: "*/*" }, "match", noHost("*")],
    ["match-star-in-a-label", { match: "a*.example/*" }, "match", noHost("a*.example")],
    ["match-port-too-large", { match: "a.example:65536/*" }, "match", noHost("a.example:65536")],
    ["match-user", { match: "a@b.example/*" }, "match", noHost("a@b.example")],
    ["methods-none", { methods: [] }, "methods", "is empty, so no request would match this route"],
    [
      "methods-text",
      { methods: "POST" },
      "methods",
      'must be a list of methods, such as ["POST", "PUT"]',
    ],
    [
      "methods-small",
      { methods: ["POST", "put"] },
      "methods.1",
      '"put" is not a method: write it in capital letters, such as "POST"',
    ],
    [
      "methods-head-alone",
      { methods: ["HEAD", "POST"] },
      "methods",
      'has HEAD without GET, but both share stored responses; write "GET", which includes HEAD',
    ],
    [
      "tags-of-one-pattern",
      {
        match: ["/a/:slug", "/b/:id"],
        tags: ({ slug }: Readonly<Record<string, string>>) => [slug],
      },
      "tags",
      "uses parameters that match lacks: slug",
    ],
    [
      "when-unreachable",
      { whenUnreachable: "ask" },
      "whenUnreachable",
      'must be "serve", or left out',
    ],
    ["settle-seconds", { purge: { settleSeconds: -1 } }, "purge.settleSeconds", "is less than 0"],
    ["mode", { mode: "force" }, "mode", 'must be "default" or "override"'],
    [
      "override-without-fresh",
      { mode: "override" },
      "mode",
      '"override" needs a lifetime; add fresh',
    ],
    ["origin-unknown", { origin: "bucket" }, "origin", '"bucket" is not in origins; add it there'],
    [
      "origin-of-every-object",
      { origin: "toString" },
      "origin",
      '"toString" is not in origins; add it there',
    ],
    ["fresh-number", { fresh: 300 }, "fresh", isFresh],
    ["fresh-unit", { fresh: "5min" }, "fresh", noDuration("5min")],
    ["fresh-no-unit", { fresh: "300" }, "fresh", noDuration("300")],
    ["fresh-fraction", { fresh: "1.5h" }, "fresh", noDuration("1.5h")],
    ["fresh-empty", { fresh: "" }, "fresh", noDuration("")],
    ["fresh-status", { fresh: { 99: "5m" } }, "fresh", isFresh],
    ["fresh-of-a-status", { fresh: { 200: "5x" } }, "fresh.200", noDuration("5x")],
    [
      "negative-too-low",
      { negative: { 299: "5s" } },
      "negative.299",
      "is not a status from 300 to 599",
    ],
    [
      "negative-too-high",
      { negative: { 600: "5s" } },
      "negative.600",
      "is not a status from 300 to 599",
    ],
    [
      "negative-duration",
      { negative: { 404: 30 } },
      "negative.404",
      'must be a duration such as "30s", or "origin"',
    ],
    [
      "negative-neither",
      { negative: { 503: "orign" } },
      "negative.503",
      '"orign" is neither a duration such as "30s" nor "origin", the origin\'s own lifetime',
    ],
    [
      "negative-never-stored",
      { negative: { 429: "origin" } },
      "negative.429",
      "must not be stored (RFC 6585); leave it out",
    ],
    [
      "negative-of-the-network",
      { negative: { 522: "30s" } },
      "negative.522",
      "is Cloudflare's own status for a failed origin, so it is never stored; leave it out",
    ],
    [
      "negative-of-a-part",
      { negative: { 416: "30s" } },
      "negative.416",
      "describes only a part, so it is never stored; leave it out",
    ],
    [
      "negative-text",
      { negative: "30s" },
      "negative",
      'must be lifetimes by status, such as { 404: "30s", 503: "origin" }',
    ],
    ["browser", { browser: "-1s" }, "browser", noDuration("-1s")],
    ["browser-number", { browser: 60 }, "browser", isDuration],
    [
      "immutable-alone",
      { immutable: true },
      "immutable",
      "needs a lifetime for browsers; add browser",
    ],
    [
      "stale-while-revalidate",
      { staleWhileRevalidate: "x" },
      "staleWhileRevalidate",
      noDuration("x"),
    ],
    ["stale-if-error", { staleIfError: 1 }, "staleIfError", isDuration],
    [
      "tier",
      { tiers: ["edge", "disk"] },
      "tiers.1",
      'has an unknown tier; the tiers are "memory", "edge", "kv", "shared"',
    ],
    ["tiers", { tiers: "edge" }, "tiers", 'must be a list of tiers, such as ["memory", "edge"]'],
    ["query-list", { query: ["page"] }, "query", "must be an object"],
    ["query-field", { query: { deny: [] } }, "query", '"deny" is not a field of query'],
    [
      "query-pattern",
      { query: { allow: ["a*b"] } },
      "query.allow",
      'has a "*" that is not at the end of a name',
    ],
    ["key-field", { key: { header: [] } }, "key", '"header" is not a field of key'],
    ["forward-text", { forward: "accept" }, "forward", 'must be a list, such as ["x-app"]'],
    [
      "forward-no-name",
      { forward: ["x app"] },
      "forward",
      "has a name that no header field can have",
    ],
    [
      "forward-everything",
      { forward: ["*"] },
      "forward",
      "must contain whole names; omit it to forward all fields, or write [] for none",
    ],
    [
      "key-header",
      { key: { headers: ["x app"] } },
      "key.headers",
      "has a name that no header field can have",
    ],
    ["key-cookie", { key: { cookies: [""] } }, "key.cookies.0", "is empty"],
    [
      "cookies",
      { cookies: { ignore: "a" } },
      "cookies.ignore",
      'must be a list, such as ["utm_*"]',
    ],
    ["set-cookie", { setCookie: "drop" }, "setCookie", 'must be "respect" or "strip"'],
    ["jitter-text", { jitter: "10%" }, "jitter", "must be a number from 0 to 1"],
    ["jitter-less", { jitter: -0.1 }, "jitter", "is less than 0"],
    ["jitter-more", { jitter: 1.1 }, "jitter", "is more than 1"],
    [
      "tags-text",
      { tags: "a" },
      "tags",
      "must be a list of tags, or a function that makes one from the path's parameters",
    ],
    [
      "tags-number",
      { tags: [1] },
      "tags",
      "must be a list of tags, or a function that makes one from the path's parameters",
    ],
    [
      "honour",
      { honourRequestDirectives: "yes" },
      "honourRequestDirectives",
      "must be true or false",
    ],
    ["admission", { admission: "third-ask" }, "admission", 'must be "first-ask" or "second-ask"'],
    [
      "admission-to-nothing",
      { admission: "first-ask", tiers: ["memory", "edge"] },
      "admission",
      'needs the shared tier; add "shared" to tiers, or omit it',
    ],
    [
      "admission-from-nowhere",
      { admission: "second-ask", tiers: ["shared"] },
      "admission",
      'needs a local tier that counts requests; add "memory" or "edge" to tiers',
    ],
    ["invalidate", { invalidate: "global" }, "invalidate", 'must be "here" or "everywhere"'],
    ["invalidate-yes", { invalidate: true }, "invalidate", 'must be "here" or "everywhere"'],
    ["collapse", { collapse: true }, "collapse", 'must be "isolate" or "global"'],
    [
      "collapse-unshared",
      { collapse: "global", tiers: ["memory", "edge"] },
      "collapse",
      '"global" needs the shared tier; add "shared" to tiers',
    ],
    ["waitTimeout", { waitTimeout: "0s" }, "waitTimeout", 'is not from "1s" to "1d"'],
    [
      "early-refresh-yes",
      { earlyRefresh: true },
      "earlyRefresh",
      "must be a number, such as 1, or 0 for none",
    ],
    ["early-refresh-below", { earlyRefresh: -0.1 }, "earlyRefresh", "is less than 0"],
    ["early-refresh-above", { earlyRefresh: 10.1 }, "earlyRefresh", "is more than 10"],
    [
      "refresh-ahead",
      { refreshAhead: 10 },
      "refreshAhead",
      `must be a duration: a number with s, m, h or d, such as "5m"`,
    ],
  ])("%s", (_id, changes, at, says) => {
    const place = at === "" ? 'route "news"' : `route "news", ${at}`;
    expect(refusalOf(route(changes))).toBe(`${place}: ${says}`);
  });
});
