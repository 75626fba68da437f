// The journal in Redis, in addition to its contract: losses, trimming, and the commands of each
// step.
import { describe, expect, it } from "vitest";
import type { EntryId } from "../../../../src/purge/journal/entry.ts";
import { newEntry } from "../../../../testing/examples/purges.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { journalKey as key, nowhere, openJournalWorld, placesIn } from "./journal-world.ts";

const entriesOf = (count: number) =>
  Array.from({ length: count }, (_, at) => newEntry({ n: `${at}` }));
const notJoined = { kind: "not-joined" };

describe.each(oneRedisServer)("over $redis", ({ start }) => {
  const world = openJournalWorld(start);
  /** Adds entries to the stream directly. */
  const fill = async (count: number, reason = "") => {
    const pipeline = world.redis.pipeline();
    for (let at = 0; at < count; at += 1) pipeline.xadd(key, "*", "n", `${at}`, "reason", reason);
    await pipeline.exec();
  };

  describe("append", () => {
    it.each([
      { count: 1, commands: { EVAL: 1 } },
      { count: 5, commands: { EVAL: 1 } },
      { count: 0, commands: {} },
    ])("of $count entries needs at most one script", async ({ count, commands }) => {
      const appended = await world.journal.append(entriesOf(count));
      expect(world.costs()).toEqual([commands, Math.min(1, count)]);
      expect(appended).toMatchObject({ kind: "appended", places: { length: count } });
    });

    it("of one turn needs one script, which reads the entries since the oldest stamp once", async () => {
      const others = await world.write(50);
      const { journal } = world;
      const sets = others
        .toReversed()
        .map((stamp, at) => journal.appendAndRead(stamp, newEntry({ n: `own${at}` })));
      const deletion = journal.append(entriesOf(2));
      const appended = await Promise.all(sets);
      expect(world.costs()).toEqual([{ EVAL: 1 }, 1]);
      expect(world.rest.counts().responseBytes).toBeLessThan(20_000);
      const all = (placesIn(await journal.newest()) as EntryId[]).slice(50);
      for (const [at, one] of appended.entries()) {
        const since = [...others.slice(50 - at), ...all.slice(0, at + 1)];
        expect(one).toMatchObject({ kind: "appended", place: all[at], since });
      }
      expect(await deletion).toEqual({ kind: "appended", places: all.slice(50) });
    });

    it("of one turn has another script beyond 128 calls, or 256 KiB", async () => {
      const large = Array.from({ length: 40 }, (_, at) =>
        newEntry({ n: `${at}`, reason: "x".repeat(8_000) }),
      );
      const { journal } = world;
      const calls = [...entriesOf(130), ...large].map((entry) => journal.append([entry]));
      const appended = await Promise.all(calls);
      expect(world.costs()).toEqual([{ EVAL: 3 }, 3]);
      const places = appended.flatMap((one) => (one.kind === "appended" ? one.places : []));
      expect(new Set(places.map(({ position }) => position)).size).toBe(170);
    });

    it("takes every text, and replaces lone surrogates", async () => {
      const reason = `"\\\n\u0000é😀\ud800`;
      const [place] = await world.write(1);
      await world.journal.append([newEntry({ n: "odd", reason })]);
      const read = await world.journal.since(place!);
      const entries = [{ reason: `"\\\n\u0000é😀\ufffd` }];
      expect(read).toMatchObject({ kind: "read", entries });
    });

    it("of one turn fails alone if the database refuses it alone", async () => {
      const { journal } = world;
      // Lua returns at most some 8,000 characters.
      const n = "n".repeat(9_000);
      const [first, refused, last] = await Promise.all([
        journal.append([newEntry({ n: "first" })]),
        journal.append([newEntry({ n })]),
        journal.append([newEntry({ n: "last" })]),
      ]);
      expect(refused).toMatchObject({
        kind: "unavailable",
        why: "The database refused a command.",
      });
      expect([first, last]).toMatchObject([{ kind: "appended" }, { kind: "appended" }]);
    });

    it("of one turn is sent once to a replica, which refuses all of it", async () => {
      const { journal } = world;
      await world.redis.replicaof("127.0.0.1", 9);
      const appended = await Promise.all(entriesOf(3).map((entry) => journal.append([entry])));
      await world.redis.replicaof("NO", "ONE");
      const why = "The token or the database is read-only.";
      expect(appended).toMatchObject([1, 2, 3].map(() => ({ kind: "unavailable", why })));
      expect(world.costs()).toEqual([{ EVAL: 1 }, 1]);
    });

    it("keeps the newest entries, and at most a hundred more", async () => {
      const journal = world.journalOver([world.rest], { keptCount: 200 });
      for (let ms = 1; ms <= 199; ms += 1) await world.redis.xadd(key, `${ms}-0`, "v", "1");
      await journal.append([newEntry()]);
      world.rest.resetCounts();
      expect(await journal.extent()).toEqual({ count: 200, oldest: "1-0" });
      expect(world.costs()[1]).toBe(1);
      await journal.append(entriesOf(300));
      const length = await world.redis.xlen(key);
      expect(length).toBeGreaterThanOrEqual(200);
      expect(length).toBeLessThanOrEqual(300);
    });

    it("trims about ten thousand entries at a time from a much longer journal", async () => {
      await fill(20_000);
      await world.journal.append([newEntry({ n: "one" })]);
      expect(await world.redis.xlen(key)).toBeLessThan(10_100);
      await world.journal.append([newEntry({ n: "two" })]);
      const length = await world.redis.xlen(key);
      expect(length).toBeGreaterThanOrEqual(8_192);
      expect(length).toBeLessThan(8_292);
    });

    it("is unavailable for a key of another type, with a hint", async () => {
      await world.redis.set(key, "text");
      expect(await world.journal.append([newEntry(), newEntry()])).toEqual({
        kind: "unavailable",
        why: "A key of Tidemark holds a value of another type.",
        hint: "delete that key, or set `namespace` to a name that nothing else uses",
      });
    });
  });

  describe("newest", () => {
    it.each([
      { written: 0, read: 0, epochs: undefined },
      { written: 127, read: 127, epochs: undefined },
      { written: 128, read: 128, epochs: [0, 3] },
      { written: 1_000, read: 128, epochs: [0, 16] },
      { written: 4_500, read: 128, epochs: [8, 64] },
    ])(
      "reads $read of $written entries, and epochs, in one command",
      async ({ written, read, epochs }) => {
        const places = await world.write(written);
        const newest = await world.journal.newest();
        expect(placesIn(newest)).toEqual(places.slice(places.length - read));
        const { first, epochs: found = [] } = ("head" in newest && newest.head) || {};
        expect(first === undefined ? first : [first, found.length]).toEqual(epochs);
        expect(found.every((epoch) => epoch !== undefined)).toBe(true);
        expect(world.costs()).toEqual([{ EVAL_RO: 1 }, 1]);
        expect(world.rest.counts().responseBytes).toBeLessThan(100_000);
      },
    );

    it.each([
      { names: 1, epochs: 64 },
      { names: 20, epochs: 9 },
      { names: 200, epochs: 1 },
    ])("reads $epochs epochs of entries with $names names", async ({ names, epochs }) => {
      const tags = Array.from({ length: names }, (_, at) => `tag:${at}`);
      for (let turn = 0; turn < 9; turn += 1)
        await world.journal.append(
          Array.from({ length: 504 }, (_, at) => newEntry({ n: `${at}`, tags })),
        );
      const newest = await world.journal.newest();
      expect(newest).toMatchObject({ head: { first: 72 - epochs, epochs: { length: epochs } } });
    });

    it("succeeds in a full database, which refuses transactions", async () => {
      const places = await world.write(3);
      await world.redis.config("SET", "maxmemory", "1");
      try {
        const appended = await world.journal.append([newEntry({ n: "late" })]);
        expect(appended).toMatchObject({ kind: "unavailable" });
        expect(placesIn(await world.journal.newest())).toEqual(places);
      } finally {
        await world.redis.config("SET", "maxmemory", "0");
      }
    });
  });

  describe("before", () => {
    it.each([0, 1, 200, 900])("reads at most 872 of %i entries in one command", async (count) => {
      const places = await world.write(count + 1);
      const before = await world.journal.before(places.at(-1)!, 872);
      expect(placesIn(before)).toEqual(places.slice(0, -1).slice(-872));
      expect(world.costs()).toEqual([{ XREVRANGE: 1 }, 1]);
    });

    it("is not joined at a replica that lags behind the entry", async () => {
      await world.write(50);
      const lagging = await world.another({ replicaLagMs: 60_000 });
      const [place = nowhere] = await world.write(1);
      expect(await world.journalOver([lagging]).before(place, 9)).toEqual(notJoined);
    });
  });

  describe("since", () => {
    it.each([0, 126, 127, 1_100, 2_400])("reads %i entries after an entry", async (count) => {
      const [first = nowhere, ...later] = await world.write(count + 1);
      const since = await world.journal.since(first);
      expect(placesIn(since)).toEqual(later);
      const further = count < 127 ? {} : { EVAL_RO: 1 };
      expect(world.costs()[0]).toEqual({ XRANGE: 1, ...further });
    });

    it("reads no more than 1 MiB", async () => {
      const [first = nowhere] = await world.write(1);
      await fill(600, "x".repeat(1_700));
      expect(placesIn(await world.journal.since(first))).toHaveLength(600);
      await fill(30, "x".repeat(1_700));
      world.rest.resetCounts();
      expect(await world.journal.since(first)).toEqual(notJoined);
      expect(world.costs()[0]).toEqual({ XRANGE: 1, EVAL_RO: 1 });
    });

    it.each<{ id: string; lose: (position: string) => Promise<unknown> }>([
      { id: "DEL", lose: () => world.redis.del(key) },
      { id: "a restart without data", lose: () => world.redis.flushall() },
      { id: "trimming", lose: (at) => world.redis.xtrim(key, "MINID", "=", after(at)) },
      {
        id: "a replacement of the entry",
        lose: async (at) => [await world.redis.del(key), await world.redis.xadd(key, at, "n", "x")],
      },
    ])("is not joined after $id", async ({ lose }) => {
      const [place = nowhere] = await world.write(1);
      await lose(place.position);
      await world.redis.xadd(key, "*", "n", "grown");
      expect(await world.journal.since(place)).toEqual(notJoined);
    });

    it("is not joined after the restore of a backup and another append", async () => {
      const [, second = nowhere, third = nowhere] = await world.write(3);
      const backup = await world.redis.dumpBuffer(key);
      const [fourth = nowhere] = await world.write(1);
      await world.redis.restore(key, 0, backup, "REPLACE");
      await world.redis.xadd(key, fourth.position, "n", "other");
      expect(await world.journal.since(fourth)).toEqual(notJoined);
      const joined = await world.journal.since(third);
      expect(joined).toMatchObject({ kind: "read", entries: [{ ...fourth, n: "other" }] });
      const checked = await world.journal.atPrimary(second);
      expect(checked).toMatchObject({ upTo: second });
    });

    it("is not joined at a replica that lags behind the entry", async () => {
      await world.rest.setReplicaLagMs(60_000);
      const [place = nowhere] = await world.write(1);
      expect(await world.journal.since(place)).toEqual(notJoined);
      const checked = await world.journal.atPrimary(place);
      expect(checked).toMatchObject({ kind: "read", upTo: place, entries: [place] });
    });
  });

  it.each(["newest", "since", "atPrimary", "appendMark", "standing"] as const)(
    "%s reads the clock before it sends a command",
    async (name) => {
      const [place = nowhere] = await world.write(1);
      // A clock that advances with each request.
      const nowAtMs = () => world.rest.counts().requestCount;
      const journal = world.journalOver([world.rest], { nowAtMs });
      const asked = {
        newest: () => journal.newest(),
        since: () => journal.since(place),
        atPrimary: () => journal.atPrimary(place),
        appendMark: () => journal.appendMark(""),
        standing: () => journal.standing([nowhere]),
      };
      const askedAtMs = nowAtMs();
      const read = await asked[name]();
      expect(read.kind).toBe("read");
      expect(nowAtMs()).toBeGreaterThan(askedAtMs);
      expect("sentAtMs" in read ? read.sentAtMs : askedAtMs).toBe(askedAtMs);
    },
  );

  it("is unavailable with the reason, for an append and for an operator's read", async () => {
    const gone = await world.another();
    const journal = world.journalOver([gone]);
    await gone.stop();
    const why = { kind: "unavailable", why: "The database cannot be reached." };
    expect(await journal.append([newEntry()])).toEqual(why);
    expect(await journal.after("0", 1)).toEqual(why);
  });
});

/** Returns the next possible position. */
function after(position: string): string {
  const [ms = "0", sequence = "0"] = position.split("-");
  return `${ms}-${Number(sequence) + 1}`;
}
