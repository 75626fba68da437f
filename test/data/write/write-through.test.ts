// Tests writes through to the application's database: the stored value, its tags, and failures.
import { describe, expect, it, vi } from "vitest";
import { DataIsolate } from "../../../testing/data/data-isolate.ts";
import { idle } from "../../../testing/site/harness.ts";
import { allTiers, opened, space } from "./write-world.ts";

describe("a write without interference", () => {
  it("is stored in all tiers, and answers at once", async () => {
    const { articles, elsewhere, persist, rows, seen } = await opened();
    expect(await articles.write("42", "new", persist("new"))).toEqual(allTiers);
    expect(rows.get("42")).toBe("new");
    const load = vi.fn<() => string>();
    expect(await articles.getOrSet("42", load)).toBe("new");
    await seen();
    expect(await articles.getOrSet("42", load)).toBe("new");
    // The value comes from Redis, because this colo's own copies are older.
    expect(await elsewhere.getOrSet("42", load)).toBe("new");
    expect(load).not.toHaveBeenCalled();
  });

  it("extends the view without a read of the journal", async () => {
    const { upstash, articles, persist } = await opened();
    const before = upstash.journalCommands.length;
    await articles.write("42", "new", persist("new"));
    await articles.get("42");
    await idle();
    expect(upstash.journalCommands.slice(before, before + 1)).toEqual(["EVAL"]);
    const reads = upstash.journalCommands.slice(before + 1);
    expect(reads.filter((name) => name.startsWith("XR"))).toEqual([]);
  });

  it("of null removes the value", async () => {
    const { here, articles, rows } = await opened();
    await articles.write("42", null, async () => void rows.delete("42"));
    expect(await articles.get("42")).toBeNull();
    const unkept = here.data.namespace<string, string>("unkept", { fresh: "10m" });
    expect(await unkept.write("42", null, () => undefined)).toEqual([]);
    expect(await unkept.get("42")).toBeUndefined();
  });
});

it("a purge after that of the write covers the value", async () => {
  const { there, articles, both, persist, seen } = await opened();
  await articles.write("42", "new", persist("new"));
  await there.data.purge({ tags: ["red"] });
  await seen();
  for (const each of both) expect(await each.get("42")).toBeUndefined();
});

it("a write without a view of the journal stores nothing, and purges the older value", async () => {
  const { upstash, here, elsewhere, rows, load, seen } = await opened();
  upstash.journalMode = "deaf";
  const written = here
    .elsewhere()
    .articles(space)
    .write("42", "new", () => {
      upstash.journalMode = "works";
      rows.set("42", "new");
    });
  expect(await written).toEqual([]);
  await seen();
  expect(await elsewhere.getOrSet("42", load)).toBe("new");
});

it("300 concurrent writes are all stored, although a page of the journal holds fewer", async () => {
  const { articles } = await opened();
  const keys = Array.from({ length: 300 }, (_, nth) => `many-${nth}`);
  const kept = await Promise.all(
    keys.map((key) => articles.write(key, key, async () => undefined)),
  );
  expect(new Set(kept.map((tiers) => tiers.join(" ")))).toEqual(new Set(["memory edge shared"]));
});

describe.each(["write", "set"] as const)("%s", (call) => {
  /** Stores a value with a tag of its load, which a call then replaces. */
  const tagged = async () => {
    const all = await opened();
    await all.articles.getOrSet("43", ({ tags }) => (tags("author:7"), "old"));
    const replace = (articles: typeof all.articles, tags?: string[]) =>
      call === "set"
        ? articles.set("43", "new", { tags })
        : articles.write("43", "new", async () => undefined, { tags });
    return { ...all, replace };
  };

  it("keeps the tags of the replaced value", async () => {
    const { here, articles, replace } = await tagged();
    await replace(articles);
    await here.data.purge({ tags: ["author:7"] });
    expect(await articles.get("43")).toBeUndefined();
  });

  it("reads the tags of the replaced value from Redis", async () => {
    const { here, there, elsewhere, replace } = await tagged();
    await here.settle();
    await replace(elsewhere);
    expect(await elsewhere.get("43")).toBe("new");
    await there.data.purge({ tags: ["author:7"] });
    expect(await elsewhere.get("43")).toBeUndefined();
  });

  it("replaces the tags with those of the call", async () => {
    const { here, articles, replace } = await tagged();
    await replace(articles, ["author:8"]);
    await here.data.purge({ tags: ["author:7"] });
    expect(await articles.get("43")).toBe("new");
    await here.data.purge({ tags: ["author:8"] });
    expect(await articles.get("43")).toBeUndefined();
  });
});

it("write replaces the tags with those of the namespace's function", async () => {
  const isolate = new DataIsolate();
  const derived = isolate.articles({ tags: (value: string) => [`is:${value}`] });
  await derived.set("1", "old");
  await derived.write("1", "new", async () => undefined);
  await isolate.data.purge({ tags: ["is:old"] });
  expect(await derived.get("1")).toBe("new");
});

describe("a database", () => {
  it("that fails may have written: the key is purged, and the caller gets the error", async () => {
    const { here, articles, elsewhere, rows, load, seen } = await opened();
    const lost = new Error("The connection was lost.");
    const written = articles.write("42", "new", async () => {
      rows.set("42", "new");
      throw lost;
    });
    await expect(written).rejects.toBe(lost);
    expect(await articles.getOrSet("42", load)).toBe("new");
    await seen();
    expect(await elsewhere.getOrSet("42", load)).toBe("new");
    const counts = here.data.stats().namespaces["articles"];
    expect(counts).toMatchObject({ persists: 1, failedPersists: 1, unpurgedWrites: 0 });
  });

  it("that exceeds the hard time-out is aborted, and the key is purged", async () => {
    const { here, rows, load } = await opened();
    const hasty = here.data.namespace<string, string>("hasty", { fresh: "10m", hardTimeoutMs: 5 });
    let isAborted = false;
    const written = hasty.write("42", "new", (signal) => {
      signal.addEventListener("abort", () => (isAborted = true));
      rows.set("42", "new");
      return new Promise(() => undefined);
    });
    await expect(written).rejects.toMatchObject({ name: "WriteTimedOut" });
    expect(isAborted).toBe(true);
    expect(await hasty.getOrSet("42", load)).toBe("new");
  });
});

describe("a refused write changes nothing:", () => {
  it.each([
    { value: undefined, why: "It is undefined" },
    { value: () => undefined, why: "It is a function" },
  ])("$why", async ({ value, why }) => {
    const { articles } = await opened();
    const persist = vi.fn<() => void>();
    await expect(articles.write("42", value as never, persist)).rejects.toThrow(why);
    expect(persist).not.toHaveBeenCalled();
    expect(await articles.get("42")).toBe("old");
  });

  it("there is no journal", async () => {
    const persist = vi.fn<() => void>();
    const written = new DataIsolate({ upstash: null }).articles().write("42", "new", persist);
    await expect(written).rejects.toThrow("cannot purge older values");
    expect(persist).not.toHaveBeenCalled();
  });
});
