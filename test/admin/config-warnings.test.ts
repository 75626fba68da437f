// Tests the warnings about options without effect. Other configurations cause no warning.
// Needs parts: global-collapse.
import { describe, expect, it } from "vitest";
import { globalCollapse } from "../../src/parts/global-collapse/global-collapse.ts";
import { defineConfig } from "../../src/config/config.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { faultText } from "../../src/base/operator-error.ts";
import { defineRule } from "../../src/part/rule/define-rule.ts";
import { openSite } from "../../testing/site/harness.ts";
import { configWarnings, type Stores } from "../../src/admin/config-warnings.ts";
import tidemarkConfig from "../../tidemark.config.ts";

const storesOf = (...names: string[]) => ({ tiers: { all: names.map((name) => ({ name })) } });
const all = { ...storesOf("memory", "edge", "shared"), purging: {} };

const part = { kind: "route", name: "filter", traits: {}, contents: {} } as const;

const told = (routes: NonNullable<WrittenConfig["routes"]>, stores: Stores = all) =>
  configWarnings(defineConfig({ routes }), [], stores).map(faultText);

describe("in a route with or without bypass,", () => {
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
    ["use", [{ ...part, isForStored: true }]],
  ])("the option %s has no effect with bypass, and a warning names it", (name, value) => {
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
    { bypass: true, when: { cookie: ["a"] } },
    { bypass: true, purge: { maxLagSeconds: 20 } },
    { bypass: true, use: [part] },
    { bypass: false, fresh: "5m" },
  ])("the options %o cause no warning", (fields) => {
    expect(own(fields)).toEqual([]);
  });
});

it("a warning names fields without effect if no method is GET", () => {
  const route = { name: "writes", match: "/api/*", invalidate: "everywhere", fresh: "5m" } as const;
  expect(told([{ ...route, methods: ["POST"], forward: ["x-real-ip"] }])).toEqual([
    'Route "writes" has fields without effect: fresh, forward. Its methods lack GET, and only ' +
      "answers to GET are stored. Remove these fields, or add GET.",
  ]);
});

describe("a condition on a parameter", () => {
  const when = { query: { view: ["print"], gclid: ["a"] } };
  const signed = defineRule({
    name: "signed",
    checks: { query: ["sig"] },
    admits: () => "checked",
  });
  const warned = (names: string) => [
    `Route "own" has conditions on parameters that its origin does not get: ${names}. query.allow of ` +
      "the route lacks them, or key.query.strip removes them. Let them reach the origin, or remove " +
      "the conditions.",
  ];

  it.each<[fields: object, warnings: readonly string[]]>([
    [{ when }, warned("gclid")],
    [{ when, query: { allow: ["gclid"] } }, warned("view, gclid")],
    [{ when: { query: { view: ["print"] } }, query: { allow: ["v*"] } }, []],
    [{ when: { query: ["gclid"] }, bypass: true }, []],
    [{ when, methods: ["POST"] }, []],
    [{ when: { query: { sig: ["a"] } }, use: [signed] }, []],
  ])("that the origin does not get causes a warning: %j", (fields, warnings) => {
    expect(told([{ name: "own", match: "*", ...fields }])).toEqual(warnings);
  });
});

describe("a route whose store is absent", () => {
  const local = storesOf("memory", "edge");
  const writes = { methods: ["POST"], invalidate: "everywhere" } as const;

  it.each([
    {
      fields: { use: [globalCollapse()] },
      stores: { ...local, purging: {} },
      idle: "globalCollapse()",
    },
    { fields: { admission: "first-ask" }, stores: local, idle: "admission" },
    { fields: { tiers: ["shared"] }, stores: local, idle: "tiers" },
    { fields: { invalidate: "everywhere" }, stores: local, idle: "invalidate" },
    { fields: { ...writes, bypass: true }, stores: local, idle: "invalidate" },
    { fields: { whenUnreachable: "serve" }, stores: local, idle: "whenUnreachable" },
  ] as const)("has a warning for $idle", ({ fields, stores, idle }) => {
    const journal = "purging" in stores ? "a" : "no";
    expect(told([{ name: "one", match: "/a", ...fields }], stores)).toEqual([
      `Route "one" has fields without effect: ${idle}. This Worker has only the tiers memory and edge, and ` +
        `${journal} journal of purges. Bind the stores, or remove these fields.`,
    ]);
  });

  it.each([
    { fields: { tiers: ["edge", "shared"] }, stores: local },
    { fields: { ...writes, whenUnreachable: undefined }, stores: { ...local, purging: {} } },
    { fields: { invalidate: "here" }, stores: local },
    {
      fields: { use: [globalCollapse()], admission: "first-ask", invalidate: "everywhere" },
      stores: all,
    },
  ] as const)("has no warning for $fields", ({ fields, stores }) => {
    expect(told([{ name: "one", match: "/a", ...fields }], stores)).toEqual([]);
  });
});

