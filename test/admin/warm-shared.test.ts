// POST /_cache/warm: what it tells of pages that the shared tier lacks afterwards, and how it keeps within
// the subrequests of the free plan.
import { describe, expect, it } from "vitest";
import type { WarmAnswer } from "../../src/protocol/answers.ts";
import { cc, chunked, page, type Script } from "../../testing/fakes/origin-in-process.ts";
import type { SiteOptions } from "../../testing/site/harness.ts";
import { send } from "../../testing/site/purge-sender.ts";
import { callWarm, openWarmSite, toldOf, warmed } from "../../testing/site/warm-site.ts";

interface Lacking {
  readonly id: string;
  readonly options: SiteOptions;
  readonly told: Partial<WarmAnswer>;
}

const lacking: readonly Lacking[] = [
  {
    id: "sent-as-it-comes",
    options: {
      config: { limits: { memoryBytes: 2_097_152, bufferBytes: 1_024, sharedBodyBytes: 1_024 } },
      origin: () =>
        new Response(chunked(Array(8).fill("x".repeat(512))), { headers: cc("max-age=600") }),
    },
    told: {
      result: "warmed",
      why: "only in this colo: the shared tier did not store it (too-large)",
    },
  },
  {
    id: "no-database",
    options: { env: { UPSTASH_REDIS_REST_URL: "", UPSTASH_REDIS_REST_TOKEN: "" } },
    told: {
      result: "warmed",
      why: "only in this colo: there is no shared tier for it",
    },
  },
  {
    id: "no-shared-tier",
    options: { config: { routes: [{ name: "all", match: "*", tiers: ["memory", "edge"] }] } },
    told: {
      result: "warmed",
      why: "only in this colo: there is no shared tier for it",
    },
  },
  {
    id: "error",
    options: { origin: () => page("none", cc("max-age=600"), 404) },
    told: {
      result: "warmed",
      status: 404,
      why: "only in this colo: the shared tier stores an error on its second request",
    },
  },
];

describe("a page that other colos cannot read from the shared tier", () => {
  it.each(lacking)("is told to be so: $id", async ({ options, told }) => {
    const { near, upstash } = openWarmSite(options);
    expect(await warmed(near, "/a")).toEqual([{ page: "/a", status: 200, ...told }]);
    expect(upstash.keys).toEqual([]);
  });

  it("has failed where its second ask does not reach the shared tier", async () => {
    const { near, upstash } = openWarmSite({
      config: { routes: [{ name: "all", match: "*", admission: "second-ask" }] },
    });
    await near.get("/other");
    upstash.mode = "refuses";
    expect(await warmed(near, "/a")).toMatchObject([
      {
        result: "failed",
        why: "only in this colo: the shared tier did not store it (unavailable)",
      },
    ]);
  });
});

describe("a page that is fresh in this colo, and that the shared tier lacks", () => {
  it("is asked for again, and other colos then read it from there", async () => {
    const { near, far, upstash } = openWarmSite();
    await near.get("/a");
    upstash.lay({ ...upstash.kept, records: [] });
    expect(await warmed(near, "/a")).toEqual([{ page: "/a", result: "warmed", status: 200 }]);
    expect((await far.get("/a")).cacheStatus).toContain("detail=shared");
    expect(await warmed(near, "/a")).toEqual([{ page: "/a", result: "already" }]);
    expect(near.origin.count).toBe(2);
  });

  it("is validated where it can be, and is whole in the shared tier all the same", async () => {
    const { near, far, upstash } = openWarmSite({
      origin: (request) =>
        request.headers.has("if-none-match")
          ? new Response(null, { status: 304, headers: cc("max-age=600", { etag: '"1"' }) })
          : page("the page", cc("max-age=600", { etag: '"1"' })),
    });
    await near.get("/a");
    upstash.lay({ ...upstash.kept, records: [] });
    expect(await warmed(near, "/a")).toMatchObject([{ result: "warmed", status: 304 }]);
    const { cacheStatus, text } = await far.get("/a");
    expect([cacheStatus, text]).toEqual([expect.stringContaining("detail=shared"), "the page"]);
  });

  it("has failed while the shared tier does not answer, and is brought there by the next call", async () => {
    const { near, upstash } = openWarmSite();
    await near.get("/other");
    upstash.mode = "refuses";
    await warmed(near, "/a");
    expect(await warmed(near, "/a")).toEqual([
      {
        page: "/a",
        result: "failed",
        why: "only in this colo: the shared tier did not store it (unavailable)",
      },
    ]);
    upstash.mode = "works";
    near.clock.advance(60);
    await near.get("/other");
    expect(await warmed(near, "/a")).toMatchObject([{ result: "warmed" }]);
  });

  it("is an error that is admitted as it is warmed a second time", async () => {
    const { near, far } = openWarmSite({ origin: () => page("none", cc("max-age=600"), 404) });
    await warmed(near, "/a");
    expect(await warmed(near, "/a")).toEqual([{ page: "/a", result: "already" }]);
    expect((await far.get("/a")).cacheStatus).toContain("detail=shared");
  });

  it("is left as it is where the shared tier would not take it", async () => {
    const { near } = openWarmSite({ config: { limits: { sharedBodyBytes: 4 } } });
    await near.get("/a");
    expect(await warmed(near, "/a")).toEqual([
      {
        page: "/a",
        result: "already",
        why: "only in this colo: the shared tier did not store it (too-large)",
      },
    ]);
    expect(near.origin.count).toBe(1);
  });
});

