// Tests POST /_cache/warm: the results of pages that the shared tier lacks afterwards, and the
// number of subrequests, which the free plan limits.
// Needs parts: global-collapse.
import { describe, expect, it } from "vitest";
import { globalCollapse } from "../../../../src/parts/global-collapse/global-collapse.ts";
import { cc, chunked, page, type Script } from "../../../../testing/fakes/origin-in-process.ts";
import type { SiteOptions } from "../../../../testing/site/harness.ts";
import { send } from "../../../../testing/site/purge-sender.ts";
import { callWarm, openWarmSite, toldOf, warmed } from "../../../../testing/site/warm-site.ts";

const onlyHere = (why: string) => `only in this colo: ${why}`;
const notTaken = (cause: string) => onlyHere(`the shared tier did not store it (${cause})`);
const noSharedTier = onlyHere("there is no shared tier for it");

const small = { memoryBytes: 2_097_152, bufferBytes: 1_024, sharedBodyBytes: 1_024 };
const streamed: SiteOptions = {
  config: { limits: small },
  origin: () =>
    new Response(chunked(Array(8).fill("x".repeat(512))), { headers: cc("max-age=600") }),
};
const noDatabase = { env: { UPSTASH_REDIS_REST_URL: "", UPSTASH_REDIS_REST_TOKEN: "" } };
const noTier: SiteOptions = {
  config: { routes: [{ name: "all", match: "*", tiers: ["memory", "edge"] }] },
};
const missing = { origin: () => page("none", cc("max-age=600"), 404) };
const onSecond = onlyHere("the shared tier stores an error only when the page is requested again");

describe("a page that other colos cannot read from the shared tier", () => {
  it.each<[id: string, options: SiteOptions, status: number, why: string]>([
    ["streamed", streamed, 200, notTaken("too-large")],
    ["no-database", noDatabase, 200, noSharedTier],
    ["no-shared-tier", noTier, 200, noSharedTier],
    ["error", missing, 404, onSecond],
  ])("has a result with the reason: %s", async (_, options, status, why) => {
    const { near, upstash } = openWarmSite(options);
    expect(await warmed(near, "/a")).toEqual([{ page: "/a", result: "warmed", status, why }]);
    expect(upstash.keys).toEqual([]);
  });

  it("has the result failed if its second ask does not reach the shared tier", async () => {
    const { near, upstash } = openWarmSite({
      config: { routes: [{ name: "all", match: "*", admission: "second-ask" }] },
    });
    await near.get("/other");
    upstash.mode = "refuses";
    const told = { result: "failed", why: notTaken("unavailable") };
    expect(await warmed(near, "/a")).toMatchObject([told]);
  });
});

describe("a page that is fresh in this colo, but not in the shared tier", () => {
  it("is requested again, and other colos then read it from the shared tier", async () => {
    const { near, far, upstash } = openWarmSite();
    await near.get("/a");
    upstash.lay({ ...upstash.kept, records: [] });
    expect(await warmed(near, "/a")).toEqual([{ page: "/a", result: "warmed", status: 200 }]);
    expect((await far.get("/a")).cacheStatus).toContain("detail=shared");
    expect(await warmed(near, "/a")).toEqual([{ page: "/a", result: "already" }]);
    expect(near.origin.count).toBe(2);
  });

  it("is validated if it has a validator, and is then complete in the shared tier", async () => {
    const { near, far, upstash } = openWarmSite({
      origin: (request) =>
        request.headers.has("if-none-match")
          ? new Response(null, { status: 304, headers: cc("max-age=600", { etag: '"1"' }) })
          : page("the page", cc("max-age=600", { etag: '"1"' })),
    });
    await warmed(near, "/a");
    upstash.lay({ ...upstash.kept, records: [] });
    expect(await warmed(near, "/a")).toMatchObject([{ result: "warmed", status: 304 }]);
    const { cacheStatus, text } = await far.get("/a");
    expect([cacheStatus, text]).toEqual([expect.stringContaining("detail=shared"), "the page"]);
  });

  it("has the result failed while the shared tier fails, and warmed after that", async () => {
    const { near, upstash } = openWarmSite();
    await near.get("/other");
    upstash.mode = "refuses";
    await warmed(near, "/a");
    const told = { page: "/a", result: "failed", why: notTaken("unavailable") };
    expect(await warmed(near, "/a")).toEqual([told]);
    upstash.mode = "works";
    near.clock.advance(60);
    await near.get("/other");
    expect(await warmed(near, "/a")).toMatchObject([{ result: "warmed" }]);
  });

  it("is stored in the shared tier by the second warming if it is a 404", async () => {
    const { near, far } = openWarmSite({ origin: () => page("none", cc("max-age=600"), 404) });
    await warmed(near, "/a");
    expect(await warmed(near, "/a")).toEqual([{ page: "/a", result: "already" }]);
    expect((await far.get("/a")).cacheStatus).toContain("detail=shared");
  });

  it("is not requested again if the shared tier would not store it", async () => {
    const { near } = openWarmSite({ config: { limits: { sharedBodyBytes: 4 } } });
    await near.get("/a");
    const told = { page: "/a", result: "already", why: notTaken("too-large") };
    expect(await warmed(near, "/a")).toEqual([told]);
    expect(near.origin.count).toBe(1);
  });
});

