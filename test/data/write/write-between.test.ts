// Tests purges, writes, loads and losses between the stamp and the purge of a write.
import { describe, expect, it } from "vitest";
import { HeldSource } from "../../../testing/data/data-isolate.ts";
import { idle, until } from "../../../testing/site/harness.ts";
import { allTiers, opened } from "./write-world.ts";

describe("between the stamp and the purge of a write,", () => {
  it.each([
    { keys: ["articles/42"] },
    { keys: ["articles/42"], soft: true },
    { tags: ["red"] },
    { prefixes: ["articles"] },
  ])("the purge %j elsewhere prevents the store", async (order) => {
    const { there, articles, load, heldWrite } = await opened();
    const { written, finish } = await heldWrite("new");
    await there.data.purge(order);
    finish();
    expect(await written).toEqual([]);
    expect(await articles.get("42")).toBeUndefined();
    expect(await articles.getOrSet("42", load)).toBe("new");
  });

  it("a purge of other values changes nothing", async () => {
    const { there, articles, heldWrite } = await opened();
    const { written, finish } = await heldWrite("new");
    await there.data.purge({ tags: ["blue"], keys: ["articles/43"] });
    finish();
    expect(await written).toEqual(allTiers);
    expect(await articles.get("42")).toBe("new");
  });

  it("another isolate's write, later in the database and earlier in the journal, stays", async () => {
    const { elsewhere, both, load, persist, seen, heldWrite } = await opened();
    const { written, finish } = await heldWrite("first", "after");
    await elsewhere.write("42", "second", persist("second"));
    finish();
    expect(await written).toEqual([]);
    await seen();
    for (const each of both) expect(await each.getOrSet("42", load)).toBe("second");
  });

  it("another write of the same isolate prevents the store", async () => {
    const { articles, load, persist, heldWrite } = await opened();
    const first = await heldWrite("first");
    await articles.write("42", "second", persist("second"));
    first.finish();
    expect(await first.written).toEqual([]);
    expect(await articles.getOrSet("42", load)).toBe("first");
  });

  it("a load of the older value does not replace the written one", async () => {
    const { articles, heldWrite } = await opened();
    const source = new HeldSource();
    const loading = articles.getOrSet("42", source.load, { forceFresh: true });
    await until(() => source.count === 1);
    const { written, finish } = await heldWrite("new");
    finish();
    expect(await written).toEqual(allTiers);
    source.answer("old");
    expect(await loading).toBe("old");
    await idle();
    expect(await articles.get("42")).toBe("new");
  });

  it.each([
    { journalMode: "works", kept: allTiers },
    { journalMode: "down", kept: [] },
  ] as const)(
    "a write reads more than a page of entries, and stores in $kept: journal $journalMode",
    async ({ journalMode, kept }) => {
      const { upstash, there, articles, load, heldWrite } = await opened();
      const { written, finish } = await heldWrite("new");
      for (let nth = 0; nth < 127; nth += 1) await there.data.purge({ tags: [`t${nth}`] });
      upstash.beforeJournalAnswer = async () => void (upstash.journalMode = journalMode);
      finish();
      expect(await written).toEqual(kept);
      upstash.beforeJournalAnswer = () => Promise.resolve();
      upstash.journalMode = "works";
      expect(await articles.getOrSet("42", load)).toBe("new");
    },
  );

  it("a purge of the key among more entries than a page holds prevents the store", async () => {
    const { elsewhere, heldWrite } = await opened();
    const { written, finish } = await heldWrite("new");
    await elsewhere.delete("42");
    for (let nth = 0; nth < 130; nth += 1) await elsewhere.delete(`other-${nth}`);
    finish();
    expect(await written).toEqual([]);
  });

  it("a loss of the journal invalidates the stamp, and prevents the store", async () => {
    const { upstash, both, load, seen, heldWrite } = await opened();
    const { written, finish } = await heldWrite("new");
    upstash.journal.empty();
    finish();
    expect(await written).toEqual([]);
    await seen();
    for (const each of both) expect(await each.getOrSet("42", load)).toBe("new");
  });
});
