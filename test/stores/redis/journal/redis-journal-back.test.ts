// The journal in Redis, in addition to its contract: the size of answers, and reads at the primary.
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EntryId } from "../../../../src/purge/journal/entry.ts";
import { newEntry } from "../../../../testing/examples/purges.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { journalKey as key, nowhere, openJournalWorld, placesIn } from "./journal-world.ts";

describe.each(oneRedisServer)("over $redis", ({ start }) => {
  const world = openJournalWorld(start);

  describe("with the largest entries, an answer has about 1 MiB at most:", () => {
    /** An entry with this reason has 8 KiB. */
    const reason = "x".repeat(8_050);
    const answerBytes: number[] = [];
    const join = (from: EntryId) => world.journal.since(from);
    afterEach(() => vi.restoreAllMocks());

    it.each([
      { id: "a cold view", read: () => world.journal.newest() },
      { id: "a join", read: join },
      { id: "a check", read: (from: EntryId) => world.journal.atPrimary(from) },
      { id: "a mark", read: () => world.journal.appendMark("") },
    ])("$id", async ({ read }) => {
      const [place = nowhere] = await world.write(1);
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
      expect(await read(place)).toMatchObject({ kind: read === join ? "not-joined" : "read" });
      expect(Math.max(...answerBytes)).toBeLessThanOrEqual(1_048_576 * 1.01);
      expect(Math.max(...answerBytes)).toBeGreaterThan(1_000_000);
    });
  });

  it.each([1_200, 1_073, 0])(
    "at the primary, reads a page and epochs in one transaction about entry %i of 1,201",
    async (at) => {
      const places = await world.write(1_201);
      await world.rest.setReplicaLagMs(60_000);
      const checked = await world.journal.atPrimary(places[at] ?? nowhere);
      const head = { first: 0, epochs: { length: 20 } };
      expect(checked).toMatchObject({ kind: "read", upTo: places[at], head });
      expect(placesIn(checked)).toEqual(places.slice(-128));
      // A transaction with a write, so that the primary answers.
      expect(world.costs()).toEqual([{ SET: 1, XREVRANGE: 1, XLEN: 1, EVAL: 1 }, 1]);
      expect(await world.redis.pttl("site:probe")).toBeGreaterThan(0);
    },
  );

  it("at the primary, reads the newest page if the entry is missing", async () => {
    const places = await world.write(1_100);
    const [before, last = nowhere] = places.slice(-2);
    await world.redis.xdel(key, last.position);
    const checked = await world.journal.atPrimary(last);
    expect(checked).toMatchObject({ upTo: before, entries: { length: 128 } });
  });

  it("reports the states of entries at the primary while a replica lags", async () => {
    await world.rest.setReplicaLagMs(60_000);
    const [first = nowhere, second = nowhere] = await world.write(2);
    const standing = await world.journal.standing([first, { ...second, n: "other" }, nowhere]);
    expect(standing).toEqual({ kind: "read", states: ["standing", "gone", "gone"] });
    expect(world.costs()).toEqual([{ EVAL: 1 }, 1]);
    expect(await world.redis.pttl("site:probe")).toBeGreaterThan(0);
  });

  it("distinguishes trimmed entries from lost entries", async () => {
    const journal = world.journalOver([world.rest], { keptCount: 2 });
    const places = await world.write(3);
    const [first = nowhere, second = nowhere] = places;
    await world.redis.xdel(key, first.position);
    const trimmed = await journal.standing(places);
    expect(trimmed).toEqual({ kind: "read", states: ["trimmed", "standing", "standing"] });
    expect(await journal.atPrimary(first)).toMatchObject({ upTo: undefined, isLost: false });
    await world.redis.xdel(key, second.position);
    const lost = await journal.standing(places);
    expect(lost).toEqual({ kind: "read", states: ["gone", "gone", "standing"] });
    expect(await journal.atPrimary(second)).toMatchObject({ upTo: undefined, isLost: true });
  });

  it("appends a mark and reads the newest entries in one script", async () => {
    await world.write(1);
    await world.journal.appendMark("9-9 gone");
    expect(world.costs()).toEqual([{ EVAL: 1 }, 1]);
  });
});
