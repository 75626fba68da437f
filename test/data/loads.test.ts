// Loads: one for all who ask at once, in an isolate and in the world; errors, and the hard time-out.
import { describe, expect, it } from "vitest";
import type { LoadContext } from "../../src/data/value/load-context.ts";
import { allJoined, DataIsolate, openArticles } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

const down = new Error("s3cret: the source is down");

describe("in one isolate", () => {
  it("one load answers all who ask at once", async () => {
    const { articles, source, counts } = openArticles();
    const asked = Array.from({ length: 5 }, () => articles.getOrSet("42", source.load));
    await allJoined(source);
    source.answer("a");
    expect(await Promise.all(asked)).toEqual(Array(5).fill("a"));
    expect(source.count).toBe(1);
    expect(counts()).toMatchObject({ articles: { loads: 1, collapsed: 4, misses: 5 } });
  });

  it.each([
    { id: "a minute is joined for as long", hardTimeoutMs: 60_000, ms: 61_000, loads: 1 },
    { id: "a minute is not joined after that", hardTimeoutMs: 60_000, ms: 65_001, loads: 2 },
    { id: "the usual time is not joined after it", hardTimeoutMs: undefined, ms: 35_001, loads: 2 },
  ])("a load that may take $id", async ({ hardTimeoutMs, ms, loads }) => {
    const { isolate, articles, source } = openArticles({ hardTimeoutMs });
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    isolate.clock.advance(ms / 1_000);
    const second = articles.getOrSet("42", source.load);
    await idle();
    expect(source.count).toBe(loads);
    source.answer("v");
    source.answer("v");
    expect(await Promise.all([first, second])).toEqual(["v", "v"]);
  });

  it("keys are loaded apart", async () => {
    const { articles, source } = openArticles();
    const asked = ["1", "2"].map((key) => articles.getOrSet(key, source.load));
    await until(() => source.count === 2);
    source.answer("a");
    source.answer("b");
    expect(new Set(await Promise.all(asked))).toEqual(new Set(["a", "b"]));
  });

  it("what is skipped is given to all who waited, and to nobody after them", async () => {
    const { articles, source } = openArticles();
    const skipping = (context: LoadContext<string>) => {
      context.skip();
      return source.load(context);
    };
    const asked = Array.from({ length: 3 }, () => articles.getOrSet("42", skipping));
    await allJoined(source);
    source.answer("a");
    expect(await Promise.all(asked)).toEqual(["a", "a", "a"]);
    expect([source.count, await articles.get("42")]).toEqual([1, undefined]);
  });

  it("an error goes to all who waited, and is not stored", async () => {
    const { isolate, articles, source, counts } = openArticles();
    const asked = Array.from({ length: 3 }, () => articles.getOrSet("42", source.load));
    await allJoined(source);
    source.fail(down);
    const came = await Promise.allSettled(asked);
    expect(came.map((one) => one.status === "rejected" && one.reason)).toEqual([down, down, down]);
    expect(source.count).toBe(1);
    expect(await articles.getOrSet("42", () => "well")).toBe("well");
    expect(counts()).toMatchObject({ articles: { failedLoads: 1, trouble: { kind: "Error" } } });
    expect(isolate.log).toEqual([
      "Data: Loads of articles fail with Error: check the source that they read from.",
      "Data: Loads of articles work again after 0 s.",
    ]);
  });

  it("a forced load waits for none that began before it, and its value stays", async () => {
    const { isolate, articles, source } = openArticles();
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    expect(await articles.getOrSet("42", () => "newer", { forceFresh: true })).toBe("newer");
    source.answer("older");
    expect(await first).toBe("older");
    await isolate.settle();
    expect(await articles.get("42")).toBe("newer");
    expect(await isolate.beside().data.namespace("articles", { fresh: "60s" }).get("42")).toBe(
      "newer",
    );
  });

  it("a forced load that brings null ends what is stored", async () => {
    const { isolate, articles } = openArticles();
    await articles.getOrSet("42", () => "old");
    await isolate.settle();
    expect(await articles.getOrSet("42", () => null, { forceFresh: true })).toBeNull();
    await isolate.settle();
    expect(await articles.get("42")).toBeUndefined();
    expect(await isolate.beside().data.namespace("articles", { fresh: "60s" }).get("42")).toBe(
      undefined,
    );
  });

  it("a load that is late on its way to Redis does not take the place of a newer one", async () => {
    const { isolate, articles } = openArticles();
    const { clock, upstash } = isolate;
    const gate = Promise.withResolvers<void>();
    upstash.beforeStored = () => gate.promise;
    await articles.getOrSet("42", () => "older");
    await idle();
    upstash.beforeStored = () => Promise.resolve();
    clock.advance(1);
    await articles.set("42", "newer");
    expect(await articles.get("42")).toBe("newer");
    gate.resolve();
    await isolate.settle();
    const there = new DataIsolate({ clock, upstash }).data;
    expect(await there.namespace("articles", { fresh: "60s" }).get("42")).not.toBe("older");
    expect(await articles.get("42")).toBe("newer");
  });

  it("a load that began before set does not take its place", async () => {
    const { isolate, articles, source } = openArticles();
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    await articles.set("42", "set");
    source.answer("older");
    expect(await first).toBe("older");
    await isolate.settle();
    expect(await articles.get("42")).toBe("set");
  });
});

