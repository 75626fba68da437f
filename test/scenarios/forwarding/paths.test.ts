// Tests that routes and purges treat all spellings of a URL alike, and that keys and the origin do not.
// test/routing/path-readings.test.ts tests how servers read paths.
import { describe, expect, it } from "vitest";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { explained } from "../../../testing/site/explained.ts";
import { openSite, type SiteOptions } from "../../../testing/site/harness.ts";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";

const options: SiteOptions = {
  config: {
    origins: { bucket: { url: "https://bucket.example" } },
    routes: [
      { name: "assets", match: "/assets/*", origin: "bucket" },
      { name: "mine", match: "/me/*", bypass: true },
      { name: "rest", match: "*" },
    ],
  },
  origin: (_, nth) => page(`page ${nth}`, cc("public, max-age=600")),
};

describe("a path that some server reads as a path of another origin", () => {
  it.each(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])(
    "is refused with 400 for %s",
    async (method) => {
      const site = openSite(options);
      const seen = await site.get("/assets/..%2fprivate/dump.sql", { method });
      expect([seen.status, site.origin.count]).toEqual([400, 0]);
      expect(seen.fields.get("proxy-status")).toBe("tidemark; error=http_request_error");
      expect(seen.text).not.toContain("private");
    },
  );

  it("is explained with the other path and its route", async () => {
    const site = openSite({ ...options, env: { ADMIN_TOKEN: "token-of-who-asks-why" } });
    const { handling, verdict, next } = await explained(site, "/assets/..;/private");
    expect({ handling, next }).toEqual({ handling: "refused", next: "refuse: the URL" });
    const values = { path: "/private", other: "rest" };
    expect(verdict).toMatchObject({ by: "ambiguous-path", case: "other-route", values });
  });

  it("is not warmed", async () => {
    const { site } = openJournalled(options);
    const body = JSON.stringify({ pages: ["/assets/..%2fprivate"] });
    const seen = await site.get("/_cache/warm", { method: "POST", headers: bearer, body });
    expect([seen.status, site.origin.count]).toEqual([200, 0]);
    expect(seen.text).toContain("passed-by");
  });
});

it.each([
  { path: "//me/orders", detail: "ambiguous-path" },
  { path: "/me;x/orders", detail: "ambiguous-path" },
  { path: "/x%2f..%2fme", detail: "ambiguous-path" },
  { path: "/%6de/orders", detail: "route" },
  { path: "/m%65", detail: "route" },
])(
  "does not store a page of a route with bypass under the spelling $path",
  async ({ path, detail }) => {
    const site = openSite(options);
    await site.get(path);
    const { text, cacheStatus } = await site.get(path);
    expect(text).toBe("page 2");
    expect(cacheStatus).toContain(`fwd=bypass; fwd-status=200; detail=${detail}`);
  },
);

it("stores no page whose path leads to another route if nothing is decoded", async () => {
  const routes = [
    { name: "listed", match: "/static/*", mode: "override", fresh: "1h" },
    { name: "rest", match: "*", bypass: true },
  ];
  const site = openSite({ config: { routes } as never, origin: options.origin! });
  const { cacheStatus } = await site.get("/%73tatic/a.css");
  expect(cacheStatus).toContain("detail=ambiguous-path");
});

it("sends each spelling of a path to the origin of the path", async () => {
  const site = openSite(options);
  for (const path of ["/%61ssets/a", "/%61ssets/a"]) {
    const { status, cacheStatus } = await site.get(path);
    expect([status, cacheStatus]).toEqual([200, expect.stringContaining("ambiguous-path")]);
    expect(site.origin.last.url).toBe(`https://bucket.example${path}`);
  }
});

describe("two spellings of a URL", () => {
  const spellings = ["/a-b?x=1&y=2", "/a%2Db?x=1&y=2", "/a%2db?x=1&y=2", "/a-b?y=2&x=1"];
  const origin = ({ url }: Request) => page(url.replace(/^\w+:\/\/[^/]*/, ""), cc("max-age=600"));

  it("have an answer each, which cannot answer for the other", async () => {
    const site = openSite({ origin });
    for (const _ of ["miss", "hit"]) {
      for (const path of spellings) expect((await site.get(path)).text).toBe(path);
    }
    expect(site.origin.count).toBe(spellings.length);
  });

  it("are invalidated together in the isolate", async () => {
    const site = openSite({ origin });
    for (const path of spellings) await site.get(path);
    site.clock.advance(1);
    await site.get("/a-b?x=1&y=2", { method: "POST" });
    for (const path of spellings) expect((await site.get(path)).cacheStatus).not.toContain("hit");
  });
});

it.each(["/news/../b/c", "/b/%2e/c", "/b\\c"])(
  "purges and invalidates a page by another spelling of its URL: %s",
  async (path) => {
    const { site } = openJournalled(options);
    await site.get("/b/c");
    expect((await send(site, { urls: [`https://www.example.com${path}`] })).status).toBe(200);
    expect((await site.get("/b/c")).cacheStatus).toContain("detail=purged");
    site.clock.advance(1);
    await site.get(path, { method: "POST" });
    expect((await site.get("/b/c")).cacheStatus).not.toContain("hit");
  },
);

it.each(["/news/..", "/news/../", "/%2e%2e/a", "/a\\b"])(
  "refuses a purge with the prefix %s",
  async (prefix) => {
    const seen = await send(openJournalled(options).site, { prefixes: [prefix] });
    expect([seen.status, seen.text]).toEqual([400, expect.stringContaining("dot segment")]);
  },
);

it("refuses no spelling of a path if one route matches all paths", async () => {
  const site = openSite({ origin: options.origin! });
  const path = "/a;%20//%2fb%5cc%3b/.%2e%25/%3f/x%00.%09/.../%0ay";
  expect((await site.get(path)).status).toBe(200);
});