describe("a page that was purged a moment ago", () => {
  it.each(["hard", "soft"] as const)(
    "is brought anew in a colo that has not heard of the purge yet: %s",
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

describe("a call that sets no limit", () => {
  it.each([
    { id: "plain", route: {}, origin: plain, pages: 8 },
    { id: "varies", route: {}, origin: varying, pages: 6 },
    { id: "lease", route: { collapse: "global" }, origin: plain, pages: 6 },
    { id: "varies-and-lease", route: { collapse: "global" }, origin: varying, pages: 4 },
    { id: "withheld-fields", route: { forward: [] }, origin: varying, pages: 5 },
    { id: "second-ask", route: { admission: "second-ask" }, origin: plain, pages: 3 },
    { id: "second-ask-varies", route: { admission: "second-ask" }, origin: varying, pages: 3 },
  ] as const)("keeps within the 50 subrequests of the free plan: $id", async (row) => {
    const { near, upstash } = openWarmSite({
      config: { routes: [{ ...all, ...row.route }] },
      origin: row.origin,
    });
    await near.get("/other");
    const spent = () => near.cache.calls + upstash.requestCount + near.origin.count;
    const before = spent();
    const headers = { "accept-language": "de" };
    const pages = Array.from({ length: 20 }, (_, at) => ({ url: `/${at}`, headers }));
    const { done, next } = toldOf(await callWarm(near, { pages }));
    expect(done.every(({ result }) => result === "warmed")).toBe(true);
    expect([done.length, next]).toEqual([row.pages, row.pages]);
    expect(spent() - before).toBeLessThanOrEqual(48);
  });

  it.each([
    { id: "plain", origin: plain },
    { id: "varies", origin: varying },
  ])("keeps within them where the shared tier has lost what this colo has: $id", async (row) => {
    const { near, upstash } = openWarmSite({ origin: row.origin });
    const headers = { "accept-language": "de" };
    const pages = Array.from({ length: 8 }, (_, at) => ({ url: `/${at}`, headers }));
    await callWarm(near, { pages, limit: 8 });
    upstash.lay({ ...upstash.kept, records: [] });
    const spent = () => near.cache.calls + upstash.requestCount + near.origin.count;
    const before = spent();
    const { done } = toldOf(await callWarm(near, { pages }));
    expect(done.every(({ result }) => result === "warmed")).toBe(true);
    expect(spent() - before).toBeLessThanOrEqual(50);
  });

  it("goes on where it has stopped, page by page, to the end", async () => {
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

it("an order that names what JavaScript would drop is refused, and nothing is left out unsaid", async () => {
  const { near } = openWarmSite();
  const seen = await callWarm(near, '{"data": {"__proto__": ["a"]}}');
  expect([seen.status, seen.text]).toEqual([400, expect.stringContaining("data may not name")]);
});
