// Tests loads that all concurrent callers share, in an isolate and globally. Also tests their
// errors and the hard time-out.
import { describe, expect, it } from "vitest";
import { pause } from "../../src/base/timeouts.ts";
import type { LoadContext } from "../../src/data/value/load-context.ts";
import {
  allJoined,
  DataIsolate,
  HeldSource,
  openArticles,
} from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

const down = new Error("s3cret: the source is down");

describe("in one isolate", () => {
  it("one load answers all concurrent callers", async () => {
    const { articles, source, counts } = openArticles();
    const asked = Array.from({ length: 5 }, () => articles.getOrSet("42", source.load));
    await allJoined(source);
    source.answer("a");
    expect(await Promise.all(asked)).toEqual(Array(5).fill("a"));
    expect(source.count).toBe(1);
    expect(counts()).toMatchObject({ loads: 1, collapsed: 4, misses: 5 });
  });

  it.each([
    { hardTimeoutMs: 60_000, ms: 61_000, loads: 1 },
    { hardTimeoutMs: 60_000, ms: 65_001, loads: 2 },
    { hardTimeoutMs: undefined, ms: 35_001, loads: 2 },
  ])(
    "a second caller after $ms ms makes $loads loads with hardTimeoutMs $hardTimeoutMs",
    async ({ hardTimeoutMs, ms, loads }) => {
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
    },
  );

  it.each(["tags", "fresh", "skip"] as const)(
    "%s() after the end of the load is an error, because it would have no effect",
    async (name) => {
      const { articles } = openArticles();
      const contexts: LoadContext<string>[] = [];
      await articles.getOrSet("42", (context) => {
        contexts.push(context);
        return "a";
      });
      const call = () => contexts.map((late) => (late[name] as (given: string) => void)("1m"));
      expect(call).toThrow(`A load has called ${name}() after its end, which has no effect.`);
    },
  );

  it("a skipped value answers all waiting callers, and no later caller", async () => {
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

  it("an error reaches all waiting callers, and is not stored", async () => {
    const { isolate, articles, source, counts } = openArticles();
    const asked = Array.from({ length: 3 }, () => articles.getOrSet("42", source.load));
    await allJoined(source);
    source.fail(down);
    const came = await Promise.allSettled(asked);
    expect(came.map((one) => one.status === "rejected" && one.reason)).toEqual([down, down, down]);
    expect(source.count).toBe(1);
    expect(await articles.getOrSet("42", () => "well")).toBe("well");
    expect(counts()).toMatchObject({ failedLoads: 1, trouble: { kind: "Error" } });
    expect(isolate.log).toEqual([
      "Data: Loads of articles fail with Error: check the source that they read from.",
      "Data: Loads of articles work again after 0 s.",
    ]);
  });

  it("a forced load does not wait for an earlier load, and its value stays", async () => {
    const { isolate, articles, source } = openArticles();
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    expect(await articles.getOrSet("42", () => "newer", { forceFresh: true })).toBe("newer");
    source.answer("older");
    expect(await first).toBe("older");
    await idle();
    expect(await articles.get("42")).toBe("newer");
    expect(await isolate.beside().articles().get("42")).toBe("newer");
  });

  it("a forced load that returns null removes the stored value", async () => {
    const { isolate, articles } = openArticles();
    await articles.getOrSet("42", () => "old");
    await idle();
    expect(await articles.getOrSet("42", () => null, { forceFresh: true })).toBeNull();
    await idle();
    expect(await articles.get("42")).toBeUndefined();
    expect(await isolate.beside().articles().get("42")).toBeUndefined();
  });

  it("a load that reaches Redis late does not replace a newer value", async () => {
    const { isolate, articles } = openArticles();
    const gate = Promise.withResolvers<void>();
    const { upstash } = isolate;
    let isHeld = false;
    upstash.beforeStored = () => {
      isHeld = true;
      return gate.promise;
    };
    await articles.getOrSet("42", () => "older");
    await until(() => isHeld);
    upstash.beforeStored = () => Promise.resolve();
    isolate.clock.advance(1);
    await articles.set("42", "newer");
    await until(() => upstash.storedCount === 1);
    expect(await articles.get("42")).toBe("newer");
    gate.resolve();
    await until(() => upstash.storedCount === 2);
    await idle();
    expect(await isolate.elsewhere().articles().get("42")).toBe("newer");
    expect(await articles.get("42")).toBe("newer");
  });
});

it.each(["getOrSet", "getOrSetMany"] as const)(
  "a value that is stored between the lookup and the load of %s answers it",
  async (call) => {
    const { isolate, articles } = openArticles();
    isolate.upstash.afterNext = async () => {
      await articles.getOrSet("42", () => "theirs");
      await idle();
    };
    const load = () => expect.fail("The load was called.");
    const found =
      call === "getOrSet"
        ? await articles.getOrSet("42", load)
        : (await articles.getOrSetMany(["42"], load)).values.get("42");
    expect(found).toBe("theirs");
  },
);

describe("with global collapsing", () => {
  const collapse = "global";

  it("one load answers three colos that begin together over an empty database", async () => {
    const first = new DataIsolate();
    const isolates = [first, first.elsewhere(), first.elsewhere()];
    // Each reads that the journal is empty before any of them marks it. A second mark would purge
    // the value of the first isolate.
    first.upstash.beforeJournalAnswer = () => idle();
    const source = new HeldSource();
    const asked = isolates.flatMap((isolate) => {
      const articles = isolate.articles({ fresh: "1h", collapse });
      return Array.from({ length: 20 }, () => articles.getOrSet("42", source.load));
    });
    await until(() => source.count > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    source.answer("dear");
    // Only a second load would wait for this.
    const late = setInterval(() => source.answer("dear again"), 200);
    expect([new Set(await Promise.all(asked)), source.count]).toEqual([new Set(["dear"]), 1]);
    clearInterval(late);
    expect(first.upstash.journal.length).toBe(1);
  });

  it("a caller without a stale value loads itself after waitTimeoutMs", async () => {
    const { isolate, articles, source } = openArticles({ collapse });
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    const other = isolate.beside().articles({ collapse, waitTimeoutMs: 1 });
    expect(await other.getOrSet("42", () => "own")).toBe("own");
    source.answer("a");
    expect(await first).toBe("a");
  });

  it("a caller with a stale value gets it after waitTimeoutMs", async () => {
    const options = { collapse, stale: "1h", softTimeoutMs: 5_000 };
    const { isolate, articles, source } = openArticles(options);
    await articles.getOrSet("42", () => "old");
    await isolate.settle();
    isolate.clock.advance(70);
    const first = articles.getOrSet("42", source.load);
    await until(() => source.count === 1);
    const other = isolate.beside().articles({ ...options, waitTimeoutMs: 1 });
    expect([await other.getOrSet("42", source.load), source.count]).toEqual(["old", 1]);
    source.answer("new");
    expect(await first).toBe("new");
  });
});

it("the hard time-out aborts the load, and fails all waiting calls", async () => {
  const { articles, source, counts } = openArticles({ hardTimeoutMs: 20 });
  let signal: AbortSignal | undefined;
  const load = (context: LoadContext<string>) => {
    ({ signal } = context);
    return source.load(context);
  };
  const asked = [articles.getOrSet("42", load), articles.getOrSet("42", load)];
  const came = await Promise.allSettled(asked);
  expect(came.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(asked[0]).rejects.toMatchObject({
    name: "LoadTimedOut",
    message: "A load of articles has taken more than 20 ms.",
  });
  expect([signal?.aborted, source.count]).toEqual([true, 1]);
  expect(counts()).toMatchObject({ timedOutLoads: 1, failedLoads: 1 });
});

describe("a load that waits for itself fails at once, and names the chain", () => {
  const opened = (options: object = {}) => {
    const { isolate, articles } = openArticles(options);
    const authors = isolate.data.namespace<string, string>("authors", { fresh: "60s" });
    return { isolate, articles, authors };
  };
  type World = ReturnType<typeof opened>;
  const ofOneKey = ({ articles }: World, load: () => Promise<unknown>) =>
    articles.getOrSet("1", async () => String(await load()));

  it.each<[name: string, chain: string, run: (world: World) => Promise<unknown>]>([
    [
      "its own key",
      "articles/1, articles/1",
      (world) => ofOneKey(world, () => world.articles.getOrSet("1", () => "inner")),
    ],
    [
      "its own key with forceFresh",
      "articles/1, articles/1",
      (world) =>
        ofOneKey(world, () => world.articles.getOrSet("1", () => "i", { forceFresh: true })),
    ],
    [
      "another key, whose load asks for the first",
      "articles/1, authors/7, articles/1",
      (world) =>
        ofOneKey(world, () =>
          world.authors.getOrSet("7", async () => world.articles.getOrSet("1", () => "inner")),
        ),
    ],
    [
      "several keys",
      "articles/2, articles/3, articles/2",
      async ({ articles }) => {
        const load = async (keys: readonly string[]) => {
          const inner = await articles.getOrSetMany(["3"], async () => {
            return new Map([["3", await articles.getOrSet("2", () => "inner")]]);
          });
          for (const error of inner.errors.values()) throw error;
          return new Map(keys.map((key) => [key, key]));
        };
        const { errors } = await articles.getOrSetMany(["1", "2"], load);
        throw errors.get("1");
      },
    ],
    [
      "a key of another call, whose load asks for the first",
      "articles/1, articles/2, articles/1",
      async ({ articles }) => {
        const [both, isAsked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        const first = articles.getOrSet("1", async () => {
          await both.promise;
          const asked = articles.getOrSet("2", () => "inner");
          await idle();
          isAsked.resolve();
          return asked;
        });
        const second = articles.getOrSet("2", async () => {
          both.resolve();
          await isAsked.promise;
          return articles.getOrSet("1", () => "inner");
        });
        await Promise.allSettled([first, second]);
        return first;
      },
    ],
  ])("%s", async (_, chain, run) => {
    const world = opened();
    await expect(run(world)).rejects.toThrow(
      `would wait for itself: ${chain}. The load of each of these keys asks for the next key. ` +
        "Let no load ask for a key whose load asks for its own key. A call that is not awaited counts, too: begin it after the load.",
    );
  });

  it("unless a stale value may answer, or the load is over", async () => {
    const { isolate, articles } = opened({ stale: "1h", softTimeoutMs: 1_000 });
    await articles.set("1", "old");
    isolate.clock.advance(70);
    const inner = (): Promise<string | null> => articles.getOrSet("1", () => "inner");
    let later: Promise<string | null> | undefined;
    const load = async () => {
      later = pause(1).then(inner);
      return `${await inner()} and new`;
    };
    expect(await articles.getOrSet("1", load)).toBe("old and new");
    expect(await later).toBe("old and new");
  });
});
