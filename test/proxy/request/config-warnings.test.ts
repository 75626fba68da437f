// What is told of a configuration that asks for something in vain, and that nothing is told of another.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import type { WrittenConfig } from "../../../src/config/written.ts";
import { faultText } from "../../../src/base/operator-error.ts";
import { configWarnings } from "../../../src/proxy/request/config-warnings.ts";
import tidemarkConfig from "../../../tidemark.config.ts";
import { openSite } from "../../../testing/site/harness.ts";

const told = (routes: NonNullable<WrittenConfig["routes"]>) =>
  configWarnings(defineConfig({ routes })).map(faultText);

describe("beside bypass", () => {
  it.each<{ id: string; fields: object }>([
    { id: "fresh", fields: { fresh: "5m" } },
    { id: "negative", fields: { negative: { 404: "30s" } } },
    { id: "browser", fields: { browser: "0s" } },
    { id: "tags", fields: { tags: ["a"] } },
    { id: "query", fields: { query: { allow: ["page"] } } },
    { id: "cookies", fields: { cookies: { ignore: ["a"] } } },
    { id: "forward", fields: { forward: ["x-real-ip"] } },
    { id: "tiers", fields: { tiers: ["memory"] } },
  ])("$id has no effect", ({ id, fields }) => {
    expect(told([{ name: "own", match: "/me/*", bypass: true, ...fields }])).toEqual([
      `Route "own" has fields without effect: ${id}. bypass sends its requests straight to ` +
        "the origin, and stores nothing. Remove these fields, or bypass.",
    ]);
  });

  it.each<{ id: string; fields: object }>([
    { id: "nothing", fields: { bypass: true } },
    { id: "what-is-left-out", fields: { bypass: true, fresh: undefined } },
    { id: "invalidate", fields: { bypass: true, invalidate: "everywhere" } },
    { id: "origin", fields: { bypass: true, origin: "default" } },
    { id: "purge", fields: { bypass: true, purge: { maxLagSeconds: 20 } } },
    { id: "no-bypass", fields: { bypass: false, fresh: "5m" } },
  ])("$id is right", ({ fields }) => {
    expect(told([{ name: "own", match: "/me/*", ...fields }])).toEqual([]);
  });
});

it("names fields without effect where no method is GET", () => {
  const route = { name: "writes", match: "/api/*", invalidate: "everywhere", fresh: "5m" } as const;
  expect(told([{ ...route, methods: ["POST"], forward: ["x-real-ip"] }])).toEqual([
    'Route "writes" has fields without effect: fresh, forward. Its methods lack GET, and only ' +
      "answers to GET are stored. Remove these fields, or add GET.",
  ]);
});

describe("what a route is to forward", () => {
  it("is named where it never is", () => {
    // What names a trace reaches the origin without being named.
    const forward = [
      "X-Real-IP",
      "accept",
      "cookie",
      "if-none-match",
      "x-url-scheme",
      "traceparent",
    ];
    const key = { headers: ["x-url-scheme"] };
    expect(told([{ name: "few", match: "*", forward, key }])).toEqual([
      'Route "few" forwards x-real-ip, if-none-match without effect. Tidemark requests shared responses ' +
        "without such fields. Remove them from forward, or list them in key.headers.",
    ]);
  });
});

describe("a route that is never reached", () => {
  it("is named with the route that hides it", () => {
    const routes = [
      { name: "files", match: "/files/*" },
      { name: "other", match: "/other" },
      { name: "one", match: "/files/one" },
    ];
    expect(told(routes)).toEqual([
      'Route "one" is never reached. Each path that matches "/files/one" also matches "/files/*" of route ' +
        '"files", which comes first. Put "one" before "files", or remove it.',
    ]);
  });

  it("is named by each of its patterns that is hidden", () => {
    const routes = [
      { name: "shop", match: ["shop.example/*", "/shop/*"] },
      { name: "one", match: ["shop.example/a", "/b", "/shop/:c"] },
    ];
    expect(told(routes)).toEqual([
      'Route "one" is never reached by "shop.example/a". Each path that matches ' +
        '"shop.example/a" also matches "shop.example/*" of route "shop", which comes first. Put "one" before "shop", or remove it.',
      expect.stringContaining('Route "one" is never reached by "/shop/:c".'),
    ]);
  });

  it.each([
    { id: "all-methods", earlier: undefined, later: ["GET"], isHidden: true },
    { id: "the-same", earlier: ["GET", "HEAD"], later: ["GET"], isHidden: true },
    { id: "more", earlier: ["POST", "PUT"], later: ["PUT"], isHidden: true },
    { id: "less", earlier: ["POST"], later: ["POST", "PUT"], isHidden: false },
    { id: "of-all", earlier: ["POST"], later: undefined, isHidden: false },
  ])("is hidden by a route of its methods: $id", ({ earlier, later, isHidden }) => {
    const routes = [
      { name: "first", match: "/a/*", methods: earlier },
      { name: "second", match: "/a", methods: later },
    ];
    expect(told(routes)).toHaveLength(isHidden ? 1 : 0);
  });

  it.each([
    ["listed", "*.example/*", ["a.example", "b.test"], []],
    ["of-a-list", ["c.test/*", "b.test/*"], ["a.example", "b.test"], []],
    ["implied-port", "b.test:443/*", ["b.test"], []],
    ["each-its-own", "c.test/*", [], []],
    [
      "elsewhere",
      "c.test/*",
      ["a.example", "b.test"],
      [
        'Route "one" is never reached. SITE_HOST maps every host to one of a.example, b.test, and ' +
          "the route matches none of these. Add its host to SITE_HOST.",
      ],
    ],
  ])("is for no host that a request can have: %s", (_id, match, siteHosts, says) => {
    const config = defineConfig({ routes: [{ name: "one", match }] });
    expect(configWarnings(config, siteHosts).map(faultText)).toEqual(says);
  });

  it("is none in our own configuration", () => {
    expect(configWarnings(tidemarkConfig)).toEqual([]);
  });
});

it("stands in the log of the Worker once, and takes nothing down", async () => {
  const routes = [
    { name: "any", match: "/:any" },
    { name: "one", match: "/one" },
  ];
  const site = openSite({ config: { routes } });
  await site.get("/one");
  expect((await site.get("/one")).status).toBe(200);
  expect(site.log).toEqual([expect.stringContaining('Route "one" is never reached.')]);
});
