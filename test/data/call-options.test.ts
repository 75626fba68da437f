// Tests the options of one call: lifetimes, tags and a signal.
import { describe, expect, it } from "vitest";
import type { LoadContext } from "../../src/data/value/load-context.ts";
import { allJoined, openArticles } from "../../testing/data/data-isolate.ts";

type Articles = ReturnType<typeof openArticles>["articles"];

describe("fresh and stale", () => {
  it.each([
    ["getOrSet", (all: Articles) => all.getOrSet("42", () => "v", { fresh: 500, stale: 1_000 })],
    ["set", (all: Articles) => all.set("42", "v", { fresh: "500ms", stale: "1s" })],
    [
      "write",
      (all: Articles) => all.write("42", "v", () => undefined, { fresh: 500, stale: "1s" }),
    ],
  ])("end at the exact millisecond after %s", async (_, store) => {
    const { isolate, articles, counts } = openArticles();
    const down = () => Promise.reject(new Error("down"));
    await store(articles);
    isolate.clock.advance(0.499);
    expect([await articles.getOrSet("42", down), counts()?.stale]).toEqual(["v", 0]);
    isolate.clock.advance(1);
    expect([await articles.getOrSet("42", down), counts()?.stale]).toEqual(["v", 1]);
    isolate.clock.advance(0.001);
    await expect(articles.getOrSet("42", down)).rejects.toThrow("down");
  });

  it("of the load override those of the call", async () => {
    const { isolate, articles } = openArticles();
    await articles.getOrSet("42", ({ fresh }) => (fresh("2s"), "v"), { fresh: 500 });
    isolate.clock.advance(1.999);
    expect(await articles.get("42")).toBe("v");
    isolate.clock.advance(0.001);
    expect(await articles.get("42")).toBeUndefined();
  });

  it.each([
    { by: "the call", load: () => null, gone: 30 },
    { by: "its load", load: ({ fresh }: LoadContext<string>) => (fresh("10s"), null), gone: 10 },
  ])("null lives $gone s with `fresh` of $by", async ({ load, gone }) => {
    const { isolate, articles } = openArticles({ negative: "30s" });
    await articles.getOrSet("42", load, { fresh: "1d" });
    isolate.clock.advance(gone - 0.001);
    expect(await articles.get("42")).toBeNull();
    isolate.clock.advance(0.001);
    expect(await articles.get("42")).toBeUndefined();
  });

  it.each([-1, Number.NaN, Infinity, "5 m", "0.5s", "ms"])("refuse %s", async (fresh) => {
    const { articles } = openArticles();
    await expect(articles.getOrSet("42", () => "v", { fresh: fresh as 1 })).rejects.toThrow(
      `A lifetime of data is invalid: ${typeof fresh === "string" ? JSON.stringify(fresh) : fresh}. It is not a duration. ` +
        'Write milliseconds as a number, such as 500, or a whole number with ms, s, m, h or d, such as "250ms" or "5m".',
    );
  });
});

it("joins the tags of a call with those of the load, or of the namespace's own load", async () => {
  const load = (keys: readonly string[]) => new Map(keys.map((key) => [key, "v"]));
  const { isolate, articles } = openArticles({ load });
  await articles.getOrSet("1", undefined, { tags: ["red"] });
  await articles.getOrSet("2", ({ tags }) => (tags("blue"), "v"), { tags: ["red"] });
  await isolate.data.purge({ tags: ["blue"] });
  expect([await articles.get("1"), await articles.get("2")]).toEqual(["v", undefined]);
  await isolate.data.purge({ tags: ["red"] });
  expect(await articles.get("1")).toBeUndefined();
});

describe("a signal", () => {
  it("ends the wait of one call with its reason, and neither the load nor other calls", async () => {
    const { articles, source } = openArticles();
    const [ended, unused] = [new AbortController(), new AbortController()];
    const left = articles.getOrSet("42", source.load, { signal: ended.signal });
    const stays = articles.getOrSet("42", source.load, { signal: unused.signal });
    await allJoined(source);
    const reason = new Error("the client has gone");
    ended.abort(reason);
    await expect(left).rejects.toBe(reason);
    source.answer("v");
    expect([await stays, await articles.get("42"), source.count]).toEqual(["v", "v", 1]);
  });

  it("prevents the load if it is aborted before the call", async () => {
    const { articles, source } = openArticles();
    const signal = AbortSignal.abort(new Error("over"));
    await expect(articles.getOrSet("42", source.load, { signal })).rejects.toThrow("over");
    expect(source.count).toBe(0);
  });
});

