// Rule 12: the isolate searches for a stamp that is older than the view by reading backwards.
import { describe, expect, it, vi } from "vitest";
import { Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";

/** A cold isolate whose journal has this many entries; the entry `purgeAt` purges red. */
async function cold(count: number, purgeAt = -1) {
  const isolate = new Isolate();
  const { journal, clock, view } = isolate;
  for (let at = 0; at < count; at += 1) {
    journal.write(newEntry({ n: `${at}`, tags: at === purgeAt ? ["tag:red"] : [] }));
  }
  const stored = await isolate.filled();
  await isolate.settle();
  const before = vi.spyOn(journal, "before");
  const pagesRead = () => before.mock.calls.length;
  const placeOf = (n: string) => {
    const item = journal.stream.items.find(({ fields }) => fields[3] === n);
    return { position: item?.id ?? "0-1", n };
  };
  return {
    isolate,
    journal,
    clock,
    view,
    pagesRead,
    positionsRead: () => before.mock.calls.map(([{ position }]) => position),
    stopAnswers: () => void before.mockImplementation(() => new Promise(() => undefined)),
    placeOf,
    /** Searches for a stamp, and waits for the background work. */
    seek: async (n: string) => {
      clock.advance(maxLagMs / 4_000);
      await view.seek(isolate.attention, placeOf(n));
      await isolate.settle();
    },
    judge: (n: string) => isolate.judge({ ...stored, stamp: placeOf(n) }),
    length: () => view.chain?.entries.length,
  };
}

describe("rule 12: a search for a stamp older than the view", () => {
  it.each([
    { id: "just before the view", at: 999, pages: 1 },
    { id: "a page back", at: 1_000 - 127, pages: 1 },
    { id: "beyond a page", at: 1_000 - 128, pages: 2 },
    { id: "four pages back", at: 1_000 - 4 * 127, pages: 4 },
    { id: "beyond four pages", at: 1_000 - 4 * 127 - 1, pages: 4, judged: "unverified" },
  ])("reads at most four pages: $id", async ({ at, pages, judged = "usable" }) => {
    const { judge, seek, pagesRead } = await cold(2_000);
    expect(judge(`${at}`)).toBe("unverified");
    await seek(`${at}`);
    expect([pagesRead(), judge(`${at}`)]).toEqual([pages, judged]);
  });

  it("continues where the last search ended", async () => {
    const { judge, seek, positionsRead } = await cold(2_000);
    await seek("100");
    await seek("100");
    expect(judge("100")).toBe("usable");
    const positions = positionsRead();
    expect(new Set(positions).size).toBe(positions.length);
  });

  it("brings the purges after the stamp", async () => {
    const { judge, seek } = await cold(2_000, 800);
    await seek("700");
    expect([judge("799"), judge("800")]).toEqual(["hard", "usable"]);
  });

  it("reports the older entries to listeners", async () => {
    const { isolate, seek } = await cold(2_000);
    isolate.news.splice(0);
    await seek(`${1_000 - 127}`);
    const older = isolate.news.filter((news) => news.startsWith("older "));
    expect([older.length, older[0], older.at(-1)]).toEqual([127, "older 873", "older 999"]);
  });

  it("changes neither the view's age nor its end", async () => {
    const { journal, view, seek, length } = await cold(2_000);
    journal.down = ["since"];
    const { sentAtMs, chain } = view;
    const end = chain?.end;
    await seek("700");
    expect([view.sentAtMs, view.chain?.end]).toEqual([sentAtMs, end]);
    expect(length()).toBeGreaterThan(1_000);
  });

  it("runs in the background, one at a time", async () => {
    const { isolate, clock, view, pagesRead, stopAnswers, placeOf } = await cold(2_000);
    stopAnswers();
    for (let turn = 0; turn < 3; turn += 1) {
      clock.advance(3);
      await view.seek(isolate.attention, placeOf("700"));
    }
    expect(pagesRead()).toBe(1);
  });

  it("runs once per N/4", async () => {
    const { isolate, clock, view, pagesRead, placeOf } = await cold(2_000);
    clock.advance(maxLagMs / 4_000);
    for (let turn = 0; turn < 5; turn += 1) {
      await view.seek(isolate.attention, placeOf("1"));
      await isolate.settle();
    }
    expect(pagesRead()).toBe(4);
  });

  it("does not run for a known stamp", async () => {
    const { seek, pagesRead } = await cold(2_000);
    await seek("1500");
    expect(pagesRead()).toBe(0);
  });

  it.each([
    { id: "older time", position: "999-99", isSought: true },
    { id: "older sequence", position: "1000-9", isSought: true },
    { id: "newer sequence", position: "1000-11", isSought: false },
    { id: "newer time with more digits", position: "10000-0", isSought: false },
  ])("compares positions as numbers: $id", async ({ position, isSought }) => {
    const isolate = new Isolate();
    const { journal, clock, view, attention } = isolate;
    const fields = ["v", "1", "n", "first", "tags", "[]", "prefixes", "[]"];
    journal.stream.restore([{ id: "1000-10", fields }], 0);
    await isolate.filled();
    clock.advance(3);
    await view.seek({ ...attention, atMs: clock.atMs }, { position, n: "x" });
    await isolate.settle();
    expect(journal.asked.includes("before")).toBe(isSought);
  });
});

describe("rule 12: the search ends", () => {
  it("at the journal's beginning, and is not repeated", async () => {
    const { seek, pagesRead, length } = await cold(1_100);
    for (let turn = 0; turn < 3; turn += 1) await seek("gone");
    expect([pagesRead(), length()]).toEqual([2, 1_100]);
  });

  it("if the view's oldest entry was trimmed, because the pages do not join", async () => {
    const { journal, clock, view, seek, pagesRead, length } = await cold(1_500);
    const [ms = "", sequence = ""] = (view.chain?.floor.position ?? "").split("-");
    journal.stream.trimBefore(`${ms}-${Number(sequence) + 1}`, clock.atMs);
    for (let turn = 0; turn < 3; turn += 1) await seek("gone");
    expect([pagesRead(), length()]).toEqual([1, 1_000]);
  });

  it("while the journal is unreachable", async () => {
    const { journal, judge, seek, pagesRead } = await cold(2_000);
    journal.down = ["before"];
    await seek("900");
    expect(pagesRead()).toBe(1);
    journal.down = [];
    await seek("900");
    expect(judge("900")).toBe("usable");
  });

  it("when the view is full", async () => {
    const { seek, pagesRead, length } = await cold(8_200);
    for (let turn = 0; turn < 20; turn += 1) await seek("1");
    expect([pagesRead(), length()]).toEqual([Math.ceil(7_000 / 127), 8_000]);
  });

  it("when the view was replaced meanwhile (rule 13)", async () => {
    const { journal, clock, view, seek, pagesRead } = await cold(1_500);
    journal.beforeAnswer = async () => {
      if (journal.asked.at(-1) !== "before") return;
      journal.stream.loseNewest(1, clock.atMs);
      await view.catchUp();
    };
    await seek("400");
    const entries = view.chain?.entries ?? [];
    expect(entries.filter(({ lost }) => lost !== "").length).toBe(1);
    expect(new Set(entries.map(({ position }) => position)).size).toBe(entries.length);
    expect(pagesRead()).toBe(1);
  });
});
