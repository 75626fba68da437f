// Which purges cover data: those of tags and of everything, whoever sends them, and those of its own keys
// and prefixes. None that is about pages.
import { describe, expect, it } from "vitest";
import type { DataPurge } from "../../src/data/purge-data.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { idle, openSite } from "../../testing/site/harness.ts";
import { adminToken, bearer } from "../../testing/site/purge-sender.ts";

const keys = ["4", "42", "42/comments", "42/comments/7"] as const;

async function opened() {
  const isolate = new DataIsolate();
  const options = {
    fresh: "10m",
    stale: "1h",
    tags: (_: string, key: string) => [`a:${key}`],
  } as const;
  const articles = isolate.data.namespace<string, string>("articles", options);
  const news = isolate.data.namespace<string, string>("news", options);
  for (const space of [articles, news]) {
    for (const key of keys) await space.set(key, key);
  }
  const left = async () => {
    const of = async (space: typeof articles) => [...(await space.getMany(keys)).keys()];
    return { articles: await of(articles), news: await of(news) };
  };
  return { isolate, articles, news, left };
}

const all = [...keys];

describe("a purge of the application", () => {
  const rows: { id: string; order: DataPurge; articles: string[]; news: string[] }[] = [
    { id: "a key", order: { keys: ["articles/42"] }, articles: all.toSpliced(1, 1), news: all },
    {
      id: "segments",
      order: { keys: [["articles", 42, "comments"]] },
      articles: all.toSpliced(2, 1),
      news: all,
    },
    { id: "a prefix", order: { prefixes: ["articles/42"] }, articles: ["4"], news: all },
    {
      id: "a prefix, with a slash",
      order: { prefixes: ["articles/42/"] },
      articles: ["4"],
      news: all,
    },
    {
      id: "a prefix within a segment",
      order: { prefixes: ["articles/4"] },
      articles: all.slice(1),
      news: all,
    },
    { id: "a namespace", order: { prefixes: ["articles"] }, articles: [], news: all },
    {
      id: "a tag",
      order: { tags: ["a:42"] },
      articles: all.toSpliced(1, 1),
      news: all.toSpliced(1, 1),
    },
  ];
  it.each(rows)("covers what it names: $id", async ({ order, articles, news }) => {
    const { isolate, left } = await opened();
    const purged = await isolate.data.purge(order);
    expect(purged.position).toMatch(/^\d+-\d+$/);
    expect(await left()).toEqual({ articles, news });
    expect(isolate.data.stats()).toMatchObject({ purges: { accepted: 1 } });
  });

  it.each([
    { id: "delete", run: "delete" },
    { id: "bump", run: "bump" },
  ] as const)("by a namespace: $id", async ({ run }) => {
    const { articles, left } = await opened();
    await articles[run]("42");
    expect(await left()).toEqual({
      articles: run === "delete" ? all.toSpliced(1, 1) : [],
      news: all,
    });
  });

  it.each([
    { id: "soft", order: { keys: ["articles/42"], soft: true } },
    { id: "expire", order: undefined },
  ])("$id makes stale: the value answers, and is loaded anew", async ({ order }) => {
    const { isolate, articles } = await opened();
    await (order === undefined ? articles.expire("42") : isolate.data.purge(order));
    await idle();
    let loads = 0;
    const load = () => `new ${(loads += 1)}`;
    expect(await articles.getOrSet("42", load)).toBe("42");
    await idle();
    expect(await articles.getOrSet("42", load)).toBe("new 1");
    expect(loads).toBe(1);
  });

  it("hides a value by default, also from stale", async () => {
    const { isolate, articles } = await opened();
    await isolate.data.purge({ tags: ["a:42"] });
    const failed = articles.getOrSet("42", () => Promise.reject(new Error("down")));
    await expect(failed).rejects.toThrow("down");
  });

  it("of a tag that all of a namespace bears covers also what is known not to be there", async () => {
    const { isolate } = await opened();
    const options = { fresh: "10m", negative: "10m", tags: ["all"] } as const;
    const users = isolate.data.namespace<string>("users", options);
    await users.getOrSet("7", () => null);
    expect(await users.get("7")).toBeNull();
    await isolate.data.purge({ tags: ["all"] });
    expect(await users.get("7")).toBeUndefined();
  });

  it("is seen in every other isolate within N", async () => {
    const { isolate } = await opened();
    await isolate.settle();
    const other = isolate.beside().data.namespace<string>("articles", { fresh: "10m" });
    expect(await other.get("42")).toBe("42");
    await isolate.data.purge({ keys: ["articles/42"] });
    isolate.clock.advance(10);
    expect(await other.get("42")).toBeUndefined();
    expect(await other.get("4")).toBe("4");
  });

  it("has a younger view judge what was loaded after it elsewhere, before that is loaded again", async () => {
    const { isolate, articles } = await opened();
    const { clock, upstash } = isolate;
    const far = new DataIsolate({ clock, upstash });
    const there = far.data.namespace<string>("articles", { fresh: "10m" });
    await there.get("4");
    await isolate.data.purge({ keys: ["articles/42"] });
    await idle();
    clock.advance(1);
    await articles.getOrSet("42", () => "new");
    await idle();
    expect(await there.get("42")).toBe("new");
  });

  it.each([
    { id: "nothing", order: {}, why: "It names no tag, key or prefix." },
    { id: "an empty tag", order: { tags: [" "] }, why: "It is empty" },
    { id: "a long tag", order: { tags: ["é".repeat(129)] }, why: "It is longer than 256 bytes." },
    { id: "an empty key", order: { keys: ["articles//42"] }, why: "an empty segment" },
    { id: "a long reason", order: { tags: ["a"], reason: "r".repeat(513) }, why: "Its reason" },
  ])("is refused where it names $id", async ({ order, why }) => {
    const { isolate } = await opened();
    await expect(isolate.data.purge(order)).rejects.toThrow(why);
  });

  it("says what to do where there is no database", async () => {
    const isolate = new DataIsolate({ upstash: null });
    await expect(isolate.data.purge({ tags: ["a"] })).rejects.toThrow(
      "there is no journal of purges. Set UPSTASH_REDIS_REST_URL",
    );
  });
});

