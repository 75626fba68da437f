// Tests POST /_cache/warm: the result of each page, hits afterwards, and lists of pages.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../../src/config/schema.ts";
import { cc, page, type Script, unreachable } from "../../../../testing/fakes/origin-in-process.ts";
import { idle, type Site, Site as Isolate } from "../../../../testing/site/harness.ts";
import { callWarm, openWarmSite, toldOf, warmed } from "../../../../testing/site/warm-site.ts";

const statusOf = async (site: Site, path: string, headers: Readonly<Record<string, string>> = {}) =>
  (await site.get(path, { headers })).cacheStatus;

describe("a page to warm", () => {
  it("is stored in all tiers of this colo, and in the shared tier for other colos", async () => {
    const { near, far, clock, upstash } = openWarmSite();
    expect(await warmed(near, "/a")).toEqual([{ page: "/a", result: "warmed", status: 200 }]);
    const beside = new Isolate({ clock, upstash, cache: near.cache }, near.origin);
    expect([
      await statusOf(near, "/a"),
      await statusOf(beside, "/a"),
      await statusOf(far, "/a"),
    ]).toEqual(
      ["memory", "edge", "shared"].map(
        (tier) => expect.stringContaining(`hit; ttl=600; detail=${tier}`) as string,
      ),
    );
    expect(near.origin.count).toBe(1);
  });

  it("is not requested if it is fresh in any tier", async () => {
    const { near, far } = openWarmSite();
    await near.get("/a");
    expect(await warmed(far, "/a", "https://www.example.com/a")).toEqual([
      { page: "/a", result: "already" },
      { page: "https://www.example.com/a", result: "already" },
    ]);
    expect(near.origin.count).toBe(1);
  });

  it("is validated if it is stale and was warmed before, and is then fresh", async () => {
    const { near, clock } = openWarmSite({
      origin: (request) =>
        request.headers.has("if-none-match")
          ? new Response(null, { status: 304, headers: cc("max-age=600", { etag: '"1"' }) })
          : page("page", cc("max-age=600", { etag: '"1"' })),
    });
    await warmed(near, "/a");
    clock.advance(700);
    expect(await warmed(near, "/a")).toEqual([{ page: "/a", result: "warmed", status: 304 }]);
    expect(await statusOf(near, "/a")).toContain("hit; ttl=600");
  });

  it("is requested with fields of browsers, so that browsers get the same variant", async () => {
    const { near, far } = openWarmSite({
      origin: () => page("page", cc("max-age=600", { vary: "accept-encoding, accept-language" })),
    });
    const headers = { "accept-language": "de" };
    expect(await warmed(near, { url: "/a", headers })).toMatchObject([{ result: "warmed" }]);
    const browser = { ...headers, "accept-encoding": "gzip, deflate, br, zstd" };
    expect(await statusOf(far, "/a", browser)).toContain("; hit;");
    const { fields } = near.origin.last;
    expect([fields.get("user-agent"), fields.has("authorization")]).toEqual(["Tidemark", false]);
    expect(fields.get("accept")).toBe("text/html,application/xhtml+xml,*/*;q=0.8");
  });

  it("is stored only in this colo if it is too large for the shared tier", async () => {
    const { near, far } = openWarmSite({
      config: { limits: { sharedBodyBytes: 4 } },
    });
    expect(await warmed(near, "/a")).toEqual([
      {
        page: "/a",
        result: "warmed",
        status: 200,
        why: "only in this colo: the shared tier did not store it (too-large)",
      },
    ]);
    expect(await statusOf(near, "/a")).toContain("; hit");
    expect(await statusOf(far, "/a")).not.toContain("; hit");
  });

  it("is stored on its first request even on a route with the admission second-ask", async () => {
    const config: ConfigInput = { routes: [{ name: "all", match: "*", admission: "second-ask" }] };
    const { near, far } = openWarmSite({ config });
    expect(await warmed(near, "/a")).toMatchObject([{ result: "warmed" }]);
    expect(await statusOf(far, "/a")).toContain("detail=shared");
    expect(near.origin.count).toBe(1);
  });

  it("is requested once, however often the list names it", async () => {
    const { near } = openWarmSite();
    const done = await warmed(near, "/a", "/a", "/a");
    expect(done.map(({ result }) => result)).toEqual(["warmed", "already", "already"]);
    expect(near.origin.count).toBe(1);
  });

  it("is counted by its result, and not as a request of a client", async () => {
    const { near } = openWarmSite();
    await warmed(near, "/a", "/a", "/_cache/stats");
    const counted = near.counted();
    expect(counted).toMatchObject({
      "warmed|pages|warmed": 1,
      "warmed|pages|already": 1,
      "warmed|pages|passed-by": 1,
    });
    expect(Object.keys(counted).filter((series) => series.startsWith("requests|"))).toEqual([]);
  });
});

