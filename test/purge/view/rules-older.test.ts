// Rule 12: a stamp that is older than the view is sought by reading back, behind the answer.
import { describe, expect, it } from "vitest";
import { decodeEntry, type Entry, type EntryPlace } from "../../../src/purge/journal/entry.ts";
import { JournalView } from "../../../src/purge/view/journal-view.ts";
import type { Journal } from "../../../src/purge/journal/journal.ts";
import { allowanceMs, Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";

const pageCount = 128;

/** Reads back as the journal does, one entry of a page being the one it starts at. */
class Older implements Pick<Journal, "before"> {
  readonly #isolate: Isolate;
  readonly asked: string[] = [];
  isDown = false;
  beforeAnswer: () => Promise<void> = () => Promise.resolve();

  constructor(isolate: Isolate) {
    this.#isolate = isolate;
  }

  async before({ position, n }: EntryPlace) {
    this.asked.push(position);
    const { items } = this.#isolate.journal.stream;
    const at = items.findIndex(({ id }) => id === position);
    const joint = items[at];
    const page = items.slice(Math.max(0, at - pageCount + 1), at);
    await this.beforeAnswer();
    if (this.isDown) return { kind: "unavailable" } as const;
    const isJoint = joint !== undefined && decodeEntry(joint.id, joint.fields).n === n;
    if (!isJoint) return { kind: "not-joined" } as const;
    return {
      kind: "read",
      entries: page.map(({ id, fields }) => decodeEntry(id, fields)),
    } as const;
  }
}

class Seeking extends Isolate {
  readonly older = new Older(this);
  override readonly view = new JournalView({
    journal: Object.assign(this.journal, { before: this.older.before.bind(this.older) }),
    news: this.telling,
    nowAtMs: this.clock.nowAtMs,
    maxLagMs,
    allowanceMs,
    timeoutMs: 2_000,
  });

  /** For what was stored under that entry, and all that goes on behind the answer. */
  async seek(n: string): Promise<void> {
    this.clock.advance(maxLagMs / 4_000);
    await this.view.seek(this.attention, this.placeOf(n));
    await this.settle();
  }

  placeOf(n: string): EntryPlace {
    const at = this.journal.stream.items.findIndex(({ fields }) => fields[3] === n);
    return { position: this.journal.stream.items[at]?.id ?? "0-1", n };
  }
}

/** A cold isolate, and a journal of so many entries; `nth` purges red. */
async function cold(count: number, nth = -1): Promise<Seeking> {
  const isolate = new Seeking();
  for (let at = 0; at < count; at += 1) {
    isolate.journal.write(newEntry({ n: `${at}`, tags: at === nth ? ["tag:red"] : [] }));
  }
  await isolate.filled();
  await isolate.settle();
  return isolate;
}

const stampedWith = (isolate: Seeking, n: string) => async () => ({
  ...(await isolate.filled()),
  stamp: isolate.placeOf(n),
});

describe("rule 12: a stamp older than the view's oldest entry", () => {
  it.each([
    { id: "just-before", at: 999, pages: 1 },
    { id: "a-page-back", at: 1_000 - 127, pages: 1 },
    { id: "past-a-page", at: 1_000 - 128, pages: 2 },
    { id: "four-pages-back", at: 1_000 - 4 * 127, pages: 4 },
    { id: "past-four-pages", at: 1_000 - 4 * 127 - 1, pages: 4, judged: "unverified" },
  ])("is sought four pages back at the most: $id", async ({ at, pages, judged = "usable" }) => {
    const isolate = await cold(2_000);
    const stored = await stampedWith(isolate, `${at}`)();
    expect(isolate.judge(stored)).toBe("unverified");
    await isolate.seek(`${at}`);
    expect([isolate.older.asked.length, isolate.judge(stored)]).toEqual([pages, judged]);
  });

  it("is found by a later search that goes on where the last one ended", async () => {
    const isolate = await cold(2_000);
    for (let turn = 0; turn < 2; turn += 1) await isolate.seek("100");
    expect(isolate.judge(await stampedWith(isolate, "100")())).toBe("usable");
    expect(new Set(isolate.older.asked).size).toBe(isolate.older.asked.length);
  });

  it("is judged by all that came after it", async () => {
    const isolate = await cold(2_000, 800);
    await isolate.seek("700");
    const judged = ["799", "800"].map(async (n) => isolate.judge(await stampedWith(isolate, n)()));
    expect(await Promise.all(judged)).toEqual(["hard", "usable"]);
  });

  it("is told of with all that was read back", async () => {
    const isolate = await cold(2_000);
    isolate.news.splice(0);
    await isolate.seek(`${1_000 - 127}`);
    const older = isolate.news.filter((news) => news.startsWith("older "));
    expect([older.length, older[0], older.at(-1)]).toEqual([127, "older 873", "older 999"]);
  });

  it("does not make the view younger, nor move its end", async () => {
    const isolate = await cold(2_000);
    isolate.journal.down = ["since"];
    const { sentAtMs, chain } = isolate.view;
    const end = chain?.end;
    await isolate.seek("700");
    expect([isolate.view.sentAtMs, isolate.view.chain?.end]).toEqual([sentAtMs, end]);
    expect(isolate.view.chain?.entries.length).toBeGreaterThan(1_000);
  });

  it("nobody waits for it", async () => {
    const isolate = await cold(2_000);
    isolate.older.beforeAnswer = () => new Promise(() => undefined);
    isolate.clock.advance(3);
    await isolate.view.seek(isolate.attention, isolate.placeOf("700"));
    expect(isolate.older.asked.length).toBe(1);
  });

  it("one search at a time", async () => {
    const isolate = await cold(2_000);
    isolate.older.beforeAnswer = () => new Promise(() => undefined);
    for (let turn = 0; turn < 3; turn += 1) {
      isolate.clock.advance(3);
      await isolate.view.seek(isolate.attention, isolate.placeOf("700"));
    }
    expect(isolate.older.asked.length).toBe(1);
  });

  it("once per N/4", async () => {
    const isolate = await cold(2_000);
    isolate.clock.advance(maxLagMs / 4_000);
    for (let turn = 0; turn < 5; turn += 1) {
      await isolate.view.seek(isolate.attention, isolate.placeOf("1"));
      await isolate.settle();
    }
    expect(isolate.older.asked.length).toBe(4);
  });

  it.each([
    { id: "known", n: "1500" },
    { id: "newer-than-the-view", n: "none", position: "9999999999999-0" },
  ])("and only such a one: $id", async ({ n, position }) => {
    const isolate = await cold(2_000);
    isolate.clock.advance(3);
    const stamp = position === undefined ? isolate.placeOf(n) : { position, n };
    await isolate.view.seek(isolate.attention, stamp);
    await isolate.settle();
    expect(isolate.older.asked).toEqual([]);
  });

  it.each([
    { id: "older", position: "999-99", isSought: true },
    { id: "older-by-its-sequence", position: "1000-9", isSought: true },
    { id: "newer", position: "1000-11", isSought: false },
    { id: "much-newer", position: "10000-0", isSought: false },
  ])("its position is compared by its numbers: $id", async ({ position, isSought }) => {
    const isolate = new Seeking();
    const fields = ["v", "1", "n", "first", "tags", "[]", "prefixes", "[]"];
    isolate.journal.stream.restore([{ id: "1000-10", fields }], 0);
    await isolate.filled();
    isolate.clock.advance(3);
    await isolate.view.seek(isolate.attention, { position, n: "x" });
    await isolate.settle();
    expect(isolate.older.asked).toEqual(isSought ? ["1000-10"] : []);
  });
});

describe("rule 12: the way back ends", () => {
  it("at the journal's beginning, and is not tried again", async () => {
    const isolate = await cold(1_100);
    for (let turn = 0; turn < 3; turn += 1) await isolate.seek("gone");
    expect(isolate.view.chain?.entries.length).toBe(1_100);
    expect(isolate.older.asked.length).toBe(2);
  });

  it("where the oldest entry was trimmed, for it does not join", async () => {
    const isolate = await cold(1_500);
    const { journal, clock, view } = isolate;
    const floor = view.chain?.floor.position ?? "";
    const [ms = "", sequence = ""] = floor.split("-");
    journal.stream.trimBefore(`${ms}-${Number(sequence) + 1}`, clock.atMs);
    for (let turn = 0; turn < 3; turn += 1) await isolate.seek("gone");
    expect([isolate.older.asked, view.chain?.entries.length]).toEqual([[floor], 1_000]);
  });

  it("while the journal is down, until it is back", async () => {
    const isolate = await cold(2_000);
    isolate.older.isDown = true;
    await isolate.seek("900");
    expect(isolate.older.asked.length).toBe(1);
    isolate.older.isDown = false;
    await isolate.seek("900");
    expect(isolate.judge(await stampedWith(isolate, "900")())).toBe("usable");
  });

  it("where the view is full", async () => {
    const isolate = await cold(9_000);
    for (let turn = 0; turn < 20; turn += 1) await isolate.seek("1");
    expect(isolate.view.chain?.entries.length).toBe(8_000);
    expect(isolate.older.asked.length).toBe(Math.ceil(7_000 / 127));
  });

  it("when the view has been begun anew meanwhile (rule 13)", async () => {
    const isolate = await cold(1_500);
    const { journal, clock, view } = isolate;
    isolate.older.beforeAnswer = async () => {
      isolate.older.beforeAnswer = () => Promise.resolve();
      journal.stream.loseNewest(1, clock.atMs);
      await view.catchUp();
    };
    await isolate.seek("400");
    const entries = view.chain?.entries ?? [];
    expect(lostIn(entries)).toBe(1);
    expect(new Set(entries.map(({ position }) => position)).size).toBe(entries.length);
    expect(isolate.older.asked.length).toBe(1);
  });
});

function lostIn(entries: readonly Entry[]): number {
  return entries.filter(({ lost }) => lost !== "").length;
}
