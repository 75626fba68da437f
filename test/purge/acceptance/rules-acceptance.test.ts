// Rules 12, 21 and 22: entries of a purge, its acceptance, and read-backs.
// test/admin/purge-route.test.ts tests the HTTP answers.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SignedOrder } from "../../../src/purge/acceptance/acceptance.ts";
import { decodeEntry, type Entry } from "../../../src/purge/journal/entry.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import { Isolate, newEntry, orderOf, warmIsolate } from "../../../testing/examples/purges.ts";

const red = orderOf(["tag:red"]);

function entriesIn({ journal }: Isolate): Entry[] {
  return journal.stream.items.map(({ id, fields }) => decodeEntry(id, fields));
}

/** Creates an isolate that has accepted a purge. */
async function accepting(order = red, lagMs?: number, isPageFull = false) {
  const isolate = await warmIsolate();
  Object.assign(isolate.journal, { isPageFull });
  const before = await isolate.filled();
  const acceptances = isolate.acceptances(lagMs);
  const accepted = await acceptances.accept(order, isolate.requester);
  return { isolate, journal: isolate.journal, before, acceptances, accepted };
}

const bytesOf = (fields: readonly string[]) => new TextEncoder().encode(fields.join("")).length;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("rule 12: an entry has at most 8 KiB", () => {
  const itemsOf = async (order: SignedOrder) =>
    (await accepting(order)).journal.stream.items.slice(1);
  const tagsOf = (count: number) =>
    Array.from({ length: count }, (_, at) => `tag:${String(at).padStart(3, "0")}`);

  it("splits a purge only when the next target does not fit, and appends in one call", async () => {
    let count = 700;
    while ((await itemsOf(orderOf(tagsOf(count)))).length === 1) count += 1;
    const [last] = await itemsOf(orderOf(tagsOf(count - 1)));
    expect(bytesOf(last?.fields ?? [])).toBeGreaterThan(8_192 - 10);
    expect(bytesOf(last?.fields ?? [])).toBeLessThanOrEqual(8_192);
    const { isolate, journal } = await accepting(orderOf(tagsOf(count)));
    expect([entriesIn(isolate).length, journal.asked]).toEqual([3, ["append", "since"]]);
  });

  it("keeps every target, the id and the digest, also with multi-byte letters", async () => {
    const tags = Array.from({ length: 3_000 }, (_, at) => `tag:größe "${at}"`);
    const prefixes = Array.from({ length: 500 }, (_, at) => `/${at}/`);
    const items = await itemsOf(orderOf([], { targets: { tags, prefixes } }));
    const entries = items.map(({ id, fields }) => decodeEntry(id, fields));
    expect(entries.flatMap(({ targets }) => targets.tags).toSorted()).toEqual(tags.toSorted());
    expect(entries.flatMap(({ targets }) => targets.prefixes).length).toBe(prefixes.length);
    expect(Math.max(...items.map(({ fields }) => bytesOf(fields)))).toBeLessThanOrEqual(8_192);
    expect(new Set(entries.map(({ n }) => n)).size).toBe(entries.length);
    expect(entries.every(({ id, bodyDigest }) => id === "msg_1" && bodyDigest === "d1")).toBe(true);
  });
});

describe("rule 12: the parts of a large purge", () => {
  const long = (nth: number) => `tag:${String(nth).padStart(5_000, "0")}`;

  it.each([
    { id: "prefixes alone", tags: [], prefixes: [long(1), long(2), long(3)] },
    { id: "as many tags as prefixes", tags: [long(1), long(2)], prefixes: [long(3), long(4)] },
    { id: "a target over 8 KiB", tags: [`tag:${"a".repeat(9_000)}`], prefixes: [] },
    { id: "targets over 8 KiB", tags: ["a".repeat(9_000)], prefixes: ["b".repeat(9_000)] },
  ])("have one target each if no two targets fit: $id", async ({ tags, prefixes }) => {
    const order = orderOf([], { targets: { tags, prefixes } });
    const { isolate } = await accepting(order);
    const [, ...entries] = entriesIn(isolate);
    const targets = entries.map((entry) => [entry.targets.tags, entry.targets.prefixes].flat());
    const names = [...tags, ...prefixes].toSorted();
    expect([targets.flat().toSorted(), targets.length]).toEqual([names, names.length]);
    for (const entry of entries) {
      const { position, n } = entry;
      expect(entry).toEqual({ ...order, targets: entry.targets, position, n, lost: "" });
    }
  });
});

