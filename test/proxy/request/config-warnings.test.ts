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
  const own = (fields: object) => told([{ name: "own", match: "/me/*", ...fields }]);

  it.each<[name: string, value: unknown]>([
    ["fresh", "5m"],
    ["negative", { 404: "30s" }],
    ["browser", "0s"],
    ["tags", ["a"]],
    ["query", { allow: ["page"] }],
    ["cookies", { ignore: ["a"] }],
    ["forward", ["x-real-ip"]],
    ["tiers", ["memory"]],
  ])("%s has no effect", (name, value) => {
    expect(own({ bypass: true, [name]: value })).toEqual([
      `Route "own" has fields without effect: ${name}. bypass sends its requests straight to ` +
        "the origin, and stores nothing. Remove these fields, or bypass.",
    ]);
  });

  it.each<object>([
    { bypass: true },
    { bypass: true, fresh: undefined },
    { bypass: true, invalidate: "everywhere" },
    { bypass: true, origin: "default" },
    { bypass: true, purge: { maxLagSeconds: 20 } },
    { bypass: false, fresh: "5m" },
  ])("nothing is told of %o", (fields) => {
    expect(own(fields)).toEqual([]);
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
    const names = "X-Real-IP accept cookie if-none-match x-url-scheme traceparent";
    const forward = names.split(" ");
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
    const first = { name: "first", match: "/a/*", methods: earlier };
    const second = { name: "second", match: "/a", methods: later };
    expect(told([first, second])).toHaveLength(isHidden ? 1 : 0);
  });

  it.each([
    ["*.example/*", "a.example b.test"],
    [["c.test/*", "b.test/*"], "a.example b.test"],
    ["b.test:443/*", "b.test"],
    ["c.test/*", ""],
  ])("can be reached: %j on %j", (match, hosts) => {
    const config = defineConfig({ routes: [{ name: "one", match }] });
    expect(configWarnings(config, hosts.split(" ").filter(Boolean))).toEqual([]);
  });

  it("is for a host that SITE_HOST never gives", () => {
    const config = defineConfig({ routes: [{ name: "one", match: "c.test/*" }] });
    expect(configWarnings(config, ["a.example", "b.test"]).map(faultText)).toEqual([
      'Route "one" is never reached. SITE_HOST maps every host to one of a.example, b.test, and ' +
        "the route matches none of these. Add its host to SITE_HOST.",
    ]);
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
