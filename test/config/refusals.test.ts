// Configurations that make no sense or ask for what is not built yet are refused when they are
// loaded.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { refusalOf, route } from "./refusal-of.ts";

const scheme = "write only scheme and host";

it("says what, why and how to fix it", () => {
  expect(() => defineConfig(route({ bypass: "yes" }) as never)).toThrow(
    'The configuration is invalid. route "news", bypass: must be true or false. ' +
      "Fix it in your configuration, such as tidemark.config.ts.",
  );
});

it("says everything at once", () => {
  const said = refusalOf({ heuristics: 1, ...route({ browser: 5, jitter: 2 }) });
  expect(said).toContain("heuristics: must be true or false");
  expect(said).toContain('route "news", browser: ');
  expect(said).toContain('route "news", jitter: is more than 1');
});

it("tells an upgrader that a field went, and that nothing replaces it", () => {
  expect(refusalOf({ purge: { retention: "7d" } })).toBe(
    "purge.retention: was removed without a replacement: " +
      "the journal keeps its newest 8,192 entries, whatever their age; leave it out",
  );
});

it("names the new name of a renamed option, beside unknown ones", () => {
  expect(refusalOf(route({ patience: "2s" }))).toBe(
    'route "news": "patience" is now "waitTimeout": rename it',
  );
  expect(refusalOf(route({ patience: "2s", frsh: "1m" }))).toBe(
    'route "news": "frsh" is not a field of a route; "patience" is now "waitTimeout": rename it',
  );
});

describe("not built yet", () => {
  const says = "is not built yet; leave it out";

  it.each([
    ["allow-storing", { allowStoring: ["private"] }, "allowStoring"],
    ["route-allow-storing", route({ allowStoring: [] }), 'route "news", allowStoring'],
    ["device", route({ key: { device: true } }), 'route "news", key.device'],
    ["language", route({ key: { language: ["de"] } }), 'route "news", key.language'],
  ])("%s", (_id, written, at) => {
    expect(refusalOf(written)).toBe(`${at}: ${says}`);
  });

  it.each([
    { id: "at-the-limit", purge: { maxLagSeconds: 2.5 }, isRefused: true },
    { id: "above-it", purge: { maxLagSeconds: 2.6 }, isRefused: false },
    { id: "fractions", purge: { maxLagSeconds: 1, clockAllowanceSeconds: 0.2 }, isRefused: false },
    { id: "replicas", purge: { maxLagSeconds: 7.5, readReplicas: true }, isRefused: true },
    { id: "replicas-above", purge: { maxLagSeconds: 8, readReplicas: true }, isRefused: false },
    { id: "allowance", purge: { clockAllowanceSeconds: 4 }, isRefused: true },
    { id: "nothing", purge: { maxLagSeconds: 0 }, isRefused: true },
  ])("a lag that leaves too little: $id", ({ purge, isRefused }) => {
    expect(refusalOf({ purge }).startsWith("purge.maxLagSeconds")).toBe(isRefused);
  });

  it("a route's lag that leaves too little", () => {
    expect(refusalOf(route({ purge: { maxLagSeconds: 2 } }))).toContain(
      'route "news", purge.maxLagSeconds: 2 s is too short',
    );
  });
});

describe("members of request.cf", () => {
  it.each([
    ["of-one-client", ["latitude"], 'has "latitude", but allows only "asn", "city"'],
    ["no-list", "country", 'must be a list, such as ["country"]'],
  ])("that no key can have: %s", (_id, cf, says) => {
    expect(refusalOf(route({ key: { cf } }))).toContain(`route "news", key.cf`);
    expect(refusalOf(route({ key: { cf } }))).toContain(says);
  });

  it("are not written as a field of their own", () => {
    expect(refusalOf(route({ key: { country: true } }))).toContain('is written as cf: ["country"]');
  });
});

