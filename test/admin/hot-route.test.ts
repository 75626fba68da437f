// Tests GET /_cache/hot: the hottest keys, the hottest keys that a purge covered, and refused
// requests.
import { describe, expect, it } from "vitest";
import type { OperatorAnswer } from "../../src/protocol/answers.ts";
import type { PurgeOrder } from "../../src/protocol/purge-order.ts";
import { cc, page, type Script } from "../../testing/fakes/origin-in-process.ts";
import { read, type Site } from "../../testing/site/harness.ts";
import { heat, type HotSite, openHotSite, plant, siteEnv } from "../../testing/site/hot-site.ts";
import { toldOf } from "../../testing/site/warm-site.ts";

const headers = { authorization: `Bearer ${siteEnv.ADMIN_TOKEN}` };
const www = (path: string) => `https://www.example.com${path}`;

const ask = async (site: Site, query = "") =>
  read(await site.ask(`/_cache/hot${query}`, { headers }));

async function hot(site: Site, query = ""): Promise<OperatorAnswer<"hot">> {
  return JSON.parse((await ask(site, query)).text) as OperatorAnswer<"hot">;
}

async function purge({ colos: [site] }: HotSite, order: PurgeOrder): Promise<string> {
  const body = JSON.stringify(order);
  const seen = await read(await site.ask("/_cache/purge", { method: "POST", body, headers }));
  return (JSON.parse(seen.text) as { position: string }).position;
}

/** Returns a page whose tag is its path, and whose lifetime is an hour. */
const tagged: Script = (request) =>
  page("page", cc("max-age=3600", { "cache-tag": new URL(request.url).pathname.slice(1) }));

const paths = ({ pages }: OperatorAnswer<"hot">) => pages.map(({ url }) => new URL(url).pathname);

describe("the hottest keys", () => {
  it("are listed with the URL and fields of their requests, the hottest first", async () => {
    const world = openHotSite({
      origin: () => page("page", cc("max-age=3600", { vary: "accept-language" })),
    });
    const [near] = world.colos;
    await near.get("/b", { headers: { "accept-language": "en" } });
    await near.get("/b", { headers: { "accept-language": "en" } });
    const init = { headers: { "accept-language": "de" } };
    await heat(near, ["/a"], init);
    await heat(near, ["/a"], init);
    const { pages } = await hot(world.colos[2]);
    expect(pages[0]).toEqual({
      url: www("/a"),
      headers: { "accept-language": "de" },
      count: expect.any(Number) as number,
      expiresAt: expect.stringMatching(/^2\d{3}-.*Z$/) as string,
    });
    expect(pages[0]!.count).toBeGreaterThan(3);
  });

  it("are those of the last ten minutes, up to the requested count", async () => {
    const { colos, clock } = openHotSite({ origin: tagged });
    await heat(colos[0], ["/a", "/b", "/c"]);
    await heat(colos[0], ["/a", "/b", "/c"]);
    expect(paths(await hot(colos[2])).toSorted()).toEqual(["/a", "/b", "/c"]);
    expect(paths(await hot(colos[2], "?count=2"))).toHaveLength(2);
    clock.advance(598);
    expect(paths(await hot(colos[2]))).toHaveLength(3);
    clock.advance(3);
    expect(paths(await hot(colos[2]))).toEqual([]);
  });

  it("can be sent to /_cache/warm unchanged", async () => {
    const { colos, clock } = openHotSite();
    await heat(colos[0], ["/a"]);
    await heat(colos[0], ["/a"]);
    const { pages } = await hot(colos[2]);
    const sent = pages.map(({ url, headers: fields }) => ({ url, headers: fields }));
    clock.advance(300);
    const body = JSON.stringify({ pages: sent });
    const seen = await colos[2].get("/_cache/warm", { method: "POST", body, headers });
    expect(toldOf(seen).done).toMatchObject([{ result: "warmed" }]);
    expect((await colos[0].get("/a")).cacheStatus).toContain("; hit");
  });

  it("do not include entries in Redis that no client could have requested", async () => {
    const world = openHotSite();
    const note = { fields: [], cookie: "", expiresAtMs: world.clock.atMs, count: 9 };
    plant(world, [
      { ...note, url: www("/_cache/stats") },
      { ...note, url: "https://www.example.net/a" },
      { ...note, url: www("/b"), fields: [["authorization", "x"]] },
    ]);
    expect(await hot(world.colos[2])).toEqual({ pages: [] });
  });
});

