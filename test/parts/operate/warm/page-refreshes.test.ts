// Tests `refresh` of purges: which pages a site fetches again, when, how often, and what its sender learns.
import { afterEach, describe, expect, it, vi } from "vitest";
import { defineConfig } from "../../../../src/config/config.ts";
import { createDataCache } from "../../../../src/data-cache.ts";
import type { ConfigInput } from "../../../../src/config/schema.ts";
import { cc, page, type Script } from "../../../../testing/fakes/origin-in-process.ts";
import { listsIn } from "../../../../src/parts/operate/reports/redis-lists.ts";
import type { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import { idle, type Site, until } from "../../../../testing/site/harness.ts";
import { bearer, secret, send, signedHeaders } from "../../../../testing/site/purge-sender.ts";
import { openWarmSite } from "../../../../testing/site/warm-site.ts";

const tagged: Script = ({ url }, nth) =>
  page(`${new URL(url).pathname} ${nth}`, cc("max-age=600", { "cache-tag": "all" }));

const open = (config: ConfigInput = {}, env: Readonly<Record<string, string>> = {}) =>
  openWarmSite({ origin: tagged, config, env: { PURGE_SECRET: secret, ...env } });

const paths = (count: number) => Array.from({ length: count }, (_, at) => `/${at}`);

/** Sends a purge by tag, and returns the notes of its answer. */
async function purged(site: Site, order: object, headers = bearer as Record<string, string>) {
  const { status, text } = await send(site, { tags: ["all"], ...order }, headers);
  expect([status, text]).toEqual([200, expect.any(String)]);
  return (JSON.parse(text) as { notes?: string[] }).notes ?? [];
}

/** Returns a function that returns how many pages the isolate has refreshed so far, by result. */
function resultsOf(site: Site): () => Readonly<Record<string, number>> {
  const results: Record<string, number> = {};
  return () => {
    for (const [series, count] of Object.entries(site.counted())) {
      const [, result] = series.split("warmed|refresh|");
      if (result !== undefined) results[result] = (results[result] ?? 0) + count;
    }
    return results;
  };
}

/** Waits until an isolate has kept lists for the cron trigger. */
const kept = ({ upstash }: ReturnType<typeof open>, count = 1) =>
  until(() => listsIn(upstash.hot.reversed(["+", "-"])).length === count);

/** Adds a list to the store, as an isolate or another writer might. */
function plant({ hot }: FakeUpstash, list: object): void {
  hot.add(["MAXLEN", "~", "256", "*", "v", "1", "top", JSON.stringify(list)]);
}

const askedPaths = ({ origin }: Site) => origin.asked.map(({ url }) => new URL(url).pathname);

afterEach(() => {
  vi.useRealTimers();
});

describe("a page in refresh", () => {
  it.each(["hard", "soft"])("is fetched once after a %s purge, for all colos", async (mode) => {
    const { near, far } = open();
    const results = resultsOf(near);
    await near.get("/a");
    expect(
      await purged(near, {
        refresh: ["/a", "https://www.example.com/a", "https://any.example/a"],
        mode,
      }),
    ).toEqual([]);
    await until(() => results()["warmed"] === 1);
    expect((await far.get("/a")).text).toBe("/a 2");
    expect((await near.get("/a")).text).toBe("/a 2");
    expect(near.origin.count).toBe(2);
  });

  it("is no target of the purge", async () => {
    const { near } = open();
    const results = resultsOf(near);
    await near.get("/a");
    const { text } = await send(near, { tags: ["other"], refresh: ["/a"] });
    expect(JSON.parse(text)).toMatchObject({ targets: { tags: 1, urls: 0 }, refreshing: 1 });
    await until(() => results()["already"] === 1);
    expect(near.origin.count).toBe(1);
    expect((await send(near, { refresh: ["/a"] })).status).toBe(400);
  });

  it("is fetched once if the sender repeats its purge", async () => {
    const { near } = open();
    const results = resultsOf(near);
    const body = JSON.stringify({ tags: ["all"], refresh: ["/a"] });
    for (let sent = 0; sent < 3; sent += 1) {
      expect((await send(near, body, signedHeaders(body))).status).toBe(200);
    }
    await until(() => results()["warmed"] === 1);
    await idle();
    expect(results()).toEqual({ warmed: 1 });
  });

  it("is fetched by the cron trigger if it exceeds the budget, in any colo", async () => {
    const site = open();
    const { near, far, clock } = site;
    const results = resultsOf(far);
    await far.fireCron();
    expect(site.upstash.hotCommands).toEqual([]);
    await purged(near, { refresh: paths(20) });
    await kept(site);
    for (const seen of [16, 20, 20, 20]) {
      clock.advance(60);
      await far.fireCron();
      expect(far.origin.count).toBe(seen);
    }
    expect(askedPaths(near).toSorted()).toEqual(paths(20).toSorted());
    expect(results()).toEqual({ warmed: 12 });
  });

  it("is fetched by the cron trigger also where the page is stored and the purge is unknown", async () => {
    const site = open();
    const { near, far } = site;
    await purged(far, {});
    await far.get("/15");
    await purged(near, { refresh: paths(16) });
    await kept(site);
    await far.fireCron();
    expect(askedPaths(far).filter((path) => path === "/15")).toHaveLength(2);
  });

  it("waits for the pages of earlier purges", async () => {
    const site = open();
    const { near, far, clock } = site;
    for (const nth of [1, 2]) {
      await purged(near, { refresh: paths(16).map((path) => `/${nth}${path}`) });
      await kept(site, nth);
    }
    clock.advance(60);
    await far.fireCron();
    expect(askedPaths(far).filter((path) => path.startsWith("/1/"))).toHaveLength(16);
    expect(far.origin.count).toBe(24);
  });

  it("waits for settleSeconds, a longer time with the cron trigger", async () => {
    const site = open({ purge: { settleSeconds: 90 } });
    const { near, far, clock } = site;
    await purged(near, { refresh: ["/a"] });
    await kept(site);
    const seen: number[] = [];
    for (let minute = 0; minute < 3; minute += 1) {
      clock.advance(60);
      await far.fireCron();
      seen.push(far.origin.count);
    }
    expect(seen).toEqual([0, 1, 1]);
  });

  it("waits for short settleSeconds in the background", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { near } = open({ purge: { settleSeconds: 3 } });
    await purged(near, { refresh: ["/a"] });
    await vi.advanceTimersByTimeAsync(2_999);
    expect(near.origin.count).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    await until(() => near.origin.count === 1);
  });
});

