// Writing through, step by step: with a purge, another writer, a load, a loss or an outage in the middle.
import { describe, expect, it, vi } from "vitest";
import { DataIsolate, HeldSource } from "../../../testing/data/data-isolate.ts";
import { idle, until } from "../../../testing/site/harness.ts";

const space = { fresh: "10m", stale: "1h", negative: "1m", tags: ["red"] } as const;

function namespaceOf({ data }: DataIsolate) {
  return data.namespace<string, string>("articles", space);
}

/** Two isolates of two colos that have read the journal, and the application's database. */
async function opened() {
  const here = new DataIsolate();
  const there = here.beside(new DataIsolate({ clock: here.clock }).cache);
  const rows = new Map([["42", "old"]]);
  const load = async () => rows.get("42") ?? null;
  const [articles, elsewhere] = [here, there].map((isolate) => namespaceOf(isolate));
  if (articles === undefined || elsewhere === undefined) throw new Error("No isolates.");
  for (const each of [articles, elsewhere]) expect(await each.getOrSet("42", load)).toBe("old");
  for (const each of [here, there]) await each.settle();
  here.clock.advance(1);
  const persist = (value: string) => async () => void rows.set("42", value);
  return { upstash: here.upstash, here, there, rows, load, articles, elsewhere, persist };
}

type Opened = Awaited<ReturnType<typeof opened>>;

/** N later every isolate has read the journal. */
async function seenBy({ here, there }: Opened): Promise<void> {
  here.clock.advance(10);
  for (const each of [here, there]) {
    await namespaceOf(each).get("warm");
    await idle();
  }
}

/** A write whose database answers when the test says so. */
function heldWrite({ articles, rows }: Opened, value: string) {
  const gate = Promise.withResolvers<void>();
  let hasBegun = false;
  const written = articles.write("42", value, async () => {
    hasBegun = true;
    await gate.promise;
    rows.set("42", value);
  });
  return { written, finish: gate.resolve, begun: () => until(() => hasBegun) };
}

describe("a write that nothing comes between", () => {
  it("is stored in all tiers, under the place of its own purge, and answers at once", async () => {
    const all = await opened();
    const kept = await all.articles.write("42", "new", all.persist("new"));
    expect(kept).toEqual(["memory", "edge", "shared"]);
    expect(all.rows.get("42")).toBe("new");
    const load = vi.fn<() => string>();
    expect(await all.articles.getOrSet("42", load)).toBe("new");
    await seenBy(all);
    expect(await all.articles.getOrSet("42", load)).toBe("new");
    // From Redis: its own copies were older.
    expect(await all.elsewhere.getOrSet("42", load)).toBe("new");
    expect(load).not.toHaveBeenCalled();
  });

  it("extends the view: nothing is read from the journal for it", async () => {
    const all = await opened();
    const before = all.upstash.journalCommands.length;
    await all.articles.write("42", "new", all.persist("new"));
    await all.articles.get("42");
    await idle();
    const sent = all.upstash.journalCommands.slice(before, before + 2);
    expect(sent).toEqual(["XADD", "XRANGE"]);
    const reads = all.upstash.journalCommands.slice(before + 2);
    expect(reads.filter((name) => name.startsWith("XR"))).toEqual([]);
  });

  it("takes a value away where it is null", async () => {
    const all = await opened();
    await all.articles.write("42", null, async () => void all.rows.delete("42"));
    expect(await all.articles.get("42")).toBeNull();
    const unkept = all.here.data.namespace<string, string>("unkept", { fresh: "10m" });
    expect(await unkept.write("42", null, () => undefined)).toEqual([]);
    expect(await unkept.get("42")).toBeUndefined();
  });
});