describe("the hottest keys that a purge covered", () => {
  const heated = async () => {
    const world = openHotSite({ origin: tagged });
    await heat(world.colos[0], ["/a", "/b", "/c"]);
    await heat(world.colos[0], ["/a", "/b", "/c"]);
    return world;
  };

  it.each([
    { id: "tag", order: { tags: ["a"] }, covered: ["/a"] },
    { id: "url", order: { urls: [www("/b")] }, covered: ["/b"] },
    { id: "prefix", order: { prefixes: [www("/c")] }, covered: ["/c"] },
    { id: "everything", order: { everything: true as const }, covered: ["/a", "/b", "/c"] },
    { id: "soft", order: { tags: ["a"], mode: "soft" as const }, covered: ["/a"] },
    { id: "other", order: { tags: ["z"] }, covered: [] },
  ])("are listed: $id", async ({ order, covered }) => {
    const world = await heated();
    const position = await purge(world, order);
    const told = await hot(world.colos[2], `?coveredBy=${position}`);
    expect(paths(told).toSorted()).toEqual(covered);
    expect(told.examined).toBe(3);
  });

  it("are listed with the time until the purge takes effect everywhere", async () => {
    const world = await heated();
    const query = `?coveredBy=${await purge(world, { everything: true })}`;
    expect((await hot(world.colos[2], query)).holdsInSeconds).toBe(10);
    world.colos[0].clock.advance(4);
    expect((await hot(world.colos[2], query)).holdsInSeconds).toBe(6);
    world.colos[0].clock.advance(60);
    expect((await hot(world.colos[2], query)).holdsInSeconds).toBe(0);
  });

  it("do not include keys that were stored again", async () => {
    const world = await heated();
    const position = await purge(world, { everything: true });
    await read(await world.colos[0].ask("/b"));
    const query = `?coveredBy=${position}`;
    await expect
      .poll(async () => paths(await hot(world.colos[2], query)).toSorted())
      .toEqual(["/a", "/c"]);
    expect(paths(await hot(world.colos[2], `${query}&count=1`))).toHaveLength(1);
  });

  it("are found by URL, but not by tag, if the shared tier has no records", async () => {
    const world = await heated();
    const byUrl = await purge(world, { urls: [www("/a")] });
    world.upstash.rewrite(() => "");
    expect(paths(await hot(world.colos[2], `?coveredBy=${byUrl}`))).toEqual(["/a"]);
    const byTag = await purge(world, { tags: ["a"] });
    expect(paths(await hot(world.colos[2], `?coveredBy=${byTag}`))).toEqual([]);
  });

  it("include variants of a page, even with long fields", async () => {
    const world = openHotSite({
      origin: () =>
        page(
          "page",
          cc("max-age=3600", {
            vary: "accept-language",
            "cache-tag": "a",
            "x-long": "x".repeat(9_000),
          }),
        ),
    });
    const init = { headers: { "accept-language": "de" } };
    await heat(world.colos[0], ["/a"], init);
    await heat(world.colos[0], ["/a"], init);
    const position = await purge(world, { tags: ["a"] });
    expect(paths(await hot(world.colos[2], `?coveredBy=${position}`))).toEqual(["/a"]);
  });

  it("are found with three requests to the database, and without a change of counts", async () => {
    const world = await heated();
    const position = await purge(world, { everything: true });
    const desk = world.colos[2];
    await ask(desk);
    desk.counted();
    const before = world.upstash.requestCount;
    await ask(desk, `?coveredBy=${position}`);
    expect(world.upstash.requestCount - before).toBe(3);
    const reads = Object.keys(desk.counted()).filter((series) =>
      /^(?:tierReads|requests)/.test(series),
    );
    expect(reads).toEqual([]);
  });
});

describe("a request for hot keys", () => {
  it.each([
    { id: "count", query: "?count=0", why: '"0" is not a count from 1 to 1000.' },
    { id: "large-count", query: "?count=1001", why: '"1001" is not a count' },
    { id: "no-count", query: "?count=all", why: '"all" is not a count' },
    { id: "position", query: "?coveredBy=yesterday", why: '"yesterday" is not a position.' },
    { id: "half-position", query: "?coveredBy=1", why: '"1" is not a position.' },
  ])("is refused with an invalid query: $id", async ({ query, why }) => {
    const seen = await ask(openHotSite().colos[2], query);
    expect([seen.status, seen.text]).toEqual([
      400,
      expect.stringContaining(JSON.stringify(why).slice(1, -2)),
    ]);
  });

  it("is refused for an entry that does not exist", async () => {
    const seen = await ask(openHotSite().colos[2], "?coveredBy=1-1");
    expect([seen.status, seen.text]).toEqual([404, expect.stringContaining("no-such-entry")]);
  });

  it.each([
    { id: "not-set", config: { hotKeys: 0 }, env: {}, why: "has no hotKeys", hint: "hotKeys: 100" },
    { id: "no-host", config: {}, env: { SITE_HOST: "" }, why: "SITE_HOST", hint: "Set SITE_HOST" },
    {
      id: "no-database",
      config: {},
      env: { UPSTASH_REDIS_REST_URL: "", UPSTASH_REDIS_REST_TOKEN: "" },
      why: "no usable database",
      hint: "UPSTASH_REDIS_REST_URL",
    },
  ])("is refused with a hint if hot keys are off: $id", async ({ config, env, why, hint }) => {
    const seen = await ask(openHotSite({ config, env }).colos[2]);
    const { error } = JSON.parse(seen.text) as { error: { why: string; hint: string } };
    expect(seen.status).toBe(404);
    expect([error.why, error.hint]).toEqual([
      expect.stringContaining(why),
      expect.stringContaining(hint),
    ]);
  });

  it("is refused while the database fails", async () => {
    const world = openHotSite();
    await world.colos[2].get("/a");
    world.upstash.mode = "refuses";
    expect((await ask(world.colos[2])).status).toBe(503);
  });
});
