// A judgement says what an operator wants to know of it: which entry has purged a record, or why
// nobody can tell; and it is made once, with or without the exemption of rule 8.
import { describe, expect, it, vi } from "vitest";
import type { StoredMetadata } from "../../../src/proxy/stored/stored-response.ts";
import {
  judgedOnRoute,
  noJournal,
  type PurgeJudgement,
  usable,
} from "../../../src/purge/view/view.ts";
import {
  boundMs,
  type EntryChanges,
  Isolate,
  maxLagMs,
  newEntry,
  responseWith,
} from "../../../testing/examples/purges.ts";

const ask = ({ clock }: Isolate) => ({ atMs: clock.atMs, maxLagMs, colo: () => "" });

async function warm(): Promise<{ isolate: Isolate; stored: StoredMetadata }> {
  const isolate = new Isolate();
  isolate.journal.write(newEntry({ n: "first" }));
  const stored = await isolate.filled();
  await isolate.settle();
  return { isolate, stored };
}

const red = (n: string, changes: EntryChanges = {}) =>
  newEntry({ n, tags: ["tag:red"], by: "admin", reason: `because of ${n}`, ...changes });

describe("what is purged names the entry that decided", () => {
  it.each([
    { id: "hard", written: [red("a")], by: "a" },
    { id: "the newest hard one", written: [red("a"), red("b")], by: "b" },
    { id: "hard under soft", written: [red("a"), red("b", { mode: "soft" })], by: "a" },
    {
      id: "the first soft one",
      written: [red("a", { mode: "soft" }), red("b", { mode: "soft" })],
      by: "a",
    },
    { id: "none of another tag", written: [red("a"), red("b", { tags: ["tag:green"] })], by: "a" },
  ])("$id", async ({ written, by }) => {
    const { isolate, stored } = await warm();
    const places = written.map((entry) => isolate.journal.write(entry));
    await isolate.renew();
    const judged = isolate.view.judge(stored, ask(isolate));
    expect(judged).toMatchObject({
      kind: "purged",
      by: { n: by, position: places[written.findIndex(({ n }) => n === by)], by: "admin" },
    });
    expect(judged).toMatchObject({ by: { reason: `because of ${by}` } });
  });

  it.each([
    {
      id: "accepted here, hard",
      accepted: red("here"),
      read: red("a", { mode: "soft" }),
      by: "here",
    },
    { id: "read, hard", accepted: red("here", { mode: "soft" }), read: red("a"), by: "a" },
    {
      id: "the older of two soft ones",
      accepted: red("here", { mode: "soft" }),
      read: red("a", { mode: "soft" }),
      by: "a",
    },
  ])("whether it was read or accepted here: $id", async ({ accepted, read, by }) => {
    const { isolate, stored } = await warm();
    const { journal, view, clock } = isolate;
    journal.write(read);
    await isolate.renew();
    view.apply([{ ...accepted, position: `${clock.atMs + 1}-0` }]);
    expect(view.judge(stored, ask(isolate))).toMatchObject({ kind: "purged", by: { n: by } });
  });

  it("and a soft one since when", async () => {
    const { isolate, stored } = await warm();
    isolate.journal.write(red("a", { mode: "soft" }));
    const sinceAtMs = isolate.clock.atMs;
    await isolate.renew();
    const judged = isolate.view.judge(stored, ask(isolate));
    expect(judged).toMatchObject({ mode: "soft", sinceAtMs, by: { n: "a" } });
  });
});

describe("what nobody can tell says why", () => {
  it("there is no view", () => {
    const isolate = new Isolate();
    const judged = isolate.view.judge(responseWith(), ask(isolate));
    expect(judged).toMatchObject({ kind: "unverified", why: "no-view" });
    const stamped = responseWith({ stamp: { position: "1-0", n: "n" } });
    expect(noJournal.judge(stamped, ask(isolate))).toMatchObject({ why: "no-view" });
  });

  it("the stamp is unknown", async () => {
    const { isolate, stored } = await warm();
    const unknown = { ...stored, stamp: { position: "9-9", n: "n" } };
    expect(isolate.view.judge(unknown, ask(isolate))).toMatchObject({ why: "stamp-unknown" });
    const none = { ...stored, stamp: "none" } as const;
    expect(isolate.view.judge(none, ask(isolate))).toMatchObject({ why: "stamp-unknown" });
  });

  it("the view is too old, with the soft purge that it knows of", async () => {
    const { isolate, stored } = await warm();
    isolate.clock.advance((boundMs + 1) / 1_000);
    expect(isolate.view.judge(stored, ask(isolate))).toMatchObject({ why: "view-too-old" });
    isolate.view.apply([{ ...red("soft", { mode: "soft" }), position: "2-0" }]);
    const judged = isolate.view.judge(stored, ask(isolate));
    expect(judged).toMatchObject({ why: "view-too-old", covering: { by: { n: "soft" } } });
  });

  it("a purge covers what bears an unknown stamp", async () => {
    const { isolate, stored } = await warm();
    isolate.journal.write(red("a"));
    await isolate.renew();
    const unknown = { ...stored, stamp: { position: "9-9", n: "n" } };
    const judged = isolate.view.judge(unknown, ask(isolate));
    expect(judged).toMatchObject({ why: "purge-in-doubt", covering: { by: { n: "a" } } });
  });
});

it("what is usable is always the same judgement", async () => {
  const { isolate, stored } = await warm();
  isolate.journal.write(red("other", { tags: ["tag:green"] }));
  await isolate.renew();
  expect(isolate.view.judge(stored, ask(isolate))).toBe(usable);
  expect(noJournal.judge(responseWith(), ask(isolate))).toBe(usable);
});

describe("rule 8, in one question", () => {
  const hard = { kind: "purged", mode: "hard" } as const;
  const soft = { kind: "purged", mode: "soft", sinceAtMs: 7 } as const;
  const why = "view-too-old" as const;

  it.each([
    { id: "exempt", covering: undefined, told: { kind: "usable", unverified: why } },
    { id: "soft purge", covering: soft, told: { ...soft, unverified: why } },
    { id: "hard purge", covering: hard, told: { kind: "unverified", why, covering: hard } },
    {
      id: "another route",
      covering: undefined,
      servesUnverified: false,
      told: { kind: "unverified", why, covering: undefined },
    },
    {
      id: "the journal is within reach",
      covering: undefined,
      isUnreachable: false,
      told: { kind: "unverified", why, covering: undefined },
    },
  ])("$id", ({ covering, servesUnverified = true, isUnreachable = true, told }) => {
    const judge = vi.fn<() => PurgeJudgement>(() => ({ kind: "unverified", why, covering }));
    const view = { judge, isUnreachable: () => isUnreachable };
    const asked = { atMs: 0, maxLagMs, colo: () => "", servesUnverified };
    expect(judgedOnRoute(view, responseWith(), asked)).toEqual(told);
    expect(judge).toHaveBeenCalledTimes(1);
  });

  it("asks for no more than the judgement where that is sure", () => {
    const isUnreachable = vi.fn<() => boolean>(() => true);
    const asked = { atMs: 0, maxLagMs, colo: () => "", servesUnverified: true };
    expect(judgedOnRoute({ judge: () => usable, isUnreachable }, responseWith(), asked)).toBe(
      usable,
    );
    expect(isUnreachable).not.toHaveBeenCalled();
  });
});
