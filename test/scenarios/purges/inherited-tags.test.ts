// Tests pages made of values of the data cache by a handler that names no tags: each purge of a value covers them.
import { describe, expect, it } from "vitest";
import type { WrittenConfig } from "../../../src/config/written.ts";
import { defineConfig } from "../../../src/config/config.ts";
import { createDataCache, type DataCache } from "../../../src/data/create-data-cache.ts";
import type { DataPurge } from "../../../src/data/purge-data.ts";
import type { Namespace } from "../../../src/data/namespace.ts";
import { openBeside } from "../../../testing/data/beside-pages.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { explainedText, explainToken } from "../../../testing/site/explained.ts";
import { idle } from "../../../testing/site/harness.ts";
import { openJournalled } from "../../../testing/site/purge-sender.ts";

type Articles = Namespace<Record<string, string>>;
type Read = (articles: Articles, data: DataCache, request: Request) => unknown;

const article = (by: string) => ({ by });

/** Opens a site whose pages show what `read` returns, for ten minutes. */
async function opened(
  read: Read,
  config: WrittenConfig = {},
  { answer = answered, env = {} }: { answer?: typeof answered; env?: Record<string, string> } = {},
) {
  const world = await openBeside({
    config,
    env,
    handler: (data) => async (request) =>
      answer(JSON.stringify(await read(articlesOf(data), data, request)), request),
  });
  const articles = articlesOf(world.data);
  const get = async (path = "/page", init?: { headers: Record<string, string> }) => {
    const seen = await world.site.get(path, init);
    await world.site.settle();
    await idle();
    return seen;
  };
  const isHit = async (path?: string) => (await get(path)).cacheStatus.includes("; hit");
  return { ...world, articles, get, isHit };
}

const answered: (text: string, request: Request) => Response = (text) =>
  page(text, cc("max-age=600"));

function articlesOf(data: DataCache): Articles {
  return data.namespace<Record<string, string>>("articles", {
    fresh: "10m",
    stale: "1h",
    negative: "10m",
    tags: ["press"],
  });
}

const loaded: Read = (articles) =>
  articles.getOrSet("7/en", ({ tags }) => {
    tags("author:3");
    return article("Ada");
  });

describe("a page made of a value", () => {
  it.each<[DataPurge]>([
    [{ tags: ["press"] }],
    [{ tags: ["author:3"] }],
    [{ tags: ["author:3"], soft: true }],
    [{ keys: ["articles/7/en"] }],
    [{ prefixes: ["articles/7/en"] }],
    [{ prefixes: ["articles/7"] }],
    [{ prefixes: ["articles"] }],
    // Its name is that of the prefix, too.
    [{ keys: ["articles/7"] }],
    [{ everything: true }],
  ])("is covered by a purge of %j", async (order) => {
    const { data, get, isHit } = await opened(loaded);
    await get();
    expect(await isHit()).toBe(true);
    await data.purge(order);
    expect(await isHit()).toBe(false);
  });

  it.each<[DataPurge]>([
    [{ tags: ["author:30"] }],
    [{ keys: ["articles/7/en/comments"] }],
    [{ prefixes: ["articles/7/e"] }],
    [{ prefixes: ["article"] }],
  ])("is not covered by a purge of %j", async (order) => {
    const { data, get, isHit } = await opened(loaded);
    await get();
    await data.purge(order);
    expect(await isHit()).toBe(true);
  });

  it.each<[string, (articles: Articles) => unknown]>([
    ["set", (articles) => articles.set("7/en", article("Bob"))],
    ["write", (articles) => articles.write("7/en", article("Bob"), async () => undefined)],
    ["delete", (articles) => articles.delete("7/en")],
    ["expire", (articles) => articles.expire("7/en")],
    ["clear", (articles) => articles.clear()],
    ["clear below", (articles) => articles.clear("7")],
  ])("is covered by %s", async (_, change) => {
    const { articles, get, isHit } = await opened(loaded);
    await get();
    await change(articles);
    expect(await isHit()).toBe(false);
  });

  it("stays if another isolate may not see a write, and if another key is purged", async () => {
    const { articles, get, isHit } = await opened(loaded);
    await get();
    await articles.set("7/en", article("Bob"), { everywhere: false });
    await articles.delete("8/en");
    expect(await isHit()).toBe(true);
  });

  it("is covered in every tier, also after its isolate has gone", async () => {
    const { data, get, site, upstash, clock } = await opened(loaded);
    await get();
    const fromTiers = async () => {
      const { cache } = site;
      const env = { SITE_HOST: "www.example.com" };
      const given = { clock, upstash, cache, env, origin: () => page("new") };
      return (await openJournalled(given).site.get("/page")).cacheStatus;
    };
    expect(await fromTiers()).toContain("; hit");
    await data.purge({ keys: ["articles/7/en"] });
    clock.advance(11);
    expect(await fromTiers()).not.toContain("; hit");
  });
});