describe("a page that was purged a moment ago", () => {
  it.each(["hard", "soft"] as const)(
    "is requested again in a colo that has not read the purge yet: %s",
    async (mode) => {
      const { near, far, clock } = openWarmSite({
        origin: (_, nth) => page(`page ${nth}`, cc("max-age=600", { "cache-tag": "t" })),
      });
      await near.get("/a");
      await far.get("/a");
      expect((await send(near, { tags: ["t"], mode })).status).toBe(200);
      expect(await warmed(far, "/a")).toEqual([{ page: "/a", result: "warmed", status: 200 }]);
      clock.advance(30);
      await far.get("/other");
      const { cacheStatus, text } = await far.get("/a");
      expect([cacheStatus, text]).toEqual([expect.stringContaining("; hit;"), "page 2"]);
    },
  );
});

const plain: Script = () => page("page", cc("max-age=600"));
const varying: Script = () => page("page", cc("max-age=600", { vary: "accept-language" }));

const all = { name: "all", match: "*" } as const;

const secondAsk = { admission: "second-ask" } as const;
const inTurns = { use: [globalCollapse()] };
const german = { "accept-language": "de" };
const listed = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ url: `/${at}`, headers: german }));

/** The subrequests of one call, whose pages must all be warmed. */
async function costOf({ near, upstash }: ReturnType<typeof openWarmSite>, order: object) {
  const spent = () => near.cache.calls + upstash.requestCount + near.origin.count;
  const before = spent();
  const { done, next } = toldOf(await callWarm(near, order));
  expect(done.every(({ result }) => result === "warmed")).toBe(true);
  return { cost: spent() - before, next };
}

describe("a call of /_cache/warm without a limit", () => {
  it.each([
    { id: "plain", route: {}, origin: plain, pages: 8, each: 5 },
    { id: "varies", route: {}, origin: varying, pages: 6, each: 7 },
    { id: "lock", route: inTurns, origin: plain, pages: 6, each: 7 },
    { id: "varies-and-lock", route: inTurns, origin: varying, pages: 4, each: 9 },
    { id: "withheld-fields", route: { forward: [] }, origin: varying, pages: 5, each: 8 },
    { id: "second-ask", route: secondAsk, origin: plain, pages: 3, each: 8 },
    { id: "second-ask-varies", route: secondAsk, origin: varying, pages: 3, each: 12 },
  ] as const)("stays within the 50 subrequests of the free plan: $id", async (row) => {
    const { route, origin, pages, each } = row;
    const world = openWarmSite({ config: { routes: [{ ...all, ...route }] }, origin });
    await world.near.get("/other");
    const ofJournal = 1;
    const cost = ofJournal + pages * each;
    expect(await costOf(world, { pages: listed(20) })).toEqual({ cost, next: pages });
    expect(cost).toBeLessThanOrEqual(48);
  });

  it("needs as many subrequests if another colo stored another variant of the pages", async () => {
    const world = openWarmSite({ origin: varying });
    await world.near.get("/other");
    for (const { url } of listed(6)) {
      await world.far.get(url, { headers: { "accept-language": "en" } });
    }
    expect(await costOf(world, { pages: listed(20) })).toEqual({ cost: 43, next: 6 });
  });

  it.each([
    ["plain", plain],
    ["varies", varying],
  ])("stays within 50 subrequests if the shared tier has lost the pages: %s", async (_, origin) => {
    const world = openWarmSite({ origin });
    const { near, upstash } = world;
    await callWarm(near, { pages: listed(8), limit: 8 });
    upstash.lay({ ...upstash.kept, records: [] });
    expect((await costOf(world, { pages: listed(8) })).cost).toBeLessThanOrEqual(50);
  });

  it("warms all pages in order if it is repeated with the returned cursor", async () => {
    const { near } = openWarmSite({ origin: varying });
    const pages = Array.from({ length: 20 }, (_, at) => `/${at}`);
    const seen: unknown[] = [];
    for (let cursor: number | null = 0; cursor !== null;) {
      const { done, next } = toldOf(await callWarm(near, { pages, cursor }));
      seen.push(...done.map((one) => one.page));
      cursor = next;
    }
    expect(seen).toEqual(pages);
  });
});

it("an order to warm data of the namespace __proto__ is refused", async () => {
  const { near } = openWarmSite();
  const seen = await callWarm(near, '{"data": {"__proto__": ["a"]}}');
  expect([seen.status, seen.text]).toEqual([400, expect.stringContaining("data may not name")]);
});
