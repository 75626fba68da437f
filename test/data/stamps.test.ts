// Every load is stamped before it begins: a purge that comes while a source answers covers what it
// answers, whoever began the load and why.
import { describe, expect, it, vi } from "vitest";
import { DataIsolate, HeldSource } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

const loads = [
  { id: "cold", age: undefined, options: {} },
  { id: "cold, in its turn of the world", age: undefined, options: { collapse: "global" } },
  { id: "behind a stale answer", age: 70, options: { stale: "1h" } },
  { id: "beside a stale answer that waits", age: 70, options: { stale: "1h", softTimeoutMs: 5 } },
  { id: "early, from an age on", age: 40, options: { refresh: "30s" } },
  { id: "early, by chance", age: 59.9, options: {} },
  { id: "forced", age: 1, options: {}, isForced: true },
  { id: "with others", age: undefined, options: {}, isMany: true },
  { id: "with others, behind stale answers", age: 70, options: { stale: "1h" }, isMany: true },
] as const;

describe.each(loads)("a load: $id", ({ age, options, ...how }) => {
  async function opened() {
    const isolate = new DataIsolate();
    const articles = isolate.data.namespace<string, string>("articles", {
      fresh: "60s",
      tags: ["red"],
      ...options,
    });
    if (age !== undefined) {
      // It took 10 s, so that it is loaded early some time before its expiry.
      await articles.getOrSet("42", async () => {
        isolate.clock.advance(10);
        return "first";
      });
      await isolate.settle();
      isolate.clock.advance(age);
    }
    const source = new HeldSource();
    const ask = async () => {
      const isForced = "isForced" in how;
      if (!("isMany" in how)) return articles.getOrSet("42", source.load, { forceFresh: isForced });
      const { values } = await articles.getOrSetMany(["42"], async (_, { of }) => {
        return new Map([["42", await source.load(of("42"))]]);
      });
      return values.get("42");
    };
    const asked = ask();
    await until(() => source.count === 1);
    return { isolate, articles, source, asked };
  }

  const purges = [
    { id: "of its tag", order: { tags: ["red"] } },
    { id: "of its key", order: { keys: ["articles/42"] } },
    { id: "of its namespace", order: { prefixes: ["articles"] } },
  ];

  it.each(purges)("a purge $id in its midst covers it", async ({ order }) => {
    const { isolate, articles, source, asked } = await opened();
    await isolate.data.purge(order);
    await idle();
    source.answer("read before the purge");
    await asked;
    await idle();
    const inColo = isolate.beside().data.namespace<string>("articles", { fresh: "60s" });
    expect(await articles.get("42")).toBeUndefined();
    // N later at the latest.
    isolate.clock.advance(10);
    expect(await inColo.get("42")).toBeUndefined();
    expect(await articles.getOrSet("42", () => "read after it")).toBe("read after it");
  });

  it("without a purge it is there for others", async () => {
    const { isolate, articles, source, asked } = await opened();
    source.answer("new");
    await asked;
    await isolate.settle();
    expect(await articles.get("42")).toBe("new");
  });
});

it("a purge while a value is being set covers it", async () => {
  const isolate = new DataIsolate();
  const articles = isolate.data.namespace<string>("articles", { fresh: "60s" });
  await articles.set("41", "a view is there");
  const gate = Promise.withResolvers<void>();
  const digest = crypto.subtle.digest.bind(crypto.subtle);
  const spied = vi.spyOn(crypto.subtle, "digest").mockImplementationOnce(async (...given) => {
    await gate.promise;
    return digest(...given);
  });
  const setting = articles.set("42", "old");
  await vi.waitFor(() => expect(spied).toHaveBeenCalled());
  await isolate.data.purge({ keys: ["articles/42"] });
  await idle();
  gate.resolve();
  await setting;
  expect(await articles.get("42")).toBeUndefined();
});

it("a load that another waits for is not handed on once it is purged", async () => {
  const isolate = new DataIsolate();
  const articles = isolate.data.namespace<string>("articles", { fresh: "60s", tags: ["red"] });
  const source = new HeldSource();
  const first = articles.getOrSet("42", source.load);
  await until(() => source.count === 1);
  await isolate.data.purge({ tags: ["red"] });
  const second = articles.getOrSet("42", source.load);
  await idle();
  source.answer("old");
  await until(() => source.count === 2);
  source.answer("new");
  expect([await first, await second]).toEqual(["old", "new"]);
});
