// Rule 27: for which records, and how long, an isolate remembers an answer of the journal's book.
import { beforeEach, describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../../src/pages/stored/stored-response.ts";
import type { Entry, EntryId } from "../../../src/purge/journal/entry.ts";
import { type EpochRange, epochSize, lineageText } from "../../../src/purge/journal/epoch.ts";
import { BookChecks, restamp } from "../../../src/purge/view/book-checks.ts";
import { Chain } from "../../../src/purge/view/chain.ts";
import {
  type EntryChanges,
  entryAt,
  responseWith,
  stampAt,
} from "../../../testing/examples/purges.ts";

describe("rule 27: remembered answers of the book", () => {
  let chain: Chain;
  /** The journal's answers; `undefined` if the journal is unavailable. */
  let answers: boolean[] | undefined;
  let asked: number;
  let checks: BookChecks;

  beforeEach(() => {
    chain = new Chain([entryAt("5-0"), entryAt("6-0")], { entriesMax: 2, bytesMax: Infinity });
    answers = [true];
    asked = 0;
    checks = new BookChecks(
      {
        unpurged: async () => {
          asked += 1;
          return answers ? { kind: "read", answers } : { kind: "unavailable" };
        },
      },
      () => chain,
    );
  });

  const requester = { atMs: 0, afterAnswer: (work: () => Promise<void>) => void work() };

  const checked = async (changes: Partial<StoredMetadata> = {}) => {
    const record = responseWith({ stamp: stampAt("1-0"), ...changes });
    await checks.check(record, requester);
    return record.stamp;
  };

  it("spare a second question for the same stamp and coverage", async () => {
    expect([await checked(), await checked()]).toEqual([stampAt("6-0"), stampAt("6-0")]);
    expect(asked).toBe(1);
  });

  it.each<{ id: string; changes: Partial<StoredMetadata> }>([
    { id: "tags", changes: { tags: ["green"] } },
    { id: "more tags", changes: { tags: ["red", "blue", "green"] } },
    { id: "groups", changes: { groups: ["red"] } },
    { id: "a group in place of a tag", changes: { tags: ["red"], groups: ["blue"] } },
    { id: "URL", changes: { url: "https://www.example.com/other" } },
    { id: "route", changes: { route: "other" } },
    { id: "release", changes: { release: "r1" } },
    { id: "stamp", changes: { stamp: stampAt("2-0") } },
  ])("do not apply to another coverage or stamp: $id", async ({ changes }) => {
    await checked();
    answers = [false];
    const { stamp = stampAt("1-0") } = changes;
    expect([await checked(changes), asked]).toEqual([stamp, 2]);
  });

  it.each([
    { id: "false", none: [false] },
    { id: "unavailable", none: undefined },
    { id: "empty", none: [] },
  ])("exclude answers that prove nothing: $id", async ({ none }) => {
    answers = none;
    expect(await checked()).toEqual(stampAt("1-0"));
    answers = [true];
    expect(await checked()).toEqual(stampAt("6-0"));
    expect(asked).toBe(2);
  });

  it("give the last entry at the first question, so later purges cover the record", async () => {
    await checked();
    chain.append([entryAt("7-0", { tags: ["tag:red"] })]);
    const record = responseWith({ stamp: stampAt("1-0") });
    await checks.check(record, requester);
    expect([record.stamp, chain.purgeOf(record)?.mode]).toEqual([stampAt("6-0"), "hard"]);
  });

  it("do not apply once the view has dropped the entry of the new stamp", async () => {
    await checked();
    chain.append([entryAt("7-0"), entryAt("8-0")]);
    expect([await checked(), asked]).toEqual([stampAt("8-0"), 2]);
  });

  it("do not apply in a view that has lost the entry of the new stamp", async () => {
    await checked();
    chain = new Chain([entryAt("6-0", { n: "other" })]);
    answers = [false];
    expect([await checked(), asked]).toEqual([stampAt("1-0"), 2]);
  });
});

it("restamp changes only the stamp of a record, and keeps that of its load", () => {
  const record = responseWith({ stamp: stampAt("1-0") });
  for (const later of ["2-0", "3-0"]) {
    restamp(record, stampAt(later));
    const expected = { stamp: stampAt(later), loadStamp: stampAt("1-0") };
    expect(record).toEqual(responseWith(expected));
  }
});

const placeAt = (number: number) => ({ position: `${number}-0`, n: `n.${number}.${number}` });

it("rule 27 (f): a stamp that is newer than the view stays, until the view has a purge of the record", async () => {
  const chain = new Chain([entryAt("5-0", placeAt(5))]);
  const unpurged = async () => ({ kind: "read", answers: [true] }) as const;
  const checks = new BookChecks({ unpurged }, () => chain);
  const record = responseWith({ stamp: placeAt(8) });
  await checks.check(record, { atMs: 0, afterAnswer: () => undefined });
  const recalled = (added: EntryChanges & EntryId) => {
    chain.append([entryAt(added.position, added)]);
    return [record.stamp, checks.recall(record)];
  };
  expect(recalled({ ...placeAt(6), tags: ["tag:green"] })).toEqual([placeAt(8), placeAt(5)]);
  expect(recalled({ ...placeAt(7), tags: ["tag:red"] })).toEqual([placeAt(8), undefined]);
});

describe("rule 27 (j): epochs are read", () => {
  const chain = new Chain([entryAt("5-0", placeAt(5)), entryAt("6-0", placeAt(6))]);
  /** Returns a whole epoch, whose entries have no names. */
  const wholeEpoch = (epoch: number) => {
    const numbers = Array.from({ length: epochSize }, (_, at) => epoch * epochSize + at + 1);
    const lines = numbers.map(lineageText);
    return { lineages: lines.join(""), names: `${lines.at(-1)}${",".repeat(epochSize)}` };
  };
  const whole = { lineages: "0000000100000002000000030000000400000005", names: "00000005,,,,," };

  /** Asks about this number of records, one after another. Returns the questions and the reads of epochs. */
  async function counted(recordCount: number, epochs: readonly (typeof whole | undefined)[]) {
    const counts = { asked: 0, read: 0 };
    const unpurged = async () => {
      counts.asked += 1;
      return { kind: "read", answers: [true] } as const;
    };
    const checks = new BookChecks(
      {
        unpurged,
        epochs: async () => {
          counts.read += 1;
          return { kind: "read", epochs } as const;
        },
      },
      () => chain,
    );
    for (let nth = 0; nth < recordCount; nth += 1) {
      const record = responseWith({ stamp: placeAt(2), tags: [`${nth}`] });
      const waiting: (() => Promise<void>)[] = [];
      await checks.check(record, { atMs: 0, afterAnswer: (work) => void waiting.push(work) });
      for (const work of waiting) await work();
      expect(chain.knows(record.stamp)).toBe(true);
    }
    return counts;
  }

  it.each([
    { recordCount: 3, epochs: [whole], asked: 3, read: 0 },
    { recordCount: 100, epochs: [whole], asked: 4, read: 1 },
    { recordCount: 67, epochs: [undefined], asked: 67, read: 1 },
    { recordCount: 68, epochs: [undefined], asked: 68, read: 2 },
  ])("$read times for $recordCount records", async ({ recordCount, epochs, asked, read }) => {
    expect(await counted(recordCount, epochs)).toEqual({ asked, read });
  });

  it.each([
    { during: 4, ranges: [{ first: 44, last: 299 }] },
    {
      during: 5,
      ranges: [
        { first: 44, last: 299 },
        { first: 0, last: 44 },
      ],
    },
  ])("$ranges, if $during questions arrive during the read", async ({ during, ranges }) => {
    const [before, end] = [63 * 300 - 1, 63 * 300].map((number) =>
      entryAt(`${number}-0`, placeAt(number)),
    ) as [Entry, Entry];
    const long = new Chain([before, end]);
    const read: EpochRange[] = [];
    const epochs = async (range: EpochRange) => {
      read.push(range);
      const numbers = Array.from({ length: range.last - range.first + 1 }, (_, at) => at);
      return { kind: "read", epochs: numbers.map((at) => wholeEpoch(range.first + at)) } as const;
    };
    const unpurged = async () => ({ kind: "read", answers: [false] }) as const;
    const checks = new BookChecks({ unpurged, epochs }, () => long);
    const records = Array.from({ length: 4 + during }, () => responseWith({ stamp: placeAt(2) }));
    const work: Promise<void>[] = [];
    const requester = { atMs: 0, afterAnswer: (run: () => Promise<void>) => void work.push(run()) };
    await Promise.all(records.map(async (record) => checks.check(record, requester)));
    await Promise.all(work);
    expect(read).toEqual(ranges);
  });

  it("not again while a read is under way", async () => {
    let readCount = 0;
    const unpurged = async () => ({ kind: "read", answers: [false] }) as const;
    const epochs = async () => {
      readCount += 1;
      return { kind: "unavailable" } as const;
    };
    const checks = new BookChecks({ unpurged, epochs }, () => chain);
    const records = Array.from({ length: 60 }, () => responseWith({ stamp: placeAt(2) }));
    const requester = { atMs: 0, afterAnswer: (work: () => Promise<void>) => void work() };
    await Promise.all(records.map(async (record) => checks.check(record, requester)));
    expect(readCount).toBe(1);
  });
});
