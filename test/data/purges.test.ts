// Tests the purges that cover data: by tag and of everything, from any sender, and by the data's
// own keys and prefixes. Purges of pages do not cover data.
import { describe, expect, it } from "vitest";
import type { DataPurge } from "../../src/data/purge-data.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { idle } from "../../testing/site/harness.ts";
import { openJournalled, send } from "../../testing/site/purge-sender.ts";

const keys = ["4", "42", "42/comments", "42/comments/7"] as const;
const all: string[] = [...keys];

async function opened() {
  const isolate = new DataIsolate();
  const tags = (_: string, key: string) => [`a:${key}`];
  const options = { fresh: "10m", stale: "1h", tags } as const;
  const articles = isolate.articles(options);
  const news = isolate.data.namespace<string, string>("news", options);
  for (const space of [articles, news]) {
    for (const key of keys) await space.set(key, key, { everywhere: false });
  }
  const left = async () => {
    const of = async (space: typeof articles) => [...(await space.getMany(keys)).keys()];
    return { articles: await of(articles), news: await of(news) };
  };
  return { isolate, articles, left };
}

describe("a purge of the application", () => {
  it.each<{ order: DataPurge; articles: string[]; news?: string[] }>([
    { order: { keys: ["articles/42"] }, articles: all.toSpliced(1, 1) },
    { order: { keys: [["articles", 42, "comments"]] }, articles: all.toSpliced(2, 1) },
    { order: { prefixes: ["articles/42"] }, articles: ["4"] },
    { order: { prefixes: ["articles/42/"] }, articles: ["4"] },
    { order: { prefixes: ["articles/4"] }, articles: all.slice(1) },
    { order: { prefixes: ["articles"] }, articles: [] },
    { order: { tags: ["a:42"] }, articles: all.toSpliced(1, 1), news: all.toSpliced(1, 1) },
  ])("covers $order", async ({ order, articles, news = all }) => {
    const { isolate, left } = await opened();
    expect((await isolate.data.purge(order)).position).toMatch(/^\d+-\d+$/);
    expect(await left()).toEqual({ articles, news });
    expect(isolate.data.stats()).toMatchObject({ purges: { accepted: 1 } });
  });

  it.each<{ order: DataPurge; notes?: string[] }>([
    { order: { keys: ["articles/42"], prefixes: [["news"]], tags: ["a"] } },
    {
      order: { keys: ["nope/1"], prefixes: [["gone", 1]] },
      notes: ["nope", "gone"].map(
        (name) => `"${name}" is no namespace that this process has opened.`,
      ),
    },
    {
      order: { tags: ["a*"] },
      notes: ['"a*" was read literally: a star in a tag is not a pattern.'],
    },
    {
      order: { tags: ["a, b"] },
      notes: ['"a, b" was read as one tag. Send several tags as an array.'],
    },
  ])("has notes on names that may cover nothing: $order", async ({ order, notes }) => {
    const { isolate } = await opened();
    expect((await isolate.data.purge(order)).notes).toEqual(notes);
  });

  it.each([
    { run: "delete", articles: all.toSpliced(1, 1) },
    { run: "clear", articles: all.slice(0, 1) },
  ] as const)("by $run of a namespace covers no other namespace", async ({ run, articles }) => {
    const world = await opened();
    expect((await world.articles[run]("42")).position).toMatch(/^\d+-\d+$/);
    expect(await world.left()).toEqual({ articles, news: all });
  });

  it.each(["purge", "expire"] as const)("by a soft `%s` leaves a stale value", async (call) => {
    const { isolate, articles } = await opened();
    if (call === "expire") await articles.expire("42");
    else await isolate.data.purge({ keys: ["articles/42"], soft: true });
    await idle();
    let loads = 0;
    const load = () => `new ${(loads += 1)}`;
    expect(await articles.getOrSet("42", load)).toBe("42");
    await idle();
    expect(await articles.getOrSet("42", load)).toBe("new 1");
    expect(loads).toBe(1);
  });

  it("prevents a stale answer if the next load fails", async () => {
    const { isolate, articles } = await opened();
    await isolate.data.purge({ tags: ["a:42"] });
    const failed = articles.getOrSet("42", () => Promise.reject(new Error("down")));
    await expect(failed).rejects.toThrow("down");
  });

  it("by a tag of the whole namespace covers a stored null", async () => {
    const isolate = new DataIsolate();
    const users = isolate.articles({ negative: "10m", tags: ["all"] });
    await users.getOrSet("7", () => null);
    expect(await users.get("7")).toBeNull();
    await isolate.data.purge({ tags: ["all"] });
    expect(await users.get("7")).toBeUndefined();
  });

  it("reaches every other isolate within N", async () => {
    const { isolate } = await opened();
    await isolate.settle();
    const other = isolate.beside().articles({ fresh: "10m" });
    expect(await other.get("42")).toBe("42");
    await isolate.data.purge({ keys: ["articles/42"] });
    isolate.clock.advance(10);
    expect(await other.get("42")).toBeUndefined();
    expect(await other.get("4")).toBe("4");
  });

  it("does not cover a value that another isolate loads after the purge", async () => {
    const { isolate, articles } = await opened();
    const there = isolate.elsewhere().articles({ fresh: "10m" });
    await there.get("4");
    await isolate.data.purge({ keys: ["articles/42"] });
    await idle();
    isolate.clock.advance(1);
    await articles.getOrSet("42", () => "new");
    await idle();
    expect(await there.get("42")).toBe("new");
  });

  it.each([
    { id: "nothing", order: {}, why: "It names no tag, key, URL or prefix." },
    { id: "an empty tag", order: { tags: [" "] }, why: "It is empty" },
    { id: "a long tag", order: { tags: ["é".repeat(129)] }, why: "It is longer than 256 bytes." },
    { id: "an empty segment", order: { keys: ["articles//42"] }, why: "an empty segment" },
    { id: "a long reason", order: { tags: ["a"], reason: "r".repeat(513) }, why: "Its reason" },
  ])("is refused with $id", async ({ order, why }) => {
    await expect(new DataIsolate().data.purge(order)).rejects.toThrow(why);
  });

  it("is refused without a database, with a hint", async () => {
    const isolate = new DataIsolate({ upstash: null });
    await expect(isolate.data.purge({ tags: ["a"] })).rejects.toThrow(
      "No journal is configured. Pass stores, such as durableObjects()",
    );
  });
});

