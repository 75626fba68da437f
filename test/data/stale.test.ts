// Stale values: while a load is slow, where it fails, and what a load is told of them.
import { describe, expect, it } from "vitest";
import type { LoadContext } from "../../src/data/value/load-context.ts";
import { allJoined, DataIsolate, openArticles } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

const down = new Error("s3cret: the source is down");
const failing = () => Promise.reject(down);

describe("a stale value", () => {
  const aged = async (options: object, ageSeconds = 70) => {
    const world = openArticles({ stale: "1h", ...options });
    await world.articles.getOrSet("42", () => "old");
    await world.isolate.settle();
    world.isolate.clock.advance(ageSeconds);
    return world;
  };

  it("answers at once, and is loaded anew behind the answer, once", async () => {
    const { articles, source } = await aged({});
    const asked = Array.from({ length: 3 }, () => articles.getOrSet("42", source.load));
    expect(await Promise.all(asked)).toEqual(["old", "old", "old"]);
    await until(() => source.count === 1);
    source.answer("new");
    await idle();
    expect([await articles.getOrSet("42", source.load), source.count]).toEqual(["new", 1]);
  });

  it.each(["get", "getMany"] as const)(
    "answers %s, and is loaded anew behind it where the namespace has a load",
    async (call) => {
      const load = async (keys: readonly string[]) => new Map(keys.map((key) => [key, "new"]));
      const { articles } = await aged({ load, softTimeoutMs: 5_000 });
      const look = async () =>
        call === "get" ? articles.get("42") : (await articles.getMany(["42"])).get("42");
      expect(await look()).toBe("old");
      await idle();
      expect(await look()).toBe("new");
    },
  );

  it.each([
    { id: "null, which is not stored", load: () => null },
    { id: "what is skipped", load: ({ skip }: LoadContext<string>) => (skip(), "new") },
    { id: "what has no lifetime", load: ({ fresh }: LoadContext<string>) => (fresh("0s"), "new") },
  ])("answers no longer, in any tier, once a load has brought $id", async ({ load }) => {
    const { isolate, articles, space } = await aged({});
    expect(await articles.getOrSet("42", load)).toBe("old");
    await idle();
    const { clock, upstash } = isolate;
    for (const each of [isolate, isolate.beside(), new DataIsolate({ clock, upstash })]) {
      const there = each.data.namespace<string>("articles", { ...space, stale: "1h" });
      expect(await there.get("42")).toBeUndefined();
    }
  });

  it("answers get, and stays where nothing can load it", async () => {
    const { articles, counts } = await aged({});
    expect(await articles.get("42")).toBe("old");
    await idle();
    expect(await articles.get("42")).toBe("old");
    expect(counts()).toMatchObject({ articles: { loads: 1, refreshes: 0, stale: 2 } });
  });

  it("is taken from another isolate's load, where there is one", async () => {
    const { isolate, articles, source, space } = await aged({});
    const other = isolate.beside();
    const there = other.data.namespace<string, string>("articles", { ...space, stale: "1h" });
    await there.getOrSet("42", () => "theirs", { forceFresh: true });
    await other.settle();
    expect(await articles.getOrSet("42", source.load)).toBe("old");
    await idle();
    expect([await articles.getOrSet("42", source.load), source.count]).toEqual(["theirs", 0]);
  });

  it("answers once a load has taken longer than the soft time-out, and the load goes on", async () => {
    const { articles, source } = await aged({ softTimeoutMs: 5 });
    const asked = [articles.getOrSet("42", source.load), articles.getOrSet("42", source.load)];
    expect(await Promise.all(asked)).toEqual(["old", "old"]);
    source.answer("new");
    await idle();
    expect([await articles.getOrSet("42", source.load), source.count]).toEqual(["new", 1]);
  });

  it("does not answer where the load is in time", async () => {
    const { articles } = await aged({ softTimeoutMs: 5_000 });
    expect(await articles.getOrSet("42", () => "new")).toBe("new");
  });

  it("answers in place of an error, for a while without another load", async () => {
    const { isolate, articles, counts } = await aged({ softTimeoutMs: 5_000, retryAfter: "10s" });
    let loads = 0;
    const load = () => {
      loads += 1;
      return failing();
    };
    expect(await articles.getOrSet("42", load)).toBe("old");
    isolate.clock.advance(9.9);
    expect([await articles.getOrSet("42", load), loads]).toEqual(["old", 1]);
    isolate.clock.advance(0.1);
    expect([await articles.getOrSet("42", load), loads]).toEqual(["old", 2]);
    expect(counts()).toMatchObject({ articles: { stale: 3, failedLoads: 2 } });
  });

  it("answers those who waited for another's load that fails", async () => {
    const { articles, source } = await aged({ softTimeoutMs: 5_000 });
    const asked = [0, 1, 2].map(() => articles.getOrSet("42", source.load));
    await allJoined(source);
    source.fail(down);
    expect([await Promise.all(asked), source.count]).toEqual([["old", "old", "old"], 1]);
  });

  it("rests behind answers, too", async () => {
    const { isolate, articles } = await aged({});
    let loads = 0;
    const load = () => {
      loads += 1;
      return failing();
    };
    for (let nth = 0; nth < 3; nth += 1) {
      expect(await articles.getOrSet("42", load)).toBe("old");
      await idle();
    }
    expect(loads).toBe(1);
    isolate.clock.advance(10);
    await articles.getOrSet("42", load);
    await idle();
    expect(loads).toBe(2);
    expect(isolate.log.join("\n")).not.toContain("s3cret");
  });

  it("answers no longer than it may", async () => {
    const { articles } = await aged({}, 60 + 3_600);
    await expect(articles.getOrSet("42", failing)).rejects.toBe(down);
  });

  it("answers where the load itself says that it has failed", async () => {
    const { articles } = await aged({ softTimeoutMs: 5_000 });
    expect(await articles.getOrSet("42", (context) => context.fail("not now"))).toBe("old");
    const { articles: empty } = openArticles();
    const failed = empty.getOrSet("42", (context) => context.fail("not now"));
    await expect(failed).rejects.toMatchObject({ name: "LoadFailed", message: "not now" });
  });

  it("is handed to the load, which may say that it still holds", async () => {
    const { isolate, articles } = await aged({ softTimeoutMs: 5_000 });
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

  it("is not handed on once a purge covers it, and notModified says so", async () => {
    const { isolate, articles } = await aged({ softTimeoutMs: 5_000 });
    await isolate.data.purge({ keys: ["articles/42"] });
    const failed = articles.getOrSet("42", (context) => context.notModified());
    await expect(failed).rejects.toThrow("notModified() was called without an older value.");
  });

  it("that is purged while the load looks is loaded, whatever that says", async () => {
    const { isolate, articles, source } = await aged({ softTimeoutMs: 5_000 });
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
});
