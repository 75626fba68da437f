// Tests that `set` reaches every isolate: others drop older copies within N, and a purge from shortly
// before does not remove the new value.
import { describe, expect, it, vi } from "vitest";
import { DataIsolate, HeldSource } from "../../../testing/data/data-isolate.ts";
import { idle, until } from "../../../testing/site/harness.ts";

const everywhere = { everywhere: true } as const;
const onlyHere = { everywhere: false } as const;
const space = { fresh: "10m", stale: "1h" };
const alone = { tiers: ["shared"] };

function two(options: object = space) {
  const here = new DataIsolate();
  const there = here.elsewhere();
  return { here, there, mine: here.articles(options), theirs: there.articles(options) };
}

describe("a set value", () => {
  it.each([
    { options: {}, seen: "new" },
    { options: onlyHere, seen: "old" },
  ])(
    "with $options is $seen after N in another isolate that has an older copy",
    async ({ options, seen }) => {
      const { here, mine, theirs } = two();
      await mine.set("42", "old");
      expect(await theirs.get("42")).toBe("old");
      await mine.set("42", "new", options);
      expect(await mine.get("42")).toBe("new");
      here.clock.advance(11);
      expect([await theirs.get("42"), await mine.get("42")]).toEqual([seen, "new"]);
    },
  );

  it.each([
    { options: {}, seen: "new" },
    { options: onlyHere, seen: undefined },
  ])("with $options is $seen after another isolate's earlier delete", async (row) => {
    const { here, mine, theirs } = two();
    await mine.set("42", "old");
    await theirs.delete("42");
    await mine.set("42", "new", row.options);
    here.clock.advance(11);
    expect([await mine.get("42"), await theirs.get("42")]).toEqual([row.seen, row.seen]);
  });

  it.each([{}, alone])("is not replaced by another isolate's earlier load: %j", async (tiers) => {
    const { here, there, mine, theirs } = two({ ...space, ...tiers });
    const source = new HeldSource();
    const loading = theirs.getOrSet("42", source.load);
    await until(() => source.count === 1);
    await mine.set("42", "new");
    source.answer("old");
    expect(await loading).toBe("old");
    await there.settle();
    expect(await mine.get("42")).toBe("new");
    here.clock.advance(11);
    expect([await theirs.get("42"), await mine.get("42")]).toEqual(["new", "new"]);
  });

  it("is replaced by a later set of another isolate, and removed by a later purge", async () => {
    const { here, mine, theirs } = two();
    await mine.set("42", "new");
    await theirs.set("42", "newer");
    here.clock.advance(11);
    expect(await mine.get("42")).toBe("newer");
    await mine.delete("42");
    here.clock.advance(11);
    expect(await theirs.get("42")).toBeUndefined();
  });
});

it("of two sets of one turn, the later one stays, although the first is longer to compress", async () => {
  const { mine, theirs } = two({ ...space, ...alone });
  const long = Array.from({ length: 20_000 }, (_, nth) => nth).join();
  await Promise.all([mine.set("42", long), mine.set("42", "later")]);
  expect([await mine.get("42"), await theirs.get("42")]).toEqual(["later", "later"]);
});

describe("a forced load", () => {
  it("ends older copies of other isolates within N", async () => {
    const { here, mine, theirs } = two();
    await mine.set("42", "old");
    expect(await theirs.get("42")).toBe("old");
    expect(await mine.getOrSet("42", () => "new", { forceFresh: true })).toBe("new");
    await idle();
    here.clock.advance(11);
    expect([await mine.get("42"), await theirs.get("42")]).toEqual(["new", "new"]);
  });

  it("returns its value while the journal is down, and stores nothing", async () => {
    const { here, mine } = two();
    await mine.set("42", "old");
    here.upstash.journalMode = "down";
    expect(await mine.getOrSet("42", () => "new", { forceFresh: true })).toBe("new");
    expect(await mine.get("42")).toBeUndefined();
    expect(here.data.stats().unpurged.keys).toBe(1);
  });
});