describe("each way to read", () => {
  const ways: Record<string, Read> = {
    get: (articles) => articles.get("7"),
    "get of nothing": (articles) => articles.get("none"),
    getOrSet: (articles) => articles.getOrSet("7", () => article("Ada")),
    "getOrSet of null": (articles) => articles.getOrSet("none", () => null),
    "a failed load": (articles) =>
      articles.getOrSet("none", () => Promise.reject(new Error("down"))).catch(() => "none"),
    getMany: async (articles) => [...(await articles.getMany(["7", "none"]))],
    getOrSetMany: async (articles) => [
      ...(await articles.getOrSetMany(["7", "none"], () => new Map(), { missing: "absent" }))
        .values,
    ],
    has: (articles) => articles.has("7"),
    lookUp: async (articles) => (await articles.lookUp("7")).value,
    touch: (articles) => articles.touch("7"),
    wrap: (articles) => articles.wrap((id: string) => article(id), { key: (id) => id })("7"),
    "fields.get": (articles) => articles.fields("7").get(["by"]),
    "fields.all": (articles) => articles.fields("none").all(),
    "a nested load": (articles, data) =>
      data
        .namespace<string>("lists", { fresh: "10m" })
        .getOrSet("newest", async () => `by ${(await articles.get("7"))?.["by"]}`),
    "two nested loads": (articles, data) => {
      const lists = data.namespace<string>("lists", { fresh: "10m" });
      const inner = () => lists.getOrSet("a", async () => JSON.stringify(await articles.get("7")));
      return lists.getOrSet("b", async () => inner());
    },
  };

  it.each(Object.entries(ways))("is noted: %s", async (way, read) => {
    const { articles, get, isHit } = await opened(read);
    await articles.set("7", article("Ada"));
    await articles.fields("7").set(article("Ada"));
    await idle();
    await get();
    expect(await isHit()).toBe(true);
    await articles.delete(/none|nothing|null|failed|all/.test(way) ? "none" : "7");
    expect(await isHit()).toBe(false);
  });

  it("is noted for a page that joins the load of another page, and for one that finds its value", async () => {
    const { data, get, isHit } = await opened(loaded);
    await Promise.all([get("/a"), get("/b")]);
    await get("/c");
    await data.purge({ tags: ["author:3"] });
    expect(await Promise.all(["/a", "/b", "/c"].map(isHit))).toEqual([false, false, false]);
  });
});

describe("a body that is made while it is read", () => {
  /** A body that reads the article after so many bytes. */
  const lateBody = (articles: () => Articles, bytes: number) =>
    new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (bytes > 0) {
            const size = Math.min(bytes, 65_536);
            bytes -= size;
            return controller.enqueue(new Uint8Array(size).fill(32));
          }
          const by = (await articles().getOrSet("7", () => article("Ada")))?.["by"];
          controller.enqueue(new TextEncoder().encode(by ?? ""));
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );

  it.each([
    { bytes: 0, isStored: true },
    { bytes: 100_000, isStored: true },
    { bytes: 3_000_000, isStored: false },
  ])(
    "of $bytes bytes has the tags of later values, or is not stored",
    async ({ bytes, isStored }) => {
      const world = await openBeside({
        config: { limits: { bufferBytes: 1_048_576 } },
        handler: (data) => () =>
          new Response(
            lateBody(() => articlesOf(data), bytes),
            { headers: cc("max-age=600") },
          ),
      });
      const get = async () => {
        const seen = await world.site.get("/page");
        await world.site.settle();
        await idle();
        return seen.cacheStatus.includes("; hit");
      };
      expect(await get()).toBe(false);
      expect(await get()).toBe(isStored);
      await articlesOf(world.data).delete("7");
      expect(await get()).toBe(false);
    },
  );
});

