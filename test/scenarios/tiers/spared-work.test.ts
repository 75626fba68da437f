// Tests lookups and writes that Tidemark skips because they would have no effect.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { type AskInit, openSite } from "../../../testing/site/harness.ts";
import { cc, page, unchanged, unreachable } from "../../../testing/fakes/origin-in-process.ts";

describe("a page whose last response was private", () => {
  it("is not looked up in the shared tier for ten seconds", async () => {
    const upstash = new FakeUpstash(new FakeClock());
    const site = openSite({ upstash, origin: () => page("page", cc("private")) });
    await site.get("/a");
    const after = upstash.commands.length;
    await site.get("/a");
    expect(upstash.commands.length).toBe(after);
    site.clock.advance(10);
    await site.get("/a");
    expect(upstash.commands.length).toBe(after + 1);
  });

  it("is stored once the origin no longer sends private", async () => {
    const site = openSite({
      origin: (_, nth) => page(`page ${nth}`, cc(nth === 1 ? "private" : "max-age=60")),
    });
    await site.get("/a");
    await site.get("/a");
    expect((await site.get("/a")).cacheStatus).toBe("tidemark; hit; ttl=60; detail=memory");
  });
});

it("one client's no-store does not make a page uncacheable for other clients", async () => {
  const site = openSite({
    config: { routes: [{ name: "all", match: "*", honourRequestDirectives: true }] },
    origin: (_, nth) => page(`page ${nth}`, cc("max-age=60")),
  });
  await site.get("/a", { headers: { "cache-control": "no-store" } });
  await Promise.all([site.get("/a"), site.get("/a")]);
  expect(site.origin.count).toBe(2);
});

it.each([
  { id: "storable", odd: cc("max-age=60") },
  { id: "not storable", odd: cc("no-store") },
])("one client's misses for made-up URLs spare no lookup of a page: $id", async ({ odd }) => {
  const { near, far } = openPair({
    origin: ({ url }) => page(url, url.includes("?") ? odd : cc("max-age=60")),
  });
  const pages = Array.from({ length: 80 }, (_, nth) => `/articles/${nth}`);
  for (const path of pages) await far.get(path);
  for (let nth = 0; nth < 200; nth += 1) await near.get(`/articles/0?made-up=${nth}`);
  const before = near.origin.count;
  for (const path of pages) await near.get(path);
  expect(near.origin.count).toBe(before);
});

it("a hit on a route with one tier begins no background work", async () => {
  const site = openSite({
    config: { routes: [{ name: "low", match: "*", tiers: ["shared"] }] },
    upstash: new FakeUpstash(new FakeClock()),
    origin: () => page("page", cc("max-age=60")),
  });
  await site.get("/a");
  await site.get("/a");
  const response = await site.ask("/a");
  expect(response.headers.get("cache-status")).toBe("tidemark; hit; ttl=60; detail=shared");
  expect(site.hasBackgroundWork).toBe(false);
});

describe("a page on a route without the memory tier", () => {
  const openPage = async () => {
    const site = openSite({
      config: { routes: [{ name: "low", match: "*", tiers: ["edge"] }] },
      origin: ({ headers }) =>
        headers.get("if-none-match") === '"1"'
          ? unchanged(cc("max-age=60", { etag: '"1"' }))
          : page("page", cc("max-age=60", { etag: '"1"' })),
    });
    await site.get("/a");
    await site.get("/a");
    return site;
  };
  const hasIt = { headers: { "if-none-match": '"1"' } };

  it.each<[status: number, asked: AskInit]>([
    [304, hasIt],
    [200, { method: "HEAD" }],
  ])(
    "answers %i to %j with one lookup, without reading the body, and can be validated",
    async (status, asked) => {
      const site = await openPage();
      const { matches, bodiesOpened } = site.cache;
      const seen = await site.get("/a", asked);
      expect([seen.status, seen.cacheStatus]).toEqual([
        status,
        "tidemark; hit; ttl=60; detail=edge",
      ]);
      expect(site.cache.matches - matches).toBe(1);
      expect(site.cache.bodiesOpened).toBe(bodiesOpened);
      site.clock.advance(61);
      const validated = await site.get("/a", asked);
      expect(validated.cacheStatus).toBe("tidemark; fwd=stale; fwd-status=304; stored");
      const after = await site.get("/a");
      expect([after.text, after.cacheStatus]).toEqual([
        "page",
        "tidemark; hit; ttl=60; detail=edge",
      ]);
    },
  );
});

describe("a stored response", () => {
  it("is kept in the edge tier if another variant is private", async () => {
    const site = openSite({
      config: { routes: [{ name: "low", match: "*", tiers: ["edge"] }] },
      origin: ({ headers }) =>
        headers.get("accept-language") === "de"
          ? page("de", cc("max-age=600", { vary: "accept-language" }))
          : page("for you", cc("private")),
    });
    const german = { headers: { "accept-language": "de" } };
    await site.get("/a", german);
    await site.get("/a", { headers: { "accept-language": "%%%" } });
    expect((await site.get("/a", german)).cacheStatus).toContain("hit");
  });

  it("is kept in the edge tier if one client gets an error", async () => {
    const site = openSite({
      config: { routes: [{ name: "low", match: "*", tiers: ["edge"] }] },
      origin: () => page("v1", cc("max-age=60, stale-if-error=600", { etag: '"1"' })),
    });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => page("no", {}, 403);
    await site.get("/a", { headers: { "user-agent": "scanner" } });
    site.origin.script = unreachable;
    expect((await site.get("/a")).text).toBe("v1");
  });
});
