// Loads: one for all who ask at once, stale values meanwhile and instead, time-outs, errors, and what a load
// is told and says.
import { describe, expect, it } from "vitest";
import type { LoadContext } from "../../src/data/value/load-context.ts";
import { DataIsolate, HeldSource } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

const opened = (options: object = {}) => {
  const isolate = new DataIsolate();
  const space = { fresh: "60s", ...options } as const;
  const articles = isolate.data.namespace<string, string>("articles", space);
  const counts = () => isolate.data.stats().namespaces;
  return { isolate, articles, space, source: new HeldSource(), counts };
};
/** The load is under way, and all others have ended their look-ups. */
const allJoined = async (source: HeldSource) => {
  await until(() => source.count > 0);
  await idle();
};
const down = new Error("s3cret: the source is down");
const failing = () => Promise.reject(down);

describe("in one isolate", () => {
  it("one load answers all who ask at once", async () => {
    const { articles, source, counts } = opened();
    const asked = Array.from({ length: 5 }, () => articles.getOrSet("42", source.load));
    await allJoined(source);
    source.answer("a");
    expect(await Promise.all(asked)).toEqual(Array(5).fill("a"));
    expect(source.count).toBe(1);
    expect(counts()).toMatchObject({ articles: { loads: 1, collapsed: 4, misses: 5 } });
  });

  it("keys are loaded apart", async () => {
    const { articles, source } = opened();
    const asked = ["1", "2"].map((key) => articles.getOrSet(key, source.load));
    await until(() => source.count === 2);
    source.answer("a");
    source.answer("b");
    expect(new Set(await Promise.all(asked))).toEqual(new Set(["a", "b"]));
  });

  it("what is skipped is given to all who waited, and to nobody after them", async () => {
    const { articles, source } = opened();
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
    const { isolate, articles, source, counts } = opened();
    const asked = Array.from({ length: 3 }, () => articles.getOrSet("42", source.load));
    await allJoined(source);
    source.fail(down);
    const came = await Promise.allSettled(asked);
    expect(came.map((one) => one.status === "rejected" && one.reason)).toEqual([down, down, down]);
    expect(source.count).toBe(1);
    expect(await articles.getOrSet("42", () => "well")).toBe("well");
    expect(counts()).toMatchObject({ articles: { failedLoads: 1, trouble: { kind: "Error" } } });
    expect(isolate.log).toEqual([
      "Data: Loads of articles fail with Error: look at what they read from.",
      "Data: Loads of articles work again after 0 s.",
    ]);
  });

  it("a forced load waits for none that began before it, and its value stays", async () => {
    const { isolate, articles, source } = opened();
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

  it("a load that began before set does not take its place", async () => {
    const { isolate, articles, source } = opened();
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    await articles.set("42", "set");
    source.answer("older");
    expect(await first).toBe("older");
    await isolate.settle();
    expect(await articles.get("42")).toBe("set");
  });
});

describe("what comes between a look-up and a load answers", () => {
  const between = () => {
    const world = opened();
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
    const { isolate, articles, source, space } = opened({ collapse: "global" });
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
    const { isolate, articles, source } = opened({ collapse: "global" });
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    const hasty = { fresh: "60s", collapse: "global", patienceMs: 1 } as const;
    const other = isolate.beside().data.namespace<string, string>("articles", hasty);
    expect(await other.getOrSet("42", () => "own")).toBe("own");
    source.answer("a");
    expect(await first).toBe("a");
  });

  it("without patience left a stale value answers", async () => {
    const options = { collapse: "global", stale: "1h", softTimeoutMs: 5_000 } as const;
    const { isolate, articles, source, space } = opened(options);
    await articles.getOrSet("42", () => "old");
    await isolate.settle();
    isolate.clock.advance(70);
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    const hasty = { ...space, ...options, patienceMs: 1 };
    const other = isolate.beside().data.namespace<string, string>("articles", hasty);
    expect([await other.getOrSet("42", source.load), source.count]).toEqual(["old", 1]);
    source.answer("new");
    expect(await first).toBe("new");
  });
});

describe("a stale value", () => {
  const aged = async (options: object, ageSeconds = 70) => {
    const world = opened({ stale: "1h", ...options });
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
    const { articles: empty } = opened();
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

describe("the hard time-out", () => {
  it("aborts the load, and fails it for all who waited", async () => {
    const { articles, source, counts } = opened({ hardTimeoutMs: 20 });
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
      message: "A load of articles has taken over 20 ms.",
    });
    expect([signal?.aborted, source.count]).toEqual([true, 1]);
    expect(counts()).toMatchObject({ articles: { timedOutLoads: 1, failedLoads: 1 } });
  });
});
