// Rules 12, 19, 21 and 22: what is written, what is trimmed, and what becomes of it afterwards. The
// answers over HTTP are those of test/admin/purge-route.test.ts.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Acceptances, type SignedOrder } from "../../../src/purge/acceptance/acceptance.ts";
import { decodeEntry, type Entry } from "../../../src/purge/journal/entry.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import { Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";

function acceptancesOf(isolate: Isolate, lagMs = maxLagMs): Acceptances {
  const { journal, view, clock } = isolate;
  let nth = 0;
  const acceptances = new Acceptances({
    journal,
    view,
    nowAtMs: clock.nowAtMs,
    maxLagMs: lagMs,
    randomText: () => `n${(nth += 1)}`,
  });
  isolate.onOverdue = (entries) => acceptances.lookFor(entries);
  return acceptances;
}

function orderOf(tags: readonly string[], changes: Partial<SignedOrder> = {}): SignedOrder {
  const sender = { id: "msg_1", bodyDigest: "d1", by: "webhook", reason: "" };
  return { ...sender, mode: "hard", targets: { tags, prefixes: [] }, ...changes };
}

const red = orderOf(["tag:red"]);

/** What stands in the journal. */
function standing({ journal }: Isolate): Entry[] {
  return journal.stream.items.map(({ id, fields }) => decodeEntry(id, fields));
}

async function warm(): Promise<Isolate> {
  const isolate = new Isolate();
  isolate.journal.write(newEntry({ n: "first" }));
  await isolate.filled();
  await isolate.settle();
  return isolate;
}

const bytesOf = (fields: readonly string[]) => new TextEncoder().encode(fields.join("")).length;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("rule 12: many targets go into one entry of at most 8 KiB", () => {
  /** Targets of 10 bytes each in the entry's JSON. */
  const tagsOf = (count: number) =>
    Array.from({ length: count }, (_, at) => `tag:${String(at).padStart(3, "0")}`);

  async function entriesOf(order: SignedOrder) {
    const isolate = await warm();
    await acceptancesOf(isolate).accept(order, isolate.attention);
    return isolate.journal.stream.items.slice(1);
  }

  it("and one more target makes two of them, in one call", async () => {
    let count = 700;
    while ((await entriesOf(orderOf(tagsOf(count)))).length === 1) count += 1;
    const [last] = await entriesOf(orderOf(tagsOf(count - 1)));
    expect(bytesOf(last?.fields ?? [])).toBeGreaterThan(8_192 - 10);
    expect(bytesOf(last?.fields ?? [])).toBeLessThanOrEqual(8_192);
    const isolate = await warm();
    isolate.journal.asked.length = 0;
    await acceptancesOf(isolate).accept(orderOf(tagsOf(count)), isolate.attention);
    expect([standing(isolate).length, isolate.journal.asked]).toEqual([3, ["append", "since"]]);
  });

  it("with nothing left out, whatever the bytes", async () => {
    const tags = Array.from({ length: 3_000 }, (_, at) => `tag:größe "${at}"`);
    const prefixes = Array.from({ length: 500 }, (_, at) => `/${at}/`);
    const items = await entriesOf(orderOf([], { targets: { tags, prefixes } }));
    const entries = items.map(({ id, fields }) => decodeEntry(id, fields));
    expect(entries.flatMap(({ targets }) => targets.tags).toSorted()).toEqual(tags.toSorted());
    expect(entries.flatMap(({ targets }) => targets.prefixes).length).toBe(prefixes.length);
    expect(Math.max(...items.map(({ fields }) => bytesOf(fields)))).toBeLessThanOrEqual(8_192);
    expect(new Set(entries.map(({ n }) => n)).size).toBe(entries.length);
    expect(entries.every(({ id, bodyDigest }) => id === "msg_1" && bodyDigest === "d1")).toBe(true);
  });
});

