// Tests that an invalid route is refused with its name, the field, the fault and its fix.
import { describe, expect, it } from "vitest";
import { isDuration, refusalOf, route } from "./refusal-of.ts";

const noDuration = (text: string) =>
  `${JSON.stringify(text)} is not a duration: write a whole number with s, m, h or d, such as "5m"`;
const isFresh = 'must be a duration such as "5m", or durations by status such as { 200: "60s" }';
const noHost = (host: string, match = `${host}/*`) =>
  `begins with ${JSON.stringify(host)}, which is not a valid host: write "/${match}" for a path, ` +
  'or a host and a path, such as "a.example/*"';
const conditional = "needs bypass: true";
const noCookie =
  'has a name that no cookie can have: write the whole name, or its beginning and "*"';
const noCredential =
  'has a name that no header field can have, or more than one "*", or a "*" that is not at an end of a name';
const noPath = {
  expression:
    'but is not a regular expression: use "*" for any text, ":name" for a segment, a list for ' +
    String.raw`alternatives, and "\" before a literal character, as in "\("`,
  colon: String.raw`but a parameter is written as "/:name", "/@:name" or "/:name.html", and a colon as "\:"`,
  query: 'but paths have no query: use query.allow, or a list such as ["/a", "/a/:b"]',
  space: 'but URLs have no white space: remove it, or write "%20"',
  dots: "but URLs have no dot segments: write the path without it",
  twice: "twice: give each parameter another name",
};
/** Patterns that were once literals which no request matches, with what their error names. */
const patterns: readonly (readonly [pattern: string, found: string, why: keyof typeof noPath])[] = [
  ["/(me|account)/*", "(", "expression"],
  ["/me/.*", ".*", "expression"],
  ["/me/**", "**", "expression"],
  ["/{me,account}/*", "{", "expression"],
  ["/:id{[0-9]+}", "{", "expression"],
  ["/[a-z]/*", "[", "expression"],
  [String.raw`/\d/*`, String.raw`\d`, "expression"],
  [String.raw`/a\?b`, "?", "query"],
  ["/a+", "+", "expression"],
  ["a.example/^me", "^", "expression"],
  ["/me$", "$", "expression"],
  ["/me|/account", "|", "expression"],
  ["/a/:b?", "?", "query"],
  ["/search?q=*", "?", "query"],
  ["/a#b", "#", "query"],
  ["/me ", " ", "space"],
  ["/me/\n", "\n", "space"],
  ["/a/../me/*", "/..", "dots"],
  ["/a/%2E/me", "/%2E", "dots"],
  ["/:from-:to", "/:from-:to", "colon"],
  ["/:a*", "/:a*", "colon"],
  ["/*:a", "/*:a", "colon"],
  ["/wiki/Special:Search", "/Special:Search", "colon"],
  ["/a/:", "/:", "colon"],
  ["/:x/a/:x", ":x", "twice"],
];

