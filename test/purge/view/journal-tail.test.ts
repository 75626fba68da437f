// Which reads extend or replace a view, which count as failed, and how long purges take to be read.
// The tests of the rules in this folder test the judgements that follow.
import { describe, expect, it } from "vitest";
import {
  boundMs,
  Isolate,
  maxLagMs,
  newEntry,
  stampAt,
  warmIsolate,
} from "../../../testing/examples/purges.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import { idle } from "../../../testing/site/harness.ts";

const red = (n = "red") => newEntry({ n, tags: ["tag:red"] });
const atOnce = () => Promise.resolve();

const setting = ({ view, requester }: Isolate) => view.stamp(requester, { onPrimary: true });
const namesIn = ({ view }: Isolate) => view.tail.chain?.entries.map(({ n }) => n);

describe("rule 8: a failed read makes the journal unreadable", () => {
  it.each([
    { id: "the first read", down: "newest", isCold: true },
    { id: "the check whether the journal is empty", down: "atPrimary", isCold: true },
    { id: "a renewal", down: "since" },
    { id: "the check of a read that lacks the view's last entry", down: "atPrimary" },
    { id: "a read for setting", down: "sinceOnPrimary", read: setting },
  ] as const)("$id", async ({ down, ...row }) => {
    const isCold = "isCold" in row;
    const isolate = isCold ? new Isolate() : await warmIsolate();
    const { clock, journal, view } = isolate;
    clock.advance((boundMs + 1) / 1_000);
    journal.replicaLagMs = down === "atPrimary" ? 60_000 : 0;
    const isUnreachable = () => view.isUnreachable({ atMs: clock.atMs, maxLagMs });
    expect(isUnreachable()).toBe(false);
    journal.down = [down];
    await ("read" in row ? row.read(isolate) : view.tail.catchUp());
    expect([view.failedAtMs, isUnreachable()]).toEqual([clock.atMs, true]);
  });
});

describe("rule 13: a read", () => {
  it("is discarded, and does not count as failed, if another read has replaced the view", async () => {
    const isolate = await warmIsolate();
    const { clock, journal, view } = isolate;
    const [check, renewal] = [closedGate(), closedGate()];
    clock.advance(1);
    journal.keptCount = 3;
    for (const n of ["a", "b", "c"]) journal.write(newEntry({ n }));
    journal.beforeAnswer = async () => {
      if (journal.asked.at(-1) === "atPrimary") await check.opened;
    };
    clock.advance(5);
    const checkedAtMs = clock.atMs;
    void view.renewIfDue(isolate.requester);
    await idle();
    // After the timeout, a lagging replica answers another read from the same last entry.
    clock.advance(2.5);
    journal.write(red());
    journal.replicaLagMs = 8_000;
    journal.beforeAnswer = () => renewal.opened;
    void view.renewIfDue(isolate.requester);
    check.open();
    await idle();
    const stored = await isolate.filled();
    renewal.open();
    await isolate.settle();
    expect(journal.asked).toEqual(["since", "atPrimary", "since"]);
    expect([namesIn(isolate), view.tail.sentAtMs]).toEqual([["a", "b", "c"], checkedAtMs]);
    expect(view.failedAtMs).toBe(undefined);
    clock.advance(boundMs / 1_000);
    expect(isolate.judge(stored)).toBe("unverified");
  });
});

it("rule 12: entries that are read back are discarded if the view has begun again meanwhile", async () => {
  const isolate = await warmIsolate();
  const { journal, view } = isolate;
  const gate = closedGate();
  const older = { ...red("older"), position: "1-0" };
  const before = async () => {
    await gate.opened;
    return { kind: "read", entries: [older], sentAtMs: 0 } as const;
  };
  Object.assign(journal, { before });
  const readBack = view.tail.readBack();
  journal.keptCount = 3;
  for (const n of ["a", "b", "c"]) journal.write(newEntry({ n }));
  await view.tail.catchUp();
  gate.open();
  await readBack;
  expect(namesIn(isolate)).toEqual(["a", "b", "c"]);
  await view.tail.readBack();
  expect(namesIn(isolate)).toEqual(["older", "a", "b", "c"]);
});

describe("rule 16: after a check at the primary, the view", () => {
  it.each([
    { id: "follows an older entry", keptCount: 8_192 },
    { id: "is the oldest entry that trimming has left", keptCount: 2 },
  ])("keeps its entries, and gets the newer one: its end $id", async ({ keptCount }) => {
    const isolate = await warmIsolate();
    const { journal, view } = isolate;
    const stored = await isolate.filled();
    journal.write(red());
    await view.tail.catchUp();
    journal.keptCount = keptCount;
    journal.write(newEntry({ n: "newer" }));
    journal.replicaLagMs = 60_000;
    journal.asked.length = 0;
    await view.tail.catchUp();
    expect(journal.asked).toEqual(["since", "atPrimary"]);
    expect(namesIn(isolate)).toEqual(["first", "red", "newer"]);
    expect(isolate.judge(stored)).toBe("hard");
    expect(isolate.judge(await isolate.filled())).toBe("usable");
  });
});