it("a purge of everything covers all values, and no other member may take its place", async () => {
  const { isolate, articles } = await opened();
  isolate.clock.advance(1);
  await expect(isolate.data.purge({ everything: false })).rejects.toThrow(
    "or write everything: true.",
  );
  await isolate.data.purge({ everything: true });
  expect(await articles.get("42")).toBeUndefined();
});

it("a load fails if it sets a tag that no purge can name", async () => {
  const { articles } = await opened();
  const load = (context: { tags: (tag: string) => void }) => {
    context.tags("x".repeat(257));
    return "a";
  };
  await expect(articles.getOrSet("9", load)).rejects.toThrow("A tag of data is invalid.");
});

describe("a purge of an operator", () => {
  it.each([
    { order: { tags: ["a:42"] }, isCovered: true },
    { order: { everything: true }, isCovered: true },
    { order: { prefixes: ["/articles/"] }, isCovered: false },
    { order: { prefixes: ["/"] }, isCovered: false },
    { order: { hosts: ["www.example.com"] }, isCovered: false },
    { order: { prefixes: ["https://www.example.com/"] }, isCovered: false },
    { order: { hosts: ["tidemark-data"] }, isCovered: false },
    { order: { routes: ["articles"] }, isCovered: false },
    { order: { urls: ["https://www.example.com/articles/42"] }, isCovered: false },
  ])("covers a value or not: $order, $isCovered", async ({ order, isCovered }) => {
    const { isolate, articles } = await opened();
    const { clock, upstash } = isolate;
    const config = { routes: [{ name: "articles", match: "/articles/*" }] };
    const { site } = openJournalled({ clock, upstash, config });
    expect((await send(site, order)).status).toBe(200);
    clock.advance(10);
    expect(await articles.get("42")).toBe(isCovered ? undefined : "42");
  });

  const names = ["tidemark-data:/articles/42", "tidemark-data:/articles/"];
  it.each(names)("cannot name %s", async (name) => {
    const { isolate, left } = await opened();
    const { clock, upstash } = isolate;
    const { site } = openJournalled({ clock, upstash });
    for (const order of [{ urls: [name] }, { prefixes: [name] }]) {
      expect((await send(site, order)).status).toBe(400);
      // With a valid name, the purge leaves out the other.
      expect((await send(site, { ...order, tags: ["none"] })).status).toBe(200);
    }
    clock.advance(10);
    expect(await left()).toEqual({ articles: all, news: all });
  });
});

it("a purge reaches an isolate whose clock was set back while the isolate was idle", async () => {
  const [real, own] = [new FakeClock(), new FakeClock()];
  const upstash = new UnsteadyUpstash(real);
  const aheadMs = () => own.atMs - real.atMs;
  const isolate = new DataIsolate({ clock: own, upstash, platform: { aheadMs } });
  const articles = isolate.articles({ fresh: "1h" });
  await articles.getOrSet("42", () => "old");
  real.advance(1);
  await new DataIsolate({ clock: real, upstash }).data.purge({ keys: ["articles/42"] });
  real.advance(67);
  own.advance(8);
  expect(await articles.getOrSet("42", () => "new")).toBe("new");
});