it("refuses a tag that no purge could name", async () => {
  const { articles } = await opened();
  const load = (context: { tags: (tag: string) => void }) => {
    context.tags("x".repeat(257));
    return "a";
  };
  await expect(articles.getOrSet("9", load)).rejects.toThrow("A tag of data is invalid.");
});

describe("a purge that an operator sends to the site", () => {
  const rows = [
    { id: "a tag", order: { tags: ["a:42"] }, isCovered: true },
    { id: "everything", order: { everything: true }, isCovered: true },
    { id: "a path", order: { prefixes: ["/articles/"] }, isCovered: false },
    { id: "every path", order: { prefixes: ["/"] }, isCovered: false },
    { id: "a host", order: { hosts: ["www.example.com"] }, isCovered: false },
    { id: "a host and path", order: { prefixes: ["https://www.example.com/"] }, isCovered: false },
    { id: "a host of its name", order: { hosts: ["tidemark-data"] }, isCovered: false },
    { id: "a route", order: { routes: ["articles"] }, isCovered: false },
    { id: "a URL", order: { urls: ["https://www.example.com/articles/42"] }, isCovered: false },
  ];
  it.each(rows)("$id: covered is $isCovered", async ({ order, isCovered }) => {
    const { isolate, articles } = await opened();
    const { clock, upstash } = isolate;
    const config = { routes: [{ name: "articles", match: "/articles/*" }] };
    const site = openSite({ clock, upstash, config, env: { ADMIN_TOKEN: adminToken } });
    const body = JSON.stringify(order);
    const sent = await site.ask("/_cache/purge", { method: "POST", headers: bearer, body });
    expect(sent.status).toBe(200);
    clock.advance(10);
    expect(await articles.get("42")).toBe(isCovered ? undefined : "42");
  });

  it.each(["tidemark-data:/articles/42", "tidemark-data:/articles/"])(
    "cannot name %s",
    async (name) => {
      const { clock, upstash } = new DataIsolate();
      const site = openSite({ clock, upstash, env: { ADMIN_TOKEN: adminToken } });
      for (const order of [{ urls: [name] }, { prefixes: [name] }]) {
        const body = JSON.stringify(order);
        const sent = await site.ask("/_cache/purge", { method: "POST", headers: bearer, body });
        expect(sent.status).toBe(400);
      }
    },
  );
});

it("one purge by the application takes pages too", async () => {
  const isolate = new DataIsolate();
  const { clock, upstash } = isolate;
  let count = 0;
  const site = openSite({
    clock,
    upstash,
    origin: () => {
      const headers = { "cache-control": "max-age=600", "cache-tag": "red" };
      return new Response(`page ${(count += 1)}`, { headers });
    },
  });
  expect([(await site.get("/a")).text, (await site.get("/a")).text]).toEqual(["page 1", "page 1"]);
  await isolate.data.purge({ tags: ["red"] });
  clock.advance(10);
  expect((await site.get("/a")).text).toBe("page 2");
});
