// Rule 27: records move forward with the view, and epochs verify records with stamps from before the view.
import { beforeEach, describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../../src/pages/stored/stored-response.ts";
import { type EpochRange, epochIn, epochSize } from "../../../src/purge/journal/epoch.ts";
import { Chain } from "../../../src/purge/view/chain.ts";
import { EpochChecks } from "../../../src/purge/view/epoch-window.ts";
import { restamp } from "../../../src/cache/record/record.ts";
import {
  type EntryChanges,
  entryAt,
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
  journal.write(newEntry({ n: "first.1.1" }));
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

const end = () => isolate.view.tail.chain?.end;
const reads = () => isolate.journal.asked.filter((name) => name === "epochs").length;

describe("rule 27: a record beyond the view", () => {
  beforeEach(() => beyond());

  it("is usable after a read of epochs, with the view's last entry as its stamp", async () => {
    const { stamp } = stored;
    expect(isolate.judge(stored)).toBe("unverified");
    await seek();
    expect(isolate.judge(stored)).toBe("usable");
    expect([stored.stamp, stored.loadStamp, reads()]).toEqual([end(), stamp, 1]);
  });

  it.each([
    { id: "is lower than those of the view", number: 1, asked: ["epochs"] },
    { id: "is higher", number: 2_000, asked: ["since", "sinceOnPrimary"] },
    { id: "is that of another entry", number: 1_199, asked: ["since"] },
  ])("asks the journal for $asked if the number of its stamp $id", async ({ number, asked }) => {
    isolate = new Isolate();
    const { journal } = isolate;
    for (let at = 1; at <= 1_200; at += 1) journal.write(newEntry({ n: `n.${at}.${at}` }));
    await isolate.filled();
    await isolate.settle();
    journal.asked.length = 0;
    await seek(responseWith({ stamp: { position: "1-0", n: `n.${number}.7` } }));
    expect(journal.asked).toEqual(asked);
  });

  it("is usable without a second read if another tier returns it with its old stamp", async () => {
    const again = responseWith({ stamp: stored.stamp });
    const other = responseWith({ stamp: stored.stamp, tags: ["other"] });
    await seek();
    expect([again, other].map((record) => isolate.judge(record))).toEqual(["usable", "usable"]);
    expect([again.stamp, again.loadStamp, reads()]).toEqual([end(), stored.loadStamp, 1]);
  });

  it("is subject to the bound of rule 7 after the read", async () => {
    await seek();
    isolate.clock.advance(maxLagMs / 1_000);
    expect(isolate.judge(stored)).toBe("unverified");
  });

  it("may be validated after the read (rule 23)", async () => {
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
    expect([isolate.judge(stored), reads()]).toEqual(["unverified", 1]);
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

describe("rule 27: while epochs are read", () => {
  beforeEach(() => beyond());

  /** Runs this work once, between the journal's answer and its arrival. */
  function meanwhile(work: () => unknown): void {
    isolate.journal.beforeAnswer = async () => {
      if (isolate.journal.asked.at(-1) !== "epochs") return;
      isolate.journal.beforeAnswer = () => Promise.resolve();
      await work();
    };
  }

  it("a purge that the view reads meanwhile covers the record", async () => {
    const before = end();
    meanwhile(async () => {
      isolate.journal.write(newEntry({ n: "red", tags: ["tag:red"] }));
      await isolate.view.tail.catchUp();
    });
    await seek();
    expect(stored.stamp).toEqual(before);
    expect(end()).not.toEqual(before);
    expect(isolate.judge(stored)).toBe("hard");
  });

  it("entries that arrive and cover nothing leave the record usable", async () => {
    meanwhile(async () => {
      writeOthers(3);
      await isolate.view.tail.catchUp();
    });
    await seek();
    expect([isolate.judge(stored), stored.stamp]).toEqual(["usable", end()]);
  });

  it("the stamp stays if the chain is replaced", async () => {
    const { stamp } = stored;
    const { journal, clock, view } = isolate;
    const { chain } = view.tail;
    meanwhile(async () => {
      journal.stream.loseNewest(1, clock.atMs);
      await view.tail.catchUp();
    });
    await seek();
    expect(view.tail.chain).not.toBe(chain);
    expect([stored.stamp, isolate.judge(stored)]).toEqual([stamp, "unverified"]);
  });

  it("a purge that this isolate accepts covers the record", async () => {
    const acceptances = isolate.acceptances();
    meanwhile(() => {
      Object.assign(isolate.journal, { down: ["since"], isPageFull: true });
      return acceptances.accept(orderOf(["tag:red"]), isolate.requester);
    });
    await isolate.view.seek(isolate.requester, stored);
    expect(isolate.judge(stored)).toBe("hard");
  });
});

describe("rule 27: a purge that this isolate has accepted", () => {
  it("covers the record after a read of epochs, before the view has the purge", async () => {
    await beyond();
    await seek();
    const acceptances = isolate.acceptances();
    isolate.journal.down = ["since"];
    await acceptances.accept(orderOf(["tag:red"]), isolate.requester);
    expect(isolate.judge(stored)).toBe("hard");
  });

  it("is in the epochs, so that a later read does not make the record usable", async () => {
    await beyond();
    const { stamp } = stored;
    await isolate.acceptances().accept(orderOf(["tag:red"]), isolate.requester);
    await isolate.view.seek(isolate.requester, stored);
    expect(stored.stamp).toBe(stamp);
    expect(isolate.judge(stored)).not.toBe("usable");
  });
});

describe("rule 27: epochs are not read", () => {
  beforeEach(() => beyond());

  it("for a known stamp", async () => {
    await seek(await isolate.filled());
    expect(reads()).toBe(0);
  });

  it("for an empty stamp", async () => {
    const record = responseWith({ stamp: "none", tags: [] });
    await seek(record);
    expect([record.stamp, reads()]).toEqual(["none", 0]);
  });

  it("without a record", async () => {
    await isolate.view.seek(isolate.requester);
    await isolate.settle();
    expect(reads()).toBe(0);
  });

  it("after a failed renewal", async () => {
    isolate.journal.down = ["since", "atPrimary"];
    await isolate.view.seek(isolate.requester);
    await seek();
    expect(reads()).toBe(0);
    isolate.journal.down = [];
    await isolate.view.tail.catchUp();
    await seek();
    expect([reads(), isolate.judge(stored)]).toEqual([1, "usable"]);
  });

  it("while the journal has an open breaker", async () => {
    isolate.isBreakerOpen = true;
    await seek();
    await seek();
    expect(reads()).toBe(0);
  });

  it("for a stamp that the renewal makes known", async () => {
    const { clock, journal } = isolate;
    writeOthers(1);
    const newer = await new Isolate({ clock, journal }).filled({ colo: "NRT" });
    journal.asked.length = 0;
    expect(isolate.judge(newer)).toBe("unverified");
    await seek(newer);
    expect([isolate.judge(newer), reads()]).toEqual(["usable", 0]);
  });

  it("without a view", async () => {
    const epochs = () => Promise.reject(new Error("Epochs were read."));
    const settings = { journal: { epochs }, nowAtMs: () => 0, timeoutMs: 1_000 };
    const checks = new EpochChecks(settings, { chain: undefined, head: undefined });
    const record = responseWith({ stamp: stampAt("1-0") });
    await checks.verify(record);
    expect(record.stamp).toEqual(stampAt("1-0"));
  });
});

describe("rule 27 (b): a record that the view knows", () => {
  beforeEach(async () => {
    isolate = new Isolate();
    isolate.journal.write(newEntry({ n: "first.1.1" }));
    stored = await isolate.filled();
  });

  const judgedAfter = async (...changes: readonly EntryChanges[]) => {
    for (const one of changes) isolate.journal.write(newEntry({ n: "later", ...one }));
    await isolate.view.tail.catchUp();
    return isolate.judge(stored);
  };

  it("moves forward with each judgement, unless an entry covers it", async () => {
    const { stamp } = stored;
    expect(await judgedAfter({ tags: ["tag:other"] })).toBe("usable");
    expect([stored.stamp, stored.loadStamp]).toEqual([end(), stamp]);
    const before = end();
    expect(await judgedAfter({ tags: ["tag:red"], mode: "soft" }, {})).toBe("soft");
    expect([stored.stamp, stored.loadStamp]).toEqual([before, stamp]);
  });

  it("stays known without a read, however many entries follow between two judgements", async () => {
    for (let nth = 0; nth < 9; nth += 1) {
      writeOthers(1_000);
      expect(await judgedAfter({})).toBe("usable");
    }
    expect(isolate.journal.asked).not.toContain("epochs");
  });

  it("keeps the stamp of its load", () => {
    const record = responseWith({ stamp: stampAt("1-0") });
    for (const later of ["1-0", "2-0", "3-0"]) restamp(record, stampAt(later));
    const expected = { stamp: stampAt("3-0"), loadStamp: stampAt("1-0") };
    expect(record).toEqual(responseWith(expected));
    const loaded = responseWith({ stamp: stampAt("1-0") });
    restamp(loaded, stampAt("1-0"));
    expect(loaded.loadStamp).toBe(undefined);
  });
});

describe("rule 27 (e): epochs are read", () => {
  const placeAt = (number: number) => ({ position: `${number}-0`, n: `n.${number}.${number}` });
  const last = 63 * 300;
  const chain = new Chain([last - 1, last].map((at) => entryAt(`${at}-0`, placeAt(at))));
  /** Returns whole epochs, whose entries have no names. */
  const wholeEpochs = ({ first, last: until }: EpochRange) =>
    Array.from({ length: until - first + 1 }, (_, at) =>
      epochIn(
        Array.from({ length: epochSize }, (__, nth) => {
          return { n: placeAt((first + at) * epochSize + nth + 1).n, names: "" };
        }),
      ),
    );

  type Answer = "whole" | "absent" | "unavailable";

  /** Verifies records with these stamps at once. Returns the ranges that were read, and the number of verified records. */
  async function ranges(answer: Answer, ...numbers: readonly number[]) {
    const read: EpochRange[] = [];
    const epochs = async (range: EpochRange) => {
      read.push(range);
      if (answer === "unavailable") return { kind: "unavailable" } as const;
      const found = wholeEpochs(range).map((one) => (answer === "whole" ? one : undefined));
      return { kind: "read", epochs: found } as const;
    };
    const settings = { journal: { epochs }, nowAtMs: () => 0, timeoutMs: 1_000 };
    const checks = new EpochChecks(settings, { chain, head: undefined });
    const records = numbers.map((number) => responseWith({ stamp: placeAt(number) }));
    await Promise.all(records.map((record) => checks.verify(record)));
    return { read, verified: records.filter(({ stamp }) => chain.knows(stamp)).length };
  }

  const newest = { first: 236, last: 299 };

  it("first the newest 64, then 256, as far as the stamp is old", async () => {
    expect(await ranges("whole", 18_000)).toEqual({
      read: [{ first: 285, last: 299 }],
      verified: 1,
    });
    expect(await ranges("whole", 14_900)).toEqual({ read: [newest], verified: 1 });
    const older = { first: 1, last: 236 };
    expect(await ranges("whole", 70)).toEqual({ read: [newest, older], verified: 1 });
  });

  it("once for concurrent records", async () => {
    const { read, verified } = await ranges("whole", ...Array.from({ length: 60 }, () => 14_900));
    expect([read, verified]).toEqual([[newest], 60]);
  });

  it("not again for the next 64 records if a read gave nothing", async () => {
    const counts = async (answer: Answer) => {
      const all = Array.from({ length: 60 }, () => 14_900);
      return (await ranges(answer, ...all)).read.length;
    };
    expect([await counts("absent"), await counts("unavailable")]).toEqual([1, 2]);
  });
});
