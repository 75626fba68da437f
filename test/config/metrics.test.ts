// Tests the `metrics` options: their resolved values and their refusals.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { refusalOf, route } from "./refusal-of.ts";

const metricsOf = (metrics: WrittenConfig["metrics"]) => defineConfig({ metrics }).metrics;

describe("the resolved metrics options", () => {
  it("are on unless the configuration turns them off", () => {
    expect(metricsOf(undefined)).toEqual({ isOn: true, prefixes: [], hitRateMin: undefined });
    expect(metricsOf({}).isOn).toBe(true);
    expect(metricsOf("off")).toEqual({ isOn: false, prefixes: [], hitRateMin: undefined });
  });

  it("list the prefixes by name", () => {
    const prefixes = { docs: { path: "/docs/", hitRateMin: 0.9 }, api: { path: "/api" } };
    expect(metricsOf({ prefixes, hitRateMin: 0.5 })).toEqual({
      isOn: true,
      prefixes: [
        { name: "docs", path: "/docs/", hitRateMin: 0.9 },
        { name: "api", path: "/api" },
      ],
      hitRateMin: 0.5,
    });
  });

  it("include the least hit rate of a route", () => {
    const { routes, anywhere } = defineConfig(route({ hitRateMin: 0.25 }));
    expect([routes[0]?.hitRateMin, anywhere.hitRateMin]).toEqual([0.25, undefined]);
  });
});

const form = 'must be "off", or an object such as { hitRateMin: 0.8 }';
const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, { path: `/${at}` }]));

describe("the check of the metrics options", () => {
  const prefix = (one: unknown, name = "docs") => ({ prefixes: { [name]: one } });
  const twice = { prefixes: { a: { path: "/a" }, b: { path: "/a" } } };

  it.each([
    ["on", `metrics: ${form}`],
    [true, `metrics: ${form}`],
    [null, `metrics: ${form}`],
    [{ hitrate: 1 }, 'metrics: "hitrate" is not a field of metrics'],
    [{ hitRateMin: 80 }, "metrics.hitRateMin: is more than 1"],
    [{ hitRateMin: -0.1 }, "metrics.hitRateMin: is less than 0"],
    [{ hitRateMin: "80%" }, "metrics.hitRateMin: must be a number from 0 to 1, such as 0.8"],
    [
      { prefixes: ["/docs/"] },
      'metrics.prefixes: must be prefixes by name, such as { docs: { path: "/docs/" } }',
    ],
    [prefix("/docs/"), 'metrics.prefixes.docs: must be a prefix, such as { path: "/docs/" }'],
    [prefix({ path: "/", min: 1 }), 'metrics.prefixes.docs: "min" is not a field of a prefix'],
    [
      prefix({ path: "docs/" }),
      'metrics.prefixes.docs.path: "docs/" does not begin with a slash: write a path, such as "/docs/"',
    ],
    [
      prefix({ path: "/docs/*" }),
      "metrics.prefixes.docs.path: must be only a path: leave out ?, # and *",
    ],
    [
      prefix({ path: "/a" }, "a|b"),
      "metrics.prefixes.a|b: is not a valid name: write 1 to 64 letters, digits, dots, dashes or _",
    ],
    [twice, "metrics.prefixes: has two prefixes with the same path; name each path once"],
    [
      { prefixes: many(51) },
      "metrics.prefixes: has more than 50 prefixes, and each needs its own counts: name fewer",
    ],
    [{ prefixes: many(50) }, "accepted"],
    [{ hitRateMin: 0, ...prefix({ path: "/", hitRateMin: 1 }) }, "accepted"],
  ])("refuses or accepts %j", (metrics, said) => {
    expect(refusalOf({ metrics })).toBe(said);
  });

  it("refuses a route's hitRateMin above 1", () => {
    expect(refusalOf(route({ hitRateMin: 1.1 }))).toBe('route "news", hitRateMin: is more than 1');
  });
});
