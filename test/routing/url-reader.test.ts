// Tests the URL reader, which keeps the parsed form of recent URLs for later requests.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { compileRoutes } from "../../src/routing/routes.ts";
import { compileUrlReader } from "../../src/routing/url-reader.ts";
import { configWith } from "../../testing/examples/requests.ts";
import { NameSecret } from "../../src/cache/record/record-key.ts";

const nameSecret = new NameSecret("site", "a text that no client knows");

const config = configWith();
const readUrl = compileUrlReader({
  config,
  nameSecret,
  matchRoute: compileRoutes(config),
  siteHosts: [],
});

describe("the URL reader", () => {
  const match = "/api/*";
  const routes = [
    { name: "writes", match, methods: ["POST"] },
    { name: "reads", match },
  ];
  const named = defineConfig({ routes });
  const read = compileUrlReader({
    config: named,
    nameSecret,
    matchRoute: compileRoutes(named),
    siteHosts: [],
  });
  const url = "https://www.example.com/api/a";

  it("parses a URL once for GET and HEAD, and once per other method, if routes have methods", () => {
    expect(read({ url, method: "GET" }).route.name).toBe("reads");
    expect(read({ url, method: "HEAD" })).toBe(read({ url, method: "GET" }));
    expect(read({ url, method: "POST" }).route.name).toBe("writes");
    expect(read({ url, method: "POST" })).toBe(read({ url, method: "POST" }));
    expect(read({ url, method: "PUT" }).route.name).toBe("reads");
  });

  it("parses a URL once per set of met conditions", () => {
    const conditional = defineConfig({
      routes: [
        { name: "a", match, when: { cookie: ["a"] }, bypass: true },
        { name: "b", match, when: { cookie: ["b"] }, bypass: true },
        { name: "writes", match, methods: ["POST"] },
        { name: "reads", match },
      ],
    });
    const matchRoute = compileRoutes(conditional);
    const readFor = compileUrlReader({
      nameSecret,
      config: conditional,
      matchRoute,
      siteHosts: [],
    });
    const by = (cookie: string, method = "GET") =>
      readFor({ url, method }, { headers: new Headers(cookie === "" ? {} : { cookie }) });
    const kinds = ["", "a=1", "b=1", "a=1; b=1", "c=1"];
    expect(kinds.map((cookie) => by(cookie).route.name)).toEqual(["reads", "a", "b", "a", "reads"]);
    expect(kinds.map((cookie) => by(cookie, "POST").route.name)).toEqual([
      "writes",
      "a",
      "b",
      "a",
      "writes",
    ]);
    expect(readFor({ url, method: "0" })).not.toBe(by("a=1"));
    for (const cookie of kinds) expect(by(cookie)).toBe(by(cookie));
    expect(by("c=1")).toBe(readFor({ url, method: "HEAD" }));
  });

  it("parses a URL once for all methods if no route has methods", () => {
    expect(readUrl({ url, method: "POST" })).toBe(readUrl({ url, method: "GET" }));
  });
});

describe("a path that begins like an invalid host", () => {
  it.each([
    { path: "//[/..", read: "//", isReserved: false },
    { path: "//%00/..", read: "//", isReserved: false },
    { path: "//:99999/.", read: "//:99999/", isReserved: false },
    { path: "//[/../_cache/stats", read: "//_cache/stats", isReserved: true },
    { path: "//[/./../../_cache", read: "/_cache", isReserved: true },
    { path: "//host/./_cache/stats", read: "//host/_cache/stats", isReserved: true },
    { path: "/_cache/../page", read: "/page", isReserved: true },
    { path: "/_cache\\..\\page", read: "/page", isReserved: true },
  ])(
    "is normalised, and reserved only below /_cache: $path",
    ({ path, read: asRead, isReserved }) => {
      const read = readUrl({ url: `https://www.example.com${path}`, method: "GET" });
      expect(read).toMatchObject({ isReserved, target: { path: asRead } });
    },
  );
});
