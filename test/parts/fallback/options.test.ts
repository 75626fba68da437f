// Tests the arguments of `fallback()`, and what contradicts it on a route.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import { fallback } from "../../../src/parts/fallback/fallback.ts";

const origins = Object.fromEntries(["a", "b", "c"].map((name) => [name, { binding: "B" }]));

describe("the arguments", () => {
  it.each([
    [[], "has no name of an origin"],
    ["", "has no name of an origin"],
    [["a", 1], "has no name of an origin"],
    [["a", "b", "c"], "has more than two names, and a client would wait for each"],
    [["a", "a"], "has a name twice"],
  ])("refuses the names %j", (names, says) => {
    expect(() => fallback(names as string[])).toThrow(`fallback ${says}.`);
  });

  it.each([{ beforeStale: 1 }, { prefer: "stale" }])("refuses the options %j", (options) => {
    expect(() => fallback("a", options as object)).toThrow("fallback has other options.");
  });
});

describe("a route is refused", () => {
  it.each([
    [{ use: [fallback("x")] }, '"x" is not in origins; add it there'],
    [
      { origin: { name: "a", to: "/b" }, use: [fallback(["b", "a"])] },
      'has fallback("a"), which is the origin of the route; name another one',
    ],
    [
      { use: [fallback("default")] },
      'has fallback("default"), which is the origin of the route; name another one',
    ],
  ])("%j", (changes, says) => {
    const routes = [{ name: "pages", match: "*", ...changes }];
    expect(() => defineConfig({ origins, routes })).toThrow(`route "pages", use: ${says}`);
  });

  it("but not one whose own origin another origin stands in for", () => {
    const routes = [{ name: "pages", match: "*", origin: "a", use: [fallback("default")] }];
    expect(defineConfig({ origins, routes }).routes[0]).toMatchObject({
      origin: "a",
      fallbacks: ["default"],
    });
  });
});