describe("what comes between a lookup and a load answers", () => {
  const between = () => {
    const world = openArticles();
    const { isolate, articles, source } = world;
    isolate.upstash.afterNext = async () => {
      await articles.getOrSet("42", () => "theirs");
      await isolate.settle();
    };
    return { articles, source };
  };

  it("a call for one value", async () => {
    const { articles, source } = between();
    expect([await articles.getOrSet("42", source.load), source.count]).toEqual(["theirs", 0]);
  });

  it("a call for several", async () => {
    const { articles } = between();
    const { values } = await articles.getOrSetMany(["42"], () => expect.fail("It was loaded."));
    expect([...values]).toEqual([["42", "theirs"]]);
  });
});

describe("in the world", () => {
  it("one load answers all isolates, by the lease", async () => {
    const { isolate, articles, source, space } = openArticles({ collapse: "global" });
    const others = [isolate.beside(), isolate.beside()].map(({ data }) =>
      data.namespace<string, string>("articles", { ...space, collapse: "global" }),
    );
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    const asked = others.map((each) => each.getOrSet("42", source.load));
    await idle();
    source.answer("a");
    expect(await Promise.all([first, ...asked])).toEqual(["a", "a", "a"]);
    expect(source.count).toBe(1);
  });

  it("without patience left a stale value answers, or else it loads itself", async () => {
    const { isolate, articles, source } = openArticles({ collapse: "global" });
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    const hasty = { fresh: "60s", collapse: "global", waitTimeoutMs: 1 } as const;
    const other = isolate.beside().data.namespace<string, string>("articles", hasty);
    expect(await other.getOrSet("42", () => "own")).toBe("own");
    source.answer("a");
    expect(await first).toBe("a");
  });

  it("without patience left a stale value answers", async () => {
    const options = { collapse: "global", stale: "1h", softTimeoutMs: 5_000 } as const;
    const { isolate, articles, source, space } = openArticles(options);
    await articles.getOrSet("42", () => "old");
    await isolate.settle();
    isolate.clock.advance(70);
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    const hasty = { ...space, ...options, waitTimeoutMs: 1 };
    const other = isolate.beside().data.namespace<string, string>("articles", hasty);
    expect([await other.getOrSet("42", source.load), source.count]).toEqual(["old", 1]);
    source.answer("new");
    expect(await first).toBe("new");
  });
});

describe("the hard time-out", () => {
  it("aborts the load, and fails it for all who waited", async () => {
    const { articles, source, counts } = openArticles({ hardTimeoutMs: 20 });
    let signal: AbortSignal | undefined;
    const asked = [0, 1].map(() =>
      articles.getOrSet("42", (context) => {
        ({ signal } = context);
        return source.load(context);
      }),
    );
    const came = await Promise.allSettled(asked);
    expect(came.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(asked[0]).rejects.toMatchObject({
      name: "LoadTimedOut",
      message: "A load of articles has taken more than 20 ms.",
    });
    expect([signal?.aborted, source.count]).toEqual([true, 1]);
    expect(counts()).toMatchObject({ articles: { timedOutLoads: 1, failedLoads: 1 } });
  });
});
