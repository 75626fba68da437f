// Tests when a response is written to Redis: at its first request, or at its second request, the
// second ask. Errors and routes with `admission: "second-ask"` wait for the second ask.
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
import { responseForm } from "../../../src/pages/stored/response-form.ts";

/** Opens two colos over one Redis. `writes` returns all commands so far except lookups. */
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

  it("cause one Redis lookup each and no write", async () => {
    const { near: site, upstash } = open(notFound());
    for (let at = 0; at < count; at += 1) {
      expect((await site.get(`/${at}`)).cacheStatus).toContain("stored");
    }
    expect(upstash.commands).toEqual(Array<string>(count).fill("GETRANGE"));
    expect(upstash.keys).toEqual([]);
  });

  it("evict no page and no marker from memory", async () => {
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
  it("writes to Redis once, after the answer", async () => {
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
    // One lookup by the first request, and one read of the current record before the write.
    expect(upstash.commands.length).toBe(2 + written.length);
  });

  it("writes the metadata and the lifetime of the first response", async () => {
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

  it("does not write a response that was read from Redis", async () => {
    const world = open(notFound());
    const { near, far } = world;
    await near.get("/a");
    await near.get("/a");
    for (let turn = 0; turn < 3; turn += 1) await far.get("/a");
    expect(world.writes()).toEqual(written);
  });

  it("may be in another isolate of the colo, and writes once", async () => {
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
    { id: "the edge tier", route: { tiers: ["edge", "shared"] } },
  ])("writes at the next request if the Cache API fails: from $id", async ({ route }) => {
    const world = open(notFound(), route);
    const { near: site } = world;
    const match = site.cache.match.bind(site.cache);
    await site.get("/a");
    let isFirst = true;
    // The lookup of the request may read the Cache API. The check before the write may not.
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

  it("does not prevent hits while Redis is down", async () => {
    const world = open(notFound());
    await world.near.get("/a");
    world.upstash.mode = "down";
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await world.near.get("/a")).cacheStatus).toContain("; hit");
    }
    expect(world.near.log.filter((line) => line.startsWith("Shared tier"))).toEqual([
      expect.stringMatching(/^Shared tier: .* cannot be reached/),
      expect.stringMatching(/^Shared tier: .* has an open circuit breaker/),
    ]);
  });
});

describe("the write of a response to Redis", () => {
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
  ])("with status %i waits for the second ask: %s, with %j", async (status, waits, route = {}) => {
    const world = open(() => page("page", cc("max-age=60"), status), route);
    await world.near.get("/a");
    expect(world.writes()).toEqual(waits ? [] : written);
    expect((await world.near.get("/a")).cacheStatus).toContain("; hit");
    expect(world.writes()).toEqual(written);
  });

  it.each([
    { id: "streamed without a length", limits: { bufferBytes: 10 } },
    { id: "too large for Redis", limits: { sharedBodyBytes: 10 } },
  ])("never happens for an error whose body is $id", async ({ limits }) => {
    const origin = () => page("more than ten bytes", cc("max-age=60", { vary: "accept" }), 404);
    const { near: site, upstash } = openPair({ origin, config: { limits } });
    for (let turn = 0; turn < 3; turn += 1) await site.get("/a");
    expect(site.origin.count).toBe(1);
    expect(new Set(upstash.commands)).toEqual(new Set(["GETRANGE"]));
  });
});

describe("a response that replaces a stored response", () => {
  const once = (first: Response, then: () => Response): Script => {
    return (_, nth) => (nth === 1 ? first : then());
  };
  const gone = () => page("gone", cc("max-age=30"), 404);
  const statuses = (world: ReturnType<typeof open>) =>
    world.upstash.text.split("\n").flatMap((line) => {
      const record = decodeRecord(line, responseForm)?.record;
      return record?.kind === "response" ? [record.metadata.status] : [];
    });

  it.each([
    { id: "validated", fields: cc("max-age=60", { etag: '"1"' }) },
    { id: "kept for stale-if-error", fields: cc("max-age=60, stale-if-error=600") },
    { id: "refreshed", fields: cc("max-age=60, stale-while-revalidate=600") },
    {
      id: "refreshed with a validator",
      fields: cc("max-age=60, stale-while-revalidate=600", { etag: '"1"' }),
    },
  ])("is written to Redis at once if it is an error after a page: $id", async ({ fields }) => {
    const world = open(once(page("page", fields), gone));
    await world.near.get("/a");
    expect(statuses(world)).toEqual([200]);
    world.clock.advance(61);
    await world.near.get("/a");
    expect(statuses(world)).toEqual([404]);
  });

  it.each([
    { id: "is not yet in Redis", turns: 1, before: [] },
    { id: "is in Redis", turns: 2, before: written },
  ])("is written to Redis if it is a freshened error that $id", async ({ turns, before }) => {
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

  it("is written to Redis at the first 304 to a page that is always validated", async () => {
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

  it("waits for its second ask if the stored error has expired", async () => {
    const world = open(notFound());
    await world.near.get("/a");
    world.clock.advance(31);
    await world.near.get("/a");
    expect(world.writes()).toEqual([]);
  });
});
