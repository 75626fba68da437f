// `set` with `everywhere`: other isolates give up their older copies within N, and a purge from just before does
// not end the value.
import { describe, expect, it } from "vitest";
import { createDataCache } from "../../../src/node/create-data-cache.ts";
import { idle } from "../../../testing/site/harness.ts";
import { DataIsolate, HeldSource } from "../../../testing/data/data-isolate.ts";

const everywhere = { everywhere: true } as const;

function two() {
  const here = new DataIsolate();
  const there = here.beside(new DataIsolate({ clock: here.clock }).cache);
  const openedIn = ({ data }: DataIsolate) =>
    data.namespace<string>("articles", { fresh: "10m", stale: "1h" });
  return { here, there, mine: openedIn(here), theirs: openedIn(there) };
}

describe("a set value", () => {
  it.each([
    { options: everywhere, seen: "new" },
    { options: {}, seen: "old" },
  ])("with $options: another isolate with a copy has $seen after N", async ({ options, seen }) => {
    const { here, mine, theirs } = two();
    await mine.set("42", "old");
    expect(await theirs.get("42")).toBe("old");
    await mine.set("42", "new", options);
    expect(await mine.get("42")).toBe("new");
    here.clock.advance(11);
    expect(await theirs.get("42")).toBe(seen);
    expect(await mine.get("42")).toBe("new");
  });

  it.each([
    { options: everywhere, seen: "new" },
    { options: {}, seen: undefined },
  ])("with $options: after another isolate's delete it is $seen", async ({ options, seen }) => {
    const { here, mine, theirs } = two();
    await mine.set("42", "old");
    await theirs.delete("42");
    await mine.set("42", "new", options);
    here.clock.advance(11);
    expect(await mine.get("42")).toBe(seen);
    expect(await theirs.get("42")).toBe(seen);
  });

  it("is not replaced for anyone by a load that began before", async () => {
    const { here, there, mine, theirs } = two();
    const source = new HeldSource();
    const loading = theirs.getOrSet("42", source.load);
    await expect.poll(() => source.count).toBe(1);
    await mine.set("42", "new", everywhere);
    source.answer("old");
    expect(await loading).toBe("old");
    await there.settle();
    expect(await mine.get("42")).toBe("new");
    here.clock.advance(11);
    expect(await theirs.get("42")).toBeUndefined();
    expect(await mine.get("42")).toBe("new");
  });

  it("ends with a later purge, and with a later set of another isolate", async () => {
    const { here, mine, theirs } = two();
    await mine.set("42", "new", everywhere);
    await theirs.set("42", "newer", everywhere);
    here.clock.advance(11);
    expect(await mine.get("42")).toBe("newer");
    await mine.delete("42");
    here.clock.advance(11);
    expect(await theirs.get("42")).toBeUndefined();
  });

  it("keeps the tags of the value that it replaces, so a purge by tag ends it", async () => {
    const { here, mine } = two();
    await mine.set("42", "old", { tags: ["red"] });
    await mine.set("42", "new", everywhere);
    await here.data.purge({ tags: ["red"] });
    expect(await mine.get("42")).toBeUndefined();
  });
});

describe("the tags that a value keeps", () => {
  it("are those in Redis, where another isolate has replaced the value that memory holds", async () => {
    const { here, mine, theirs } = two();
    await mine.set("42", "v1", { tags: ["red"] });
    await theirs.set("42", "v2", { tags: ["blue"], ...everywhere });
    await mine.set("42", "v3", everywhere);
    await here.data.purge({ tags: ["blue"] });
    expect(await mine.get("42")).toBeUndefined();
  });

  const why =
    "articles/42 was not set. The tags of the value that it replaces cannot be read, because a tier did not " +
    "answer. Pass `tags`, or try again.";
  it.each([
    { call: "set", told: why },
    { call: "write", told: [] },
  ])("cannot be read: $call stores nothing without them", async ({ call, told }) => {
    const { here, mine } = two();
    await mine.set("42", "v1", { tags: ["red"] });
    const other = here.beside(new DataIsolate({ clock: here.clock }).cache);
    const theirs = other.data.namespace<string>("articles", { fresh: "10m", stale: "1h" });
    here.upstash.afterNext = () => Promise.reject(new TypeError("The connection was lost."));
    const storing =
      call === "set"
        ? theirs.set("42", "v2", everywhere).catch((cause: Error) => cause.message)
        : theirs.write("42", "v2", () => undefined);
    expect(await storing).toEqual(told);
    await here.data.purge({ tags: ["red"] });
    here.clock.advance(11);
    expect([await mine.get("42"), await theirs.get("42")]).toEqual([undefined, undefined]);
  });
});