describe("a field in `forward`", () => {
  it("is named in a warning if it is never forwarded", () => {
    // Fields that identify a trace always reach the origin.
    const names = "X-Real-IP accept cookie if-none-match x-url-scheme traceparent";
    const forward = names.split(" ");
    const key = { headers: ["x-url-scheme"] };
    expect(told([{ name: "few", match: "*", forward, key }])).toEqual([
      'Route "few" forwards x-real-ip, if-none-match without effect. Tidemark requests shared responses ' +
        "without such fields. Remove them from forward, or list them in key.headers.",
    ]);
  });
});

describe("the check for routes that are never reached", () => {
  it("names the route that hides another route", () => {
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

  it("accepts a route behind a route with a condition", () => {
    const when = { cookie: ["session"] };
    const routes = [
      { name: "signed-in", match: "*", when, bypass: true },
      { name: "rest", match: "*" },
    ];
    expect(told(routes)).toEqual([]);
  });

  it("warns of a hidden route that should protect pages, unless the hiding route bypasses too", () => {
    const routes = (bypass: boolean) => [
      { name: "all", match: "/*", bypass },
      { name: "mine", match: "/me/*", bypass: true },
    ];
    const levels = [false, true].map((bypass) =>
      configWarnings(defineConfig({ routes: routes(bypass) })).map(({ level }) => level),
    );
    expect(levels).toEqual([["warning"], [undefined]]);
    expect(told(routes(false))[0]).toContain("never reached, so its pages may be stored.");
  });

  it("names each hidden pattern of a route", () => {
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
  ])(
    "finds a route only if an earlier one has all of its methods: $id",
    ({ earlier, later, isHidden }) => {
      const first = { name: "first", match: "/a/*", methods: earlier };
      const second = { name: "second", match: "/a", methods: later };
      expect(told([first, second])).toHaveLength(isHidden ? 1 : 0);
    },
  );

  it.each([
    ["*.example/*", "a.example b.test"],
    [["c.test/*", "b.test/*"], "a.example b.test"],
    ["b.test:443/*", "b.test"],
    ["c.test/*", ""],
  ])("accepts a pattern that a host can reach: %j on %j", (match, hosts) => {
    const config = defineConfig({ routes: [{ name: "one", match }] });
    expect(configWarnings(config, hosts.split(" ").filter(Boolean))).toEqual([]);
  });

  it("names a route for a host that SITE_HOST never gives", () => {
    const config = defineConfig({ routes: [{ name: "one", match: "c.test/*" }] });
    expect(configWarnings(config, ["a.example", "b.test"]).map(faultText)).toEqual([
      'Route "one" is never reached. SITE_HOST maps every host to one of a.example, b.test, and ' +
        "the route matches none of these. Add its host to SITE_HOST.",
    ]);
  });

  it("finds nothing in this repository's own configuration", () => {
    expect(configWarnings(tidemarkConfig)).toEqual([]);
  });
});

it.each([
  { others: 98, told: ['Route "one" is never reached.'] },
  { others: 99, told: [] },
])("logs warnings once, at the operator's first request, beside $others", async (row) => {
  const routes = [
    { name: "any", match: "/:any" },
    { name: "one", match: "/one" },
    ...Array.from({ length: row.others }, (_, nth) => ({ name: `r${nth}`, match: `/a/${nth}` })),
  ];
  const site = openSite({ config: { routes } });
  expect((await site.get("/one")).status).toBe(200);
  expect(site.log).toEqual([]);
  for (let asked = 0; asked < 2; asked += 1) await site.get("/_cache/none");
  expect(site.log).toEqual(row.told.map((text) => expect.stringContaining(text)));
});
