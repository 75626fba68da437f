// Rule 27: for which records, and how long, an isolate remembers an answer of the journal's book.
import { beforeEach, describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../../src/pages/stored/stored-response.ts";
import { BookChecks, restamp } from "../../../src/purge/view/book-checks.ts";
import { Chain } from "../../../src/purge/view/chain.ts";
import { entryAt, responseWith, stampAt } from "../../../testing/examples/purges.ts";

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