it("an edge tier that does not answer keeps no value from being set", async () => {
  const { here, mine } = two();
  await mine.set("42", "v1", { tags: ["red"] });
  const broken = new DataIsolate({
    clock: here.clock,
    upstash: here.upstash,
    platform: {
      host: "www.example.com",
      cache: () => {
        throw new Error("The cache is down.");
      },
    },
  });
  const theirs = broken.data.namespace<string>("articles", { fresh: "10m", stale: "1h" });
  expect(await theirs.set("42", "v2", everywhere)).toEqual(["memory", "shared"]);
  await here.data.purge({ tags: ["red"] });
  here.clock.advance(11);
  expect(await theirs.get("42")).toBeUndefined();
});

it("a later call that is accepted ends the hold of a refused one", async () => {
  const { here, mine } = two();
  here.upstash.journalMode = "down";
  await expect(mine.set("42", "new", everywhere)).rejects.toThrow("was not accepted");
  here.upstash.journalMode = "works";
  expect(await mine.set("42", "newer", everywhere)).toContain("memory");
  expect(await mine.get("42")).toBe("newer");
  expect(here.data.stats().unpurged).toMatchObject({ keys: 0, trouble: { isOver: true } });
});

it("of two calls of one isolate, the later in the journal stays, whichever is answered first", async () => {
  const { here, mine } = two();
  await mine.set("42", "old");
  const gate = Promise.withResolvers<void>();
  here.upstash.beforeJournalAnswer = () => gate.promise;
  const earlier = mine.set("42", "earlier", { tags: [], ...everywhere });
  await idle();
  here.upstash.beforeJournalAnswer = async () => undefined;
  await mine.set("42", "later", { tags: [], ...everywhere });
  gate.resolve();
  expect(await earlier).toEqual([]);
  expect(await mine.get("42")).toBe("later");
});

describe("without a journal that accepts the purge", () => {
  it.each(["down", "deaf"] as const)(
    "%s: nothing is stored, nothing older answers",
    async (mode) => {
      const { here, mine } = two();
      await mine.set("42", "old");
      here.upstash.journalMode = mode;
      const text = "articles/42 was not set: the purge of its older values was not accepted.";
      await expect(mine.set("42", "new", everywhere)).rejects.toThrow(text);
      expect(await mine.get("42")).toBeUndefined();
      expect(here.data.stats().unpurged.keys).toBe(1);
    },
  );

  it("no database: it is refused before anything is stored", async () => {
    const { data } = new DataIsolate({ upstash: null });
    const articles = data.namespace<string>("articles", { fresh: "10m" });
    await articles.set("42", "old");
    await expect(articles.set("42", "new", everywhere)).rejects.toThrow(
      "articles/42 is not written.",
    );
    expect(await articles.get("42")).toBe("old");
  });
});

it("one process without Redis is everywhere already", async () => {
  const articles = createDataCache({ redis: "none" }).namespace<string>("articles", {
    fresh: "1m",
  });
  expect(await articles.set("42", "new", everywhere)).toEqual(["memory"]);
  expect(await articles.get("42")).toBe("new");
});

it.each([{ value: undefined }, { value: () => 1 }])(
  "$value is refused before any purge",
  async ({ value }) => {
    const { here, mine } = two();
    await mine.set("42", "old");
    await expect(mine.set("42", value as never, everywhere)).rejects.toThrow("is not stored");
    expect(await mine.get("42")).toBe("old");
    expect(here.data.stats().purges).toMatchObject({ accepted: 0 });
  },
);
