// Tests stale values during a slow load, after a failed load, and in the context of a load.
import { expect, it } from "vitest";
import type { LoadContext } from "../../src/data/value/load-context.ts";
import { allJoined, openArticles } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

const down = new Error("s3cret: the source is down");

/** Opens an isolate with a stored value that is stale by default. */
const aged = async (options: object = {}, ageSeconds = 70) => {
  const world = openArticles({ stale: "1h", ...options });
  await world.articles.getOrSet("42", () => "old");
  await world.isolate.settle();
  world.isolate.clock.advance(ageSeconds);
  return world;
};

const waiting = { softTimeoutMs: 5_000 };

it("a stale value answers at once, and is reloaded once in the background", async () => {
  const { articles, source } = await aged();
  const asked = Array.from({ length: 3 }, () => articles.getOrSet("42", source.load));
  expect(await Promise.all(asked)).toEqual(["old", "old", "old"]);
  await until(() => source.count === 1);
  source.answer("new");
  await idle();
  expect([await articles.getOrSet("42", source.load), source.count]).toEqual(["new", 1]);
});

it.each(["get", "getMany"] as const)(
  "a stale value answers %s, and is reloaded by the namespace's own load",
  async (call) => {
    const load = async (keys: readonly string[]) => new Map(keys.map((key) => [key, "new"]));
    const { articles } = await aged({ load, ...waiting });
    const look = async () =>
      call === "get" ? articles.get("42") : (await articles.getMany(["42"])).get("42");
    expect(await look()).toBe("old");
    await idle();
    expect(await look()).toBe("new");
  },
);

it.each([
  { id: "null", load: () => null },
  { id: "a skipped value", load: ({ skip }: LoadContext<string>) => (skip(), "new") },
  { id: "a value without a lifetime", load: ({ fresh }: LoadContext<string>) => (fresh(0), "new") },
  { id: "a value that has expired", load: ({ fresh }: LoadContext<string>) => (fresh(-1), "new") },
])("a stale value leaves all tiers when its load returns $id", async ({ load }) => {
  const { isolate, articles } = await aged();
  expect(await articles.getOrSet("42", load)).toBe("old");
  await idle();
  for (const each of [isolate, isolate.beside(), isolate.elsewhere()]) {
    expect(await each.articles({ stale: "1h" }).get("42")).toBeUndefined();
  }
});

it("get keeps returning a stale value if the namespace has no load", async () => {
  const { articles, counts } = await aged();
  expect(await articles.get("42")).toBe("old");
  await idle();
  expect(await articles.get("42")).toBe("old");
  expect(counts()).toMatchObject({ loads: 1, refreshes: 0, stale: 2 });
});

it("another isolate's newer value replaces a stale one without a load", async () => {
  const { isolate, articles, source } = await aged();
  const other = isolate.beside();
  await other.articles({ stale: "1h" }).getOrSet("42", () => "theirs", { forceFresh: true });
  await idle();
  expect(await articles.getOrSet("42", source.load)).toBe("old");
  await idle();
  expect([await articles.getOrSet("42", source.load), source.count]).toEqual(["theirs", 0]);
});

it("a stale value answers after the soft time-out, and the load continues", async () => {
  const { articles, source } = await aged({ softTimeoutMs: 5 });
  const asked = [articles.getOrSet("42", source.load), articles.getOrSet("42", source.load)];
  expect(await Promise.all(asked)).toEqual(["old", "old"]);
  source.answer("new");
  await idle();
  expect([await articles.getOrSet("42", source.load), source.count]).toEqual(["new", 1]);
});

it("a load within the soft time-out answers", async () => {
  const { articles } = await aged(waiting);
  expect(await articles.getOrSet("42", () => "new")).toBe("new");
});

it("a stale value answers for retryAfter after a failed load, without another load", async () => {
  const { isolate, articles, counts } = await aged({ ...waiting, retryAfter: "10s" });
  const load = () => Promise.reject(down);
  expect(await articles.getOrSet("42", load)).toBe("old");
  isolate.clock.advance(9.9);
  expect([await articles.getOrSet("42", load), counts()?.failedLoads]).toEqual(["old", 1]);
  isolate.clock.advance(0.1);
  expect([await articles.getOrSet("42", load), counts()?.failedLoads]).toEqual(["old", 2]);
  expect(counts()).toMatchObject({ stale: 3 });
});

it("a failed load in the background is also not repeated for retryAfter", async () => {
  const { isolate, articles, counts } = await aged();
  const ask = async () => {
    expect(await articles.getOrSet("42", () => Promise.reject(down))).toBe("old");
    await idle();
  };
  for (let nth = 0; nth < 3; nth += 1) await ask();
  expect(counts()?.failedLoads).toBe(1);
  isolate.clock.advance(10);
  await ask();
  expect(counts()?.failedLoads).toBe(2);
  expect(isolate.log.join("\n")).not.toContain("s3cret");
});

it("a stale value answers all calls that waited for a failed load", async () => {
  const { articles, source } = await aged(waiting);
  const asked = [0, 1, 2].map(() => articles.getOrSet("42", source.load));
  await allJoined(source);
  source.fail(down);
  expect([await Promise.all(asked), source.count]).toEqual([["old", "old", "old"], 1]);
});

it("a value answers no longer than fresh and stale together", async () => {
  const { articles } = await aged({}, 60 + 3_600);
  await expect(articles.getOrSet("42", () => Promise.reject(down))).rejects.toBe(down);
});

it("context.fail fails the load like an error", async () => {
  const { articles } = await aged(waiting);
  expect(await articles.getOrSet("42", (context) => context.fail("not now"))).toBe("old");
  const failed = openArticles().articles.getOrSet("42", (context) => context.fail("not now"));
  await expect(failed).rejects.toMatchObject({ name: "LoadFailed", message: "not now" });
});

it("context.notModified renews the lifetime of context.stale", async () => {
  const { isolate, articles } = await aged(waiting);
  const seen: unknown[] = [];
  const load = (context: LoadContext<string>) => {
    seen.push(context.stale);
    return context.notModified();
  };
  expect(await articles.getOrSet("42", load)).toBe("old");
  isolate.clock.advance(59);
  expect(await articles.getOrSet("42", load)).toBe("old");
  expect(seen).toEqual(["old"]);
});

it("context.notModified fails for a value that was purged before the load", async () => {
  const { isolate, articles } = await aged(waiting);
  await isolate.data.purge({ keys: ["articles/42"] });
  const failed = articles.getOrSet("42", (context) => context.notModified());
  await expect(failed).rejects.toThrow("notModified() was called without an older value.");
});

it("a value that is purged during context.notModified is loaded again", async () => {
  const { isolate, articles, source } = await aged(waiting);
  const seen: unknown[] = [];
  const asked = articles.getOrSet("42", async (context) => {
    seen.push(context.stale);
    const value = await source.load(context);
    return value === "same" ? context.notModified() : value;
  });
  await until(() => source.count === 1);
  await isolate.data.purge({ keys: ["articles/42"] });
  await idle();
  source.answer("same");
  await idle();
  source.answer("new");
  expect([await asked, seen]).toEqual(["new", ["old", undefined]]);
});
