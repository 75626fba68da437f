// Tests the choice of a request's route, which is the first that matches host, path and method, and
// the decoded parameters of its pattern. Also tests which routes can never match behind an earlier
// one.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { readPattern } from "../../src/config/route-pattern.ts";
import { compileCovering, compileRoutes } from "../../src/routing/routes.ts";
import { readTarget } from "../../src/routing/target.ts";
import { shareOf } from "../../testing/histories.ts";

const asked = (path: string) => ({ scheme: "https", host: "www.example.com", path }) as const;

/** Returns whether a route matches everything that a later pattern matches. */
function hides(earlier: string, later: string): boolean {
  const { routes } = defineConfig({ routes: [{ name: "earlier", match: earlier }] });
  return compileCovering(routes)(readPattern(later), () => true) !== undefined;
}

const matchRoute = compileRoutes(
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
      { name: "wiki", match: String.raw`/wiki/Foo_\(bar\)` },
      { name: "image", match: ["*.example.com/*.png", "/img/*.PNG"] },
      { name: "between", match: "/shop/*/account/*" },
      { name: "begins", match: "/wp-*" },
      { name: "extension", match: "/posts/:slug.html" },
      { name: "user", match: "/@:user/*" },
      { name: "file", match: "/files/one" },
    ],
  }),
);

describe("the route of a path", () => {
  it.each([
    { id: "prefix", path: "/me/orders", name: "account" },
    { id: "prefix-deep", path: "/me/orders/7/lines", name: "account" },
    { id: "prefix-itself", path: "/me", name: "account" },
    { id: "prefix-with-slash", path: "/me/", name: "account" },
    { id: "prefix-is-a-segment", path: "/menu", name: "" },
    { id: "parameter", path: "/articles/x", name: "article" },
    { id: "parameter-before-a-later-literal", path: "/articles/special", name: "article" },
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
    { id: "escaped-parentheses", path: "/wiki/Foo_(bar)", name: "wiki" },
    { id: "extension-at-any-depth", path: "/img/a/b.PNG", name: "image" },
    { id: "extension-is-literal", path: "/img/aPNG", name: "" },
    { id: "extension-is-the-end", path: "/img/a.PNG/b", name: "" },
    { id: "extension-by-host", path: "/a/b.png", name: "image" },
    { id: "between", path: "/shop/en/account", name: "between" },
    { id: "between-at-any-depth", path: "/shop/en/us/account/orders", name: "between" },
    { id: "between-needs-both-slashes", path: "/shop/account/account", name: "between" },
    { id: "between-needs-text", path: "/shop/account", name: "" },
    { id: "between-later", path: "/shop/accounts/account", name: "between" },
    { id: "begins", path: "/wp-login.php/x", name: "begins" },
    { id: "extension-of-a-parameter", path: "/posts/a.b.html", name: "extension" },
    { id: "parameter-before-an-extension", path: "/posts/.html", name: "" },
    { id: "parameter-after-a-mark", path: "/@ann/x", name: "user" },
    { id: "first-segment-of-an-object", path: "/constructor", name: "" },
    { id: "none", path: "/", name: "" },
  ])("is the first that matches: $id", ({ path, name }) => {
    expect(matchRoute(asked(path)).route.name).toBe(name);
  });
});

describe("the parameters of a path", () => {
  it.each([
    { id: "plain", path: "/articles/x", parameters: { slug: "x" } },
    { id: "decoded", path: "/articles/caf%C3%A9%20au", parameters: { slug: "café au" } },
    { id: "broken-escape", path: "/articles/%C3", parameters: { slug: "%C3" } },
    { id: "lone-percent", path: "/articles/100%", parameters: { slug: "100%" } },
    { id: "before-an-extension", path: "/posts/a.b.html", parameters: { slug: "a.b" } },
    { id: "two", path: "/articles/a/comments/b", parameters: { article: "a", comment: "b" } },
    { id: "none", path: "/me/x", parameters: {} },
    { id: "nowhere", path: "/", parameters: {} },
  ])("are decoded: $id", ({ path, parameters }) => {
    expect(matchRoute(asked(path)).parameters).toEqual(parameters);
  });
});

