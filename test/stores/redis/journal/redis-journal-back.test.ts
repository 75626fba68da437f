// The journal over Redis, beside its contract: the way back from an entry, and what the
// primary alone says.
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Entry, EntryPlace } from "../../../../src/purge/journal/entry.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { newEntry } from "../../../../testing/examples/purges.ts";
import { journalKey as key, openJournalWorld } from "./journal-world.ts";

const nowhere = { position: "0-0", n: "" };

describe.each(oneRedisServer)("over $redis", ({ start }) => {
  const world = openJournalWorld(start);
  const positionsOf = (entries: readonly Entry[]) => entries.map(({ position }) => position);

  describe("reads back from an entry", () => {
    it.each([
      { id: "none", at: 0, read: [0, 0] },
      { id: "less than a page", at: 127, read: [0, 127] },
      { id: "a page", at: 200, read: [73, 200] },
    ] as const)("$id", async ({ at, read }) => {
      const positions = await world.write(300);
      const before = await world.journal.before({ position: positions[at] ?? "", n: `n${at}` });
      expect(before.kind === "read" && positionsOf(before.entries)).toEqual(
        positions.slice(...read),
      );
      expect(world.rest.counts().commandCountByName).toEqual({ XREVRANGE: 1 });
    });
  });

  describe("keeps what one read brings within 1 MiB, where entries are as large as may be", () => {
    /** With all that stands beside it, 8 KiB. */
    const reason = "x".repeat(8_050);
    const answerBytes: number[] = [];
    afterEach(() => vi.restoreAllMocks());

    it.each([
      { id: "a cold view", read: () => world.journal.newest() },
      { id: "a join", read: (from: EntryPlace) => world.journal.since(from) },
      { id: "a check", read: (from: EntryPlace) => world.journal.atPrimary(from.position) },
      { id: "a mark", read: () => world.journal.appendMark("") },
      { id: "a page back", read: (from: EntryPlace) => pageBack(from) },
    ])("$id", async ({ read }) => {
      const [position = ""] = await world.write(1);
      for (let turn = 0; turn < 4; turn += 1) {
        const entries = Array.from({ length: 100 }, (_, at) => newEntry({ n: `${at}`, reason }));
        await world.journal.append(entries);
      }
      answerBytes.length = 0;
      const ask = globalThis.fetch;
      vi.spyOn(globalThis, "fetch").mockImplementation(async (...asked) => {
        const answer = await ask(...asked);
        answerBytes.push((await answer.clone().arrayBuffer()).byteLength);
        return answer;
      });
      expect(await read({ position, n: "n0" })).toMatchObject({ kind: "read" });
      expect(Math.max(...answerBytes)).toBeLessThanOrEqual(1_048_576 * 1.01);
      expect(Math.max(...answerBytes)).toBeGreaterThan(1_000_000);
    });

    async function pageBack(from: EntryPlace) {
      const since = await world.journal.since(from);
      answerBytes.length = 0;
      const last = since.kind === "read" ? since.entries.at(-1) : undefined;
      return world.journal.before(last ?? nowhere);
    }
  });

  describe("at the primary", () => {
    it.each([
      { id: "the last", at: 1_200, read: 128, pages: 1 },
      { id: "the oldest of the newest page", at: 1_073, read: 128, pages: 1 },
      { id: "the one before", at: 1_072, read: 255, pages: 2 },
      { id: "further back than a cold view goes", at: 0, read: 1_017, pages: 8 },
    ])("reads back to an entry, a page at a time: $id", async ({ at, read, pages }) => {
      const positions = await world.write(1_201);
      await world.rest.setReplicaLagMs(60_000);
      const checked = await world.journal.atPrimary(positions[at] ?? "");
      expect(checked).toMatchObject({ kind: "read", upTo: { n: `n${at}` } });
      expect(checked.kind === "read" && positionsOf(checked.entries)).toEqual(
        positions.slice(-read),
      );
      // Each page comes with a write, so that the primary answers.
      const { commandCountByName, requestCount } = world.rest.counts();
      expect([commandCountByName, requestCount]).toEqual([
        { SET: pages, XREVRANGE: pages + 1, XLEN: 1, GET: 1 },
        pages,
      ]);
      expect(await world.redis.pttl("site:probe")).toBeGreaterThan(0);
    });

    it("reads what a cold view needs where a position is gone", async () => {
      const positions = await world.write(1_100);
      await world.redis.xdel(key, positions[1_099] ?? "");
      const checked = await world.journal.atPrimary(positions[1_099] ?? "");
      expect(checked).toMatchObject({ upTo: { n: "n1098" }, entries: { length: 1_017 } });
    });

    it("knows which entries stand, whatever a replica says", async () => {
      await world.rest.setReplicaLagMs(60_000);
      const [first = "", second = ""] = await world.write(2);
      const places = [{ position: first, n: "n0" }, { position: second, n: "other" }, nowhere];
      const standing = await world.journal.standing(places);
      expect(standing).toEqual({ kind: "read", states: ["standing", "gone", "gone"] });
      // What is missing is asked about once more: was it trimmed?
      expect(world.rest.counts().commandCountByName).toEqual({ SET: 2, XRANGE: 4, XLEN: 1 });
    });

    it("and which were pushed out by newer ones", async () => {
      const journal = world.journalOver([world.rest], { keptCount: 2 });
      const [first = "", second = "", third = ""] = await world.write(3);
      await world.redis.xdel(key, first);
      const places = [first, second, third].map((position, at) => ({ position, n: `n${at}` }));
      const trimmed = await journal.standing(places);
      expect(trimmed).toEqual({ kind: "read", states: ["trimmed", "standing", "standing"] });
      expect(await journal.atPrimary(first)).toMatchObject({ upTo: undefined, isTrimmed: true });
      await world.redis.xdel(key, second);
      const lost = await journal.standing(places);
      expect(lost).toEqual({ kind: "read", states: ["gone", "gone", "standing"] });
      expect(await journal.atPrimary(second)).toMatchObject({ upTo: undefined, isTrimmed: false });
    });

    it("appends a mark and reads what is newest in one transaction", async () => {
      await world.write(1);
      await world.journal.appendMark("9-9 gone");
      const { commandCountByName, requestCount } = world.rest.counts();
      expect([commandCountByName, requestCount]).toEqual([{ XADD: 1, XREVRANGE: 1, GET: 1 }, 1]);
    });
  });
});
