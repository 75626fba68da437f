// Which route a path takes: the first that matches, with its parameters decoded.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import { compileRoutes, hides } from "../../../src/proxy/request/routes.ts";

const match = compileRoutes(
  defineConfig({
    routes: [
      { name: "account", match: "/me/*" },
      { name: "article", match: "/articles/:slug" },
      { name: "late", match: "/articles/special" },
      { name: "comment", match: "/articles/:article/comments/:comment" },
      { name: "dots", match: "/a.b" },
      { name: "umlaut", match: "/caf%C3%A9/*" },
      { name: "raw-umlaut", match: "/größe/*" },
      { name: "tilde", match: "/%7euser" },
      { name: "files", match: "/files/*" },
      { name: "file", match: "/files/one" },
    ],
  }),
);

describe("the first route that matches", () => {
  it.each([
    { id: "prefix", path: "/me/orders", name: "account" },
    { id: "prefix-deep", path: "/me/orders/7/lines", name: "account" },
    { id: "prefix-itself", path: "/me", name: "account" },
    { id: "prefix-with-slash", path: "/me/", name: "account" },
    { id: "prefix-is-a-segment", path: "/menu", name: "" },
    { id: "parameter", path: "/articles/x", name: "article" },
    { id: "before-a-later-literal", path: "/articles/special", name: "article" },
    { id: "wildcard-before-a-later-literal", path: "/files/one", name: "files" },
    { id: "parameter-is-one-segment", path: "/articles/x/y", name: "" },
    { id: "parameter-is-not-empty", path: "/articles/", name: "" },
    { id: "two-parameters", path: "/articles/a/comments/b", name: "comment" },
    { id: "dot-is-a-dot", path: "/axb", name: "" },
    { id: "literal-dot", path: "/a.b", name: "dots" },
    { id: "case", path: "/ME/orders", name: "" },
    { id: "escaped-pattern", path: "/caf%C3%A9/x", name: "umlaut" },
    { id: "pattern-with-other-letters", path: "/gr%C3%B6%C3%9Fe/x", name: "raw-umlaut" },
    { id: "pattern-normalised", path: "/~user", name: "tilde" },
    { id: "none", path: "/", name: "" },
  ])("$id", ({ path, name }) => {
    expect(match(path).route.name).toBe(name);
  });
});

describe("parameters", () => {
  it.each([
    { id: "plain", path: "/articles/x", parameters: { slug: "x" } },
    { id: "decoded", path: "/articles/caf%C3%A9%20au", parameters: { slug: "café au" } },
    { id: "broken-escape", path: "/articles/%C3", parameters: { slug: "%C3" } },
    { id: "lone-percent", path: "/articles/100%", parameters: { slug: "100%" } },
    { id: "two", path: "/articles/a/comments/b", parameters: { article: "a", comment: "b" } },
    { id: "none", path: "/me/x", parameters: {} },
    { id: "nowhere", path: "/", parameters: {} },
  ])("$id", ({ path, parameters }) => {
    expect(match(path).parameters).toEqual(parameters);
  });
});

describe("an earlier route hides a later one", () => {
  it.each([
    { id: "everything", earlier: "*", later: "/a", isHidden: true },
    { id: "everything-below-the-root", earlier: "/*", later: "*", isHidden: true },
    { id: "the-same", earlier: "/a", later: "/a", isHidden: true },
    { id: "below", earlier: "/a/*", later: "/a/b", isHidden: true },
    { id: "itself", earlier: "/a/*", later: "/a", isHidden: true },
    { id: "parameter", earlier: "/:x", later: "/a", isHidden: true },
    { id: "parameter-by-another", earlier: "/:x", later: "/:y", isHidden: true },
    { id: "spelled-otherwise", earlier: "/~a/*", later: "/%7ea", isHidden: true },
    { id: "parameter-by-a-literal", earlier: "/a", later: "/:x", isHidden: false },
    { id: "root-by-a-parameter", earlier: "/:x", later: "/", isHidden: false },
    { id: "root-by-a-parameter-and-rest", earlier: "/:x/*", later: "/*", isHidden: false },
    { id: "rest-by-one-segment", earlier: "/a/:x", later: "/a/*", isHidden: false },
    { id: "above", earlier: "/a/b/*", later: "/a", isHidden: false },
    { id: "a-longer-word", earlier: "/a/*", later: "/ab", isHidden: false },
  ])("$id", ({ earlier, later, isHidden }) => {
    expect(hides(earlier, later)).toBe(isHidden);
  });

  const segment = fc.constantFrom("a", "b", "", ":x", ":y");
  const pattern = fc
    .tuple(fc.array(segment, { maxLength: 3 }), fc.boolean())
    .map(([segments, hasRest]) => named([...segments, ...(hasRest ? ["*"] : [])]))
    .filter((text) => text !== "");

  /** A name stands once in a pattern, as it must. */
  function named(segments: readonly string[]): string {
    return segments.map((text, at) => `/${text.startsWith(":") ? `${text}${at}` : text}`).join("");
  }

  const words = ["", "a", "b", "c"];
  const deeper = (above: readonly string[]) =>
    above.flatMap((path) => words.map((word) => `${path}/${word}`));
  const ofOne = deeper([""]);
  const ofTwo = deeper(ofOne);
  const ofThree = deeper(ofTwo);
  const paths = [...ofOne, ...ofTwo, ...ofThree, ...deeper(ofThree)];

  it("where the router never comes to the later one, and nowhere else", () => {
    let hiddenCount = 0;
    fc.assert(
      fc.property(pattern, pattern, (earlier, later) => {
        const routes = [
          { name: "earlier", match: earlier },
          { name: "later", match: later },
        ];
        const both = compileRoutes(defineConfig({ routes }));
        const isReached = paths.some((path) => both(path).route.name === "later");
        hiddenCount += Number(!isReached);
        expect([earlier, later, hides(earlier, later)]).toEqual([earlier, later, !isReached]);
      }),
      { seed: 5, numRuns: 3_000 },
    );
    expect(hiddenCount).toBeGreaterThan(300);
  });
});

it("has the general rules where there are no routes", () => {
  expect(compileRoutes(defineConfig({}))("/x").route.match).toBe("*");
});