const saying =
  (...given: Parameters<typeof cc>) =>
  () =>
    page("page", cc(...given));
const cookie = { "set-cookie": "sid=s3cret" };

describe("a page that fails or cannot be stored", () => {
  it.each<[id: string, origin: Script, status: number | undefined, why: string]>([
    ["private", saying("private"), 200, "private"],
    ["no-store", saying("no-store"), 200, "no-store"],
    ["session", saying("max-age=600", cookie), 200, "set-cookie"],
    ["no-page", () => page("none", {}, 404), 404, "no-use"],
    ["failing", () => page("later", {}, 503), 503, "the origin answered 503"],
    ["away", unreachable, undefined, "the origin could not be reached"],
  ])(
    "has a result with the reason, and is not a hit afterwards: %s",
    async (id, origin, status, why) => {
      const { near, upstash } = openWarmSite({ origin });
      const result = ["failing", "away"].includes(id) ? "failed" : "not-stored";
      const told = { page: "/a", result, ...(status !== undefined && { status }), why };
      expect(await warmed(near, "/a")).toEqual([told]);
      expect(upstash.keys.filter((key) => key.includes(":r:"))).toEqual([]);
      expect(await statusOf(near, "/a")).not.toContain("; hit");
    },
  );

  it("fails with a reason that says that its origin has an open breaker", async () => {
    const { near } = openWarmSite({ origin: unreachable });
    const done = await warmed(near, ...Array.from({ length: 8 }, (_, at) => `/${at}`));
    const others = await warmed(near, "/x");
    expect(done.every(({ result }) => result === "failed")).toBe(true);
    expect(others).toEqual([
      {
        page: "/x",
        result: "failed",
        why: "its origin fails, and Tidemark waits before the next request to it",
      },
    ]);
  });

  it("fails if the shared tier does not store it", async () => {
    const { near, upstash } = openWarmSite();
    await near.get("/other");
    upstash.mode = "refuses";
    const [one] = await warmed(near, "/a");
    expect(one).toEqual({
      page: "/a",
      result: "failed",
      status: 200,
      why: "only in this colo: the shared tier did not store it (unavailable)",
    });
    expect(await statusOf(near, "/a")).toContain("; hit");
  });
});

describe("a list of pages to warm", () => {
  it("is warmed in parts, by default of eight pages per call", async () => {
    const { near } = openWarmSite();
    const pages = Array.from({ length: 10 }, (_, at) => `/${at}`);
    const first = toldOf(await callWarm(near, { pages }));
    expect([first.done.length, first.next, first.total]).toEqual([8, 8, 10]);
    const second = toldOf(await callWarm(near, { pages, cursor: 8 }));
    expect([second.done.map((one) => one.page), second.next]).toEqual([["/8", "/9"], null]);
    const three = toldOf(await callWarm(near, { pages, limit: 3, cursor: 2 }));
    expect([three.done.map((one) => one.page), three.next]).toEqual([["/2", "/3", "/4"], 5]);
    const end = toldOf(await callWarm(near, { pages, cursor: 10 }));
    expect([end.done, end.next]).toEqual([[], null]);
  });

  it("may be empty, such as a list of hot pages that a purge covered", async () => {
    const { near } = openWarmSite();
    expect(toldOf(await callWarm(near, { pages: [], data: {} }))).toEqual({
      done: [],
      next: null,
      total: 0,
    });
  });

  it("is warmed four pages at a time", async () => {
    let [now, most] = [0, 0];
    const four = Promise.withResolvers<void>();
    const { near } = openWarmSite({
      origin: async () => {
        now += 1;
        most = Math.max(most, now);
        if (now === 4) four.resolve();
        await four.promise;
        await idle();
        now -= 1;
        return page("page", cc("max-age=600"));
      },
    });
    await callWarm(near, { pages: Array.from({ length: 12 }, (_, at) => `/${at}`), limit: 12 });
    expect(most).toBe(4);
  });

  it("is warmed for 25 s, and the response names the next page", async () => {
    const { near, clock } = openWarmSite({
      origin: () => {
        clock.advance(7);
        return page("page", cc("max-age=600"));
      },
    });
    const pages = Array.from({ length: 20 }, (_, at) => `/${at}`);
    const { done, next } = toldOf(await callWarm(near, { pages, limit: 20 }));
    expect(next).toBe(done.length);
    expect(done.length).toBeGreaterThanOrEqual(4);
    expect(done.length).toBeLessThan(10);
    expect(done.every(({ result }) => result === "warmed")).toBe(true);
  });
});