describe("a misspelt option is refused with the call's options", () => {
  type Run = (world: ReturnType<typeof openArticles>, given: never) => unknown;
  it.each<[call: string, given: object, options: string, run: Run]>([
    [
      "getOrSet",
      { ttl: 500 },
      "fresh, stale, tags, forceFresh, signal",
      ({ articles }, given) => articles.getOrSet("42", () => "v", given),
    ],
    [
      "getOrSetMany",
      { ttl: 500 },
      "missing",
      ({ articles }, given) => articles.getOrSetMany(["42"], () => new Map(), given),
    ],
    ["lookUp", { tag: "a" }, "tags", ({ articles }, given) => articles.lookUp("42", given)],
    [
      "set",
      { ttl: 500, tags: [] },
      "fresh, stale, tags, everywhere, start, endsTags",
      ({ articles }, given) => articles.set("42", "v", given),
    ],
    [
      "write",
      { everywhere: true },
      "fresh, stale, tags",
      ({ articles }, given) => articles.write("42", "v", () => undefined, given),
    ],
    [
      "purge",
      { tags: ["a"], hosts: ["a.test"] },
      "tags, keys, urls, prefixes, everything, soft, refresh, reason",
      ({ isolate }, given) => isolate.data.purge(given),
    ],
  ])("%s", async (call, given, options, run) => {
    const world = openArticles();
    const [name] = Object.keys(given).toSorted((a, b) => options.indexOf(a) - options.indexOf(b));
    await expect(run(world, given as never)).rejects.toThrow(
      `A call of \`${call}\` is invalid: "${name}". It has a field that is none of its options. Use only these: ${options}.`,
    );
    expect(world.isolate.data.stats().purges.accepted).toBe(0);
  });
});

it.each([
  [
    "getOrSet",
    "tags",
    ({ articles }) => articles.getOrSet("42", () => "v", { tags: "a" as never }),
  ],
  ["set", "tags", ({ articles }) => articles.set("42", "v", { tags: "a" as never })],
  ["purge", "tags", ({ isolate }) => isolate.data.purge({ tags: "a" as never })],
  ["purge", "keys", ({ isolate }) => isolate.data.purge({ keys: "articles/42" as never })],
] satisfies [string, string, (world: ReturnType<typeof openArticles>) => Promise<unknown>][])(
  "%s refuses %s that are no list",
  async (call, name, run) => {
    await expect(run(openArticles())).rejects.toThrow(
      `A call of \`${call}\` is invalid. ${name} is not a list. Write a list, also of one name: ${name}: ["…"].`,
    );
  },
);

it.each([
  ["purge", "everything", ({ isolate }) => isolate.data.purge({ everything: "true" as never })],
  ["purge", "soft", ({ isolate }) => isolate.data.purge({ tags: ["a"], soft: "no" as never })],
  ["set", "everywhere", ({ articles }) => articles.set("42", "v", { everywhere: 1 as never })],
] satisfies [string, string, (world: ReturnType<typeof openArticles>) => Promise<unknown>][])(
  "%s refuses %s that is no boolean",
  async (call, name, run) => {
    const world = openArticles();
    await expect(run(world)).rejects.toThrow(
      `A call of \`${call}\` is invalid. ${name} is not a boolean. Write true or false.`,
    );
    expect(world.isolate.data.stats().purges.accepted).toBe(0);
  },
);

it.each([
  ["getOrSet", "load", ({ articles }) => articles.getOrSet("42", Promise.resolve("v") as never)],
  ["getOrSetMany", "load", ({ articles }) => articles.getOrSetMany(["42"], new Map() as never)],
  ["write", "persist", ({ articles }) => articles.write("42", "v", "row" as never)],
  ["wrap", "work", async ({ articles }) => articles.wrap("v" as never, { key: () => "42" })],
  ["wrap", "key", async ({ articles }) => articles.wrap(() => "v", { key: "42" as never })],
] satisfies [string, string, (world: ReturnType<typeof openArticles>) => Promise<unknown>][])(
  "%s refuses a %s that is no function, also while a stale value may answer",
  async (call, name, run) => {
    const world = openArticles({ stale: "1h" });
    await world.articles.set("42", "old");
    world.isolate.clock.advance(70);
    await expect(run(world)).rejects.toThrow(
      `A call of \`${call}\` is invalid. ${name} is not a function. Pass a function, such as () => readArticle(42).`,
    );
  },
);

it.each([
  ["purge", "tags, keys", ({ isolate }) => isolate.data.purge("t" as never)],
  ["purge", "tags, keys", ({ isolate }) => isolate.data.purge(["t"] as never)],
  ["purge", "tags, keys", ({ isolate }) => isolate.data.purge(undefined as never)],
  ["set", "fresh", ({ articles }) => articles.set("42", "v", "5m" as never)],
  ["wrap", "key", async ({ articles }) => articles.wrap(() => "v", undefined as never)],
] satisfies [string, string, (world: ReturnType<typeof openArticles>) => Promise<unknown>][])(
  "%s without an object of options says so",
  async (call, options, run) => {
    await expect(run(openArticles())).rejects.toThrow(
      `A call of \`${call}\` is invalid. Its options are not an object. Write an object with some of these: ${options}`,
    );
  },
);

it("set refuses the promise of a start", async () => {
  const { isolate, articles } = openArticles();
  const start = isolate.data.start() as never;
  await expect(articles.set("42", "v", { start, everywhere: false })).rejects.toThrow(
    "A call of `set` is invalid. start is not the start of a load. Pass a start of the result of lookUp, or await cache.start().",
  );
});
