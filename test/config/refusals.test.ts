// Tests that invalid configurations are refused on loading.
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { refusalOf, route } from "./refusal-of.ts";

const scheme = "write only scheme and host";

it("names the fault, its reason and its fix in a refusal", () => {
  expect(() => defineConfig(route({ bypass: "yes" }) as never)).toThrow(
    'The configuration is invalid. route "news", bypass: must be true or false. ' +
      "Fix it in your configuration, such as tidemark.config.ts.",
  );
});

it("reports all faults at once", () => {
  const said = refusalOf({ heuristics: 1, ...route({ browser: 5, bypass: 2 }) });
  expect(said).toContain("heuristics: must be true or false");
  expect(said).toContain('route "news", browser: ');
  expect(said).toContain('route "news", bypass: must be true or false');
});

it("names all unknown options", () => {
  expect(refusalOf(route({ patience: "2s", frsh: "1m" }))).toBe(
    'route "news": "patience", "frsh" is not a field of a route',
  );
});

describe("the check of an option", () => {
  it.each([
    { id: "at-the-limit", purge: { maxLagSeconds: 2.5 }, isRefused: true },
    { id: "above-the-limit", purge: { maxLagSeconds: 2.6 }, isRefused: false },
    { id: "fractions", purge: { maxLagSeconds: 1, clockAllowanceSeconds: 0.2 }, isRefused: false },
    { id: "allowance", purge: { clockAllowanceSeconds: 4 }, isRefused: true },
    { id: "zero", purge: { maxLagSeconds: 0 }, isRefused: true },
  ])("refuses a maxLagSeconds only if it leaves too little time: $id", ({ purge, isRefused }) => {
    expect(refusalOf({ purge }).startsWith("purge.maxLagSeconds")).toBe(isRefused);
  });

  it("refuses a route's maxLagSeconds that leaves too little time", () => {
    expect(refusalOf(route({ purge: { maxLagSeconds: 2 } }))).toContain(
      'route "news", purge.maxLagSeconds: 2 s is too short',
    );
  });
});

describe("members of request.cf", () => {
  it.each([
    ["of-one-client", ["latitude"], 'has "latitude", but allows only "asn", "city"'],
    ["no-list", "country", 'must be a list, such as ["country"]'],
  ])("are refused in a key if no key can have them: %s", (_id, cf, says) => {
    expect(refusalOf(route({ key: { cf } }))).toContain(`route "news", key.cf`);
    expect(refusalOf(route({ key: { cf } }))).toContain(says);
  });
});

