// The journal's lineages and epochs in Redis: their form, their proofs and their size (rule 27).
import { describe, expect, it } from "vitest";
import { encodeEntry, type EntryId } from "../../../../src/purge/journal/entry.ts";
import { Chain } from "../../../../src/purge/view/chain.ts";
import { EpochWindow } from "../../../../src/purge/view/epoch-window.ts";
import { type EntryChanges, newEntry, responseWith } from "../../../../testing/examples/purges.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { journalKey, lineagesKey, nowhere, openJournalWorld } from "./journal-world.ts";

/** Returns the entry's number, which is part of its `n`. */
const numberIn = ({ n }: EntryId) => Number(n.split(".").at(-2));

describe.each(oneRedisServer)("the lineages over $redis", ({ start }) => {
  const world = openJournalWorld(start);

  async function appended(changes: EntryChanges = {}): Promise<EntryId> {
    const n = crypto.randomUUID();
    const done = await world.journal.append([newEntry({ n, ...changes })]);
    return (done.kind === "appended" && done.places[0]) || nowhere;
  }

  /** Reads all epochs. Returns whether entries leave a response with the tags `red` and `blue` unpurged. */
  async function verified(...stamps: readonly EntryId[]): Promise<readonly boolean[]> {
    const read = await world.journal.newest();
    const chain = new Chain((read.kind === "read" && read.entries.slice(-1)) || []);
    const window = new EpochWindow();
    const epochs = await world.journal.epochs({ first: 0, last: 3 });
    if (epochs.kind === "read") window.take(0, epochs.epochs);
    return stamps.map((stamp) => window.verifiedUpTo(responseWith({ stamp }), chain) !== undefined);
  }

  it("prove nothing if another stream has replaced that of the lineages", async () => {
    const [first] = [await appended(), await appended()];
    const lineages = await world.redis.dumpBuffer(lineagesKey);
    await world.redis.del(journalKey, lineagesKey);
    const other = await appended();
    await appended();
    await world.redis.restore(lineagesKey, 0, lineages, "REPLACE");
    expect(await verified(first, other)).toEqual([false, false]);
  });

  it("know the entries of a restored backup, but not those that the restore lost", async () => {
    const first = await appended();
    const keys = [journalKey, lineagesKey];
    const backups = await Promise.all(keys.map((key) => world.redis.dumpBuffer(key)));
    const lost = await appended({ tags: ["tag:red"] });
    for (const [at, key] of keys.entries()) {
      await world.redis.restore(key, 0, backups[at] ?? "", "REPLACE");
    }
    const other = await appended();
    expect(numberIn(other)).toBe(numberIn(lost));
    await appended();
    expect(await verified(first, lost, other)).toEqual([true, false, true]);
  });

  // The forms of the keys that hold no version. A changed form gets another key.
  const own = { "0": "0000006100000c21", n0: "00000c21xht8e7VrFc,," };
  const lineages = { from: "1", named: "0", chars: "0", ...own };
  const stored = [
    { position: "5-0", changes: { n: "a.1.97", tags: ["tag:red"], prefixes: ["/a/"] } },
    { position: "6-0", changes: { n: "b.2.3105" } },
  ];

  it("are written in their stored form", async () => {
    await appended({ n: "a", tags: ["tag:red"], prefixes: ["/a/"] });
    await appended({ n: "b" });
    expect(await world.redis.hgetall(lineagesKey)).toEqual(lineages);
    expect(await world.redis.keys("*")).toHaveLength(2);
  });

  it("are read in their stored form", async () => {
    await world.redis.hset(lineagesKey, lineages);
    for (const { position, changes } of stored) {
      const fields = Object.entries(encodeEntry(newEntry(changes))).flat();
      await world.redis.xadd(journalKey, position, ...fields);
    }
    const places = stored.map(({ position, changes: { n } }) => ({ position, n }));
    const [first] = places as [EntryId, EntryId];
    expect(await world.journal.newest()).toMatchObject({ entries: places });
    expect(await verified(first, { ...first, n: "n.1.98" })).toEqual([true, false]);
    expect(await world.journal.standing(places)).toMatchObject({
      states: ["standing", "standing"],
    });
    const read = await world.journal.epochs({ first: 0, last: 0 });
    expect(read).toMatchObject({ epochs: [{ lineages: lineages["0"], names: lineages.n0 }] });
    expect(await appended()).toMatchObject({ n: expect.stringMatching(/\.3\.\d+$/) });
  });

  it("lose only epochs that are older than a million entries", async () => {
    await appended();
    const epochs = Object.fromEntries(Array.from({ length: 600 }, (_, at) => [at + 3, "kept"]));
    await world.redis.hset(lineagesKey, epochs);
    await world.journal.append(Array.from({ length: 100 }, () => newEntry()));
    expect(await world.redis.hgetall(lineagesKey)).toMatchObject(epochs);
  });

  it("prove no older entry once they are gone", async () => {
    const journal = world.journalOver([world.rest], { keptCount: 1 });
    const [first, last] = [await appended(), await appended()];
    await world.redis.del(lineagesKey);
    for (let turn = 0; turn < 3; turn += 1) {
      await world.redis.xtrim(journalKey, "MAXLEN", 1);
      expect(await journal.atPrimary(first)).toMatchObject({ isLost: true });
      const end = await appended();
      expect(await verified(first, last, end)).toEqual([false, false, false]);
    }
    expect(await journal.standing([first])).toMatchObject({ states: ["gone"] });
  });

  describe("have epochs, by which a window verifies old stamps", () => {
    const tagsOf = (count: number) => Array.from({ length: count }, (_, at) => `tag:${at}`);
    const others = (count: number) => Array.from({ length: count }, () => newEntry());

    it("unless they are evicted", async () => {
      const [first, red] = [await appended(), await appended({ tags: ["tag:red"] })];
      await world.journal.append(others(200));
      expect(await verified(first, red)).toEqual([false, true]);
      await world.redis.hset(lineagesKey, "n1", (await world.redis.hget(lineagesKey, "n2")) ?? "");
      expect(await verified(red)).toEqual([false]);
    });

    it("also if entries have thousands of names", async () => {
      const first = await appended();
      for (let nth = 0; nth < 3; nth += 1) await appended({ tags: tagsOf(1_000) });
      await world.journal.append(others(100));
      expect(await verified(first)).toEqual([true]);
      await appended({ tags: [...tagsOf(999), "tag:red"] });
      await appended();
      expect(await verified(first)).toEqual([false]);
    });

    it("unless all have more than 30 MB of names", async () => {
      const [first] = [await appended(), await world.journal.append(others(100))];
      const later = await appended();
      const bytes = async () => Number(await world.redis.hget(lineagesKey, "chars"));
      const epochBytes = (await world.redis.hget(lineagesKey, "n0"))?.length;
      expect([await bytes(), await world.redis.hget(lineagesKey, "named")]).toEqual([
        epochBytes,
        "0",
      ]);
      await world.redis.hset(lineagesKey, "chars", 29_999_900 + Number(epochBytes));
      await world.journal.append(others(60));
      expect(await verified(first, later)).toEqual([false, true]);
      expect([await bytes(), await world.redis.hget(lineagesKey, "named")]).toEqual([
        expect.closeTo(29_999_990, -2),
        "1",
      ]);
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

  it("are written by one command per call", async () => {
    const first = await appended();
    world.rest.resetCounts();
    const entries = [newEntry({ n: "a", tags: ["tag:red"] }), newEntry({ n: "b" })];
    await world.journal.append(entries);
    expect(world.costs()).toEqual([{ EVAL: 1 }, 1]);
    await world.journal.appendAndRead(first, newEntry({ n: "own" }));
    expect(world.costs()).toEqual([{ EVAL: 2 }, 2]);
  });

  it("do not note a purge that the journal refused", async () => {
    await appended();
    const before = await world.redis.hgetall(lineagesKey);
    await world.redis.config("SET", "maxmemory", "1");
    try {
      const refused = await world.journal.append([newEntry({ tags: ["tag:red"] })]);
      expect(refused.kind).toBe("unavailable");
      expect(await world.redis.hgetall(lineagesKey)).toEqual(before);
    } finally {
      await world.redis.config("SET", "maxmemory", "0");
    }
  });
});