describe("a page that is not refreshed", () => {
  it.each([
    ["no URL", "a", '"a" does not begin with https:// or http:// and a host.'],
    ["a password", "https://a:b@www.example.com/", "A URL contains a user name or a password"],
    ["a pattern", "/a*", '"https://www.example.com/a*" contains a star'],
    [
      "an operator's path",
      "/_cache/health",
      '"https://www.example.com/_cache/health" is below /_cache/',
    ],
    ["a long URL", `/${"a".repeat(2_048)}`, "A URL is over 2048 characters."],
  ])("is noted: %s", async (_, url, why) => {
    const { near } = open();
    const notes = await purged(near, { refresh: [url, "/b"] });
    expect(notes).toEqual([expect.stringContaining(`Not refreshed: ${why}`)]);
    await until(() => near.origin.count === 1);
    expect(askedPaths(near)).toEqual(["/b"]);
  });

  it.each([
    ["more than 50", paths(51), "refresh names more than 50 pages."],
    ["no list", "/a", "refresh must be an array of URLs."],
    ["no text", [1], "refresh.0 must be a string."],
  ])("refuses the purge: %s", async (_, refresh, why) => {
    const { near } = open();
    const { status, text } = await send(near, { tags: ["all"], refresh });
    expect([status, JSON.parse(text)]).toMatchObject([400, { error: { why } }]);
  });

  it("exceeds 200 pages a minute", async () => {
    const { near, clock } = open();
    const order = (nth: number) => ({ refresh: paths(50).map((path) => `${path}?${nth}`) });
    for (let nth = 0; nth < 4; nth += 1) expect(await purged(near, order(nth))).toEqual([]);
    expect(await purged(near, order(4))).toEqual([
      "Not refreshed: a server takes 200 pages a minute.",
    ]);
    clock.advance(61);
    expect(await purged(near, order(5))).toEqual([]);
  });

  it("is logged if no store keeps it, or the site has no SITE_HOST", async () => {
    const { near } = open({}, { SITE_HOST: "" });
    const results = resultsOf(near);
    await purged(near, { refresh: paths(20) });
    await until(() => near.log.length > 0);
    expect(near.log).toEqual([
      expect.stringMatching(
        /^After the purge at \S+, 12 pages were not refreshed: SITE_HOST is not/,
      ),
    ]);
    expect(results()).toEqual({ warmed: 8, failed: 12 });
  });

  it("is dropped after ten minutes, and logged", async () => {
    const { near, upstash } = open();
    const results = resultsOf(near);
    await purged(near, {});
    const dueAtMs = near.clock.atMs - 600_001;
    plant(upstash, { purge: "1-0", dueAtMs, refresh: ["https://www.example.com/a"] });
    await near.fireCron();
    expect(near.log).toEqual([expect.stringContaining("had no time for them")]);
    expect(results()).toEqual({ failed: 1 });
    await near.fireCron();
    expect([near.log.length, near.origin.count]).toEqual([1, 0]);
  });

  it("is logged if the store fails", async () => {
    const { near, upstash } = open({ purge: { settleSeconds: 90 } });
    upstash.hot.add = () => {
      throw new Error("fault");
    };
    await purged(near, { refresh: ["/a"] });
    await until(() => near.log.some((line) => line.includes("1 pages were not refreshed")));
    expect(near.origin.count).toBe(0);
  });

  it("is of a host that only the store names, or in an invalid list", async () => {
    const { near, upstash } = open();
    const results = resultsOf(near);
    await purged(near, {});
    const list = { purge: "1-0", dueAtMs: near.clock.atMs };
    plant(upstash, { ...list, refresh: ["https://other.example/a"] });
    plant(upstash, { ...list, purge: "2-0", refresh: ["/a"] });
    plant(upstash, { ...list, purge: "3-0", refresh: paths(51) });
    plant(upstash, { purge: 1 });
    await near.fireCron();
    expect(results()).toEqual({ "passed-by": 1 });
    expect(near.origin.count).toBe(0);
  });
});