describe("a route behind an earlier route", () => {
  it.each([
    { id: "everything", earlier: "*", later: "/a", isHidden: true },
    { id: "below", earlier: "/a/*", later: "/a/b", isHidden: true },
    { id: "parameter", earlier: "/:x", later: "/a", isHidden: true },
    { id: "path-itself", earlier: "/a/:x/*", later: "/a/*", isHidden: false },
    { id: "extension", earlier: "/*.png", later: "/a/:x.png", isHidden: true },
    { id: "extension-of-one-segment", earlier: "/:x.png", later: "/*.png", isHidden: false },
    { id: "between", earlier: "/a/*/b", later: "/a/:x/:y/b", isHidden: true },
    { id: "between-itself", earlier: "/a/*/b", later: "/a/*/b", isHidden: true },
    { id: "beginning", earlier: "/wp-*", later: "/wp-admin/*", isHidden: true },
    { id: "beginning-is-not-below", earlier: "/wp/*", later: "/wp*", isHidden: false },
    { id: "another-spelling", earlier: "/~a/*", later: "/%7ea", isHidden: true },
    { id: "any-host", earlier: "/a/*", later: "s.example/a", isHidden: true },
    { id: "no-host-after-a-host", earlier: "s.example/a", later: "/a", isHidden: false },
    { id: "same-host", earlier: "s.example/*", later: "S.example/a", isHidden: true },
    { id: "other-host", earlier: "s.example/*", later: "t.example/a", isHidden: false },
    { id: "host-below", earlier: "*.example/*", later: "a.s.example/a", isHidden: true },
    { id: "all-below", earlier: "*.example/*", later: "*.s.example/a", isHidden: true },
    { id: "below-and-itself", earlier: "*.example.com/*", later: "example.com/", isHidden: false },
    { id: "below-by-itself", earlier: "example.com/*", later: "*.example.com/", isHidden: false },
    { id: "any-port", earlier: "s.example/*", later: "s.example:81/a", isHidden: true },
    { id: "one-port", earlier: "s.example:81/*", later: "s.example/a", isHidden: false },
  ])("is hidden or not: $id ($isHidden)", ({ earlier, later, isHidden }) => {
    expect(hides(earlier, later)).toBe(isHidden);
  });

  const segment = fc.constantFrom("a", "b", "", ":x", ":y");
  const pattern = fc
    .tuple(fc.array(segment, { maxLength: 3 }), fc.boolean())
    .map(([segments, hasRest]) => named([...segments, ...(hasRest ? ["*"] : [])]))
    .filter((text) => text !== "");

  /** Numbers the parameters, because a pattern may contain each name only once. */
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

  it("is hidden if and only if no path reaches it", () => {
    let hiddenCount = 0;
    fc.assert(
      fc.property(pattern, pattern, (earlier, later) => {
        const routes = Object.entries({ earlier, later }).map(([name, match]) => ({ name, match }));
        const both = compileRoutes(defineConfig({ routes }));
        const isReached = paths.some((path) => both(asked(path)).route.name === "later");
        hiddenCount += Number(!isReached);
        const isHidden = hides(earlier, later);
        expect([earlier, later, isHidden]).toEqual([earlier, later, !isReached]);
      }),
      { seed: 5, numRuns: shareOf(3_000) },
    );
    expect(hiddenCount).toBeGreaterThan(shareOf(300));
  });
});

it("returns a route that matches * if the configuration has no routes", () => {
  const { route } = compileRoutes(defineConfig({}))(asked("/x"));
  expect(route.match.map(({ text }) => text)).toEqual(["*"]);
});