describe("rule 21: every try appends", () => {
  it("and answers the position of what it has appended", async () => {
    const isolate = await warm();
    const acceptances = acceptancesOf(isolate);
    const first = await acceptances.accept(red, isolate.attention);
    const second = await acceptances.accept(red, isolate.attention);
    const [, one, two] = standing(isolate).map(({ position }) => position);
    expect([first, second]).toEqual([
      { kind: "accepted", position: one },
      { kind: "accepted", position: two },
    ]);
  });

  it("not before its own entry is answered for", async () => {
    const isolate = await warm();
    const gate = closedGate();
    isolate.journal.beforeAnswer = () => gate.opened;
    let kind = "";
    const accepting = acceptancesOf(isolate)
      .accept(red, isolate.attention)
      .then((accepted) => (kind = accepted.kind));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(kind).toBe("");
    gate.open();
    await accepting;
    expect(kind).toBe("accepted");
  });

  it("and without an answer nothing is accepted, nor applied here", async () => {
    const isolate = await warm();
    const stored = await isolate.filled();
    isolate.journal.down = ["append"];
    expect(await acceptancesOf(isolate).accept(red, isolate.attention)).toEqual({
      kind: "unavailable",
    });
    expect([isolate.judge(stored), isolate.pending.length]).toEqual(["usable", 0]);
  });

  it.each([
    { id: "same-body", changes: {}, kind: "accepted" },
    { id: "other-body", changes: { bodyDigest: "d2" }, kind: "conflict" },
    { id: "other-id", changes: { id: "msg_2", bodyDigest: "d2" }, kind: "accepted" },
    { id: "no-id", changes: { id: "", bodyDigest: "d2" }, kind: "accepted" },
  ])("an id that was used: $id", async ({ changes, kind }) => {
    for (const isRead of [false, true]) {
      const isolate = await warm();
      const acceptances = acceptancesOf(isolate);
      await acceptances.accept(red, isolate.attention);
      if (isRead) {
        isolate.clock.advance(9);
        await isolate.view.attend(isolate.attention)?.();
        await vi.advanceTimersByTimeAsync(0);
      }
      const again = await acceptances.accept(orderOf(["tag:blue"], changes), isolate.attention);
      expect([isRead, again.kind]).toEqual([isRead, kind]);
    }
  });
});

describe("rule 22: it is read back a little later", () => {
  it.each([
    { id: "at-half-of-N", lagMs: 10_000, waitMs: 5_000 },
    { id: "after-20-s-at-the-most", lagMs: 60_000, waitMs: 20_000 },
  ])("$id", async ({ lagMs, waitMs }) => {
    const isolate = await warm();
    await acceptancesOf(isolate, lagMs).accept(red, isolate.attention);
    isolate.journal.asked.length = 0;
    await vi.advanceTimersByTimeAsync(waitMs - 1);
    expect(isolate.journal.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await isolate.settle();
    expect(isolate.journal.asked).toEqual(["standing"]);
    expect(standing(isolate).length).toBe(2);
  });

  it("and written again if it is gone, though nobody knows of a loss", async () => {
    const isolate = await warm();
    const stored = await isolate.filled();
    await acceptancesOf(isolate).accept(red, isolate.attention);
    isolate.journal.stream.loseNewest(1, isolate.clock.atMs);
    await vi.advanceTimersByTimeAsync(10_000);
    await isolate.settle();
    expect(standing(isolate).map(({ id }) => id)).toEqual(["", "msg_1"]);
    const other = new Isolate(isolate);
    await other.filled();
    expect(other.judge(stored)).toBe("hard");
  });

  it("also if another entry stands in its place", async () => {
    const isolate = await warm();
    await acceptancesOf(isolate).accept(red, isolate.attention);
    isolate.journal.stream.loseNewest(1, isolate.clock.atMs);
    isolate.journal.write(newEntry({ n: "anew" }));
    await vi.advanceTimersByTimeAsync(10_000);
    await isolate.settle();
    expect(standing(isolate).map(({ id, n }) => id || n)).toEqual(["first", "anew", "msg_1"]);
  });

  it("and what was written again is read back in its turn, though nobody asks for anything", async () => {
    const isolate = await warm();
    const stored = await isolate.filled();
    await acceptancesOf(isolate).accept(red, isolate.attention);
    const { stream } = isolate.journal;
    for (const againCount of [1, 2]) {
      stream.loseNewest(1, isolate.clock.atMs);
      await vi.advanceTimersByTimeAsync(5_000);
      const { length } = isolate.journal.asked.filter((what) => what === "append");
      expect(length).toBe(1 + againCount);
    }
    await vi.advanceTimersByTimeAsync(5_000);
    await isolate.settle();
    expect(standing(isolate).map(({ id }) => id)).toEqual(["", "msg_1"]);
    const other = new Isolate(isolate);
    await other.filled();
    expect(other.judge(stored)).toBe("hard");
  });

  it("of several entries only what is gone", async () => {
    const isolate = await warm();
    const tags = Array.from({ length: 1_500 }, (_, at) => `tag:${at}`);
    await acceptancesOf(isolate).accept(orderOf(tags), isolate.attention);
    const writtenCount = standing(isolate).length;
    isolate.journal.stream.loseNewest(1, isolate.clock.atMs);
    await vi.advanceTimersByTimeAsync(10_000);
    await isolate.settle();
    expect(writtenCount).toBeGreaterThan(2);
    expect(standing(isolate).length).toBe(writtenCount);
  });

  it("and a failed read back writes nothing, and is tried again for a while", async () => {
    const isolate = await warm();
    await acceptancesOf(isolate).accept(red, isolate.attention);
    isolate.journal.down = ["standing"];
    await vi.advanceTimersByTimeAsync(30_000);
    await isolate.settle();
    expect(standing(isolate).length).toBe(2);
    expect(isolate.journal.asked.filter((what) => what === "standing")).toHaveLength(4);
  });
});
