// Rule 25 c and d: the purge of data that is being written, and the entries since the stamp from
// before the write.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Stamp } from "../../../src/cache/record/record.ts";
import { pageCount } from "../../../src/purge/journal/journal.ts";
import {
  Isolate,
  maxLagMs,
  newEntry,
  orderOf,
  stampAt,
  warmIsolate,
} from "../../../testing/examples/purges.ts";

const red = orderOf(["tag:red"], { id: "write 1", bodyDigest: "", by: "data" });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Creates an isolate that has read the journal, and writes data with its stamp by default. */
async function writing() {
  const isolate = await warmIsolate();
  const { journal, view } = isolate;
  const before = await isolate.filled();
  const acceptances = isolate.acceptances();
  const write = async (since: Stamp = before.stamp) => {
    const accepted = await acceptances.acceptAfter(red, since, isolate.requester);
    if (accepted.kind !== "accepted") throw new Error("The journal is unavailable.");
    return accepted;
  };
  /** Appends entries like another isolate. */
  const others = (count: number) => {
    for (let at = 0; at < count; at += 1) journal.write(newEntry({ n: `other ${at}` }));
  };
  return { isolate, journal, view, before, write, others };
}

const nsOf = (entries: readonly { n: string }[] | undefined) => entries?.map(({ n }) => n);

describe("a write's purge", () => {
  it.each<{ id: string; since?: Stamp }>([
    { id: "after a stamp" },
    { id: "without a stamp", since: "none" },
    { id: "after an unknown stamp", since: stampAt("1-1") },
  ])("is in the journal as ordered, and applies at once: $id", async ({ since }) => {
    const { isolate, journal, before, write } = await writing();
    journal.down = ["since"];
    const { placed } = await write(since);
    const { position } = placed;
    expect(placed).toEqual({ ...red, n: "n1", lost: "", position });
    journal.down = [];
    expect(await journal.newestFirst(1)).toEqual([placed]);
    expect(isolate.judge(before)).toBe("hard");
  });

  it("is appended by an isolate without a view", async () => {
    const cold = new Isolate();
    const accepted = await cold.acceptances().acceptAfter(red, "none", cold.requester);
    expect(accepted).toMatchObject({ kind: "accepted", since: undefined });
  });

  it.each<{ id: string; since?: Stamp }>([
    { id: "after a stamp" },
    { id: "without a stamp", since: "none" },
  ])("is read back, and appended again if it was lost: $id", async ({ since }) => {
    const { isolate, journal, write } = await writing();
    await write(since);
    journal.stream.loseNewest(1, isolate.clock.atMs);
    await vi.advanceTimersByTimeAsync(maxLagMs);
    await isolate.settle();
    expect(await journal.newestFirst(1)).toMatchObject([{ id: red.id, n: "n2" }]);
  });
});

describe("an entry with a record", () => {
  const record = { key: "k", around: ["", ""], options: [] } as const;

  /** Opens an isolate whose journal does not answer before `answer` is called. */
  async function storing() {
    const isolate = await warmIsolate();
    const { journal } = isolate;
    const acceptances = isolate.acceptances();
    const { promise, resolve: answer } = Promise.withResolvers<void>();
    journal.beforeAnswer = () => promise;
    const appended = vi.spyOn(journal, "appendAndRead");
    const store = () => acceptances.acceptAfter(red, "end", isolate.requester, record);
    const after = () => appended.mock.calls.map(([place]) => place.n);
    return { store, after, answer };
  }

  it("waits for the last one, whose place it then follows together with others", async () => {
    const { store, after, answer } = await storing();
    const first = store();
    await vi.advanceTimersByTimeAsync(0);
    const stores = [first, store(), store()];
    await vi.advanceTimersByTimeAsync(100);
    expect(after()).toEqual(["first"]);
    answer();
    for (const accepted of await Promise.all(stores)) expect(accepted.kind).toBe("accepted");
    expect(after()).toEqual(["first", "n1", "n1"]);
  });

  it("waits for a journal that does not answer no longer than 250 ms", async () => {
    const { store, after } = await storing();
    void store();
    await vi.advanceTimersByTimeAsync(0);
    void store();
    await vi.advanceTimersByTimeAsync(249);
    expect(after()).toEqual(["first"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(after()).toEqual(["first", "first"]);
  });
});

describe("the entries since the stamp", () => {
  it("come with the append, which extends the view without a read", async () => {
    const { isolate, journal, view, write, others } = await writing();
    others(2);
    const { since } = await write();
    expect(nsOf(since)).toEqual(["other 0", "other 1", "n1"]);
    expect(nsOf(view.tail.chain?.entries)).toEqual(["first", "other 0", "other 1", "n1"]);
    await vi.advanceTimersByTimeAsync(0);
    expect([journal.asked, isolate.pending.length]).toEqual([["appendAndRead"], 1]);
  });

  it("come from a read if the page of the append is full", async () => {
    const { journal, write, others } = await writing();
    others(pageCount);
    const { since, placed } = await write();
    expect(since).toHaveLength(pageCount + 1);
    expect(since?.at(-1)).toEqual(placed);
    expect(journal.asked.filter((what) => what === "since")).not.toEqual([]);
  });

  it("come from a read that another write has queued", async () => {
    const { write, others } = await writing();
    others(pageCount);
    const all = await Promise.all([write(), write(), write(), write()]);
    for (const { since, placed } of all) expect(since?.at(-1)).toEqual(placed);
  });

  it.each<{ id: string; since: Stamp; asked: string[] }>([
    { id: "no stamp", since: "none", asked: ["append"] },
    { id: "an unknown stamp", since: stampAt("1-1"), asked: ["appendAndRead"] },
  ])("are unknown, and the write waits for no read, with $id", async ({ since, asked }) => {
    const { isolate, journal, view, write } = await writing();
    const work: (() => Promise<void>)[] = [];
    const afterAnswer = (each: () => Promise<void>) => void work.push(each);
    vi.spyOn(isolate, "requester", "get").mockReturnValue({
      atMs: isolate.clock.atMs,
      afterAnswer,
    });
    expect((await write(since)).since).toBeUndefined();
    expect(journal.asked).toEqual(asked);
    // The view reads on after the answer.
    for (const each of work) void each();
    await vi.advanceTimersByTimeAsync(0);
    expect(nsOf(view.tail.chain?.entries)).toEqual(["first", "n1"]);
  });
});