describe("a namespace in Redis alone", () => {
  const twoAlone = () => two({ ...space, ...alone });

  it("shows a set value everywhere at once, and appends nothing to the journal", async () => {
    const { here, mine, theirs } = twoAlone();
    await mine.set("42", "old");
    expect(await theirs.get("42")).toBe("old");
    await mine.set("42", "new");
    expect([await mine.get("42"), await theirs.get("42")]).toEqual(["new", "new"]);
    expect(here.data.stats().purges).toMatchObject({ accepted: 0 });
  });

  it("keeps a value that is set just after another isolate's delete", async () => {
    const { here, mine, theirs } = twoAlone();
    await mine.set("42", "old");
    await theirs.delete("42");
    await mine.set("42", "new");
    here.clock.advance(11);
    expect([await mine.get("42"), await theirs.get("42")]).toEqual(["new", "new"]);
  });

  it("is set while the journal does not answer, if the view has its last entry", async () => {
    const { here, mine, theirs } = twoAlone();
    await mine.set("42", "old");
    await theirs.get("warm");
    here.upstash.journalMode = "down";
    expect(await mine.set("42", "new")).toEqual(["shared"]);
    expect(await theirs.get("42")).toBe("new");
  });

  it("is not set if the journal does not answer and has a further entry, and no older value answers here", async () => {
    const { here, mine, theirs } = twoAlone();
    await mine.set("42", "old");
    await theirs.delete("other");
    here.upstash.journalMode = "down";
    await expect(mine.set("42", "new")).rejects.toThrow("articles/42 was not set: the purge");
    expect(await mine.get("42")).toBeUndefined();
    here.upstash.journalMode = "works";
    await mine.set("42", "newer");
    expect(await theirs.get("42")).toBe("newer");
  });

  it("purges the older value if Redis does not store the new one", async () => {
    const { here, mine, theirs } = twoAlone();
    await mine.set("42", "old");
    here.upstash.beforeStored = () => Promise.reject(new TypeError("The connection was lost."));
    expect(await mine.set("42", "new")).toEqual([]);
    expect(await mine.get("42")).toBeUndefined();
    here.clock.advance(11);
    expect(await theirs.get("42")).toBeUndefined();
  });

  it("reads a key that this isolate has just set on the primary", async () => {
    const { here, mine } = twoAlone();
    await mine.set("42", "new");
    const asked = vi.spyOn(here.upstash, "answer");
    const pathsOf = async (read: () => Promise<unknown>) => {
      asked.mockClear();
      await read();
      return asked.mock.calls.map(([path]) => path);
    };
    expect(await pathsOf(() => mine.get("42"))).toEqual(["/multi-exec"]);
    expect(await pathsOf(() => mine.getMany(["42"]))).toEqual(["/multi-exec"]);
    here.clock.advance(2);
    expect(await pathsOf(() => mine.get("42"))).toEqual(["/"]);
  });
});

