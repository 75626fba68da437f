// When Redis gets a response: at once, or, for errors and for routes with `admission: "second-ask"`, at
// its second ask.
import { describe, expect, it } from "vitest";
import { decodeRecord } from "../../../src/cache/tiers/record-codec.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { openSite } from "../../../testing/site/harness.ts";
import {
  cc,
  type FieldTexts,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";
import type { RouteChanges } from "../../../testing/examples/requests.ts";
import { responseForm } from "../../../src/proxy/stored/record-form.ts";

/** Two colos over one Redis. `writes` are the commands so far, without those of lookups. */
function open(origin: Script, route: RouteChanges = {}) {
  const pair = openPair({ origin, config: { routes: [{ name: "all", match: "*", ...route }] } });
  const writes = () => pair.upstash.commands.filter((name) => name !== "GETRANGE");
  return { ...pair, writes };
}

const notFound =
  (fields: FieldTexts = {}): Script =>
  (_, nth) =>
    page(`nothing ${nth}`, cc("max-age=30", fields), 404);
const written = ["SET"];

describe("hundreds of random paths that get 404", () => {
  const count = 200;

  it("cost Redis a lookup each and no write", async () => {
    const { near: site, upstash } = open(notFound());
    for (let at = 0; at < count; at += 1) {
      expect((await site.get(`/${at}`)).cacheStatus).toContain("stored");
    }
    expect(upstash.commands).toEqual(Array<string>(count).fill("GETRANGE"));
    expect(upstash.keys).toEqual([]);
  });

  it("push no page and no marker out of memory", async () => {
    const site = openSite({
      config: {
        limits: { memoryBytes: 131_072 },
        routes: [{ name: "all", match: "*", tiers: ["memory"], negative: { 404: "30s" } }],
      },
      origin: ({ url }) => {
        const isPage = url.includes("/page");
        return page("page", cc("max-age=60", { vary: "accept" }), isPage ? 200 : 404);
      },
    });
    const pages = Array.from({ length: 20 }, (_, at) => `/page/${at}`);
    for (const path of pages) await site.get(path);
    for (let at = 0; at < count; at += 1) await site.get(`/${at}`);
    for (const path of pages) expect((await site.get(path)).cacheStatus).toContain("; hit");
  });
});

describe("the second ask", () => {
  it("writes to Redis once, behind the answer", async () => {
    const world = open(notFound());
    const { near: site, upstash } = world;
    await site.get("/a");
    expect(world.writes()).toEqual([]);
    const response = await site.ask("/a");
    expect(response.headers.get("cache-status")).toContain("detail=memory");
    expect(world.writes()).toEqual([]);
    await site.settle();
    expect(world.writes()).toEqual(written);
    await Promise.all([site.get("/a"), site.get("/a")]);
    expect(world.writes()).toEqual(written);
    // The lookup, and a look at what stands there by now.
    expect(upstash.commands.length).toBe(2 + written.length);
  });

  it("writes once when several come at once", async () => {
    const world = open(notFound());
    await world.near.get("/a");
    await Promise.all([world.near.get("/a"), world.near.get("/a"), world.near.get("/a")]);
    expect(world.writes()).toEqual(written);
  });

  it("writes the metadata and the lifetime of the fill", async () => {
    const world = open(notFound({ "surrogate-key": "t" }));
    const { near, far } = world;
    const { atMs } = world.clock;
    await near.get("/a");
    world.clock.advance(10);
    await near.get("/a");
    const record = decodeRecord(world.upstash.text.split("\n")[0] ?? "", responseForm);
    expect(record).toMatchObject({
      keepUntilAtMs: atMs + 30_000,
      record: { metadata: { requestedAtMs: atMs, respondedAtMs: atMs, colo: "HAM", tags: ["t"] } },
    });
    const seen = await far.get("/a");
    expect([seen.text, seen.fields.get("age")]).toEqual(["nothing 1", "10"]);
    expect(seen.cacheStatus).toBe("tidemark; hit; ttl=20; detail=shared");
  });

  it("writes nothing for a response that came from Redis", async () => {
    const world = open(notFound());
    const { near, far } = world;
    await near.get("/a");
    await near.get("/a");
    for (let turn = 0; turn < 3; turn += 1) await far.get("/a");
    expect(world.writes()).toEqual(written);
  });

  it("counts for all isolates of the colo", async () => {
    const world = open(notFound());
    const { near, clock, upstash } = world;
    await near.get("/a");
    for (let nth = 0; nth < 2; nth += 1) {
      const isolate = openSite({ clock, upstash, cache: near.cache });
      expect((await isolate.get("/a")).cacheStatus).toContain("detail=edge");
      await isolate.get("/a");
      expect(world.writes()).toEqual(written);
    }
  });

  it("writes a variant with its marker", async () => {
    const world = open(notFound({ vary: "accept-language" }));
    const { near, far } = world;
    const german = { headers: { "accept-language": "de" } };
    await near.get("/a", german);
    await near.get("/a", german);
    expect(world.writes()).toEqual([...written, ...written]);
    expect((await far.get("/a", german)).cacheStatus).toContain("detail=shared");
    expect((await far.get("/a")).cacheStatus).toContain("fwd=vary-miss");
  });

  it.each<{ id: string; route: RouteChanges }>([
    { id: "memory", route: {} },
    { id: "the edge", route: { tiers: ["edge", "shared"] } },
  ])("is the next one, where the Cache API could not tell: from $id", async ({ route }) => {
    const world = open(notFound(), route);
    const { near: site } = world;
    const match = site.cache.match.bind(site.cache);
    await site.get("/a");
    let isFirst = true;
    // Whoever answers may read; who looks whether it still stands may not.
    site.cache.match = async (address) => {
      if (route.tiers !== undefined && isFirst) {
        isFirst = false;
        return match(address);
      }
      throw new Error("away");
    };
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
    expect(world.writes()).toEqual([]);
    site.cache.match = match;
    await site.get("/a");
    expect(world.writes()).toEqual(written);
  });

  it("waits for nothing while Redis is away", async () => {
    const world = open(notFound());
    await world.near.get("/a");
    world.upstash.mode = "down";
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await world.near.get("/a")).cacheStatus).toContain("; hit");
    }
    expect(world.near.log).toEqual([
      expect.stringMatching(/^Shared tier: .* cannot be reached/),
      expect.stringMatching(/^Shared tier: .* is shut off/),
    ]);
  });
});

