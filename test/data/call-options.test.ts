// Options of one call: lifetimes, tags, a signal; durations in milliseconds.
import { describe, expect, it } from "vitest";
import { allJoined, DataIsolate, openArticles } from "../../testing/data/data-isolate.ts";

type Articles = ReturnType<typeof openArticles>["articles"];

describe("getOrSet with options", () => {
  it.each([
    { id: "a number of milliseconds", fresh: 500 },
    { id: "a text with ms", fresh: "500ms" },
  ] as const)("fresh as $id, and stale after that", async ({ fresh }) => {
    const { isolate, articles } = openArticles();
    const down = () => Promise.reject(new Error("down"));
    await articles.getOrSet("42", () => "v", { fresh, stale: 1_000 });
    isolate.clock.advance(0.499);
    expect(await articles.getOrSet("42", down)).toBe("v");
    isolate.clock.advance(1);
    expect(await articles.getOrSet("42", down)).toBe("v");
    isolate.clock.advance(0.001);
    await expect(articles.getOrSet("42", down)).rejects.toThrow("down");
  });

  it.each([
    {
      id: "set",
      store: (articles: Articles) => articles.set("42", "v", { fresh: 500, stale: "1s" }),
    },
    {
      id: "write",
      store: (articles: Articles) =>
        articles.write("42", "v", () => undefined, { fresh: 500, stale: 1_000 }),
    },
  ])("the same of $id", async ({ store }) => {
    const { isolate, articles } = openArticles();
    const down = () => Promise.reject(new Error("down"));
    await store(articles);
    isolate.clock.advance(1.499);
    expect(await articles.getOrSet("42", down)).toBe("v");
    isolate.clock.advance(0.001);
    await expect(articles.getOrSet("42", down)).rejects.toThrow("down");
  });

  it("tags, beside those of the load, also of the namespace's own load", async () => {
    const load = (keys: readonly string[]) => new Map(keys.map((key) => [key, "v"]));
    const { isolate, articles } = openArticles({ load });
    await articles.getOrSet("1", undefined, { tags: ["red"] });
    await articles.getOrSet("2", ({ tags }) => (tags("blue"), "v"), { tags: ["red"] });
    await isolate.data.purge({ tags: ["blue"] });
    expect([await articles.get("1"), await articles.get("2")]).toEqual(["v", undefined]);
    await isolate.data.purge({ tags: ["red"] });
    expect(await articles.get("1")).toBeUndefined();
  });

  it("what the load says itself holds", async () => {
    const { isolate, articles } = openArticles();
    await articles.getOrSet("42", ({ fresh }) => (fresh("2s"), "v"), { fresh: 500 });
    isolate.clock.advance(1.9);
    expect(await articles.get("42")).toBe("v");
  });

  it.each([-1, Number.NaN, Infinity, "5 m", "0.5s", "ms"])(
    "refuses the duration %s",
    async (fresh) => {
      const { articles } = openArticles();
      await expect(articles.getOrSet("42", () => "v", { fresh: fresh as 1 })).rejects.toThrow(
        'is not a duration. Write milliseconds as a number, such as 500, or a whole number with ms, s, m, h or d, such as "250ms" or "5m".',
      );
    },
  );
});

describe("signal", () => {
  it("aborts the wait of one call with its reason; the load and others go on", async () => {
    const { articles, source } = openArticles();
    const controller = new AbortController();
    const left = articles.getOrSet("42", source.load, { signal: controller.signal });
    const stays = articles.getOrSet("42", source.load);
    await allJoined(source);
    const reason = new Error("the client has gone");
    controller.abort(reason);
    await expect(left).rejects.toBe(reason);
    source.answer("v");
    expect([await stays, await articles.get("42"), source.count]).toEqual(["v", "v", 1]);
  });

  it("that is aborted already loads nothing", async () => {
    const { articles, source } = openArticles();
    const signal = AbortSignal.abort(new Error("over"));
    await expect(articles.getOrSet("42", source.load, { signal })).rejects.toThrow("over");
    expect(source.count).toBe(0);
  });

  it("that is never aborted changes nothing", async () => {
    const { articles } = openArticles();
    const { signal } = new AbortController();
    expect(await articles.getOrSet("42", () => "v", { signal })).toBe("v");
  });
});

it("durations of a namespace are milliseconds, too", async () => {
  const isolate = new DataIsolate();
  const articles = isolate.data.namespace<string>("articles", { fresh: 250, stale: "250ms" });
  await articles.set("42", "v");
  isolate.clock.advance(0.499);
  expect(await articles.get("42")).toBe("v");
  isolate.clock.advance(0.001);
  expect(await articles.get("42")).toBeUndefined();
});

it.each(["clear", "bump"] as const)(
  "%s purges all of a namespace, and nothing else",
  async (call) => {
    const { isolate, articles } = openArticles();
    const others = isolate.data.namespace<string>("articles-too", { fresh: "1m" });
    await articles.set("42", "v");
    await others.set("42", "v");
    const { position } = await articles[call]();
    expect([position, await articles.get("42"), await others.get("42")]).toEqual([
      expect.stringMatching(/^\d+-\d+$/),
      undefined,
      "v",
    ]);
  },
);
