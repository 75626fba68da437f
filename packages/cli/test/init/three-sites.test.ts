// Tests `tidemark init` on a static site, an API and a shop: its judgement of each page, and the
// written configuration in front of the same site.
import { describe, expect, it } from "vitest";
import { initialised, judgements, siteBehind } from "./reached-origin.ts";
import { apiSite } from "./sites/api-site.ts";
import { shopSite } from "./sites/shop-site.ts";
import { staticSite } from "./sites/static-site.ts";

describe("a static site", () => {
  const origin = "https://static.test";

  it("gets a judgement of each page, and no request that robots.txt forbids", async () => {
    const { ran, told, asked } = await initialised(origin, staticSite);
    expect(ran.code).toBe(0);
    expect(judgements(told)).toEqual({
      "/": "open",
      "/robots.txt": "open",
      "/sitemap.xml": "open",
      "/feed.atom": "open",
      "/assets/site.4f2a9c81.css": "open",
      "/assets/app.0d3e77ab.js": "open",
      "/about.html": "open",
      "/guides/fog.html": "open",
      "/guides/rain.html": "open",
    });
    expect(asked.filter((one) => one.includes("/drafts/"))).toEqual([]);
    expect(told.findings.map(({ code }) => code)).toEqual(["no-tags"]);
  });

  it("gets a configuration that stores its pages, and its files for longer", async () => {
    const { user } = await initialised(origin, staticSite);
    const { cacheStatusOf } = await siteBehind(user, staticSite);
    // A 404 without a lifetime from the origin is stored only on its second request.
    await cacheStatusOf("/nope");
    const rows = [
      ["/", "hit; ttl=60;"],
      ["/guides/fog.html", "hit; ttl=300;"],
      ["/assets/site.4f2a9c81.css", "hit; ttl=2592000;"],
      ["/feed.atom", "hit; ttl=600;"],
      ["/nope", "hit; ttl=10;"],
      ["/account/x", "fwd=bypass"],
      ["/api/x", "fwd=bypass"],
    ] as const;
    for (const [path, says] of rows) {
      expect([path, await cacheStatusOf(path)]).toEqual([path, expect.stringContaining(says)]);
    }
    expect(await cacheStatusOf("/about.html", { cookie: "session=1" })).not.toContain("stored");
  });
});

describe("an API", () => {
  const origin = "https://api.test";

  it("gets a judgement of each page, and a finding that names its credentials", async () => {
    const api = apiSite();
    const { told } = await initialised(origin, api.fetch, ["--page", "/v1/articles/3"]);
    expect(judgements(told)).toEqual({
      "/": "uncertain",
      "/v1/articles/3": "validated",
      "/robots.txt": "other",
      "/v1/me": "private",
      "/v1/articles": "origin",
      "/v1/clock": "uncertain",
      "/rates": "uncertain",
    });
    const credentials = told.findings.find(({ code }) => code === "credentials")?.text;
    expect(credentials).toContain("a credential in x-auth-token, x-api-key at /rates.");
  });

  it("gets a configuration that stores only what the API allows caches to share", async () => {
    const api = apiSite();
    const { user } = await initialised(origin, api.fetch, ["--page", "/v1/articles/3"]);
    const { cacheStatusOf, config } = await siteBehind(user, api.fetch);
    expect(config.routes.map(({ name }) => name)).toEqual(["private", "api-v1", "api", "rest"]);
    const ada = { authorization: "Bearer of-ada" };
    const rows = [
      ["/v1/articles?page=2", {}, "hit; ttl=60;"],
      ["/v1/me", {}, "fwd=bypass"],
      ["/v1/me", ada, "fwd=bypass"],
      ["/v1/articles/3", {}, "fwd=stale; fwd-status=304"],
      ["/rates", {}, "fwd=bypass"],
    ] as const;
    for (const [path, headers, says] of rows) {
      const said = await cacheStatusOf(path, headers);
      expect([path, said]).toEqual([path, expect.stringContaining(says)]);
    }
    expect(await cacheStatusOf("/v1/clock")).not.toContain("hit");
  });
});

describe("a shop whose response fields rarely say that a page is personal", () => {
  const origin = "https://shop.test";

  it("gets a judgement of each page, and no request for its logout link", async () => {
    const { told, asked } = await initialised(origin, shopSite().fetch);
    expect(judgements(told)).toEqual({
      "/": "open",
      "/robots.txt": "other",
      "/cart": "private",
      "/de/account/orders": "private",
      "/hello": "private",
      "/contact": "private",
      "/language": "uncertain",
      "/phone": "uncertain",
      "/now": "uncertain",
      "/session": "private",
      "/news/1": "private",
      "/news/2": "open",
      "/orders-list": "private",
      "/plain": "open",
      "/greeting": "private",
    });
    expect(asked.filter((one) => one.includes("logout"))).toEqual([]);
    const cookies = told.findings.find(({ code }) => code === "cookies")?.text;
    expect(cookies).toContain(
      "/session set cookies: sid, once. The origin sets these again for requests that already send them: sid.",
    );
    const language = told.findings.find(({ code }) => code === "untold-language")?.text;
    expect(language).toContain("list the languages in key.language instead");
    const codes = told.findings.map(({ code }) => code);
    expect(codes).toEqual(
      expect.arrayContaining([
        "cookies",
        "personal",
        "token",
        "untold-language",
        "untold-user-agent",
      ]),
    );
  });

  it("gets a configuration that stores no personal page", async () => {
    const { user } = await initialised(origin, shopSite().fetch);
    const { cacheStatusOf } = await siteBehind(user, shopSite().fetch);
    const own =
      "/hello /greeting /contact /cart /de/account/orders /session /news/1 /orders-list /now /phone";
    for (const path of own.split(" ")) {
      expect(`${path}: ${await cacheStatusOf(path)}`).not.toMatch(/hit|stored/);
    }
  });
});
