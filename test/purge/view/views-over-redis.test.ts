// The purge protocol over a real Redis: losses of entries, and the commands of a purge (rules 17
// and 20 to 22).
import { describe, expect, it, vi } from "vitest";
import { Acceptances, type SignedOrder } from "../../../src/purge/acceptance/acceptance.ts";
import { ClockSteps } from "../../../src/purge/view/clock-steps.ts";
import { JournalView } from "../../../src/purge/view/journal-view.ts";
import { ViewCopy } from "../../../src/purge/view/view-copies.ts";
import type { Stamp } from "../../../src/cache/record/record.ts";
import type { Requester } from "../../../src/purge/view/view-port.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { maxLagMs, newEntry, orderOf, responseWith } from "../../../testing/examples/purges.ts";
import { itemsOf } from "../../../testing/simulation/simulated-copies.ts";
import {
  journalKey,
  lineagesKey,
  openJournalWorld,
} from "../../stores/redis/journal/journal-world.ts";

const small = orderOf(["tag:red"], { id: "" });

describe.each(oneRedisServer)("over $redis", ({ start }) => {
  const world = openJournalWorld(start);

  /** Creates an isolate. `renew` advances its clock, and so renews its view. */
  function isolate({ copy, ...options }: { keptCount?: number; copy?: ViewCopy } = {}) {
    let skippedMs = 0;
    const nowAtMs = () => Date.now() + skippedMs;
    const journal = world.journalOver([world.rest], { nowAtMs, ...options });
    const common = { journal, nowAtMs };
    const times = { renewalLagMs: maxLagMs, allowanceMs: 1_000, timeoutMs: 2_000 };
    const view = new JournalView({ ...common, ...times, clock: new ClockSteps(1_000) });
    const randomText = () => crypto.randomUUID();
    if (copy !== undefined) view.tail.take(copy);
    const acceptances = new Acceptances({ ...common, view, visibleWithinMs: 40, randomText });
    const pending: Promise<void>[] = [];
    const requester = (): Requester => ({
      atMs: nowAtMs(),
      afterAnswer: (work) => void pending.push(work()),
    });
    return {
      stamp: () => view.stamp(requester()),
      copy: () => new ViewCopy(view.tail.sentAtMs, itemsOf(view.tail.chain?.entries ?? [])),
      accept: (order: SignedOrder) => acceptances.accept(order, requester()),
      settle: async () => void (await Promise.all(pending)),
      async renew() {
        skippedMs += maxLagMs;
        await view.renewIfDue(requester())?.();
      },
      judge(stamp: Stamp) {
        const asked = { atMs: nowAtMs(), maxLagMs, colo: () => "" };
        const judged = view.judge(responseWith({ stamp }), asked);
        return judged.kind === "purged" ? judged.mode : judged.kind;
      },
    };
  }

  it.each([0, 1_200])(
    "marks the loss for all isolates after the restore of a backup and %i new entries",
    async (grownBy) => {
      await world.write(3);
      const [informed, other] = [isolate(), isolate()];
      const stamp = await informed.stamp();
      await other.stamp();
      const backup = await world.redis.dumpBuffer(journalKey);
      await world.journal.append([newEntry({ n: "red", tags: ["tag:red"] })]);
      await informed.renew();
      expect([informed.judge(stamp), other.judge(stamp)]).toEqual(["hard", "usable"]);
      await world.redis.restore(journalKey, 0, backup, "REPLACE");
      const growth = Array.from({ length: grownBy }, (_, at) => newEntry({ n: `${at}` }));
      await world.journal.append(growth);
      await informed.renew();
      await other.renew();
      expect(informed.judge(stamp)).not.toBe("usable");
      expect(other.judge(stamp)).toBe("hard");
      expect(other.judge(await informed.stamp())).toBe("usable");
    },
  );

  describe("an isolate slept while the stream dropped its last entry, and", () => {
    const keptCount = 50;
    const marks = async () => {
      const entries = await world.redis.xrange(journalKey, "-", "+");
      return entries.filter(([, fields]) => fields[fields.indexOf("lost") + 1] !== "");
    };
    /** Appends purges of other tags, so that the stream drops what was before. */
    async function purgeMuch() {
      const journal = world.journalOver([world.rest], { keptCount });
      for (let turn = 0; turn < 3; turn += 1) {
        const other = () => newEntry({ n: crypto.randomUUID(), tags: ["tag:other"] });
        await journal.append(Array.from({ length: 200 }, other));
      }
    }

    it.each([
      { id: "its own records are", isCold: false, drops: false },
      { id: "the records of a cold isolate with its copy are", isCold: true, drops: false },
      { id: "its own records are, without a proof,", isCold: false, drops: true },
      { id: "those of the cold isolate are, without a proof,", isCold: true, drops: true },
    ])("only $id unverified", async ({ isCold, drops }) => {
      await world.write(3);
      const [first, awake] = [isolate({ keptCount }), isolate({ keptCount })];
      const stamp = await first.stamp();
      const slept = isCold ? isolate({ keptCount, copy: first.copy() }) : first;
      await purgeMuch();
      if (drops) await world.redis.hdel(lineagesKey, "0");
      const later = await awake.stamp();
      await slept.renew();
      expect(await marks()).toEqual([]);
      await awake.renew();
      expect([slept.judge(stamp), awake.judge(later)]).toEqual(["unverified", "usable"]);
    });

    it("marks the loss for all if its last entry never existed", async () => {
      await world.write(3);
      const slept = isolate({ keptCount });
      const backups = await Promise.all(world.keys.map((key) => world.redis.dumpBuffer(key)));
      await world.journal.append([newEntry({ n: "lost" })]);
      await slept.stamp();
      for (const [at, key] of world.keys.entries()) {
        await world.redis.restore(key, 0, backups[at] ?? "", "REPLACE");
      }
      await purgeMuch();
      await slept.renew();
      expect(await marks()).toHaveLength(1);
    });
  });

  it("sends one command before the answer to a purge, and one after it", async () => {
    const taker = isolate();
    await taker.renew();
    world.rest.resetCounts();
    const accepted = await taker.accept(small);
    expect(accepted.kind).toBe("accepted");
    expect(world.rest.counts()).toMatchObject({ commandCountByName: { EVAL: 1 } });
    await taker.settle();
    expect(world.costs()).toEqual([{ EVAL: 2 }, 2]);
  });

  it("appends a purge again after Redis has lost all data", async () => {
    const taker = isolate();
    await taker.renew();
    await taker.accept(small);
    await world.redis.flushall();
    await vi.waitFor(async () => {
      const standing = await world.redis.xrange(journalKey, "-", "+");
      expect(JSON.stringify(standing)).toContain("tag:red");
    }, 30_000);
  });

  it("sends no command that withdraws an entry (rule 20)", async () => {
    const taker = isolate();
    for (let at = 0; at < 3; at += 1) {
      await taker.accept(small);
      await taker.renew();
      await taker.settle();
    }
    const names = Object.keys(world.rest.counts().commandCountByName).toSorted();
    expect(names).toEqual(["EVAL", "EVAL_RO", "XRANGE"]);
  });
});
