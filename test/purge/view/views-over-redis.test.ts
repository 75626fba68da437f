// The purge protocol over real servers: what isolates make of lag, loss and restored states, and
// what a purge costs (docs/purge-protocol.md, rules 16 to 18, 21 and 22).
import { describe, expect, it, vi } from "vitest";
import { Acceptances, type SignedOrder } from "../../../src/purge/acceptance/acceptance.ts";
import { JournalView } from "../../../src/purge/view/journal-view.ts";
import type { Stamp } from "../../../src/cache/record/record.ts";
import type { Attention } from "../../../src/purge/view/view.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { newEntry, responseWith } from "../../../testing/examples/purges.ts";
import { journalKey, openJournalWorld } from "../../stores/redis/journal/journal-world.ts";

const maxLagMs = 10_000;
const red = newEntry({ n: "red", tags: ["tag:red"] });

describe.each(oneRedisServer)("over $redis", ({ start }) => {
  const world = openJournalWorld(start);

  /** An isolate whose clock a test can put forward, so that its view has to be renewed. */
  function isolate(servers = [world.rest]) {
    let skippedMs = 0;
    const nowAtMs = () => Date.now() + skippedMs;
    const journal = world.journalOver(servers, { nowAtMs });
    const settings = { journal, nowAtMs, maxLagMs, allowanceMs: 1_000, timeoutMs: 2_000 };
    const view = new JournalView({
      ...settings,
      onOverdue: (entries) => acceptances.lookFor(entries),
    });
    const pending: Promise<void>[] = [];
    const attention = (): Attention => ({
      atMs: nowAtMs(),
      afterAnswer: (work) => void pending.push(work()),
    });
    const acceptances = new Acceptances({
      journal,
      view,
      nowAtMs,
      maxLagMs: 40,
      randomText: () => crypto.randomUUID(),
    });
    return {
      view,
      stamp: () => view.stamp(attention()),
      accept: (order: SignedOrder) => acceptances.accept(order, attention()),
      settle: async () => void (await Promise.all(pending)),
      async renew() {
        skippedMs += maxLagMs;
        await view.attend(attention())?.();
      },
      judge(stamp: Stamp) {
        const judged = view.judge(responseWith({ stamp }), {
          atMs: nowAtMs(),
          maxLagMs,
          colo: () => "",
        });
        return judged.kind === "purged" ? judged.mode : judged.kind;
      },
    };
  }

  /** One has read a purge, the other has not; the response is from before. */
  async function oneInformed() {
    await world.write(3);
    const [informed, other] = [isolate(), isolate()];
    const stamp = await informed.stamp();
    await other.stamp();
    const backup = await world.redis.dumpBuffer(journalKey);
    await world.journal.append([red]);
    await informed.renew();
    world.rest.resetCounts();
    return { informed, other, stamp, backup };
  }

  it("a purge reaches everybody, and a new response is used by all", async () => {
    const { informed, other, stamp } = await oneInformed();
    expect([informed.judge(stamp), other.judge(stamp)]).toEqual(["hard", "usable"]);
    await other.renew();
    const later = await informed.stamp();
    expect([other.judge(stamp), other.judge(later)]).toEqual(["hard", "usable"]);
  });

  it("a replica that lags is no loss", async () => {
    await world.write(3);
    const lagging = await world.another({ replicaLagMs: 60_000 });
    const informed = isolate([world.rest, world.rest, lagging]);
    const stamp = await informed.stamp();
    for (const n of ["next", "last"]) {
      await world.journal.append([{ ...red, n }]);
      await informed.renew();
      expect([informed.judge(stamp), informed.view.chain?.end.n]).toEqual(["hard", n]);
    }
    expect(lagging.counts().commandCountByName).toEqual({
      XRANGE: 1,
      SET: 1,
      XREVRANGE: 2,
      XLEN: 1,
      GET: 1,
    });
    expect(await world.redis.xlen(journalKey)).toBe(5);
  });

  it.each(["an old state", "an old state that has grown again"])(
    "the loss after %s was restored is marked, and reaches who had not read it",
    async (id) => {
      const { informed, other, stamp, backup } = await oneInformed();
      await world.redis.restore(journalKey, 0, backup, "REPLACE");
      const growth = Array.from({ length: 1_200 }, (_, at) => newEntry({ n: `${at}` }));
      if (id.endsWith("again")) await world.journal.append(growth);
      await informed.renew();
      await other.renew();
      expect(informed.judge(stamp)).not.toBe("usable");
      expect(other.judge(stamp)).toBe("hard");
    },
  );

  it("a restart without data leaves nothing usable that was stored before", async () => {
    const { informed, other, stamp } = await oneInformed();
    await world.redis.flushall();
    await informed.renew();
    await other.renew();
    expect([informed.judge(stamp), other.judge(stamp)]).toEqual(["unverified", "unverified"]);
    await informed.renew();
    expect(informed.judge(await other.stamp())).toBe("usable");
  });

  it("an empty journal is given one mark", async () => {
    const one = isolate();
    expect(one.judge(await one.stamp())).toBe("usable");
    const two = isolate();
    expect(two.judge(await two.stamp())).toBe("usable");
    expect(await world.redis.xlen(journalKey)).toBe(1);
  });

  describe("a purge costs", () => {
    const order = { id: "", bodyDigest: "", by: "admin", reason: "", mode: "hard" } as const;
    const small = { ...order, targets: { tags: ["tag:red"], prefixes: [] } };

    it("one command before its answer, and three after it", async () => {
      const taker = isolate();
      await taker.renew();
      world.rest.resetCounts();
      const accepted = await taker.accept(small);
      expect(accepted.kind).toBe("accepted");
      expect(world.rest.counts()).toMatchObject({ commandCountByName: { XADD: 1 } });
      await taker.settle();
      expect(world.rest.counts()).toMatchObject({
        commandCountByName: { XADD: 1, SET: 1, XRANGE: 2 },
        requestCount: 3,
      });
    });

    it("is written again if the entry was lost", async () => {
      const taker = isolate();
      await taker.renew();
      await taker.accept(small);
      await world.redis.flushall();
      await vi.waitFor(async () => {
        const standing = await world.redis.xrange(journalKey, "-", "+");
        expect(JSON.stringify(standing)).toContain("tag:red");
      }, 30_000);
    });

    it("one request, however many entries it takes", async () => {
      const tags = Array.from({ length: 4_000 }, (_, at) => `tag:${at}`);
      await isolate().accept({ ...order, targets: { tags, prefixes: [] } });
      const { commandCountByName, requestCount } = world.rest.counts();
      expect([Object.keys(commandCountByName), requestCount]).toEqual([["XADD"], 1]);
      expect(await world.redis.xlen(journalKey)).toBe(commandCountByName["XADD"]);
      expect(commandCountByName["XADD"]).toBeGreaterThan(5);
    });

    it("no command that takes anything back (rule 20)", async () => {
      const taker = isolate();
      for (let at = 0; at < 3; at += 1) {
        await taker.accept(small);
        await taker.renew();
        await taker.settle();
      }
      const names = Object.keys(world.rest.counts().commandCountByName).toSorted();
      expect(names).toEqual(["EVAL_RO", "SET", "XADD", "XRANGE"]);
    });
  });
});