describe("a page is not stored", () => {
  it("of a stale value, until the value is loaded again", async () => {
    const { articles, get, isHit } = await opened(loaded);
    await get();
    await articles.expire("7/en");
    const { cacheStatus, fields } = await get();
    expect(cacheStatus).toMatch(/detail=.*stale-value/);
    expect(fields.get("cache-control")).not.toContain("max-age=600");
    await get();
    expect(await isHit()).toBe(true);
  });

  it("of a value whose load has failed, but of one that has only expired", async () => {
    let isDown = true;
    const { articles, clock, isHit } = await opened((values) =>
      values.getOrSet("7", () => (isDown ? Promise.reject(new Error("down")) : article("Bob"))),
    );
    await articles.set("7", article("Ada"));
    clock.advance(900);
    await isHit("/a");
    await isHit("/b");
    expect(await isHit("/b")).toBe(false);
    isDown = false;
    clock.advance(20);
    await isHit("/c");
    expect(await isHit("/c")).toBe(false);
    expect(await isHit("/c")).toBe(true);
    await articles.set("7", article("Ada"));
    clock.advance(900);
    await isHit("/d");
    expect(await isHit("/d")).toBe(true);
  });

  it("of a value that a load has made of a stale one", async () => {
    const { articles, get } = await opened((inner, data) =>
      data.namespace<string>("lists", { fresh: "10m" }).getOrSet("newest", async () => {
        const found = await inner.getOrSet("7", () => Promise.reject(new Error("down")));
        return `by ${found?.["by"]}`;
      }),
    );
    await articles.set("7", article("Ada"));
    await articles.expire("7");
    await idle();
    expect((await get()).cacheStatus).toContain("detail=stale-value");
    expect((await get()).cacheStatus).toContain("detail=stale-value");
  });

  it.each([
    { count: 127, isStored: true },
    { count: 126, isStored: true },
    { count: 128, isStored: false },
  ])("of $count keys if these are too many names", async ({ count, isStored }) => {
    const { get, isHit } = await opened(async (articles) => {
      const keys = Array.from({ length: count - 1 }, (_, nth) => `k${nth}`);
      const { values } = await articles.getOrSetMany(keys, () => new Map(), { missing: "absent" });
      return values.size;
    });
    const { cacheStatus } = await get();
    expect(cacheStatus.includes("detail=too-many-tags")).toBe(!isStored);
    expect(await isHit()).toBe(isStored);
  });

  it("of names that are too long together", async () => {
    const { get } = await opened((articles) =>
      Promise.all(Array.from({ length: 20 }, (_, nth) => articles.get(`${"k".repeat(500)}${nth}`))),
    );
    expect((await get()).cacheStatus).toContain("detail=too-many-tags");
  });
});

it("keeps the names of a page that a 304 freshens, and adds those that its handler has read", async () => {
  let key = "7";
  const { articles, get, isHit, clock } = await opened(
    (values) => values.get(key),
    {},
    {
      answer: (text, request) =>
        request.headers.has("if-none-match")
          ? unchanged(cc("max-age=10", { etag: '"1"' }))
          : page(text, cc("max-age=10", { etag: '"1"' })),
    },
  );
  for (const purged of ["7", "8"]) {
    key = "7";
    await get();
    key = "8";
    clock.advance(15);
    expect((await get()).cacheStatus).toContain("fwd-status=304");
    expect(await isHit()).toBe(true);
    await articles.delete(purged);
    expect(await isHit()).toBe(false);
    await articles.delete("7");
  }
});

it("leaves a route with inheritTags: false without the tags of values", async () => {
  const { articles, get, isHit } = await opened(loaded, {
    routes: [{ name: "pages", match: "/*", inheritTags: false }],
  });
  await get();
  await articles.clear();
  expect(await isHit()).toBe(true);
});

it("says once that a page has the value of a cache that is not the Worker's", async () => {
  const foreign = articlesOf(createDataCache(defineConfig({})));
  const { get, apart, isHit } = await opened(() => foreign.getOrSet("7", () => article("Ada")));
  await get("/a");
  await get("/b");
  expect(await isHit("/a")).toBe(true);
  expect(apart.filter((line) => line.includes("not its Worker's"))).toHaveLength(1);
});

it("shows in an explanation which tags are of values", async () => {
  const { site, get } = await opened(loaded, {}, { env: { ADMIN_TOKEN: explainToken } });
  await get();
  expect(await explainedText(site, "https://www.example.com/page")).toContain(
    "no tags, and from the values that its handler read: press, author:3, articles/7/en, articles, articles/7",
  );
});
