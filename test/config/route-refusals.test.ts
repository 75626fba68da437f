// Tests that an invalid route is refused with its name, the field, the fault and its fix.
import { describe, expect, it } from "vitest";
import { device } from "../../src/device.ts";
import { isDuration, refusalOf, route } from "./refusal-of.ts";

const noDuration = (text: string) =>
  `${JSON.stringify(text)} is not a duration: write a whole number with s, m, h or d, such as "5m"`;
const isOrigin =
  'must be a name of origins, such as "bucket", or an object such as { name: "blog", from: "/blog" }';
const isFresh = 'must be a duration such as "5m", or durations by status such as { 200: "60s" }';
const noHost = (host: string, match = `${host}/*`) =>
  `begins with ${JSON.stringify(host)}, which is not a valid host: write "/${match}" for a path, ` +
  'or a host and a path, such as "a.example/*"';
const conditional =
  "has only names, with which no response can be stored: write the values that are keyed, " +
  'such as { name: ["a"] }, or add bypass: true';
const isCondition =
  'must be a list of names, or lists of values by name, such as { "x-app": ["ios", "android"] }';
const noConditionField =
  "names a field with rules of its own: use when.cookie, when.country, or match for the host";
const bypassing =
  "names Authorization, which bypasses the cache unless a rule checks it; remove that name";
const matchesNone = "is empty, so no request would match this route";
const noCookie =
  'has a name that no cookie can have: write the whole name, or its beginning and "*"';
const noCredential =
  'has a name that no header field can have, or more than one "*", or a "*" that is not at an end of a name';
const noLanguage = 'must contain language tags without "*", such as "en" or "pt-BR"';
const noType = 'must contain media types without "*" and parameters, such as "image/avif"';
const isReduced = "which key.language, key.accept or key.device reduces; remove that name";
const isWhole = 'has a value with "*", but values must be equal';
const isRule = "must be an object of conditions, such as { status: 500 }";
const noErrorPage = 'must be an object, such as { html: "<h1>Back soon</h1>" }';
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
  ["^/p/(.*)$", "^", "expression"],
  ["^p$", "^", "expression"],
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

const isType = { type: "image/*" };
const stripped =
  "can only be etag, last-modified, set-cookie, because keys, lifetimes or purges depend on other fields";
const noStatus = 'must be a status from 200 to 599, or a class such as "5xx", or a list of these';
const noMediaType =
  'must be a media type without parameters, such as "text/html" or "image/*", or a list of these';
const noValue = 'must be true for any value, a value with "*" only at its end, or a list of values';
/** Invalid rules on answers, with the end of the place and the fault. */
const answerRows: readonly (readonly [rule: object, says: string])[] = [
  [{ store: false }, `.when: ${isRule}`],
  [
    { when: {}, store: false },
    ".when: has no condition: add status, type, header or contentLength",
  ],
  [
    { when: { header: {}, contentLength: {} }, store: false },
    ".when: has no condition: add status, type, header or contentLength",
  ],
  [{ when: isType }, ": has no effect: add fresh, tags, store or strip"],
  [
    { when: { method: "GET" }, store: false },
    '.when: "method" is not a field of a condition on answers',
  ],
  [{ when: isType, store: false, status: 200 }, ': "status" is not a field of a rule on answers'],
  ...[99, 600, 200.5, "200", "1xx", "5xxx"].flatMap(
    (status) =>
      [
        [{ when: { status }, store: false }, `.when.status: ${noStatus}`],
        [{ when: { status: [200, status] }, store: false }, `.when.status: ${noStatus}`],
      ] as const,
  ),
  [{ when: { status: [] }, store: false }, `.when.status: ${noStatus}`],
  ...["image", "*", "*/*", "text/html; charset=utf-8", "a/b*c"].map(
    (type) => [{ when: { type }, store: false }, `.when.type: ${noMediaType}`] as const,
  ),
  ...["*a", false, 1, [], ["a*b"], [true], [["a"]]].map(
    (value) =>
      [
        { when: { header: { "x-a": value } }, store: false },
        `.when.header.x-a: ${noValue}`,
      ] as const,
  ),
  [
    { when: { header: { "x a": true } }, store: false },
    ".when.header: has a name that no header field can have",
  ],
  [
    { when: { header: true }, store: false },
    '.when.header: must be an object of header fields, such as { "x-error": true }',
  ],
  [
    { when: { contentLength: 100 }, store: false },
    ".when.contentLength: must be bounds in bytes, such as { max: 1_000 }",
  ],
  [
    { when: { contentLength: { min: -1 } }, store: false },
    ".when.contentLength.min: is less than 0",
  ],
  [
    { when: { contentLength: { min: 2, max: 1 } }, store: false },
    ".when.contentLength: has a min above its max, so no answer fits",
  ],
  [{ when: isType, fresh: "soon" }, `.fresh: ${noDuration("soon")}`],
  [{ when: isType, store: true }, ".store: must be false, or left out"],
  [{ fresh: "1m" }, `.when: ${isRule}`],
  [{ when: isType, tags: "a" }, '.tags: must be a list of tags, such as ["images"]'],
  [{ when: isType, tags: [""] }, ".tags.0: is empty"],
  ...["vary", "cache-control", "cache-tag", "ETag", "content-type"].map(
    (name) => [{ when: isType, strip: [name] }, `.strip.0: ${stripped}`] as const,
  ),
  [
    { when: isType, store: false, tags: ["a"] },
    ".store: is false, so fresh and tags have no effect; remove them",
  ],
  [
    { when: { status: [200, 206] }, fresh: "1m" },
    ".when.status: 206 describes only a part, so it is never stored; leave it out",
  ],
  [
    { when: { status: 429 }, fresh: "1m" },
    ".when.status: 429 must not be stored (RFC 6585); leave it out",
  ],
];

