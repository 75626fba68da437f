// Tests a data cache that is passed to the Worker. It shares the journal, the view, the Redis
// client, the memory limit and the counts with the Worker's pages.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { createDataCache } from "../../src/data/create-data-cache.ts";
import { createWorker } from "../../src/worker.ts";
import { type BesideOptions, openBeside } from "../../testing/data/beside-pages.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { idle, openSite } from "../../testing/site/harness.ts";
import { page } from "../../testing/fakes/origin-in-process.ts";
import { bearer, openJournalled, send } from "../../testing/site/purge-sender.ts";
import { upstashStore } from "../../testing/fakes/upstash-store.ts";

/** Opens a site that has stored a page and a value. */
async function filled(options: BesideOptions = {}) {
  const world = await openBeside(options);
  await world.site.get("/page");
  await world.values.getOrSet("42", () => "value");
  await world.site.settle();
  await idle();
  expect(await world.answers()).toEqual({ page: "hit", value: "value" });
  return world;
}

it("covers pages and data with one purge of the application by tag", async () => {
  const { data, answers } = await filled();
  await data.purge({ tags: ["red"] });
  expect(await answers()).toEqual({ page: "none", value: undefined });
});

it.each([
  { urls: ["https://www.example.com/page"] },
  { prefixes: ["/pag"] },
  { prefixes: ["HTTPS://www.example.com/"] },
])("covers pages, and no data, with a purge of the application by %j", async (order) => {
  const { data, answers } = await filled();
  await data.purge(order);
  expect(await answers()).toEqual({ page: "none", value: "value" });
});

it("covers keys and pages with the prefixes of one purge, and has notes on invalid ones", async () => {
  const { data, answers } = await filled();
  const { notes } = await data.purge({ prefixes: ["values", "/page", "/a*"] });
  expect(notes).toEqual([expect.stringContaining('Not purged: "/a*" contains a star')]);
  expect(await answers()).toEqual({ page: "none", value: undefined });
});

it("returns the position of a purge, with which another isolate answers with the new page", async () => {
  const { data, upstash, clock } = await filled();
  const env = { SITE_HOST: "www.example.com" };
  const { site: other } = openJournalled({ upstash, clock, env, origin: () => page("new") });
  expect((await other.get("/page")).text).toBe("page");
  const { sealedPosition = "", setCookie } = await data.purge({
    urls: ["https://www.example.com/page"],
  });
  expect(setCookie).toMatch(`tidemark-position=${sealedPosition}; Max-Age=10; Path=/; Secure`);
  const headers = { "tidemark-position": sealedPosition };
  expect((await other.get("/page", { headers })).text).toBe("new");
});

it("refuses a purge of pages by a cache without pages", async () => {
  const purging = createDataCache(defineConfig({})).purge({
    urls: ["https://www.example.com/page"],
  });
  await expect(purging).rejects.toThrow("It names pages, but this cache has none.");
});

it.each([
  { order: { tags: ["red"] }, value: undefined },
  { order: { everything: true }, value: undefined },
  { order: { prefixes: ["https://www.example.com/"] }, value: "value" },
])("leaves the value $value after the operator's purge $order", async ({ order, value }) => {
  const { site, answers } = await filled();
  expect(await send(site, order)).toMatchObject({ status: 200 });
  expect(await answers()).toEqual({ page: "none", value });
});

it("reads the journal once for pages and data, and twice for separate caches", async () => {
  /** Reads the page and the value once per second. No Cache API holds copies of the views. */
  const readsInAMinute = async (options: BesideOptions) => {
    const world = await filled({ ...options, hasCache: false });
    const before = world.upstash.journalReadCount;
    for (let second = 0; second < 60; second += 1) {
      world.clock.advance(1);
      await world.answers();
      await idle();
    }
    return world.upstash.journalReadCount - before;
  };
  const together = await readsInAMinute({});
  expect(together).toBeGreaterThan(4);
  expect(await readsInAMinute({ isInUse: true })).toBe(2 * together);
});

describe("data in a Worker", () => {
  it("uses the Worker's database, namespace, and Cache API under the site's host", async () => {
    const { values, upstash, site } = await openBeside({ env: { NAMESPACE: "staging" } });
    expect(await values.set("42", "v")).toEqual(["memory", "edge", "shared"]);
    expect(upstash.keys).toEqual([expect.stringMatching(/^staging:d:/)]);
    expect(site.cache.addresses).toContainEqual(
      expect.stringMatching(/^https:\/\/www\.example\.com\/_cache\/stored\/[\da-f]{64}$/),
    );
  });

  it("has no edge tier without a host", async () => {
    const { values } = await openBeside({ env: { SITE_HOST: "" } });
    expect(await values.set("42", "v")).toEqual(["memory", "shared"]);
  });

  it("is stored with the colo of the first request", async () => {
    const { values, site, upstash } = await openBeside();
    await site.get("/page");
    await values.set("42", "v");
    const stored = upstash.kept.records.find(([key]) => key.includes(":d:"))?.[1].text;
    expect(stored).toContain('"HAM"');
  });
});

const other = { url: "https://other.invalid", token: "t" };
it.each([
  { options: { isInUse: true }, why: "It was used before the Worker started" },
  {
    options: { platform: { database: other, stores: { redis: upstashStore } } },
    why: "another database",
  },
])("keeps data separate, and logs the reason: $why", async ({ options, why }) => {
  const { site, values } = await openBeside(options);
  await site.get("/page");
  expect(site.log).toEqual([expect.stringContaining(why)]);
  expect(await values.set("42", "v", { everywhere: false })).toContain("memory");
});

it("joins data that has the pages' own database, without a log line", async () => {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const data = createDataCache(defineConfig({}), {
    env: upstash.env,
    stores: { redis: upstashStore },
  });
  const site = openSite({ data, upstash, clock });
  await site.get("/page");
  expect(site.log).toEqual([]);
});

it("names the options that data beside pages does not apply", async () => {
  const clock = new FakeClock();
  const written = { purge: { maxLagSeconds: 20 }, limits: { memoryBytes: 1_000_000 } };
  const data = createDataCache(defineConfig(written), {
    log: () => undefined,
  });
  const site = openSite({ data, upstash: new UnsteadyUpstash(clock), clock });
  await site.get("/page");
  await site.get("/page");
  const idleOptions = "Options of the data cache have no effect: log, limits, purge.";
  expect(site.log).toEqual([expect.stringContaining(idleOptions)]);
});

it("refuses in createWorker a data cache that createDataCache has not made", () => {
  const data = { ...createDataCache(defineConfig({})) };
  expect(() => createWorker(defineConfig({}), { data })).toThrow("The data cache is invalid.");
});

it("holds no more than limits.memoryBytes of pages and data together", async () => {
  const memoryBytes = 200_000;
  const { site, values, data } = await openBeside({ config: { limits: { memoryBytes } } });
  for (let nth = 0; nth < 60; nth += 1) {
    await site.get(`/${nth}`);
    await values.set(String(nth), "x".repeat(5_000));
  }
  await idle();
  const stats = (await (await site.ask("/_cache/stats", { headers: bearer })).json()) as {
    memory: { bytes: number };
  };
  const [pages, ofData] = [stats.memory.bytes, data.stats().memory.bytes];
  expect(pages + ofData).toBeLessThanOrEqual(memoryBytes);
  expect(Math.min(pages, ofData)).toBeGreaterThan(memoryBytes / 4);
});