describe("the route of a URL, in a configuration with hosts", () => {
  const bySite = compileRoutes(
    defineConfig({
      routes: [
        { name: "products", match: "Shop.Example/products/:id" },
        { name: "port", match: "shop.example:8443/*" },
        { name: "plain-port", match: "shop.example:80/only-http" },
        { name: "shop", match: ["shop.example/*", "/shop/:page"] },
        { name: "idn", match: "bücher.example/*" },
        { name: "ipv6", match: "[::1]:8787/*" },
        { name: "below", match: "*.example.com/a/*" },
        { name: "any", match: "/a/*" },
      ],
    }),
  );

  it.each([
    { id: "host", url: "https://shop.example/products/7", name: "products" },
    { id: "host-in-any-case", url: "https://SHOP.example/products/7", name: "products" },
    { id: "host-with-a-dot", url: "https://shop.example./products/7", name: "products" },
    { id: "another-host", url: "https://www.example/products/7", name: "" },
    { id: "no-port-is-any-port", url: "http://shop.example:8787/products/7", name: "products" },
    { id: "port", url: "https://shop.example:8443/x", name: "port" },
    { id: "another-port", url: "https://shop.example:8444/x", name: "shop" },
    { id: "implied-port", url: "http://shop.example/only-http", name: "plain-port" },
    { id: "implied-port-of-https", url: "https://shop.example/only-http", name: "shop" },
    { id: "idn", url: new URL("https://BÜCHER.example/x").href, name: "idn" },
    { id: "ipv6", url: "http://[::1]:8787/", name: "ipv6" },
    { id: "second-of-a-list", url: "https://www.example/shop/x", name: "shop" },
    { id: "below", url: "https://a.example.com/a", name: "below" },
    { id: "deep-below", url: "https://b.a.example.com:8443/a/b", name: "below" },
    { id: "host-itself-is-not-below", url: "https://example.com/a", name: "any" },
    { id: "longer-name-is-not-below", url: "https://anexample.com/a", name: "any" },
    { id: "below-with-another-path", url: "https://a.example.com/b", name: "" },
  ])("is the first that matches: $id", ({ url, name }) => {
    expect(bySite(readTarget(url)).route.name).toBe(name);
  });

  it("has the parameters of the pattern that matches", () => {
    expect(bySite(readTarget("https://shop.example/products/7")).parameters).toEqual({ id: "7" });
    expect(bySite(readTarget("https://a.example/shop/a%20b")).parameters).toEqual({ page: "a b" });
  });
});

it("skips routes whose methods do not include the method of the request", () => {
  const routes = [
    { name: "writes", match: "/api/*", methods: ["POST", "PUT"] },
    { name: "reads", match: "/api/*", methods: ["GET", "HEAD"] },
    { name: "rest", match: "/api/:any" },
  ] as const;
  const byMethod = compileRoutes(defineConfig({ routes: [...routes] }));
  const methods = ["POST", "PUT", undefined, "GET", "DELETE"];
  const names = methods.map((method) => byMethod(asked("/api/x"), method).route.name);
  expect(names).toEqual(["writes", "writes", "reads", "reads", "rest"]);
});

it("returns the same route as a linear search through generated routes", () => {
  const paths = ["*", "/*", "/a", "/a/*", "/:x", "/a/:x", "/:y/b", "/a/b"];
  const hosts = ["", "s.example", "*.example", "s.example:81", "*.s.example"];
  const methodLists = [undefined, ["GET"], ["POST"], ["GET", "POST"]];
  const pattern = fc
    .tuple(fc.constantFrom(...hosts), fc.constantFrom(...paths))
    .map(([host, path]) => (host === "" ? path : `${host}${path === "*" ? "/*" : path}`));
  const routeOf = fc.record({
    match: fc.array(pattern, { minLength: 1, maxLength: 2 }),
    methods: fc.constantFrom(...methodLists),
  });
  const targets = ["s.example", "s.example:81", "t.example", "u.s.example", "example"].flatMap(
    (host) =>
      ["/", "/a", "/a/b", "/b/b", "/c"].map((path) => ({ scheme: "http", host, path }) as const),
  );
  const fits = (text: string, { host, path }: (typeof targets)[number]) => {
    const [wanted = "", wantedPath = ""] = text === "*" ? ["", "/*"] : text.split(/(?=\/)(.*)/s);
    const expression = wantedPath.replace(/\/\*$/, "(/.*)?").replaceAll(/:\w/g, "[^/]+");
    if (!new RegExp(`^${expression}$`).test(path)) return false;
    const name = host.replace(/:.*/, "");
    if (wanted.startsWith("*")) return name.endsWith(wanted.slice(1));
    return wanted === "" || wanted === host || wanted === name;
  };
  fc.assert(
    fc.property(fc.array(routeOf, { maxLength: 6 }), (listed) => {
      const routes = listed
        .map((one, nth) => ({ name: `r${nth}`, ...one }))
        .filter(({ match, methods }) => methods !== undefined || !match.includes("*"));
      const ofMany = compileRoutes(defineConfig({ routes }));
      for (const target of targets) {
        for (const method of ["GET", "POST"]) {
          const first = routes.find(
            ({ match, methods }) =>
              methods?.includes(method) !== false && match.some((text) => fits(text, target)),
          );
          expect(ofMany(target, method).route.name).toBe(first?.name ?? "");
        }
      }
    }),
    { seed: 7, numRuns: shareOf(1_000) },
  );
});