describe("refresh of cache.purge", () => {
  it("fetches pages of the site", async () => {
    const data = createDataCache(defineConfig({}));
    const { near } = openWarmSite({ origin: tagged, data });
    await near.get("/a");
    expect(await data.purge({ tags: ["all"], refresh: ["/a"] })).not.toHaveProperty("notes");
    await until(() => near.origin.count === 2);
  });

  it("is refused in a load, and in a handler that makes a page", async () => {
    const data = createDataCache(defineConfig({}));
    const refused: string[] = [];
    const purge = async () => {
      await data
        .purge({ tags: ["all"], refresh: ["/a"] })
        .catch((error: Error) => refused.push(error.message));
    };
    const values = data.namespace("values", { fresh: "1m" });
    const { near } = openWarmSite({
      data,
      handlers: {
        default: async () => {
          await purge();
          await values.getOrSet("a", purge);
          return page("page", cc("max-age=600"));
        },
      },
    });
    await near.get("/a");
    const [inHandler, inLoad, ...others] = refused;
    expect(inHandler).toContain("in a load, or in a handler that makes a page");
    expect([inLoad, ...others].every((message) => message === inHandler)).toBe(true);
  });

  it("is refused without pages", async () => {
    const alone = createDataCache(defineConfig({}));
    await expect(alone.purge({ tags: ["all"], refresh: ["/a"] })).rejects.toThrow(
      "this cache has none",
    );
  });
});
