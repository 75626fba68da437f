// Rule 27: the journal's book proves that a record with a stamp beyond the view is unpurged.
import { beforeEach, describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../../src/pages/stored/stored-response.ts";
import { BookChecks } from "../../../src/purge/view/book-checks.ts";
import {
  type EntryChanges,
  Isolate,
  maxLagMs,
  newEntry,
  orderOf,
  responseWith,
  stampAt,
} from "../../../testing/examples/purges.ts";

let isolate: Isolate;
let stored: StoredMetadata;

/** Writes entries that cover nothing. */
function writeOthers(count: number): void {
  for (let at = 0; at < count; at += 1) isolate.journal.write(newEntry({ n: crypto.randomUUID() }));
}

/**
 * Lets another isolate fill a record, and appends entries. This isolate then reads the newest
 * thousand, so its view does not know the stamp.
 */
async function beyond(purge?: EntryChanges, followers = 1_001): Promise<void> {
  isolate = new Isolate();
  const { clock, journal } = isolate;
  journal.write(newEntry({ n: "first" }));
  stored = await new Isolate({ clock, journal }).filled({ colo: "NRT" });
  if (purge !== undefined) journal.write(newEntry({ n: "purge", ...purge }));
  writeOthers(followers);
  await isolate.filled();
  await isolate.settle();
  journal.asked.length = 0;
}

async function seek(record: StoredMetadata = stored): Promise<void> {
  await isolate.view.seek(isolate.requester, record);
  await isolate.settle();
}

const end = () => isolate.view.chain?.end;
const questions = () => isolate.journal.asked.filter((name) => name === "unpurged").length;

describe("rule 27: a record beyond the view", () => {
  beforeEach(() => beyond());

  it("is usable after a question, with the view's last entry as its stamp", async () => {
    expect(isolate.judge(stored)).toBe("unverified");
    await seek();
    expect(isolate.judge(stored)).toBe("usable");
    expect([stored.stamp, questions()]).toEqual([end(), 1]);
  });

  it.each([
    { id: "is lower than those of the view", number: 1, asked: ["unpurged"] },
    { id: "is higher", number: 2_000, asked: ["since", "unpurged"] },
  ])("asks the journal for $asked if the number of its stamp $id", async ({ number, asked }) => {
    isolate = new Isolate();
    const { journal } = isolate;
    for (let at = 1; at < 1_200; at += 1) journal.write(newEntry({ n: `n.${at}.${at}` }));
    await isolate.filled();
    await isolate.settle();
    journal.asked.length = 0;
    await seek(responseWith({ stamp: { position: "1-0", n: `n.${number}.${number}` } }));
    expect(journal.asked).toEqual(asked);
  });

  it("is usable without a second question if another tier returns it with its old stamp", async () => {
    const again = responseWith({ stamp: stored.stamp });
    await seek();
    expect([isolate.judge(again), questions()]).toEqual(["usable", 1]);
    expect([again.stamp, again.loadStamp]).toEqual([end(), stored.loadStamp]);
  });

  it("is subject to the bound of rule 7 after the question", async () => {
    await seek();
    isolate.clock.advance(maxLagMs / 1_000);
    expect(isolate.judge(stored)).toBe("unverified");
  });

  it("may be validated after the question (rule 23)", async () => {
    const mayBe = () => isolate.view.mayBeValidated(stored, { atMs: isolate.clock.atMs, maxLagMs });
    expect(mayBe()).toBe(false);
    await seek();
    expect(mayBe()).toBe(true);
  });

  it.each<{ id: string; purge: EntryChanges }>([
    { id: "a tag", purge: { tags: ["tag:red"] } },
    { id: "a prefix", purge: { prefixes: ["/a/"] } },
    { id: "everything", purge: { tags: ["everything"] } },
  ])("stays unverified if a later entry names $id", async ({ purge }) => {
    await beyond(purge);
    const { stamp } = stored;
    await seek();
    expect([isolate.judge(stored), questions()]).toEqual(["unverified", 1]);
    expect(stored.stamp).toBe(stamp);
  });

  it("stays unverified if a mark follows", async () => {
    await beyond({ tags: ["everything"], by: "tidemark", lost: "9-9 gone" });
    await seek();
    expect(isolate.judge(stored)).toBe("unverified");
  });

  it("stays unverified if the renewal before the question reads a purge of it", async () => {
    isolate.journal.write(newEntry({ n: "red", tags: ["tag:red"] }));
    const { stamp } = stored;
    await seek();
    expect(isolate.judge(stored)).toBe("unverified");
    expect(stored.stamp).toBe(stamp);
  });
});

describe("rule 27: while the book is asked", () => {
  beforeEach(() => beyond());

  /** Runs this work once, between the book's answer and its arrival. */
  function meanwhile(work: () => unknown): void {
    isolate.journal.beforeAnswer = async () => {
      if (isolate.journal.asked.at(-1) !== "unpurged") return;
      isolate.journal.beforeAnswer = () => Promise.resolve();
      await work();
    };
  }

  it("the record gets the view's last entry as stamp, so a later purge covers it", async () => {
    const before = end();
    meanwhile(async () => {
      isolate.journal.write(newEntry({ n: "red", tags: ["tag:red"] }));
      await isolate.view.catchUp();
    });
    await seek();
    expect(stored.stamp).toEqual(before);
    expect(end()?.n).toBe("red");
    expect(isolate.judge(stored)).toBe("hard");
  });

  it("entries that arrive and cover nothing leave the record usable", async () => {
    meanwhile(async () => {
      writeOthers(3);
      await isolate.view.catchUp();
    });
    await seek();
    expect(isolate.judge(stored)).toBe("usable");
    expect(stored.stamp).not.toEqual(end());
  });

  it("the stamp stays if the chain is replaced", async () => {
    const { stamp } = stored;
    const { journal, clock, view } = isolate;
    const { chain } = view;
    meanwhile(async () => {
      journal.stream.loseNewest(1, clock.atMs);
      await view.catchUp();
    });
    await seek();
    expect(view.chain).not.toBe(chain);
    expect([stored.stamp, isolate.judge(stored)]).toEqual([stamp, "unverified"]);
  });

  it("a purge that this isolate accepts covers the record", async () => {
    const acceptances = isolate.acceptances();
    meanwhile(() => {
      Object.assign(isolate.journal, { down: ["since"], isPageFull: true });
      return acceptances.accept(orderOf(["tag:red"]), isolate.requester);
    });
    await isolate.view.seek(isolate.requester, stored);
    expect(stored.stamp).toEqual(end());
    expect(isolate.judge(stored)).toBe("hard");
  });
});

describe("rule 27: a purge that this isolate has accepted", () => {
  it("covers the record after a question, before a read returns the purge", async () => {
    await beyond();
    await seek();
    const acceptances = isolate.acceptances();
    isolate.journal.down = ["since"];
    await acceptances.accept(orderOf(["tag:red"]), isolate.requester);
    expect(isolate.view.chain?.entries.at(-1)?.n).not.toBe("n1");
    expect(isolate.judge(stored)).toBe("hard");
  });

  it("is noted in the book, so a later question does not make the record usable", async () => {
    await beyond();
    const { stamp } = stored;
    await isolate.acceptances().accept(orderOf(["tag:red"]), isolate.requester);
    await isolate.view.seek(isolate.requester, stored);
    expect(stored.stamp).toBe(stamp);
    expect(isolate.judge(stored)).not.toBe("usable");
  });
});

describe("rule 27: the book is not asked", () => {
  beforeEach(() => beyond());

  it("about a known stamp", async () => {
    await seek(await isolate.filled());
    expect(questions()).toBe(0);
  });

  it("about an empty stamp", async () => {
    const record = responseWith({ stamp: "none", tags: [] });
    await seek(record);
    expect([record.stamp, questions()]).toEqual(["none", 0]);
  });

  it("without a record", async () => {
    await isolate.view.seek(isolate.requester);
    await isolate.settle();
    expect(questions()).toBe(0);
  });

  it("after a failed renewal", async () => {
    isolate.journal.down = ["since", "atPrimary"];
    await seek();
    expect(questions()).toBe(0);
    isolate.journal.down = [];
    isolate.clock.advance(maxLagMs / 4_000);
    await seek();
    expect([questions(), isolate.judge(stored)]).toEqual([1, "usable"]);
  });

  it("while the journal is shut off", async () => {
    isolate.isShutOff = true;
    await seek();
    await seek();
    expect(questions()).toBe(0);
  });

  it("about a stamp that the renewal makes known", async () => {
    const { clock, journal } = isolate;
    writeOthers(1);
    const newer = await new Isolate({ clock, journal }).filled({ colo: "NRT" });
    journal.asked.length = 0;
    expect(isolate.judge(newer)).toBe("unverified");
    await seek(newer);
    expect([isolate.judge(newer), questions()]).toEqual(["usable", 0]);
  });

  it("without a view", () => {
    const ask = () => Promise.reject(new Error("The book was asked."));
    const checks = new BookChecks({ unpurged: ask }, () => undefined);
    const record = responseWith({ stamp: stampAt("1-0") });
    expect(checks.check(record, isolate.requester)).toBe(undefined);
  });
});
