// Tests that the present tags of the namespace and of the call count in each judgement of a value beside the stored ones
// (rule 5). test/scenarios/purges/new-tag.test.ts tests the same for pages, and fields/hash-fields.test.ts for fields.
import { describe, expect, it } from "vitest";
import type { Namespace } from "../../src/data/namespace.ts";
import {
  allJoined,
  DataIsolate,
  HeldSource,
  neverLoaded,
} from "../../testing/data/data-isolate.ts";

type Articles = Namespace<string, string, never>;

/** Stores a value by a release without the tag, and opens an isolate of a release with it. */
async function added(options: object = {}, { isBeside = false, now = {} } = {}) {
  const first = new DataIsolate();
  await first.articles({ tags: ["labels"], ...options }).getOrSet("a", () => "old");
  await first.settle();
  const isolate = isBeside ? first.beside() : first.elsewhere();
  const articles = isolate.articles({ tags: ["labels", "datasets"], ...options, ...now });
  return { first, isolate, articles };
}

const load = () => "new";
const known = (articles: Articles) => articles.getOrSet("a", neverLoaded);

describe("a tag that a release adds to a namespace", () => {
  it.each<{ id: string; read: (articles: Articles) => Promise<unknown>; as: unknown }>([
    { id: "getOrSet", read: (of) => of.getOrSet("a", load), as: "new" },
    { id: "get", read: (of) => of.get("a"), as: undefined },
    { id: "has", read: (of) => of.has("a"), as: false },
    { id: "touch", read: (of) => of.touch("a"), as: undefined },
    { id: "lookUp", read: async (of) => (await of.lookUp("a")).value, as: undefined },
    { id: "getMany", read: async (of) => (await of.getMany(["a"])).size, as: 0 },
    {
      id: "getOrSetMany",
      read: async (of) => {
        const { values } = await of.getOrSetMany(
          ["a"],
          (keys) => new Map(keys.map((key) => [key, "new"])),
        );
        return values.get("a");
      },
      as: "new",
    },
    { id: "wrap", read: (of) => of.wrap(load, { key: () => "a" })(), as: "new" },
  ])("covers the value for $id, in Redis, in memory and at the edge", async ({ read, as }) => {
    for (const { isBeside, isRead } of [
      { isBeside: false, isRead: false },
      { isBeside: false, isRead: true },
      { isBeside: true, isRead: false },
    ]) {
      const { isolate, articles } = await added({}, { isBeside });
      expect(isRead ? await known(articles) : "old").toBe("old");
      await isolate.data.purge({ tags: ["datasets"] });
      expect(await read(articles)).toEqual(as);
    }
  });

  it("is that of a function of the value and the key", async () => {
    const tags = (value: string, key: string) => [`is:${value}`, `of:${key}`];
    for (const [tag, isCovered] of [
      ["is:old", true],
      ["of:a", true],
      ["of:b", false],
    ] as const) {
      const { isolate, articles } = await added({}, { now: { tags } });
      expect(await known(articles)).toBe("old");
      await isolate.data.purge({ tags: [tag] });
      expect(await articles.get("a")).toBe(isCovered ? undefined : "old");
    }
  });

  it("a value of which the function fails is loaded again", async () => {
    const tags = (value: string) => {
      if (value === "old") throw new Error("unknown");
      return [];
    };
    const { isolate, articles } = await added({}, { now: { tags } });
    expect(await articles.get("a")).toBeUndefined();
    expect(await articles.getOrSet("a", load)).toBe("new");
    expect(await known(articles)).toBe("new");
    expect(isolate.data.stats().badRecords).toBeGreaterThan(0);
  });

  it("does not cover the value for the older release", async () => {
    const { first, isolate } = await added();
    await isolate.data.purge({ tags: ["datasets"] });
    first.clock.advance(11);
    expect(await known(first.articles({ tags: ["labels"] }))).toBe("old");
  });

  it("makes the value stale after a soft purge, and stands in for no load after a hard one", async () => {
    const { isolate, articles } = await added({ stale: "1h" });
    await isolate.data.purge({ tags: ["datasets"], soft: true });
    const failing = () => Promise.reject(new Error("down"));
    expect(await articles.getOrSet("a", failing)).toBe("old");
    await isolate.data.purge({ tags: ["datasets"] });
    await expect(articles.getOrSet("a", failing)).rejects.toThrow("down");
  });

  it("withholds the older value from a load, which could confirm it (rule 23)", async () => {
    const { isolate, articles } = await added({ stale: "1h" });
    isolate.clock.advance(61);
    await isolate.data.purge({ tags: ["datasets"] });
    const confirming = articles.getOrSet("a", ({ stale }) => String(stale));
    expect(await confirming).toBe("undefined");
  });

  it("makes the cron trigger load the value", async () => {
    const kept = { keys: ["a"], refresh: "50s", load: () => new Map([["a", "new"]]) };
    const { isolate, articles } = await added({}, { now: kept });
    await isolate.data.purge({ tags: ["datasets"] });
    await isolate.data.runCron();
    expect(await known(articles)).toBe("new");
  });

  it("is stored with a value that the source confirms, so that it stays if it is removed", async () => {
    const { isolate, articles } = await added({ stale: "1h" });
    isolate.clock.advance(61);
    await articles.getOrSet("a", ({ notModified }) => notModified());
    await isolate.settle();
    const after = isolate.elsewhere().articles({ tags: ["labels"], stale: "1h" });
    expect(await known(after)).toBe("old");
    await isolate.data.purge({ tags: ["datasets"] });
    isolate.clock.advance(11);
    expect(await after.get("a")).toBeUndefined();
  });
});