const ofRoute = { kind: "route", name: "filter", traits: {}, contents: {} };

describe("an invalid route", () => {
  it.each([
    [{ use: ofRoute }, "use: must be a list of parts, such as [slices()]"],
    [{ use: ["slices"] }, "use.0: is not a part of a route: write slices(), for example"],
    [
      { use: [{ kind: "site", name: "operate", contents: {} }] },
      "use.0: has operate(), a part of the site: write it in `parts` of the configuration",
    ],
    [{ use: [ofRoute, { ...ofRoute }] }, "use: has filter() twice; remove one"],
    [{ use: [{ ...ofRoute, faultOn: () => "has a fault" }] }, "use: has a fault"],
    [
      { match: "news" },
      'match: "news" matches nothing: write "*", a path that begins with "/", or a host and a path, such as "a.example/*"',
    ],
    [
      { match: String.raw`news\(` },
      String.raw`match: "news\\(" matches nothing: write "*", a path that begins with "/", or a host and a path, such as "a.example/*"`,
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
      { methods: ["GET", "TRACE"] },
      "methods: has TRACE, whose answer would show clients the fields that Tidemark adds for the origin; remove it",
    ],
    [
      {
        match: ["/a/:slug", "/b/:id"],
        tags: ({ slug }: Readonly<Record<string, string>>) => [slug],
      },
      "tags: uses parameters that a pattern in match lacks: slug",
    ],
    [{ origin: { name: "x" } }, 'origin: "x" is not in origins; add it there'],
    [
      { origin: { from: "/new", to: "/" } },
      'origin.from: does not begin the pattern "/news/*": write a pattern such as "/new/*", or another from',
    ],
    [
      { origin: { from: "/news", to: "/_cache/x" } },
      "origin.to: is below /_cache, which no origin gets",
    ],
    ...[
      "/a/",
      "a",
      "/a//b",
      "/../b",
      "/a/.",
      "/a*",
      "/%61",
      "/a?b",
      "/a\nb",
      "//b.example",
      "/:a",
      String.raw`/a\b`,
    ].map(
      (path) =>
        [
          { origin: { from: "/", to: path } },
          `origin.to: ${JSON.stringify(path)} is not "/", or a path of letters, digits, "-", "_", "." and "~" without a slash at its end, such as "/blog"`,
        ] as const,
    ),
    ...["A.example", "https://a.example", "a.example/b", "a\r\nb: c", "u@a.example"].map(
      (host) =>
        [
          { origin: { host } },
          'origin.host: must be a host in small letters without a scheme, such as "blog.example"',
        ] as const,
    ),
    [{ origin: { url: "https://a.example" } }, 'origin: "url" is not a field of origin'],
    [{ origin: 1 }, `origin: ${isOrigin}`],
    ...(
      [
        ["Cache-Control", "fresh, mode and browser"],
        ["x-cache-control", "fresh, mode and browser"],
        ["Age", "fresh, mode and browser"],
        ["vary", "key"],
        ["Set-Cookie", "setCookie"],
        ["cookie", "cookies.ignore"],
        ["authorization", "a field of your own, such as x-origin-key"],
        ["host", "origin.host"],
        ["surrogate-key", "tags"],
        ["ETag", "the origin"],
        ["if-none-match", "the origin"],
        ["transfer-encoding", "the origin"],
        ["cf-connecting-ip", "trustProxy"],
        ["tidemark-position", "no other option"],
      ] as const
    ).flatMap(([name, instead]) =>
      ["request", "response"].map(
        (side) =>
          [
            { [side]: { headers: { set: { [name]: "a" } } } },
            `${side}.headers.set: names ${name}, which edits cannot change; use ${instead}`,
          ] as const,
      ),
    ),
    ...["a\r\nb: c", "a\nb", "a\0", "ä", " a"].map(
      (value) =>
        [
          { response: { headers: { add: { "x-a": value } } } },
          "response.headers.add.x-a: must consist of printable ASCII characters",
        ] as const,
    ),
    [
      { request: { headers: { set: { "x a": "1" } } } },
      "request.headers.set: has a name that no header field can have",
    ],
    [
      { response: { headers: { remove: ["vary"] } } },
      "response.headers.remove: names vary, which edits cannot change; use key",
    ],
    [{ response: { body: "a" } }, 'response: "body" is not a field of response'],
    [{ errorPage: "a" }, `errorPage: ${noErrorPage}`],
    [{ errorPage: { html: "" } }, "errorPage.html: is empty"],
    [{ errorPage: { html: "ä".repeat(32_769) } }, "errorPage.html: is larger than 64 KiB"],
    [{ validators: "etag" }, 'validators: must be "content", or left out'],
    [{ whenUnreachable: "ask" }, 'whenUnreachable: must be "serve", or left out'],
    [{ purge: { age: "trust" } }, 'purge.age: must be "ignore", or left out'],
    [{ purge: { settleSeconds: -1 } }, "purge.settleSeconds: is less than 0"],
    [{ mode: "force" }, 'mode: must be "default" or "override"'],
    [{ mode: "override" }, 'mode: "override" needs a lifetime; add fresh'],
    [{ origin: "bucket" }, 'origin: "bucket" is not in origins; add it there'],
    [{ origin: "toString" }, 'origin: "toString" is not in origins; add it there'],
    [{ origin: ["default", "bucket"] }, `origin: ${isOrigin}`],
    [{ jitter: "10%" }, "jitter: must be a number from 0 to 1"],
    [{ jitter: -0.1 }, "jitter: is less than 0"],
    [{ jitter: 1.1 }, "jitter: is more than 1"],
    [{ fresh: 300 }, `fresh: ${isFresh}`],
    [{ fresh: "5min" }, `fresh: ${noDuration("5min")}`],
    [{ fresh: "300" }, `fresh: ${noDuration("300")}`],
    [{ fresh: "1.5h" }, `fresh: ${noDuration("1.5h")}`],
    [{ fresh: { 99: "5m" } }, "fresh.99: is not a status from 200 to 599"],
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
    [
      { browser: "-1s" },
      `browser: "-1s" is neither a duration such as "30s" nor "immutable", for files that never change`,
    ],
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
    [{ query: { noVarySearch: true } }, 'query: "noVarySearch" is not a field of query'],
    [{ query: { allow: ["a*b"] } }, 'query.allow: has a "*" that is not at the end of a name'],
    [{ key: { header: [] } }, 'key: "header" is not a field of key'],
    [{ forward: "accept" }, 'forward: must be a list, such as ["x-app"]'],
    [{ when: { cookie: ["a"] } }, `when.cookie: ${conditional}`],
    [{ when: { header: ["x-a"] }, bypass: false }, `when.header: ${conditional}`],
    [{ when: { query: ["a"], country: ["DE"] } }, `when.query: ${conditional}`],
    [{ bypass: true, when: {} }, "when: has no condition"],
    [{ when: { cookies: ["a"] } }, 'when: "cookies" is not a field of when'],
    [{ when: { cookie: { a: [] } } }, `when.cookie.a: ${matchesNone}`],
    [{ when: { header: {} } }, `when.header: ${matchesNone}`],
    [{ when: { header: { "x-a": "ios" } } }, `when.header: ${isCondition}`],
    [{ when: { cookie: { "a*": ["b"] } } }, 'when.cookie: must contain whole names, without "*"'],
    [{ when: { query: { "a*": ["b"] } } }, 'when.query: must contain whole names, without "*"'],
    [{ when: { header: { Cookie: ["a=1"] } } }, `when.header: ${noConditionField}`],
    [{ bypass: true, when: { header: ["CF-IPCountry"] } }, `when.header: ${noConditionField}`],
    [{ when: { header: { authorization: ["a"] } } }, `when.header: ${bypassing}`],
    [{ key: { headers: ["Authorization"] } }, `key.headers: ${bypassing}`],
    [{ when: { country: [] } }, `when.country: ${matchesNone}`],
    [
      { when: { country: ["de"] } },
      'when.country.0: must be two capital letters (ISO 3166-1), such as "DE"',
    ],
    ...["*Mobile*", "ios*", "*"].flatMap((value) =>
      ["header", "query", "cookie"].map(
        (kind) =>
          [{ when: { [kind]: { "x-a": ["b", value] } } }, `when.${kind}.x-a: ${isWhole}`] as const,
      ),
    ),
    ...[
      ["device", "key.device"],
      ["host", "match"],
    ].map(
      ([name = "", instead]) =>
        [
          { when: { [name]: "a", country: ["DE"] } },
          `when: "${name}" is not a field of when; use ${instead}`,
        ] as const,
    ),
    [{ when: ["a"] }, 'when: must be an object, such as { country: ["DE"] }'],
    [
      { response: { headers: { "x-frame-options": "DENY" } } },
      'response.headers: "x-frame-options" is not a field of headers; use set, add or remove',
    ],
    [
      { when: { status: 404, country: ["DE"] } },
      'when: "status" is not a field of when; use answer',
    ],
    [
      { origin: { from: "/news/" } },
      'origin.from: "/news/" is not "/", or a path of letters, digits, "-", "_", "." and "~" without a slash at its end, such as "/blog"',
    ],
    [
      { when: { country: ["DE"], method: ["POST"] } },
      'when: "method" is not a field of when; use methods of the route',
    ],
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
      { bypass: true, when: { header: ["x a"] } },
      "when.header: has a name that no header field can have",
    ],
    [{ forward: ["x app"] }, "forward: has a name that no header field can have"],
    [{ forward: ["*"] }, 'forward: must contain whole names, without "*"'],
    [{ key: { headers: ["x-*"] } }, 'key.headers: must contain whole names, without "*"'],
    [{ key: { cookies: ["currency*"] } }, 'key.cookies: must contain whole names, without "*"'],
    [{ key: { cookies: ["a=b"] } }, `key.cookies: ${noCookie}`],
    [{ cookies: { ignore: ["^theme"] } }, `cookies.ignore: ${noCookie}`],
    [{ credentialFields: { except: ["*"] } }, `credentialFields.except: ${noCredential}`],
    [{ key: { language: [] } }, "key.language: is empty, or has a name twice"],
    [{ key: { language: ["en", "EN"] } }, "key.language: is empty, or has a name twice"],
    [{ key: { language: ["en", "*"] } }, `key.language: ${noLanguage}`],
    [{ key: { language: ["en_GB"] } }, `key.language: ${noLanguage}`],
    [{ key: { language: "en" } }, 'key.language: must be a list, such as ["en"]'],
    [{ key: { accept: [] } }, "key.accept: is empty, or has a name twice"],
    [{ key: { accept: ["image/*"] } }, `key.accept: ${noType}`],
    [{ key: { accept: ["avif"] } }, `key.accept: ${noType}`],
    [{ key: { accept: ["image/avif;q=1"] } }, `key.accept: ${noType}`],
    [{ key: { device: "mobile" } }, "key.device: is not a device detector: write device()"],
    [
      { key: { headers: ["x-app", "Accept-Language"], language: ["en"] } },
      `key.headers: has "Accept-Language", ${isReduced}`,
    ],
    [{ key: { headers: ["accept"], accept: ["a/b"] } }, `key.headers: has "accept", ${isReduced}`],
    [
      { key: { headers: ["user-agent"], device: device() } },
      `key.headers: has "user-agent", ${isReduced}`,
    ],
    [{ key: { headers: ["x app"] } }, "key.headers: has a name that no header field can have"],
    [{ key: { cookies: [""] } }, "key.cookies.0: is empty"],
    [{ cookies: { ignore: "a" } }, 'cookies.ignore: must be a list, such as ["utm_*"]'],
    [{ setCookie: "drop" }, 'setCookie: must be "respect" or "strip"'],
    [{ deceptionArmour: "off" }, "deceptionArmour: must be true or false"],
    ...answerRows.map(([rule, says]) => [{ answer: [rule] }, `answer.0${says}`] as const),
    [
      { answer: { when: { status: 200 } } },
      "answer: must be a list of rules, such as [{ when: { status: 500 }, store: false }]",
    ],
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
  ] as const)("is refused: %j", (changes: object, says: string) => {
    expect(refusalOf(route(changes))).toBe(`route "news", ${says}`);
  });
});

it.each([
  ["collapse", "use: [globalCollapse()] with globalCollapse of tidemark/global-collapse"],
  ["headers", "response.headers or key.headers"],
  ["host", "match"],
  ["rewrite", "origin.from"],
  ["ttl", "fresh"],
])("a field of other caches is refused with the field to use: %s", (name, instead) => {
  const says = `route "news": "${name}" is not a field of a route; use ${instead}`;
  expect(refusalOf(route({ [name]: "a" }))).toBe(says);
});