describe("waits for its second ask", () => {
  it.each<[status: number, waits: boolean, route?: RouteChanges]>([
    [200, false],
    [301, false],
    [404, true],
    [410, true],
    [503, true, { negative: { 503: "origin" } }],
    [200, true, { admission: "second-ask" }],
    [404, true, { admission: "second-ask" }],
    [404, false, { admission: "first-ask" }],
    [404, true, { tiers: ["memory", "shared"] }],
    [404, true, { tiers: ["edge", "shared"] }],
    [404, false, { tiers: ["shared"] }],
  ])("a %i: %s with %j", async (status, waits, route = {}) => {
    const world = open(() => page("page", cc("max-age=60"), status), route);
    await world.near.get("/a");
    expect(world.writes()).toEqual(waits ? [] : written);
    expect((await world.near.get("/a")).cacheStatus).toContain("; hit");
    expect(world.writes()).toEqual(written);
  });

  it.each([
    { id: "of no length, streamed", limits: { bufferBytes: 10 } },
    { id: "too large for Redis", limits: { sharedBodyBytes: 10 } },
  ])("and does not get it: what is $id", async ({ limits }) => {
    const origin = () => page("more than ten bytes", cc("max-age=60", { vary: "accept" }), 404);
    const { near: site, upstash } = openPair({ origin, config: { limits } });
    for (let turn = 0; turn < 3; turn += 1) await site.get("/a");
    expect(site.origin.count).toBe(1);
    expect(new Set(upstash.commands)).toEqual(new Set(["GETRANGE"]));
  });
});

describe("a response that replaces a stored one does not wait", () => {
  const once = (first: Response, then: () => Response): Script => {
    return (_, nth) => (nth === 1 ? first : then());
  };
  const gone = () => page("gone", cc("max-age=30"), 404);
  const texts = (world: ReturnType<typeof open>) =>
    [...world.upstash.text.matchAll(/"status":(\d+)/g)].map(([, status]) => status);

  it.each([
    { id: "validated", fields: cc("max-age=60", { etag: '"1"' }) },
    { id: "kept for when its origin fails", fields: cc("max-age=60, stale-if-error=600") },
    { id: "refreshed", fields: cc("max-age=60, stale-while-revalidate=600") },
    {
      id: "refreshed by its validator",
      fields: cc("max-age=60, stale-while-revalidate=600", { etag: '"1"' }),
    },
  ])("so the error that follows a page takes its place in Redis: $id", async ({ fields }) => {
    const world = open(once(page("page", fields), gone));
    await world.near.get("/a");
    expect(texts(world)).toEqual(["200"]);
    world.clock.advance(61);
    await world.near.get("/a");
    expect(texts(world)).toEqual(["404"]);
  });

  it.each([
    { id: "that waits is written", turns: 1, before: [] },
    { id: "that was written is brought up to date", turns: 2, before: written },
  ])("so the error $id when it is validated", async ({ turns, before }) => {
    const etag = { etag: '"1"' };
    const origin = ({ headers }: Request) =>
      headers.has("if-none-match") ? unchanged(etag) : page("none", cc("max-age=30", etag), 404);
    const world = open(origin);
    const { near, far } = world;
    for (let turn = 0; turn < turns; turn += 1) await near.get("/a");
    expect(world.writes()).toEqual(before);
    world.clock.advance(31);
    expect((await near.get("/a")).cacheStatus).toContain("fwd-status=304; stored");
    expect((await far.get("/a")).cacheStatus).toBe("tidemark; hit; ttl=30; detail=shared");
    const { length } = world.writes();
    await near.get("/a");
    expect(world.writes().length).toBe(length);
  });

  it("a page that is always validated is written with its first 304", async () => {
    const etag = { etag: '"1"' };
    const origin = ({ headers }: Request) =>
      headers.has("if-none-match") ? unchanged(etag) : page("page", cc("no-cache", etag));
    const world = open(origin, { admission: "second-ask" });
    await world.near.get("/a");
    expect(world.upstash.keys).toEqual([]);
    await world.near.get("/a");
    expect(world.upstash.keys.length).toBe(1);
    const { length } = world.upstash.commands;
    await world.near.get("/a");
    expect(world.upstash.commands.length).toBe(length);
  });

  it("after the lifetime of the first, the next ask is a first ask again", async () => {
    const world = open(notFound());
    await world.near.get("/a");
    world.clock.advance(31);
    await world.near.get("/a");
    expect(world.writes()).toEqual([]);
  });
});