describe("rule 21: every attempt appends", () => {
  it("returns the position of its own entry", async () => {
    const { isolate, acceptances, accepted } = await accepting();
    const again = await acceptances.accept({ ...red, id: "" }, isolate.requester);
    const [, one, two] = entriesIn(isolate).map(({ position }) => position);
    expect(accepted).toMatchObject({ kind: "accepted", position: one });
    expect(again).toMatchObject({ kind: "accepted", position: two });
  });

  it("extends the view by the scripts of all purges of a turn, without a read", async () => {
    const { isolate, journal, acceptances } = await accepting();
    const orders = ["a", "b", "c"].map((tag) => orderOf([`tag:${tag}`], { id: "" }));
    journal.asked.length = 0;
    await Promise.all(orders.map((order) => acceptances.accept(order, isolate.requester)));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(journal.asked).toEqual(orders.map(() => "appendAndRead"));
    expect(isolate.view.tail.chain?.entries).toEqual(entriesIn(isolate));
  });

  it("waits until the journal has confirmed the append", async () => {
    const isolate = await warmIsolate();
    const gate = closedGate();
    isolate.journal.beforeAnswer = () => gate.opened;
    let kind = "";
    const attempt = isolate.acceptances().accept(red, isolate.requester);
    const answered = attempt.then((accepted) => (kind = accepted.kind));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(kind).toBe("");
    gate.open();
    await answered;
    expect(kind).toBe("accepted");
  });

  it("neither accepts nor applies a purge without a confirmed append", async () => {
    const isolate = await warmIsolate();
    const stored = await isolate.filled();
    isolate.journal.down = ["appendAndRead"];
    const refused = await isolate.acceptances().accept(red, isolate.requester);
    expect(refused).toEqual({ kind: "unavailable" });
    expect([isolate.judge(stored), isolate.pending.length]).toEqual(["usable", 0]);
  });

  it.each([
    { id: "same body", changes: {}, kind: "accepted" },
    { id: "other body", changes: { bodyDigest: "d2" }, kind: "conflict" },
    { id: "other id", changes: { id: "msg_2", bodyDigest: "d2" }, kind: "accepted" },
    { id: "no id", changes: { id: "", bodyDigest: "d2" }, kind: "accepted" },
  ])("refuses a known id with another body: $id", async ({ changes, kind }) => {
    for (const isRead of [false, true]) {
      const { isolate, acceptances } = await accepting(red, undefined, !isRead);
      if (isRead) {
        isolate.clock.advance(9);
        await isolate.view.renewIfDue(isolate.requester)?.();
        await vi.advanceTimersByTimeAsync(0);
      }
      const again = await acceptances.accept(orderOf(["tag:blue"], changes), isolate.requester);
      expect([isRead, again.kind]).toEqual([isRead, kind]);
    }
  });
});

describe("rule 22: a read-back", () => {
  it.each([
    { id: "N/2", lagMs: 10_000, waitMs: 5_000 },
    { id: "at most 20 s", lagMs: 60_000, waitMs: 20_000 },
  ])("happens after $id", async ({ lagMs, waitMs }) => {
    const { isolate, journal } = await accepting(red, lagMs);
    journal.asked.length = 0;
    await vi.advanceTimersByTimeAsync(waitMs - 1);
    expect(journal.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await isolate.settle();
    expect(journal.asked).toEqual(["standing"]);
    expect(entriesIn(isolate).length).toBe(2);
  });

  it("appends a lost entry again if another entry has its position", async () => {
    const { isolate, journal } = await accepting();
    journal.stream.loseNewest(1, isolate.clock.atMs);
    journal.write(newEntry({ n: "anew" }));
    await vi.advanceTimersByTimeAsync(10_000);
    await isolate.settle();
    expect(entriesIn(isolate).map(({ id, n }) => id || n)).toEqual(["first", "anew", "msg_1"]);
  });

  it("is repeated for an entry that was appended again, without further requests", async () => {
    const { isolate, journal, before } = await accepting();
    for (const againCount of [1, 2]) {
      journal.stream.loseNewest(1, isolate.clock.atMs);
      await vi.advanceTimersByTimeAsync(5_000);
      const { length } = journal.asked.filter((what) => what === "append");
      expect(length).toBe(againCount);
    }
    await vi.advanceTimersByTimeAsync(5_000);
    await isolate.settle();
    expect(entriesIn(isolate).map(({ id }) => id)).toEqual(["", "msg_1"]);
    const other = new Isolate(isolate);
    await other.filled();
    expect(other.judge(before)).toBe("hard");
  });

  it("appends only the lost entries of a large purge", async () => {
    const tags = Array.from({ length: 1_500 }, (_, at) => `tag:${at}`);
    const { isolate, journal } = await accepting(orderOf(tags));
    const writtenCount = entriesIn(isolate).length;
    journal.stream.loseNewest(1, isolate.clock.atMs);
    await vi.advanceTimersByTimeAsync(10_000);
    await isolate.settle();
    expect(writtenCount).toBeGreaterThan(2);
    expect(entriesIn(isolate).length).toBe(writtenCount);
  });

  it("appends nothing while the journal fails, and is tried four times", async () => {
    const { isolate, journal } = await accepting();
    journal.down = ["standing"];
    await vi.advanceTimersByTimeAsync(30_000);
    await isolate.settle();
    expect(entriesIn(isolate).length).toBe(2);
    expect(journal.asked.filter((what) => what === "standing")).toHaveLength(4);
  });

  it("restores a purge that an outage has lost, once the view is renewed hours later", async () => {
    const isolate = await warmIsolate();
    const before = await isolate.filled();
    const { journal, clock } = isolate;
    journal.down = ["since", "newest", "atPrimary", "standing"];
    journal.isPageFull = true;
    await isolate.acceptances().accept(red, isolate.requester);
    journal.stream.loseNewest(1, clock.atMs);
    await vi.advanceTimersByTimeAsync(60_000);
    await isolate.settle();
    journal.down = [];
    clock.advance(3 * 3_600);
    await vi.advanceTimersByTimeAsync(3 * 3_600_000);
    await isolate.renew();
    expect(isolate.judge(await isolate.filled())).toBe("usable");
    const other = new Isolate(isolate);
    await other.filled();
    expect(other.judge(before)).toBe("hard");
  });
});
