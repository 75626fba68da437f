// The journal's book in Redis: when it is used, when a new book begins, and its size (rule 27).
import { describe, expect, it } from "vitest";
import type { Stamp } from "../../../../src/cache/record/record.ts";
import { encodeEntry, type EntryId } from "../../../../src/purge/journal/entry.ts";
import { Chain } from "../../../../src/purge/view/chain.ts";
import { EpochWindow } from "../../../../src/purge/view/epoch-window.ts";
import { bookFieldsMax } from "../../../../src/stores/redis/journal/journal-scripts.ts";
import { type EntryChanges, newEntry, responseWith } from "../../../../testing/examples/purges.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { bookKey, journalKey, lineagesKey, nowhere, openJournalWorld } from "./journal-world.ts";

const olderKey = "site:journal:older";

/** Returns the entry's number, which is part of its `n`. */
const numberIn = ({ n }: EntryId) => Number(n.split(".").at(-2));

describe.each(oneRedisServer)("the book over $redis", ({ start }) => {
  const world = openJournalWorld(start);

  async function appended(changes: EntryChanges = {}): Promise<EntryId> {
    const n = crypto.randomUUID();
    const done = await world.journal.append([newEntry({ n, ...changes })]);
    return (done.kind === "appended" && done.places[0]) || nowhere;
  }

  /** Asks about responses with the tags `red` and `blue`. */
  async function unpurged(end: EntryId, ...stamps: readonly Stamp[]) {
    const records = stamps.map((stamp) => responseWith({ stamp }));
    const read = await world.journal.unpurged(end, records);
    return read.kind === "read" ? read.answers : read.kind;
  }

  describe("is not used", () => {
    it("if another stream has replaced the stream of the book", async () => {
      const first = await appended();
      const book = await world.redis.dumpBuffer(bookKey);
      await world.redis.del(journalKey, bookKey);
      const other = await appended();
      await world.redis.restore(bookKey, 0, book, "REPLACE");
      expect(await unpurged(other, first, other)).toEqual([false, false]);
      expect(await unpurged(first, first)).toEqual([false]);
    });
  });

  it("knows the entries of a restored backup, but not those that the restore lost", async () => {
    const first = await appended();
    const keys = [journalKey, bookKey];
    const backups = await Promise.all(keys.map((key) => world.redis.dumpBuffer(key)));
    const lost = await appended({ tags: ["tag:red"] });
    for (const [at, key] of keys.entries()) {
      await world.redis.restore(key, 0, backups[at] ?? "", "REPLACE");
    }
    expect(await unpurged(first, first, lost)).toEqual([true, false]);
    expect(await unpurged(lost, first)).toEqual([false]);
    const other = await appended();
    expect(numberIn(other)).toBe(numberIn(lost));
    expect(await unpurged(other, first, lost, other)).toEqual([true, false, true]);
  });

  it("proves entries after it was full twice, although it knows no names of that time", async () => {
    const journal = world.journalOver([world.rest], { keptCount: 10 });
    const first = await appended();
    for (let turn = 0; turn < 3; turn += 1) {
      await world.fillBook(bookFieldsMax);
      await journal.append(Array.from({ length: 200 }, () => newEntry()));
    }
    const end = await appended();
    expect(await unpurged(end, first, end)).toEqual([false, true]);
    const places = [first, { ...first, n: "other.1.1" }];
    expect(await journal.standing(places)).toMatchObject({ states: ["trimmed", "gone"] });
    const checked = await Promise.all(places.map((place) => journal.atPrimary(place)));
    expect(checked).toMatchObject([{ isLost: false }, { isLost: true }]);
  });

  // The forms of the keys that hold no version. A changed form gets another key.
  const book = { from: "1", xht8eOu53fs: "1", "7VrFcY4IKh4": "1", end: "b.2.3105" };
  const lineages = { from: "1", "0": "0000006100000c21", n0: "00000c21xht8e7VrFc,," };
  const stored = [
    { position: "5-0", changes: { n: "a.1.97", tags: ["tag:red"], prefixes: ["/a/"] } },
    { position: "6-0", changes: { n: "b.2.3105" } },
  ];

  it("is written in its stored form", async () => {
    await appended({ n: "a", tags: ["tag:red"], prefixes: ["/a/"] });
    await appended({ n: "b" });
    expect(await world.redis.hgetall(bookKey)).toEqual(book);
    expect(await world.redis.hgetall(lineagesKey)).toEqual(lineages);
    expect(await world.redis.keys("*")).toHaveLength(3);
  });

  it("is read in its stored form", async () => {
    await world.redis.hset(bookKey, book);
    await world.redis.hset(lineagesKey, lineages);
    for (const { position, changes } of stored) {
      const fields = Object.entries(encodeEntry(newEntry(changes))).flat();
      await world.redis.xadd(journalKey, position, ...fields);
    }
    const places = stored.map(({ position, changes: { n } }) => ({ position, n }));
    const [first, last] = places as [EntryId, EntryId];
    expect(await world.journal.newest()).toMatchObject({ entries: places });
    const before = { position: "4-0", n: "n.0.0" };
    expect(await unpurged(last, before, first, last)).toEqual([false, true, true]);
    expect(await world.journal.standing(places)).toMatchObject({
      states: ["standing", "standing"],
    });
    const read = await world.journal.epochs?.({ first: 0, last: 0 });
    expect(read).toMatchObject({ epochs: [{ lineages: lineages["0"], names: lineages.n0 }] });
    expect(await appended()).toMatchObject({ n: expect.stringMatching(/\.3\.\d+$/) });
    expect(await world.redis.hget(bookKey, "from")).toBe("1");
  });

  it("counts older entries as lost if the lineages are gone", async () => {
    const journal = world.journalOver([world.rest], { keptCount: 1 });
    const [first, last] = [await appended(), await appended()];
    await world.redis.del(lineagesKey);
    for (let turn = 0; turn < 3; turn += 1) {
      await world.redis.xtrim(journalKey, "MAXLEN", 1);
      expect(await journal.atPrimary(first)).toMatchObject({ isLost: true });
      const end = await appended();
      expect(await unpurged(end, first, last, end)).toEqual([false, false, true]);
    }
    expect(await journal.standing([first])).toMatchObject({ states: ["gone"] });
  });

  describe("with the maximum number of fields", () => {
    it("becomes the older book, and both books are used", async () => {
      const first = await appended();
      const red = await appended({ tags: ["tag:red"] });
      await world.fillBook(bookFieldsMax - 1);
      const last = await appended({ tags: ["tag:green"] });
      expect(await world.redis.exists(olderKey)).toBe(0);
      const next = await appended();
      expect(await world.redis.hlen(olderKey)).toBe(bookFieldsMax);
      expect(await world.redis.hget(bookKey, "older")).toBe(last.n);
      expect(await unpurged(last, first, red, last, next)).toEqual([false, true, true, true]);
      expect([first, red, last, next].map(numberIn)).toEqual([1, 2, 3, 4]);
      const blue = await appended({ tags: ["tag:blue"] });
      expect(await unpurged(blue, red, last, next, blue)).toEqual([false, false, false, true]);
    });

    it("replaces the previous older book", async () => {
      const first = await appended();
      await world.fillBook(bookFieldsMax);
      const second = await appended();
      await world.fillBook(bookFieldsMax);
      const third = await appended();
      expect(await unpurged(third, first, second, third)).toEqual([false, true, true]);
      expect(await world.redis.keys("site:journal*")).toHaveLength(4);
    });

    it.each([
      { id: "the book names no older book", change: () => world.redis.hdel(bookKey, "older") },
      { id: "the book names another", change: () => world.redis.hset(bookKey, "older", "n.1.1") },
      {
        id: "the older book's end differs",
        change: () => world.redis.hset(olderKey, "end", "n.1.1"),
      },
      { id: "the older book is gone", change: () => world.redis.del(olderKey) },
    ])("is not used as the older book if $id", async ({ change }) => {
      const first = await appended();
      await world.fillBook(bookFieldsMax);
      const second = await appended();
      expect(await unpurged(second, first, second)).toEqual([true, true]);
      await change();
      expect(await unpurged(second, first, second)).toEqual([false, true]);
    });

    it("is deleted by the next append if the newer book is gone", async () => {
      const first = await appended();
      await world.fillBook(bookFieldsMax);
      await appended();
      await world.redis.del(bookKey);
      const next = await appended();
      expect(await world.redis.exists(olderKey)).toBe(0);
      expect(await unpurged(next, first, next)).toEqual([false, true]);
    });
  });

  describe("has epochs, by which a window verifies old stamps", () => {
    /** Reads all epochs. Returns whether entries leave a response with the tags `red` and `blue` unpurged. */
    async function verified(...stamps: readonly EntryId[]): Promise<readonly boolean[]> {
      const read = await world.journal.newest();
      const chain = new Chain((read.kind === "read" && read.entries.slice(-10)) || []);
      const window = new EpochWindow();
      const epochs = await world.journal.epochs({ first: 0, last: 3 });
      if (epochs.kind === "read") window.take(0, epochs.epochs);
      return stamps.map(
        (stamp) => window.verifiedUpTo(responseWith({ stamp }), chain) !== undefined,
      );
    }

    const tagsOf = (count: number) => Array.from({ length: count }, (_, at) => `tag:${at}`);
    const others = (count: number) => Array.from({ length: count }, () => newEntry());

    it("unless they are evicted, or an entry has many names", async () => {
      const [first, red] = [await appended(), await appended({ tags: ["tag:red"] })];
      await world.journal.append(others(100));
      const tooMany = await appended({ tags: tagsOf(33) });
      const many = await appended({ tags: tagsOf(32) });
      await world.journal.append(others(100));
      expect(await verified(first, red, tooMany, many)).toEqual([false, false, true, true]);
      await world.redis.hset(lineagesKey, "n1", (await world.redis.hget(lineagesKey, "n2")) ?? "");
      expect(await verified(tooMany)).toEqual([false]);
    });

    it("also after a fail-over, whose lost entry leaves names of its epoch unknown", async () => {
      const first = await appended();
      await world.journal.append(others(100));
      const lost = await appended({ tags: ["tag:red"] });
      await world.redis.xdel(journalKey, lost.position);
      await world.journal.append(others(20));
      const later = await appended();
      await world.journal.append(others(40));
      expect(await verified(first, lost, later)).toEqual([false, false, true]);
    });

    it("in one command", async () => {
      await appended();
      world.rest.resetCounts();
      await world.journal.epochs({ first: 0, last: 200 });
      expect(world.costs()).toEqual([{ HMGET: 1 }, 1]);
    });
  });

  it("is read and written by one command per call", async () => {
    const first = await appended();
    world.rest.resetCounts();
    const entries = [newEntry({ n: "a", tags: ["tag:red"] }), newEntry({ n: "b" })];
    await world.journal.append(entries);
    expect(world.costs()).toEqual([{ EVAL: 1 }, 1]);
    await world.journal.appendAndRead(first, newEntry({ n: "own" }));
    expect(world.costs()).toEqual([{ EVAL: 2 }, 2]);
    await unpurged(first, ...Array.from({ length: 20 }, () => first));
    expect(world.costs()).toEqual([{ EVAL: 2, EVAL_RO: 1 }, 3]);
  });

  it("is read by one command for the calls of one turn from one view", async () => {
    const first = await appended();
    const second = await appended({ tags: ["tag:red"] });
    const { journal } = world;
    world.rest.resetCounts();
    const ask = (end: EntryId, stamp: EntryId) =>
      journal.unpurged(end, [responseWith({ stamp, tags: ["red"] })]);
    const asked = [ask(second, first), ask(second, second), ask(nowhere, first)];
    const answers = [[false], [true], [false]];
    expect(await Promise.all(asked)).toEqual(
      answers.map((given) => ({ kind: "read", answers: given })),
    );
    expect(world.costs()).toEqual([{ EVAL_RO: 2 }, 2]);
  });

  it("accepts an entry with a thousand tags, and a record with nine thousand", async () => {
    const stamp = await appended();
    const tags = Array.from({ length: 9_000 }, (_, at) => `${at}`);
    const end = await appended({ tags: tags.slice(0, 1_000).map((tag) => `tag:${tag}`) });
    const later = await appended({ tags: ["tag:8999"] });
    const asked = [
      responseWith({ stamp, tags: ["999"] }),
      responseWith({ stamp: end, tags }),
      responseWith({ stamp: later, tags }),
    ];
    const read = await world.journal.unpurged(later, asked);
    expect(read).toEqual({ kind: "read", answers: [false, false, true] });
  });

  it("does not note a purge that the journal refused", async () => {
    const stamp = await appended();
    await world.redis.config("SET", "maxmemory", "1");
    try {
      const refused = await world.journal.append([newEntry({ tags: ["tag:red"] })]);
      expect(refused.kind).toBe("unavailable");
      expect(await unpurged(stamp, stamp)).toEqual([true]);
    } finally {
      await world.redis.config("SET", "maxmemory", "0");
    }
  });
});