describe("a tag of a call", () => {
  it.each([
    { at: "in memory", elsewhere: false },
    { at: "in Redis", elsewhere: true },
  ])("covers a value $at that was stored without it, for this call", async ({ elsewhere }) => {
    const { first, isolate: other } = await added();
    const isolate = elsewhere ? other : first;
    const articles = elsewhere
      ? other.articles({ tags: ["labels", "datasets"] })
      : first.articles({ tags: ["labels"] });
    await isolate.data.purge({ tags: ["more"] });
    expect(await known(articles)).toBe("old");
    expect(await articles.getOrSet("a", load, { tags: [" more "] })).toBe("new");
    await isolate.data.purge({ tags: ["more"] });
    expect(await articles.get("a")).toBeUndefined();
  });

  it("covers a load that another call began before the purge", async () => {
    const isolate = new DataIsolate();
    const [articles, source] = [isolate.articles(), new HeldSource()];
    const leading = articles.getOrSet("a", source.load, { tags: ["red"] });
    await allJoined(source);
    const joining = articles.getOrSet("a", source.load, { tags: ["blue"] });
    const equal = articles.getOrSet("a", source.load, { tags: ["red"] });
    await isolate.data.purge({ tags: ["blue"] });
    source.answer("old");
    expect([await leading, await equal]).toEqual(["old", "old"]);
    await allJoined(source, 2);
    source.answer("new");
    expect(await joining).toBe("new");
  });

  it("forbids a stale value, and the confirmation of an older one", async () => {
    const { isolate, articles } = await added({ stale: "1h" });
    isolate.clock.advance(61);
    await isolate.data.purge({ tags: ["more"] });
    const failing = () => Promise.reject(new Error("down"));
    await expect(articles.getOrSet("a", failing, { tags: ["more"] })).rejects.toThrow("down");
    const seen = await articles.getOrSet("a", ({ stale }) => String(stale), { tags: ["more"] });
    expect(seen).toBe("undefined");
  });

  it("is refused if no purge can name it", async () => {
    const { articles } = await added();
    await expect(articles.getOrSet("a", load, { tags: [""] })).rejects.toThrow("A tag of data");
  });
});