describe("the configuration is refused", () => {
  it.each([
    { id: "null", written: null, says: "at the top: must be an object, but is null" },
    {
      id: "list",
      written: [],
      says: 'at the top: must be an object, but is an instance of "Array"',
    },
    {
      id: "promise",
      written: Promise.resolve({}),
      says: 'at the top: must be an object, but is an instance of "Promise"',
    },
    {
      id: "unknown-field",
      written: { rotues: [] },
      says: 'at the top: "rotues" is not a field of the configuration',
    },
    { id: "routes", written: { routes: {} }, says: "routes: must be a list of routes" },
    { id: "route-of-no-form", written: { routes: ["/a"] }, says: "route 1: must be an object" },
    {
      id: "route-without-a-name",
      written: { routes: [{ match: "*" }] },
      says: 'route 1, name: must be a string, such as "article"',
    },
    {
      id: "route-twice",
      written: {
        routes: [
          { name: "a", match: "/a" },
          { name: "a", match: "/b" },
        ],
      },
      says: 'route "a", name: is used twice; give each route a unique name',
    },
    ...["/a/b", "_edge", "/_Edge", "/", "/a b", `/${"a".repeat(65)}`].map((operatorPath) => ({
      id: `operator-path-${operatorPath.slice(0, 6)}`,
      written: { operatorPath },
      says: "operatorPath: is a slash and one name of small letters, digits, - or _",
    })),
    {
      id: "namespace",
      written: { namespace: "a b" },
      says: "namespace: is 1 to 64 letters, digits, dots, dashes or _",
    },
    {
      id: "namespace-long",
      written: { namespace: "a".repeat(65) },
      says: "namespace: is 1 to 64 letters, digits, dots, dashes or _",
    },
    {
      id: "origin-scheme",
      written: { origins: { a: { url: "ftp://a.example" } } },
      says: `origins.a.url: is not an origin: it has a scheme that is neither "https:" nor "http:"; ${scheme}`,
    },
    {
      id: "origin-path",
      written: { origins: { a: { url: "https://a.example/b" } } },
      says: `origins.a.url: is not an origin: it has a path or a query; ${scheme}`,
    },
    {
      id: "origin-no-url",
      written: { origins: { a: { url: "a.example" } } },
      says: `origins.a.url: is not an origin: it is not a URL; ${scheme}`,
    },
    {
      id: "origin-user",
      written: { origins: { a: { url: "https://u:s3cret@a.example" } } },
      says: `origins.a.url: is not an origin: it holds a user name or a password; ${scheme}`,
    },
    {
      id: "origin-form",
      written: { origins: { a: "https://a.example" } },
      says: 'origins.a: is not an origin: write { url: "https://www.example.com" } without a path, or { binding: "NAME" }',
    },
    {
      id: "origin-default",
      written: { origins: { default: { binding: "B" } } },
      says: "origins.default: is ORIGIN_URL or the binding ORIGIN; choose another name",
    },
    {
      id: "time-out-zero",
      written: { originTimeout: "0s" },
      says: 'originTimeout: is not from "1s" to "1d"',
    },
    {
      id: "time-out-long",
      written: { originTimeout: "86401s" },
      says: 'originTimeout: is not from "1s" to "1d"',
    },
    {
      id: "time-out-number",
      written: { originTimeout: 30 },
      says: 'originTimeout: must be from "1s" to "1d", or { firstByte: "30s", betweenBytes: "30s" } in that range',
    },
    {
      id: "time-out-misnamed",
      written: { originTimeout: { first: "30s" } },
      says: 'originTimeout: "first" is not a field of originTimeout',
    },
    {
      id: "strip",
      written: { key: { query: { strip: "utm_*" } } },
      says:
        'key.query.strip: is a list of names to add, such as ["app_*"], ' +
        'or { only: ["app_*"] } in place of the known ones',
    },
    {
      id: "strip-only",
      written: { key: { query: { strip: { only: ["utm_*_x"] } } } },
      says: 'key.query.strip.only: has a "*" that is not at the end of a name',
    },
    {
      id: "harmless",
      written: { cookies: { harmful: [] } },
      says: 'cookies: "harmful" is not a field of cookies',
    },
    {
      id: "tag-fields",
      written: { tagFields: ["x:y"] },
      says: "tagFields: has a name that no header field can have",
    },
    {
      id: "rewriteLocations",
      written: { rewriteLocations: "no" },
      says: "rewriteLocations: must be true or false",
    },
    { id: "heuristics", written: { heuristics: "on" }, says: "heuristics: must be true or false" },
    {
      id: "cache-in-front",
      written: { cacheInFront: 1 },
      says: "cacheInFront: must be true or false",
    },
    {
      id: "hot-keys-form",
      written: { hotKeys: "50" },
      says: "hotKeys: must be a whole number of keys",
    },
    {
      id: "hot-keys-part",
      written: { hotKeys: 1.5 },
      says: "hotKeys: must be a whole number of keys",
    },
    { id: "hot-keys-few", written: { hotKeys: -1 }, says: "hotKeys: is less than 0" },
    { id: "hot-keys-many", written: { hotKeys: 1_001 }, says: "hotKeys: is more than 1,000" },
    {
      id: "limit-negative",
      written: { limits: { bufferBytes: -1 } },
      says: "limits.bufferBytes: is less than 0",
    },
    {
      id: "limit-fraction",
      written: { limits: { memoryBytes: 1.5 } },
      says: "limits.memoryBytes: must be a whole number of bytes",
    },
    {
      id: "limit-too-large",
      written: { limits: { memoryBytes: 2 ** 40 } },
      says: "limits.memoryBytes: is more than 96 MiB",
    },
    {
      id: "variants-none",
      written: { limits: { databaseBytes: 256 } },
      says: "limits.databaseBytes: is less than 4194304",
    },
    {
      id: "no-variants",
      written: { limits: { variants: 0 } },
      says: "limits.variants: is less than 1",
    },
    {
      id: "variants-many",
      written: { limits: { variants: 501 } },
      says: "limits.variants: is more than 500",
    },
    {
      id: "variants-fraction",
      written: { limits: { variants: 1.5 } },
      says: "limits.variants: must be a whole number, such as 100",
    },
  ])("$id", ({ written, says }) => {
    expect(refusalOf(written)).toBe(says);
  });

  it("with no password in its message", () => {
    const written = { origins: { a: { url: "https://u:s3cret@a.example" } } };
    expect(refusalOf(written)).not.toContain("s3cret");
  });
});

describe("what stands behind a route for everything", () => {
  const [everything, late] = [
    { name: "rest", match: "*" },
    { name: "late", match: "/late" },
  ];
  const refused =
    'route "late", match: is never reached: an earlier route matches "*"; move that one to the end';

  it.each([
    { id: "everything", before: everything, says: refused },
    { id: "in-a-list", before: { ...everything, match: ["/a", "*"] }, says: refused },
    { id: "of-some-methods", before: { ...everything, methods: ["GET"] }, says: "accepted" },
    { id: "of-a-host", before: { ...everything, match: "a.example/*" }, says: "accepted" },
  ])("is refused, unless that has a host or methods: $id", ({ before, says }) => {
    expect(refusalOf({ routes: [before, late] })).toBe(says);
  });
});