describe("the tags of the replaced value", () => {
  it("are read from Redis, not from an older value in memory", async () => {
    const { here, mine, theirs } = two();
    await mine.set("42", "v1", { tags: ["red"] });
    await theirs.set("42", "v2", { tags: ["blue"] });
    await mine.set("42", "v3");
    await here.data.purge({ tags: ["blue"] });
    expect(await mine.get("42")).toBeUndefined();
  });

  it.each(["set", "write"])("prevent the store of %s if they cannot be read", async (call) => {
    const { here, mine } = two();
    await mine.set("42", "v1", { tags: ["red"] });
    const theirs = here.elsewhere().articles(space);
    here.upstash.afterNext = () => Promise.reject(new TypeError("The connection was lost."));
    const storing =
      call === "write"
        ? theirs.write("42", "v2", () => undefined)
        : theirs.set("42", "v2").catch((cause: Error) => cause.message);
    const why =
      "articles/42 was not set. The tags of the value that it replaces cannot be read, because a tier did not " +
      "answer. Pass `tags`, or try again.";
    expect(await storing).toEqual(call === "write" ? [] : why);
    await here.data.purge({ tags: ["red"] });
    here.clock.advance(11);
    expect([await mine.get("42"), await theirs.get("42")]).toEqual([undefined, undefined]);
  });

  it("are kept in an isolate that has no view of the journal", async () => {
    const { here, mine } = two();
    await mine.set("42", "v1", { tags: ["red"] });
    const theirs = here.elsewhere().articles(space);
    const { upstash } = here;
    upstash.beforeJournalAnswer = async () => {
      const isRead = upstash.journalCommands.at(-1) !== "EVAL";
      if (isRead) throw new TypeError("The connection was lost.");
    };
    await theirs.set("42", "v2");
    upstash.beforeJournalAnswer = async () => undefined;
    expect(await theirs.get("42")).toBe("v2");
    await here.data.purge({ tags: ["red"] });
    here.clock.advance(11);
    expect(await theirs.get("42")).toBeUndefined();
  });

  it("are read from Redis if the edge does not answer", async () => {
    const { here, mine } = two();
    await mine.set("42", "v1", { tags: ["red"] });
    const cache = () => {
      throw new Error("The cache is down.");
    };
    const { clock, upstash } = here;
    const platform = { host: "www.example.com", cache };
    const theirs = new DataIsolate({ clock, upstash, platform }).articles(space);
    expect(await theirs.set("42", "v2")).toEqual(["memory", "shared"]);
    await here.data.purge({ tags: ["red"] });
    here.clock.advance(11);
    expect(await theirs.get("42")).toBeUndefined();
  });
});

it.each(["down", "deaf"] as const)(
  "while the journal is %s, no value is stored or answers until a later call is accepted",
  async (mode) => {
    const { here, mine } = two();
    await mine.set("42", "old");
    here.upstash.journalMode = mode;
    const text = "articles/42 was not set: the purge of its older values was not accepted.";
    await expect(mine.set("42", "new")).rejects.toThrow(text);
    expect(await mine.get("42")).toBeUndefined();
    expect(here.data.stats().unpurged.keys).toBe(1);
    here.upstash.journalMode = "works";
    expect(await mine.set("42", "newer")).toContain("memory");
    expect(await mine.get("42")).toBe("newer");
    expect(here.data.stats().unpurged).toMatchObject({ keys: 0, trouble: { isOver: true } });
  },
);

it("the value of the later journal entry stays, although its call is answered first", async () => {
  const { here, mine } = two();
  await mine.set("42", "old");
  const gate = Promise.withResolvers<void>();
  here.upstash.beforeJournalAnswer = () => gate.promise;
  const earlier = mine.set("42", "earlier", { tags: [] });
  await idle();
  here.upstash.beforeJournalAnswer = async () => undefined;
  await mine.set("42", "later", { tags: [] });
  gate.resolve();
  expect(await earlier).toEqual([]);
  expect(await mine.get("42")).toBe("later");
});

it("a Worker without a database refuses `everywhere` before any store", async () => {
  const articles = new DataIsolate({ upstash: null }).articles();
  expect(await articles.set("42", "old")).toContain("memory");
  await expect(articles.set("42", "new", everywhere)).rejects.toThrow(
    "articles/42 is not written.",
  );
  expect(await articles.get("42")).toBe("old");
});

it.each([undefined, () => 1])("set refuses the value %s before any purge", async (value) => {
  const { here, mine } = two();
  await mine.set("42", "old", onlyHere);
  await expect(mine.set("42", value as never)).rejects.toThrow("is not stored");
  expect(await mine.get("42")).toBe("old");
  expect(here.data.stats().purges).toMatchObject({ accepted: 0 });
});