describe("an invalid route", () => {
  it.each([
    [
      { match: "news" },
      'match: "news" matches nothing: write "*", a path that begins with "/", or a host and a path, such as "a.example/*"',
    ],
    [{ match: 5 }, 'match: must be a pattern, such as "/articles/:slug", or a list of patterns'],
    [{ match: [] }, "match: is empty"],
    ...patterns.map(
      ([match, found, why]) =>
        [
          { match: ["/a", match] },
          `match.1: has ${JSON.stringify(found)}, ${noPath[why]}`,
        ] as const,
    ),
    [{ match: "news/*" }, `match: ${noHost("news")}`],
    [{ match: "https://a.example/*" }, `match: ${noHost("https:", "https://a.example/*")}`],
    [{ match: "*/*" }, `match: ${noHost("*")}`],
    [{ match: "a*.example/*" }, `match: ${noHost("a*.example")}`],
    [{ match: "a.example:65536/*" }, `match: ${noHost("a.example:65536")}`],
    [{ match: "a@b.example/*" }, `match: ${noHost("a@b.example")}`],
    [{ methods: [] }, "methods: is empty, so no request would match this route"],
    [{ methods: "POST" }, 'methods: must be a list of methods, such as ["POST", "PUT"]'],
    [
      { methods: ["POST", "put"] },
      'methods.1: "put" is not a method: write it in capital letters, such as "POST"',
    ],
    [
      { methods: ["HEAD", "POST"] },
      'methods: has HEAD without GET, but both share stored responses; write "GET", which includes HEAD',
    ],
    [
      {
        match: ["/a/:slug", "/b/:id"],
        tags: ({ slug }: Readonly<Record<string, string>>) => [slug],
      },
      "tags: uses parameters that a pattern in match lacks: slug",
    ],
    [{ whenUnreachable: "ask" }, 'whenUnreachable: must be "serve", or left out'],
    [{ purge: { settleSeconds: -1 } }, "purge.settleSeconds: is less than 0"],
    [{ mode: "force" }, 'mode: must be "default" or "override"'],
    [{ mode: "override" }, 'mode: "override" needs a lifetime; add fresh'],
    [{ origin: "bucket" }, 'origin: "bucket" is not in origins; add it there'],
    [{ origin: "toString" }, 'origin: "toString" is not in origins; add it there'],
    [{ fresh: 300 }, `fresh: ${isFresh}`],
    [{ fresh: "5min" }, `fresh: ${noDuration("5min")}`],
    [{ fresh: "300" }, `fresh: ${noDuration("300")}`],
    [{ fresh: "1.5h" }, `fresh: ${noDuration("1.5h")}`],
    [{ fresh: { 99: "5m" } }, `fresh: ${isFresh}`],
    [{ fresh: { 200: "5x" } }, `fresh.200: ${noDuration("5x")}`],
    [{ negative: { 299: "5s" } }, "negative.299: is not a status from 300 to 599"],
    [{ negative: { 600: "5s" } }, "negative.600: is not a status from 300 to 599"],
    [{ negative: { 404: 30 } }, 'negative.404: must be a duration such as "30s", or "origin"'],
    [
      { negative: { 503: "orign" } },
      `negative.503: "orign" is neither a duration such as "30s" nor "origin", the origin's own lifetime`,
    ],
    [{ negative: { 429: "origin" } }, "negative.429: must not be stored (RFC 6585); leave it out"],
    [
      { negative: { 522: "30s" } },
      "negative.522: is Cloudflare's own status for a failed origin, so it is never stored; leave it out",
    ],
    [
      { negative: { 416: "30s" } },
      "negative.416: describes only a part, so it is never stored; leave it out",
    ],
    [
      { negative: "30s" },
      'negative: must be lifetimes by status, such as { 404: "30s", 503: "origin" }',
    ],
    [{ browser: "-1s" }, `browser: ${noDuration("-1s")}`],
    [{ browser: 60 }, `browser: ${isDuration}`],
    [{ immutable: true }, "immutable: needs a lifetime for browsers; add browser"],
    [{ staleWhileRevalidate: "x" }, `staleWhileRevalidate: ${noDuration("x")}`],
    [{ staleIfError: 1 }, `staleIfError: ${isDuration}`],
    [
      { tiers: ["edge", "disk"] },
      'tiers.1: has an unknown tier; the tiers are "memory", "edge", "shared"',
    ],
    [{ tiers: "edge" }, 'tiers: must be a list of tiers, such as ["memory", "edge"]'],
    [{ query: ["page"] }, "query: must be an object"],
    [{ query: { deny: [] } }, 'query: "deny" is not a field of query'],
    [{ query: { order: "asked" } }, 'query.order: must be "sort", or left out'],
    [{ queryMethod: true }, 'queryMethod: must be "raw" or "json"'],
    [
      { queryMethod: "raw", methods: ["GET"] },
      'queryMethod: needs the method; add "QUERY" to methods',
    ],
    [
      { queryMethod: "raw", ranges: "slices" },
      'queryMethod: cannot have slices; give QUERY a route of its own, with methods: ["QUERY"]',
    ],
    [{ query: { noVarySearch: "yes" } }, "query.noVarySearch: must be true or false"],
    [{ query: { allow: ["a*b"] } }, 'query.allow: has a "*" that is not at the end of a name'],
    [{ key: { header: [] } }, 'key: "header" is not a field of key'],
    [{ forward: "accept" }, 'forward: must be a list, such as ["x-app"]'],
    [{ when: { cookie: ["a"] } }, `when: ${conditional}`],
    [{ when: { cookie: ["a"] }, bypass: false }, `when: ${conditional}`],
    [{ bypass: true, when: {} }, 'when.cookie: must be a list, such as ["utm_*"]'],
    [
      { bypass: true, when: { cookie: [] } },
      "when.cookie: is empty, so no request would match this route",
    ],
    [
      { bypass: true, when: { cookie: ["*_session"] } },
      'when.cookie: has a "*" that is not at the end of a name',
    ],
    ...["^session", "session=1", "a; b", "wordpress_.*", "(a|b)", "a b", "session$"].map(
      (name) => [{ bypass: true, when: { cookie: [name] } }, `when.cookie: ${noCookie}`] as const,
    ),
    [
      { bypass: true, when: { header: ["x-a"] } },
      'when.cookie: must be a list, such as ["utm_*"]. route "news", when: "header" is not a field of when',
    ],
    [
      { bypass: true, when: { cookie: ["a"], cookies: ["a"] } },
      'when: "cookies" is not a field of when',
    ],
    [{ forward: ["x app"] }, "forward: has a name that no header field can have"],
    [{ forward: ["*"] }, 'forward: must contain whole names, without "*"'],
    [{ key: { headers: ["x-*"] } }, 'key.headers: must contain whole names, without "*"'],
    [{ key: { cookies: ["currency*"] } }, 'key.cookies: must contain whole names, without "*"'],
    [{ key: { cookies: ["a=b"] } }, `key.cookies: ${noCookie}`],
    [{ cookies: { ignore: ["^theme"] } }, `cookies.ignore: ${noCookie}`],
    [{ credentialFields: { except: ["*"] } }, `credentialFields.except: ${noCredential}`],
    [{ key: { headers: ["x app"] } }, "key.headers: has a name that no header field can have"],
    [{ key: { cookies: [""] } }, "key.cookies.0: is empty"],
    [{ cookies: { ignore: "a" } }, 'cookies.ignore: must be a list, such as ["utm_*"]'],
    [{ setCookie: "drop" }, 'setCookie: must be "respect" or "strip"'],
    [{ on304: "keep" }, 'on304: must be "update" or "refetch"'],
    [{ jitter: "10%" }, "jitter: must be a number from 0 to 1"],
    [{ jitter: -0.1 }, "jitter: is less than 0"],
    [{ jitter: 1.1 }, "jitter: is more than 1"],
    [
      { tags: "a" },
      "tags: must be a list of tags, or a function that makes one from the path's parameters",
    ],
    [
      { tags: [1] },
      "tags: must be a list of tags, or a function that makes one from the path's parameters",
    ],
    [{ honourRequestDirectives: "yes" }, "honourRequestDirectives: must be true or false"],
    [{ admission: "third-ask" }, 'admission: must be "first-ask" or "second-ask"'],
    [
      { admission: "first-ask", tiers: ["memory", "edge"] },
      'admission: needs the shared tier; add "shared" to tiers, or omit admission',
    ],
    [
      { admission: "second-ask", tiers: ["shared"] },
      'admission: needs a local tier that counts requests; add "memory" or "edge" to tiers',
    ],
    [{ invalidate: "global" }, 'invalidate: must be "here" or "everywhere"'],
    [{ collapse: true }, 'collapse: must be "isolate" or "global"'],
    [
      { collapse: "global", tiers: ["memory", "edge"] },
      'collapse: "global" needs the shared tier; add "shared" to tiers',
    ],
    [{ waitTimeout: "0s" }, 'waitTimeout: is not from "1s" to "1d"'],
    [{ earlyRefresh: true }, "earlyRefresh: must be a number, such as 1, or 0 for none"],
    [{ earlyRefresh: -0.1 }, "earlyRefresh: is less than 0"],
    [{ earlyRefresh: 10.1 }, "earlyRefresh: is more than 10"],
    [
      { refreshAhead: 10 },
      `refreshAhead: must be a duration: a number with s, m, h or d, such as "5m"`,
    ],
  ] as const)("is refused: %j", (changes: object, says: string) => {
    expect(refusalOf(route(changes))).toBe(`route "news", ${says}`);
  });
});