describe("what comes between its stamp and its purge", () => {
  const purges = [
    { id: "its key", order: { keys: ["articles/42"] } },
    { id: "its key, softly", order: { keys: ["articles/42"], soft: true } },
    { id: "its tag", order: { tags: ["red"] } },
    { id: "its namespace", order: { prefixes: ["articles"] } },
  ];

  it.each(purges)("a purge of $id, elsewhere: nothing is stored", async ({ order }) => {
    const all = await opened();
    const { written, finish, begun } = heldWrite(all, "new");
    await begun();
    await all.there.data.purge(order);
    finish();
    expect(await written).toEqual([]);
    expect(await all.articles.get("42")).toBeUndefined();
    expect(await all.articles.getOrSet("42", all.load)).toBe("new");
  });

  it("a purge of something else: it is stored", async () => {
    const all = await opened();
    const { written, finish, begun } = heldWrite(all, "new");
    await begun();
    await all.there.data.purge({ tags: ["blue"], keys: ["articles/43"] });
    finish();
    expect(await written).toEqual(["memory", "edge", "shared"]);
    expect(await all.articles.get("42")).toBe("new");
  });

  it("another writer, who was later in the database and earlier in the journal", async () => {
    const all = await opened();
    const { rows } = all;
    const gate = Promise.withResolvers<void>();
    let isWritten = false;
    const first = all.articles.write("42", "first", async () => {
      rows.set("42", "first");
      isWritten = true;
      await gate.promise;
    });
    await until(() => isWritten);
    await all.elsewhere.write("42", "second", all.persist("second"));
    gate.resolve();
    expect(await first).toEqual([]);
    await seenBy(all);
    for (const each of [all.articles, all.elsewhere]) {
      expect(await each.getOrSet("42", all.load)).toBe("second");
    }
  });

  it("another writer of this very isolate", async () => {
    const all = await opened();
    const first = heldWrite(all, "first");
    await first.begun();
    await all.articles.write("42", "second", all.persist("second"));
    first.finish();
    expect(await first.written).toEqual([]);
    expect(await all.articles.getOrSet("42", all.load)).toBe("first");
  });

  it("a load that has read the older value: it is not what answers", async () => {
    const all = await opened();
    const { written, finish, begun } = heldWrite(all, "new");
    await begun();
    const source = new HeldSource();
    const loading = all.articles.getOrSet("42", source.load, { forceFresh: true });
    await until(() => source.count === 1);
    finish();
    expect(await written).toEqual(["memory", "edge", "shared"]);
    source.answer("old");
    expect(await loading).toBe("old");
    await all.here.settle();
    expect(await all.articles.get("42")).toBe("new");
  });

  it.each([
    { id: "the journal is read on", isReadOn: true, kept: ["memory", "edge", "shared"] },
    { id: "the journal cannot be read on, and nothing is stored", isReadOn: false, kept: [] },
  ] as const)("more entries than a page holds: $id", async ({ isReadOn, kept }) => {
    const all = await opened();
    const { written, finish, begun } = heldWrite(all, "new");
    await begun();
    for (let nth = 0; nth < 127; nth += 1) await all.there.data.purge({ tags: [`t${nth}`] });
    if (!isReadOn) {
      all.upstash.beforeJournalAnswer = async () => void (all.upstash.journalMode = "down");
    }
    finish();
    expect(await written).toEqual(kept);
    all.upstash.beforeJournalAnswer = () => Promise.resolve();
    all.upstash.journalMode = "works";
    expect(await all.articles.getOrSet("42", all.load)).toBe("new");
  });

  it("a loss of the journal: its stamp stands no longer, and nothing is stored", async () => {
    const all = await opened();
    const { written, finish, begun } = heldWrite(all, "new");
    await begun();
    all.upstash.journal.empty();
    finish();
    expect(await written).toEqual([]);
    await seenBy(all);
    for (const each of [all.articles, all.elsewhere]) {
      expect(await each.getOrSet("42", all.load)).toBe("new");
    }
  });
});

it("a purge that comes after its own covers what it stores", async () => {
  const all = await opened();
  await all.articles.write("42", "new", all.persist("new"));
  await all.there.data.purge({ tags: ["red"] });
  await seenBy(all);
  for (const each of [all.articles, all.elsewhere]) expect(await each.get("42")).toBeUndefined();
});

it("without a view of the journal nothing is stored, and the older value is purged", async () => {
  const all = await opened();
  const cold = all.here.beside(new DataIsolate({ clock: all.here.clock }).cache);
  all.upstash.journalMode = "deaf";
  const articles = cold.data.namespace<string, string>("articles", space);
  const { promise, resolve } = Promise.withResolvers<void>();
  const written = articles.write("42", "new", async () => {
    all.upstash.journalMode = "works";
    all.rows.set("42", "new");
    await promise;
  });
  resolve();
  expect(await written).toEqual([]);
  await seenBy(all);
  expect(await all.elsewhere.getOrSet("42", all.load)).toBe("new");
});

describe("many writes at once", () => {
  it("are all stored, though a page of the journal holds fewer", async () => {
    const all = await opened();
    const write = (key: string) => all.articles.write(key, key, async () => undefined);
    const keys = Array.from({ length: 300 }, (_, nth) => `many-${nth}`);
    const kept = await Promise.all(keys.map(write));
    expect(new Set(kept.map((tiers) => tiers.join(" ")))).toEqual(new Set(["memory edge shared"]));
  });

  it("store nothing over another writer's purge among more entries than a page holds", async () => {
    const all = await opened();
    const { written, finish, begun } = heldWrite(all, "new");
    await begun();
    await all.elsewhere.delete("42");
    for (let nth = 0; nth < 130; nth += 1) await all.elsewhere.delete(`other-${nth}`);
    finish();
    expect(await written).toEqual([]);
  });
});