describe("rule 18: an isolate without a view", () => {
  it("begins no view with an answer that has no entries", async () => {
    const isolate = new Isolate();
    const { journal, clock, view } = isolate;
    journal.appendMark = async () => ({ kind: "read", entries: [], sentAtMs: clock.atMs });
    expect((await isolate.filled()).stamp).toBe("none");
    await isolate.settle();
    expect([view.tail.chain, view.tail.sentAtMs]).toEqual([undefined, -Infinity]);
  });
});

describe("rule 22: an accepted purge that the journal has lost", () => {
  /** Creates an isolate that has accepted a purge, which the journal has lost. */
  async function withLostPurge() {
    const isolate = await warmIsolate();
    const { clock, view } = isolate;
    clock.advance(1);
    view.tail.apply([{ ...red("own"), position: `${clock.atMs}-0` }]);
    return isolate;
  }

  it("still applies if the view starts again after trimming", async () => {
    const isolate = await withLostPurge();
    const { journal, view } = isolate;
    journal.keptCount = 3;
    for (const n of ["a", "b", "c"]) journal.write(newEntry({ n }));
    await view.tail.catchUp();
    expect([journal.asked, namesIn(isolate)]).toEqual([
      ["since", "atPrimary"],
      ["a", "b", "c"],
    ]);
    expect(isolate.judge(await isolate.filled())).toBe("hard");
  });

  it("applies no longer once this isolate has appended a mark, which covers more", async () => {
    const isolate = await withLostPurge();
    const { clock, journal, view } = isolate;
    const stored = await isolate.filled();
    clock.advance(0.001);
    journal.stream.loseNewest(1, clock.atMs);
    await view.tail.catchUp();
    expect(journal.asked).toEqual(["since", "atPrimary", "appendMark"]);
    expect(isolate.judge({ ...stored, stamp: "none" })).toBe("hard");
    expect(isolate.judge(await isolate.filled())).toBe("usable");
  });
});

describe("rule 25 c: the page of a write", () => {
  /** Creates an isolate that has read `second`, and a function that writes with the stamp `first`. */
  async function withTwo() {
    const isolate = await warmIsolate();
    const { journal, view } = isolate;
    const first = view.tail.chain!.end;
    journal.write(newEntry({ n: "second" }));
    await view.tail.catchUp();
    return { isolate, write: () => view.tail.appendAndRead(first, red("written")) };
  }

  it("extends the view only with the entries after its last entry", async () => {
    const { isolate, write } = await withTwo();
    await write();
    expect(namesIn(isolate)).toEqual(["first", "second", "written"]);
  });

  it("does not extend the view if it lacks the view's last entry, which was lost", async () => {
    const { isolate, write } = await withTwo();
    const { clock, journal, view } = isolate;
    journal.stream.loseNewest(1, clock.atMs);
    clock.advance(1);
    await write();
    expect(namesIn(isolate)).toEqual(["first", "second"]);
    await view.tail.catchUp();
    expect(journal.asked).toContain("appendMark");
  });
});

describe("rule 28 d: a stamp for setting", () => {
  it("comes from a read that began after the call, which concurrent calls share", async () => {
    const isolate = await warmIsolate();
    const { journal } = isolate;
    const gate = closedGate();
    journal.beforeAnswer = () => gate.opened;
    const earlier = setting(isolate);
    const position = journal.write(red());
    const later = Promise.all([1, 2, 3].map(async () => setting(isolate)));
    gate.open();
    await earlier;
    const stamp = stampAt(position, "red");
    expect(await later).toEqual([stamp, stamp, stamp]);
    expect(journal.asked).toEqual(["sinceOnPrimary", "sinceOnPrimary"]);
  });

  it("comes from the primary although a lagging replica moved the view during the read (rule 13)", async () => {
    const isolate = await warmIsolate();
    const { clock, journal, view } = isolate;
    for (const n of ["a", "b"]) journal.write(newEntry({ n }));
    clock.advance(1);
    const position = journal.write(red());
    journal.replicaLagMs = 1_000;
    const gate = closedGate();
    journal.beforeAnswer = () => gate.opened;
    const stamp = setting(isolate);
    journal.beforeAnswer = atOnce;
    await view.tail.catchUp();
    expect(namesIn(isolate)).toEqual(["first", "a", "b"]);
    gate.open();
    expect(await stamp).toEqual(stampAt(position, "red"));
  });
});

describe("the time until a purge was read", () => {
  it("is measured at each read", async () => {
    const { clock, journal, view } = await warmIsolate();
    journal.write(red());
    clock.advance(3);
    await view.tail.catchUp();
    expect(view.tail.lag).toEqual({ lastMs: 3_000, worstMs: 3_000, readAtMs: clock.atMs });
  });

  it("ignores a purge accepted while this isolate was idle, if its clock was set back", async () => {
    const { clock, journal, view } = await warmIsolate();
    clock.advance(-60);
    view.arrived(clock.atMs);
    clock.advance(65);
    journal.write(red());
    clock.advance(4);
    await view.tail.catchUp();
    expect([view.tail.chain?.end.n, view.tail.lag]).toEqual(["red", undefined]);
  });
});
