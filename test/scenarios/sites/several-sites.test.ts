// Tests several sites in one Worker. Each site has its own origin and its own records in all tiers,
// and is purged separately.
// Needs parts: hot-keys.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { heat, openHotSite } from "../../parts/hot-keys/hot-site.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";

const news = "https://news.example";
const shop = "https://shop.example";
const env = { SITE_HOST: "news.example shop.example" };
const config: ConfigInput = {
  origins: { shop: { url: "https://shop-origin.invalid" } },
  routes: [
    { name: "shop", match: ["shop.example/*", "*.shop.example/*"], origin: "shop", fresh: "10m" },
    { name: "rest", match: "*", fresh: "10m" },
  ],
};

const origin: Script = ({ url, headers }, nth) =>
  page(`${new URL(url).host} for ${headers.get("x-forwarded-host")}, ${nth}`, {
    ...cc("max-age=600", { "cache-tag": "both" }),
    ...(url.endsWith("/varied") ? { vary: "accept-language" } : {}),
  });

async function texts(site: Site, urls: readonly string[]): Promise<string[]> {
  const seen = [];
  for (const url of urls) seen.push((await site.get(url)).text);
  return seen;
}

describe("a response of one site", () => {
  it.each(["/a", "/varied"])(
    "does not answer for the same path of another site, in each tier: %s",
    async (path) => {
      const clock = new FakeClock();
      const upstash = new FakeUpstash(clock);
      const open = (cache?: Site["cache"]) =>
        openSite({ config, env, origin, clock, upstash, ...(cache && { cache }) });
      const first = open();
      const urls = [`${news}${path}`, `${shop}${path}`];
      const filled = await texts(first, urls);
      expect(filled).toEqual([
        "origin.invalid for news.example, 1",
        "shop-origin.invalid for shop.example, 2",
      ]);
      const others = { memory: first, edge: open(first.cache), shared: open() };
      for (const [tier, site] of Object.entries(others)) {
        for (const [nth, url] of urls.entries()) {
          const { text, cacheStatus } = await site.get(url);
          expect(text).toEqual(filled[nth]);
          expect(cacheStatus).toMatch(new RegExp(`^tidemark; hit; .*detail=${tier}$`));
        }
      }
      expect([others.edge.origin.count, others.shared.origin.count]).toEqual([0, 0]);
    },
  );

  it("answers for all ports of its host, and the first site for unlisted hosts", async () => {
    const site = openSite({ config, env, origin });
    const others = ["https://other.example/a", "https://de.shop.example/a"];
    const urls = [`${shop}/a`, `${shop}:8443/a`, `${news}/a`, ...others];
    expect(await texts(site, urls)).toEqual([
      "shop-origin.invalid for shop.example, 1",
      "shop-origin.invalid for shop.example, 1",
      "origin.invalid for news.example, 2",
      "origin.invalid for news.example, 2",
      "origin.invalid for news.example, 2",
    ]);
  });

  it("comes from the route of the site's host, not of an unlisted host", async () => {
    const site = openSite({ config, env, origin });
    expect(await texts(site, ["https://de.shop.example/a", `${news}/a`])).toEqual([
      "origin.invalid for news.example, 1",
      "origin.invalid for news.example, 1",
    ]);
  });

  it("does not answer for another host if SITE_HOST is not set", async () => {
    const site = openSite({ config, origin });
    const urls = [`${shop}/a`, "https://de.shop.example/a", `${news}/a`];
    expect(await texts(site, urls)).toEqual([
      "shop-origin.invalid for shop.example, 1",
      "shop-origin.invalid for de.shop.example, 2",
      "origin.invalid for news.example, 3",
    ]);
  });
});

describe("a Location with the address of an origin", () => {
  it.each([
    { url: `${news}/a`, location: "https://origin.invalid/b", seen: `${news}/b` },
    { url: `${shop}/a`, location: "https://shop-origin.invalid/b", seen: `${shop}/b` },
    { url: `${shop}/a`, location: `${news}/b`, seen: `${news}/b` },
  ])("names the site of the response: $location for $url", async ({ url, location, seen }) => {
    const site = openSite({
      config,
      env,
      origin: () => new Response(null, { status: 302, headers: { location } }),
    });
    const { headers } = await site.ask(url);
    expect(headers.get("location")).toBe(seen);
  });
});

describe("a purge in a Worker with two sites", () => {
  const urls = [`${news}/a/b`, `${shop}/a/b`];

  it.each([
    { id: "url", order: { urls: [`${shop}/a/b`] }, takes: [`${shop}/a/b`] },
    { id: "prefix", order: { prefixes: [`${shop}/a`] }, takes: [`${shop}/a/b`] },
    { id: "host", order: { hosts: ["shop.example"] }, takes: [`${shop}/a/b`] },
    { id: "host-by-port", order: { hosts: ["SHOP.example:8443"] }, takes: [`${shop}/a/b`] },
    { id: "host-unknown", order: { hosts: ["other.example"] }, takes: [`${news}/a/b`] },
    { id: "route", order: { routes: ["shop"] }, takes: [`${shop}/a/b`] },
    { id: "path", order: { prefixes: ["/a"] }, takes: urls },
    { id: "tag", order: { tags: ["both"] }, takes: urls },
  ])("removes only pages of the sites that it names: $id", async ({ order, takes }) => {
    const { site } = openJournalled({ config, origin, env });
    const before = await texts(site, urls);
    expect((await send(site, order)).status).toBe(200);
    const after: string[] = [];
    for (const url of urls) after.push(await (await site.ask(url)).text());
    expect(urls.filter((_, nth) => after[nth] !== before[nth])).toEqual(takes);
  });
});

it("hot keys of each site are refreshed from the site's own origin", async () => {
  const { colos, told, clock } = openHotSite({
    config,
    origin: (request, nth) => page(`${new URL(request.url).host}, ${nth}`, cc("max-age=120")),
    env,
  });
  await heat(colos[0], [`${news}/a`, `${shop}/a`]);
  expect(told().map(({ url }) => url)).toEqual([`${news}/a`, `${shop}/a`]);
  clock.advance(30);
  await colos[2].fireCron();
  expect(await texts(colos[1], [`${news}/a`, `${shop}/a`])).toEqual([
    expect.stringMatching(/^origin\.invalid, [34]$/),
    expect.stringMatching(/^shop-origin\.invalid, [34]$/),
  ]);
});
