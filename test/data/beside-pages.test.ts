// Data that is handed to the Worker shares the core of its pages: one journal and one view, one client of
// Redis, one bound on memory, one set of counts.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { createDataCache } from "../../src/data/create-data-cache.ts";
import { createWorker } from "../../src/worker.ts";
import { type BesideOptions, openBeside } from "../../testing/data/beside-pages.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { idle, openSite } from "../../testing/site/harness.ts";
import { bearer, send } from "../../testing/site/purge-sender.ts";

/** A page and a value are stored. */
async function filled(options: BesideOptions = {}) {
  const world = await openBeside(options);
  await world.site.get("/page");
  await world.values.getOrSet("42", () => "value");
  await world.site.settle();
  await idle();
  expect(await world.answers()).toEqual({ page: "hit", value: "value" });
  return world;
}

describe("a purge by tag covers pages and data of the isolate at once", () => {
  it("that data has accepted", async () => {
    const { data, answers } = await filled();
    await data.purge({ tags: ["red"] });
    expect(await answers()).toEqual({ page: "none", value: undefined });
  });

  it("that an operator has sent", async () => {
    const { site, answers } = await filled();
    expect(await send(site, { tags: ["red"] })).toMatchObject({ status: 200 });
    expect(await answers()).toEqual({ page: "none", value: undefined });
  });

  it("of everything, too", async () => {
    const { site, answers } = await filled();
    await send(site, { everything: true });
    expect(await answers()).toEqual({ page: "none", value: undefined });
  });

  it("while a purge of a prefix of pages leaves data alone", async () => {
    const { site, answers } = await filled();
    await send(site, { prefixes: ["https://www.example.com/"] });
    expect(await answers()).toEqual({ page: "none", value: "value" });
  });
});

describe("the journal", () => {
  /** Both are asked once in each second, for a minute. */
  async function readsInAMinute(options: BesideOptions): Promise<number> {
    // Without copies of the view in a Cache API: each view reads the journal itself.
    const world = await filled({ ...options, hasCache: false });
    const before = world.upstash.journalReadCount;
    for (let second = 0; second < 60; second += 1) {
      world.clock.advance(1);
      await world.answers();
      await idle();
    }
    return world.upstash.journalReadCount - before;
  }

  it("is read once for both at each renewal, where data apart would read it once more", async () => {
    const together = await readsInAMinute({});
    const apart = await readsInAMinute({ isInUse: true });
    expect(together).toBeGreaterThan(4);
    expect(apart).toBe(2 * together);
  });
});

describe("what data is not given is that of the pages", () => {
  it("the database, the colo's Cache API below the site's host, and the namespace", async () => {
    const { values, upstash, site } = await openBeside({ env: { NAMESPACE: "staging" } });
    expect(await values.set("42", "v")).toEqual(["memory", "edge", "shared"]);
    expect(upstash.keys).toEqual([expect.stringMatching(/^staging:d:/)]);
    expect(site.cache.addresses).toContainEqual(
      expect.stringMatching(/^https:\/\/www\.example\.com\/_cache\/stored\/[\da-f]{64}$/),
    );
  });

  it("no edge tier where no host is known", async () => {
    const { values } = await openBeside({ env: { SITE_HOST: "" } });
    expect(await values.set("42", "v")).toEqual(["memory", "shared"]);
  });

  it("the colo, once a request has told it", async () => {
    const { values, site, upstash } = await openBeside();
    await site.get("/page");
    await values.set("42", "v");
    const stored = upstash.kept.records.find(([key]) => key.includes(":d:"))?.[1].text;
    expect(stored).toContain('"HAM"');
  });
});

describe("data works apart, and the log says why", () => {
  it.each([
    {
      id: "used before the Worker started",
      options: { isInUse: true },
      why: "It was used before the Worker started",
    },
    {
      id: "of another database",
      options: { platform: { database: { url: "https://other.invalid", token: "t" } } },
      why: "another database",
    },
  ])("$id", async ({ options, why }) => {
    const { site, values } = await openBeside(options);
    await site.get("/page");
    expect(site.log).toEqual([expect.stringContaining(why)]);
    expect(await values.set("42", "v")).toContain("memory");
  });

  it("not where it has the very database of the pages", async () => {
    const clock = new FakeClock();
    const upstash = new UnsteadyUpstash(clock);
    const data = createDataCache(defineConfig({}), { env: upstash.env });
    const site = openSite({ data, upstash, clock });
    await site.get("/page");
    expect(site.log).toEqual([]);
  });
});

it("what createDataCache has not made is refused as the Worker is made", () => {
  const data = { ...createDataCache(defineConfig({})) };
  expect(() => createWorker(defineConfig({}), { data })).toThrow("The option data is invalid.");
});

it("pages and data hold no more than limits.memoryBytes together", async () => {
  const memoryBytes = 200_000;
  const config = { limits: { memoryBytes } };
  const text = "x".repeat(5_000);
  const { site, values, data } = await openBeside({ config });
  for (let nth = 0; nth < 60; nth += 1) {
    await site.get(`/${nth}`);
    await values.set(String(nth), text);
  }
  await idle();
  const stats = (await (await site.ask("/_cache/stats", { headers: bearer })).json()) as {
    memory: { bytes: number };
  };
  const [pages, ofData] = [stats.memory.bytes, data.stats().memory.bytes];
  expect(pages + ofData).toBeLessThanOrEqual(memoryBytes);
  expect(Math.min(pages, ofData)).toBeGreaterThan(memoryBytes / 4);
});
