// The journal over Redis, beside its contract: ways of loss, trimming, and what each step costs.
import { describe, expect, it } from "vitest";
import type { Entry } from "../../../../src/purge/journal/entry.ts";
import type { RedisJournal } from "../../../../src/stores/redis/journal/redis-journal.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { newEntry } from "../../../../testing/examples/purges.ts";
import { journalKey as key, openJournalWorld } from "./journal-world.ts";

const nowhere = { position: "0-0", n: "" };

describe.each(oneRedisServer)("over $redis", ({ start }) => {
  const world = openJournalWorld(start);
  const positionsOf = (entries: readonly Entry[]) => entries.map(({ position }) => position);

  describe("appends", () => {
    it.each([
      { id: "one", count: 1, commands: { XADD: 1 } },
      { id: "several, in one transaction", count: 5, commands: { XADD: 5 } },
      { id: "none", count: 0, commands: {} },
    ])("$id", async ({ count, commands }) => {
      const entries = Array.from({ length: count }, (_, at) => newEntry({ n: `${at}` }));
      const appended = await world.journal.append(entries);
      const { commandCountByName, requestCount } = world.rest.counts();
      expect([commandCountByName, requestCount]).toEqual([commands, Math.min(1, count)]);
      expect(appended).toMatchObject({ kind: "appended", positions: { length: count } });
    });

    it("and leaves the newest as many as are kept, or some more", async () => {
      const journal = world.journalOver([world.rest], { keptCount: 200 });
      for (let ms = 1; ms <= 199; ms += 1) await world.redis.xadd(key, `${ms}-0`, "v", "1");
      await journal.append([newEntry()]);
      expect(await journal.extent()).toEqual({ count: 200, oldest: "1-0" });
      const entries = Array.from({ length: 300 }, (_, at) => newEntry({ n: `${at}` }));
      await journal.append(entries);
      const { length } = await world.redis.xrange(key, "-", "+");
      expect(length).toBeGreaterThanOrEqual(200);
      expect(length).toBeLessThanOrEqual(300);
    });

    it("and cuts a journal that an earlier version has let grow, ten thousand at a time", async () => {
      const pipeline = world.redis.pipeline();
      for (let at = 0; at < 20_000; at += 1) pipeline.xadd(key, "*", "n", `${at}`);
      await pipeline.exec();
      await world.journal.append([newEntry({ n: "one" })]);
      expect(await world.redis.xlen(key)).toBeLessThan(10_100);
      await world.journal.append([newEntry({ n: "two" })]);
      const length = await world.redis.xlen(key);
      expect(length).toBeGreaterThanOrEqual(8_192);
      expect(length).toBeLessThan(8_292);
    });

    it("and says in one round trip what stands", async () => {
      await world.write(3);
      await world.journal.extent();
      expect(world.rest.counts()).toMatchObject({ requestCount: 1 });
    });

    it("nothing to a key that is no stream", async () => {
      await world.redis.set(key, "text");
      const appended = await world.journal.append([newEntry(), newEntry()]);
      expect(appended).toEqual({
        kind: "unavailable",
        why: "A key of Tidemark holds a value of another type.",
        hint: "delete that key, or set `namespace` to a name that nothing else uses",
      });
    });
  });

  describe("begins with what is newest", () => {
    it.each([
      { id: "none", written: 0, read: 0, pages: 1 },
      { id: "less than a page", written: 127, read: 127, pages: 1 },
      { id: "a page", written: 128, read: 128, pages: 2 },
      { id: "more than a page", written: 129, read: 129, pages: 2 },
      { id: "as many as are wanted", written: 1_000, read: 1_000, pages: 8 },
      { id: "more than are wanted", written: 1_500, read: 1_017, pages: 8 },
    ])("$id", async ({ written, read, pages }) => {
      const positions = await world.write(written);
      const newest = await world.journal.newest();
      const entries = newest.kind === "read" ? newest.entries : [];
      expect(positionsOf(entries)).toEqual(positions.slice(positions.length - read));
      const older = pages === 1 ? {} : { XREVRANGE: pages - 1 };
      expect(world.rest.counts().commandCountByName).toEqual({ EVAL_RO: 1, ...older });
    });

    it("also where the database is full, which refuses what stands in a transaction", async () => {
      const positions = await world.write(3);
      await world.redis.config("SET", "maxmemory", "1");
      try {
        expect(await world.journal.append([newEntry({ n: "late" })])).toMatchObject({
          kind: "unavailable",
        });
        expect(positionsOf(await newestOf(world.journal))).toEqual(positions);
      } finally {
        await world.redis.config("SET", "maxmemory", "0");
      }
    });

    it("without a gap, where the next page is answered by a replica that lags further", async () => {
      await world.write(50);
      const lagging = await world.another({ replicaLagMs: 60_000 });
      const positions = await world.write(300);
      const journal = world.journalOver([world.rest, lagging]);
      const newest = await newestOf(journal);
      expect(positionsOf(newest)).toEqual(positions.slice(-128));
      expect(lagging.counts().commandCountByName).toEqual({ XREVRANGE: 1 });
    });
  });

  describe("reads on from an entry", () => {
    it.each([0, 1, 126, 127, 128, 300, 1_100])("with %i after it", async (count) => {
      const [first = "", ...later] = await world.write(count + 1);
      const since = await world.journal.since({ position: first, n: "n0" });
      expect(since.kind === "read" && positionsOf(since.entries)).toEqual(later);
      const pages = Math.floor(count / 127) + 1;
      expect(world.rest.counts().commandCountByName).toEqual({ XRANGE: pages });
    });

    it("but not through more than a view holds", async () => {
      const [first = ""] = await world.write(1);
      const pipeline = world.redis.pipeline();
      for (let at = 0; at < 8_200; at += 1) pipeline.xadd(key, "*", "n", `${at}`);
      await pipeline.exec();
      const since = await world.journal.since({ position: first, n: "n0" });
      expect(since).toEqual({ kind: "not-joined" });
      expect(world.rest.counts().commandCountByName).toEqual({ XRANGE: 63 });
    });

    it.each<{ id: string; lose: (position: string) => Promise<unknown> }>([
      { id: "after DEL", lose: () => world.redis.del(key) },
      { id: "after a restart without data", lose: () => world.redis.flushall() },
      { id: "once trimmed", lose: (at) => world.redis.xtrim(key, "MINID", "=", after(at)) },
      {
        id: "under the same ID minted anew",
        lose: async (at) => [await world.redis.del(key), await world.redis.xadd(key, at, "n", "x")],
      },
    ])("not if it is gone: $id", async ({ lose }) => {
      const [position = ""] = await world.write(1);
      await lose(position);
      await world.redis.xadd(key, "*", "n", "grown");
      expect(await world.journal.since({ position, n: "n0" })).toEqual({ kind: "not-joined" });
    });

    it("not after an old state was restored and has grown again", async () => {
      const [, second = "", third = ""] = await world.write(3);
      const backup = await world.redis.dumpBuffer(key);
      const [fourth = ""] = await world.write(1);
      await world.redis.restore(key, 0, backup, "REPLACE");
      await world.redis.xadd(key, fourth, "n", "other");
      expect(await world.journal.since({ position: fourth, n: "n0" })).toEqual({
        kind: "not-joined",
      });
      const joined = await world.journal.since({ position: third, n: "n2" });
      expect(joined).toMatchObject({ kind: "read", entries: [{ position: fourth, n: "other" }] });
      const checked = await world.journal.atPrimary(second);
      expect(checked).toMatchObject({ upTo: { position: second, n: "n1" } });
    });

    it("not from a replica that lags behind it", async () => {
      await world.rest.setReplicaLagMs(60_000);
      const [position = ""] = await world.write(1);
      const place = { position, n: "n0" };
      expect(await world.journal.since(place)).toEqual({ kind: "not-joined" });
      const checked = await world.journal.atPrimary(position);
      expect(checked).toMatchObject({ kind: "read", upTo: place, entries: [place] });
    });
  });

  it.each(["newest", "since", "atPrimary", "appendMark", "standing"] as const)(
    "takes the clock before anything is sent, if it tells the time at all: %s",
    async (name) => {
      await world.write(1);
      const [position = ""] = positionsOf(await newestOf(world.journal));
      // A clock that goes on when a request arrives.
      const nowAtMs = () => world.rest.counts().requestCount;
      const journal = world.journalOver([world.rest], { nowAtMs });
      const asked = {
        newest: () => journal.newest(),
        since: () => journal.since({ position, n: "n0" }),
        atPrimary: () => journal.atPrimary(position),
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

  it("says why it is unavailable, to whoever orders a purge or asks what was purged", async () => {
    const gone = await world.another();
    const journal = world.journalOver([gone]);
    await gone.stop();
    const why = { kind: "unavailable", why: "The database cannot be reached." };
    expect(await journal.append([newEntry()])).toEqual(why);
    expect(await journal.after("0", 1)).toEqual(why);
  });
});

/** The first ID after it. */
function after(position: string): string {
  const [ms = "0", sequence = "0"] = position.split("-");
  return `${ms}-${Number(sequence) + 1}`;
}

async function newestOf(journal: RedisJournal): Promise<readonly Entry[]> {
  const read = await journal.newest();
  return read.kind === "read" ? read.entries : [];
}