describe("the tags of the value before", () => {
  const tagged = async (all: Opened, key: string) => {
    all.rows.set(key, "old");
    await all.articles.getOrSet(key, ({ tags }) => {
      tags("author:7");
      return "old";
    });
  };
  const calls = {
    write: (articles: Opened["articles"], tags?: string[]) =>
      articles.write("43", "new", async () => undefined, { tags }),
    set: (articles: Opened["articles"], tags?: string[]) => articles.set("43", "new", { tags }),
  };

  it.each(["write", "set"] as const)("stay with what %s stores in their place", async (call) => {
    const all = await opened();
    await tagged(all, "43");
    await calls[call](all.articles);
    await all.here.data.purge({ tags: ["author:7"] });
    expect(await all.articles.get("43")).toBeUndefined();
  });

  it.each(["write", "set"] as const)(
    "are found in Redis by %s of another isolate",
    async (call) => {
      const all = await opened();
      await tagged(all, "43");
      await all.here.settle();
      await calls[call](all.elsewhere);
      expect(await all.elsewhere.get("43")).toBe("new");
      await all.there.data.purge({ tags: ["author:7"] });
      expect(await all.elsewhere.get("43")).toBeUndefined();
    },
  );

  it.each(["write", "set"] as const)("go where %s names others", async (call) => {
    const all = await opened();
    await tagged(all, "43");
    await calls[call](all.articles, ["author:8"]);
    await all.here.data.purge({ tags: ["author:7"] });
    expect(await all.articles.get("43")).toBe("new");
    await all.here.data.purge({ tags: ["author:8"] });
    expect(await all.articles.get("43")).toBeUndefined();
  });

  it("go where a function of the namespace makes them", async () => {
    const { data } = new DataIsolate();
    const derived = data.namespace<string, string>("derived", {
      fresh: "10m",
      tags: (value) => [`is:${value}`],
    });
    await derived.set("1", "old");
    await derived.write("1", "new", async () => undefined);
    await data.purge({ tags: ["is:old"] });
    expect(await derived.get("1")).toBe("new");
  });
});

describe("a database that fails", () => {
  it("may have written all the same: the key is purged, and the caller gets its error", async () => {
    const all = await opened();
    const lost = new Error("The connection was lost.");
    const written = all.articles.write("42", "new", async () => {
      all.rows.set("42", "new");
      throw lost;
    });
    await expect(written).rejects.toBe(lost);
    expect(await all.articles.getOrSet("42", all.load)).toBe("new");
    await seenBy(all);
    expect(await all.elsewhere.getOrSet("42", all.load)).toBe("new");
    const { articles } = all.here.data.stats().namespaces;
    expect(articles).toMatchObject({ persists: 1, failedPersists: 1, unpurgedWrites: 0 });
  });

  it("and takes too long is aborted, and the key is purged", async () => {
    const all = await opened();
    const hasty = all.here.data.namespace<string, string>("hasty", {
      ...space,
      hardTimeoutMs: 5,
    });
    let isAborted = false;
    const written = hasty.write("42", "new", (signal) => {
      signal.addEventListener("abort", () => (isAborted = true));
      all.rows.set("42", "new");
      return new Promise(() => undefined);
    });
    await expect(written).rejects.toMatchObject({ name: "WriteTimedOut" });
    expect(isAborted).toBe(true);
    expect(await hasty.getOrSet("42", all.load)).toBe("new");
  });
});

describe("what is refused, and nothing is written", () => {
  it.each([
    { id: "undefined", value: undefined as unknown as string, why: "It is undefined" },
    { id: "a function", value: (() => undefined) as unknown as string, why: "It is a function" },
  ])("$id", async ({ value, why }) => {
    const all = await opened();
    const persist = vi.fn<() => void>();
    await expect(all.articles.write("42", value, persist)).rejects.toThrow(why);
    expect(persist).not.toHaveBeenCalled();
    expect(await all.articles.get("42")).toBe("old");
  });

  it("anything, where there is no journal", async () => {
    const alone = new DataIsolate({ upstash: null });
    const persist = vi.fn<() => void>();
    const written = alone.data.namespace<string>("articles", space).write("42", "new", persist);
    await expect(written).rejects.toThrow("cannot purge older values");
    expect(persist).not.toHaveBeenCalled();
  });
});