describe("an invalid configuration", () => {
  const twice = ["/a", "/b"].map((match) => ({ name: "a", match }));
  const origin = (url: string) => ({ origins: { a: { url } } });
  const noOrigin = "origins.a.url: is not an origin";
  const isNoTarget =
    'targets: has a name that is no targeted field: write names that end in "-Cache-Control" (RFC 9213); ' +
    "Surrogate-Control and Cache-Control follow the list by themselves";
  const isPath = "operatorPath: must be a slash and 1 to 64 small letters, digits, - or _";
  it.each<[written: unknown, says: string]>([
    [null, "at the top: must be an object, but is null"],
    [[], 'at the top: must be an object, but is an instance of "Array"'],
    [Promise.resolve({}), 'at the top: must be an object, but is an instance of "Promise"'],
    [{ rotues: [] }, 'at the top: "rotues" is not a field of the configuration'],
    [{ routes: {} }, "routes: must be a list of routes"],
    [
      { origins: [] },
      'origins: must be an object of origins, such as { bucket: { url: "https://bucket.example" } }',
    ],
    [{ routes: ["/a"] }, "route 1: must be an object"],
    [{ routes: [{ match: "*" }] }, 'route 1, name: must be a string, such as "article"'],
    [{ routes: twice }, 'route "a", name: is used twice; give each route a unique name'],
    ...["/a/b", "_edge", "/_Edge", "/", "/a b", `/${"a".repeat(65)}`].map(
      (operatorPath): [unknown, string] => [{ operatorPath }, isPath],
    ),
    [{ namespace: "a b" }, "namespace: must be 1 to 64 letters, digits, dots, dashes or _"],
    [
      { namespace: "a".repeat(65) },
      "namespace: must be 1 to 64 letters, digits, dots, dashes or _",
    ],
    [
      origin("ftp://a.example"),
      `${noOrigin}: it has a scheme that is neither "https:" nor "http:"; ${scheme}`,
    ],
    [origin("https://a.example/b"), `${noOrigin}: it has a path or a query; ${scheme}`],
    [origin("a.example"), `${noOrigin}: it is not a URL; ${scheme}`],
    [
      origin("https://u:s3cret@a.example"),
      `${noOrigin}: it holds a user name or a password; ${scheme}`,
    ],
    [
      { origins: { a: "https://a.example" } },
      'origins.a: is not an origin: write { url: "https://www.example.com" } without a path, or { binding: "NAME" }',
    ],
    [
      { origins: { default: { binding: "B" } } },
      "origins.default: is the reserved name of ORIGIN_URL and the binding ORIGIN; choose another name",
    ],
    [{ originTimeout: "0s" }, 'originTimeout: is not from "1s" to "1d"'],
    [{ originTimeout: "86401s" }, 'originTimeout: is not from "1s" to "1d"'],
    [
      { originTimeout: 30 },
      'originTimeout: must be from "1s" to "1d", or { firstByte: "30s", betweenBytes: "30s" } in that range',
    ],
    [{ originTimeout: { first: "30s" } }, 'originTimeout: "first" is not a field of originTimeout'],
    [
      { key: { query: { strip: "utm_*" } } },
      'key.query.strip: must be a list of names to add, such as ["app_*"], ' +
        'or { only: ["app_*"] } to replace the known names',
    ],
    [
      { key: { query: { strip: { only: ["utm_*_x"] } } } },
      'key.query.strip.only: has a "*" that is not at the end of a name',
    ],
    [{ cookies: { harmful: [] } }, 'cookies: "harmful" is not a field of cookies'],
    [{ tagFields: ["x:y"] }, "tagFields: has a name that no header field can have"],
    ...["surrogate-control", "Cache-Control", "-cache-control", "edge-control"].map(
      (name): [unknown, string] => [{ targets: ["A-Cache-Control", name] }, isNoTarget],
    ),
    [
      { targets: ["A-Cache-Control", "a-cache-control"] },
      "targets: has a name twice; the first field that is present decides, so remove the second",
    ],
    [{ targets: "A-Cache-Control" }, 'targets: must be a list, such as ["CDN-Cache-Control"]'],
    [{ targets: ["a:b-cache-control"] }, "targets: has a name that no header field can have"],
    ...[
      "https://ops.example.com",
      "ops.example.com/",
      "ops.example.com:8443",
      "Ops.example.com",
      "ops.example.com.",
      "",
      "u@ops.example.com",
    ].map((operatorHost): [unknown, string] => [
      { operatorHost },
      'operatorHost: must be only the name of a host, in small letters: "ops.example.com"',
    ]),
    [{ operatorHost: ["ops.example.com"] }, "operatorHost: must be a host"],
    [{ heuristics: "on" }, "heuristics: must be true or false"],
    [{ metrics: {} }, 'metrics: must be "off", or left out'],
    [{ cacheInFront: 1 }, "cacheInFront: must be true or false"],
    [{ limits: { bufferBytes: -1 } }, "limits.bufferBytes: is less than 0"],
    [{ limits: { memoryBytes: 1.5 } }, "limits.memoryBytes: must be a whole number of bytes"],
    [{ limits: { bufferBytes: 12_582_913 } }, "limits.bufferBytes: is more than 12 MiB"],
    [
      { limits: { bufferBytes: 1_048_576, sharedBodyBytes: 1_048_577 } },
      "limits.sharedBodyBytes: is more than bufferBytes, 1048576, above which nothing is held whole for Redis: write 1048576 or less, or raise bufferBytes",
    ],
    [{ limits: { databaseBytes: 256 } }, "limits.databaseBytes: is less than 4194304"],
    [{ limits: { objectBytes: 256 } }, "limits.objectBytes: is less than 4194304"],
    [{ limits: { variants: 0 } }, "limits.variants: is less than 1"],
    [{ limits: { variants: 501 } }, "limits.variants: is more than 500"],
    [{ limits: { variants: 1.5 } }, "limits.variants: must be a whole number, such as 100"],
  ])("is refused: %j", (written, says) => {
    expect(refusalOf(written)).toBe(says);
  });

  it.each([
    [
      "Node",
      2 ** 50,
      /^limits.memoryBytes: is more than the heap of this process, \d+ bytes: start/,
    ],
    ["Node", 200 * 1_048_576, /^accepted$/],
    ["Workers", 41_943_041, /more than 40 MiB, with which an isolate stays below 128 MB$/],
  ])("is refused on %s for a memory tier of %i bytes: %s", (platform, memoryBytes, says) => {
    if (platform === "Workers") vi.stubGlobal("WebSocketPair", Object);
    onTestFinished(() => void vi.unstubAllGlobals());
    expect(refusalOf({ limits: { memoryBytes } })).toMatch(says);
  });

  it("is refused without the password in the message", () => {
    expect(refusalOf(origin("https://u:s3cret@a.example"))).not.toContain("s3cret");
  });
});

describe("a route after a route that matches everything", () => {
  const [everything, late] = [
    { name: "rest", match: "*" },
    { name: "late", match: "/late" },
  ];
  const refused =
    'route "late", match: is never reached: an earlier route matches "*"; move that route to the end';

  it.each([
    { id: "everything", before: everything, says: refused },
    { id: "in-a-list", before: { ...everything, match: ["/a", "*"] }, says: refused },
    { id: "of-some-methods", before: { ...everything, methods: ["GET"] }, says: "accepted" },
    { id: "of-a-host", before: { ...everything, match: "a.example/*" }, says: "accepted" },
  ])("is refused, unless the earlier route has a host or methods: $id", ({ before, says }) => {
    expect(refusalOf({ routes: [before, late] })).toBe(says);
  });
});
