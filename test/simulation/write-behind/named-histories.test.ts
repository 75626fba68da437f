// Histories of write-behind that are written step by step. They show why the steps of
// docs/internals/write-behind-protocol.md are needed.
import { describe, expect, it } from "vitest";
import { playsAll } from "../../../testing/histories.ts";
import { puts } from "../../../src/write-behind/change-kind.ts";
import { fallMsMax, usualTimes } from "../../../src/write-behind/slice-times.ts";
import { BehindScene } from "../../../testing/simulation/write-behind/behind-scene.ts";

const once = { a: 1, b: 4 };
const twice = { a: 2, b: 8 };

/** Returns a scene with one accepted batch, whose slice a flush may take. */
async function restedScene(): Promise<BehindScene> {
  const scene = new BehindScene();
  expect(await scene.accept(scene.batch())).toBe("accepted");
  await scene.rest();
  return scene;
}

describe("after a fail-over of Redis", () => {
  it("an applied slice that returns counts once", async () => {
    const scene = await restedScene();
    await scene.flush();
    expect(scene.store.isEmpty).toBe(true);
    scene.store.failOver(1, 0);
    expect(scene.store.isEmpty).toBe(false);
    expect(await scene.readNow()).toEqual(once);
    await scene.flush();
    expect(scene.inDatabase).toEqual(once);
    expect(scene.store.isEmpty).toBe(true);
  });

  it("a slice of which half was applied counts once", async () => {
    const scene = await restedScene();
    const flusher = scene.party("flusher");
    const flushed = scene.begin(flusher, { left: 1 });
    await scene.deliverAll(flusher);
    expect((await flushed).end.kind).toBe("more");
    expect(scene.inDatabase).toEqual({ a: 1 });
    scene.store.failOver(0, 0);
    await scene.flush();
    expect(scene.inDatabase).toEqual(once);
  });

  it("a batch whose acceptance was lost counts once, though it is sent twice more", async () => {
    const scene = new BehindScene();
    const batch = scene.batch();
    expect(await scene.accept(batch)).toBe("accepted");
    scene.store.failOver(1, 0);
    expect(scene.store.isEmpty).toBe(true);
    expect(await scene.accept(batch)).toBe("accepted");
    expect(await scene.accept(batch)).toBe("accepted");
    await scene.rest();
    await scene.flush();
    expect(scene.inDatabase).toEqual(once);
  });

  it("an applied batch that Redis no longer knows is late", async () => {
    const scene = new BehindScene();
    const batch = scene.batch();
    expect(await scene.accept(batch)).toBe("accepted");
    await scene.rest();
    await scene.flush();
    scene.store.failOver(2, 0);
    expect(await scene.accept(batch)).toBe("late");
    await scene.flush();
    expect(scene.inDatabase).toEqual(once);
  });

  it.each([fallMsMax, fallMsMax + 1, 3_600_000])(
    "whose clock falls back by %i ms, another batch of the taken slice is late",
    async (fallMs) => {
      const scene = new BehindScene();
      const [first, second] = [scene.batch(), scene.batch()];
      expect(await scene.accept(first)).toBe("accepted");
      await scene.rest();
      await scene.flush();
      scene.store.failOver(0, fallMs);
      expect(await scene.accept(second)).toBe("late");
      expect(await scene.accept(scene.batch())).toBe("accepted");
      await scene.rest();
      await scene.rest();
      await scene.flush();
      expect(scene.inDatabase).toEqual(twice);
    },
  );
});

// Each row breaks a condition of docs/internals/write-behind-protocol.md, "Where two clocks meet".
describe.each([60_000, 3_600_000])("if a condition is broken by %i ms", (byMs) => {
  it("the set's time, which Redis loses while its clock falls back: a change may be lost", async () => {
    const scene = await restedScene();
    await scene.flush();
    scene.store.failOver(2, byMs);
    expect(await scene.accept(scene.batch())).toBe("accepted");
    await scene.pass(byMs + 60_000);
    await scene.flush();
    expect(scene.inDatabase).toEqual(once);
  });

  it("the same, with an older slice that returns: its changes may count twice", async () => {
    const scene = await restedScene();
    await scene.pass(80_000);
    expect(await scene.accept(scene.batch())).toBe("accepted");
    await scene.rest();
    await scene.flush();
    expect(scene.inDatabase).toEqual(twice);
    scene.store.failOver(3, byMs);
    for (let run = 0; run < 6; run += 1) {
      await scene.pass(10_000);
      await scene.flush();
    }
    expect(scene.inDatabase).toEqual({ a: 3, b: 12 });
  });

  it.each([
    { aheadMs: byMs, acceptance: "early" },
    { aheadMs: -byMs, acceptance: "late" },
  ])("an isolate's clock, ahead by $aheadMs ms: its batch is $acceptance", async (row) => {
    const scene = await restedScene();
    const batch = scene.batch();
    const slice = batch.slice + row.aheadMs / usualTimes.sliceMs;
    expect(await scene.accept({ ...batch, slice })).toBe(row.acceptance);
    await scene.flush();
    expect(scene.inDatabase).toEqual(once);
  });

  it("the clock of Redis, set forward and back between two attempts: the batch counts once", async () => {
    const scene = new BehindScene();
    const batch = scene.batch();
    const again = byMs > usualTimes.seenMs ? "late" : "accepted";
    expect(await scene.accept(batch)).toBe("accepted");
    scene.world.serverBehindMs = -byMs;
    expect(await scene.accept(batch)).toBe(again);
    expect(await scene.accept(scene.batch())).toBe("accepted");
    scene.world.serverBehindMs = 0;
    expect(await scene.accept(batch)).toBe(again);
    await scene.rest();
    await scene.rest();
    await scene.flush();
    expect(scene.inDatabase).toEqual(twice);
  });

  it("the clocks of two isolates: of their puts in one slice, the older one may stay", () => {
    const older = { key: "a", value: "older", sequence: byMs };
    const newer = { key: "a", value: "newer", sequence: byMs - 1 };
    expect(puts.joined(older, newer)).toBe(older);
  });

  it.each([
    { isRead: true, values: twice },
    { isRead: false, values: once },
  ])("a restored mark, found before the time passes it: $isRead", async ({ isRead, values }) => {
    const scene = await restedScene();
    await scene.flush();
    scene.database.restoreMark({ slice: scene.store.slice + byMs / 10_000, key: null });
    expect(await scene.accept(scene.batch())).toBe("accepted");
    expect(isRead ? await scene.readNow() : twice).toEqual(twice);
    await scene.pass(byMs + 60_000);
    expect((await scene.flush()).end.kind).toBe("done");
    expect(scene.inDatabase).toEqual(values);
  });
});

describe("a flusher", () => {
  /** The messages of a flush with one slice of two chunks. */
  const messages = ["rested", "select", "changes", "apply", "changes", "apply", "drop", "rested"];

  it("sends these messages if nothing fails", async () => {
    const scene = await restedScene();
    const flusher = scene.party("flusher");
    const flushed = scene.begin(flusher);
    const sent: (string | undefined)[] = [];
    while (sent.at(-1) !== undefined || sent.length === 0) {
      sent.push(await scene.world.deliver(flusher));
    }
    expect(sent).toEqual([...messages, undefined]);
    expect((await flushed).end.kind).toBe("done");
  });

  const deaths = messages.flatMap((message, at) =>
    [true, false].map((arrives) => ({ message, at, arrives })),
  );

  it.each(deaths)(
    "killed at message $at, $message (it arrives: $arrives): another completes the slice once",
    async ({ at, arrives }) => {
      const scene = await restedScene();
      const flusher = scene.party("flusher");
      void scene.begin(flusher);
      for (let sent = 0; sent < at; sent += 1) await scene.world.deliver(flusher);
      flusher.isAlive = false;
      await scene.world.deliver(flusher, arrives ? "unanswered" : "lost");
      expect(await scene.readNow()).toEqual(once);
      await scene.flush();
      expect(scene.inDatabase).toEqual(once);
      expect(scene.store.isEmpty).toBe(true);
    },
  );

  it.each(["unanswered", "lost"] as const)(
    "fails twice because its first chunk is %s: the third run completes the slice once",
    async (how) => {
      const scene = await restedScene();
      for (let run = 0; run < 2; run += 1) {
        const flusher = scene.party(`flusher ${run}`);
        const flushed = scene.begin(flusher);
        for (const message of ["rested", "select", "changes"]) {
          expect(await scene.world.deliver(flusher)).toBe(message);
        }
        expect(await scene.world.deliver(flusher, how)).toBe("apply");
        expect((await flushed).end.kind).toBe("sink-failed");
      }
      await scene.flush();
      expect(scene.inDatabase).toEqual(once);
    },
  );
});

describe("two flushers", () => {
  /** Each flusher sends at most eight messages. */
  const turns = 16;
  /** `npm test` omits orders that the second flusher begins: they only swap the flushers. */
  const orders = Array.from({ length: 1 << turns }, (_, order) => order).filter(
    (order) => ones(order) === turns / 2 && (playsAll || (order & 1) === 0),
  );

  it(`count changes once, in each of ${orders.length} orders`, async () => {
    for (const order of orders) {
      const scene = await restedScene();
      const flushers = [scene.party("one"), scene.party("other")] as const;
      const flushed = flushers.map((flusher) => scene.begin(flusher));
      for (let turn = 0; turn < turns; turn += 1) {
        await scene.world.deliver(flushers[(order >> turn) & 1 ? 1 : 0]);
      }
      for (const flusher of flushers) await scene.deliverAll(flusher);
      const ends = (await Promise.all(flushed)).map(({ end }) => end.kind);
      expect({ order, ends, ...scene.inDatabase }).toEqual({
        order,
        ends: ["done", "done"],
        ...once,
      });
    }
  });

  function ones(order: number): number {
    let count = 0;
    for (let rest = order; rest > 0; rest >>= 1) count += rest & 1;
    return count;
  }
});

describe("an exact read", () => {
  it("counts a slice once between its last chunk and its drop", async () => {
    const scene = await restedScene();
    const flusher = scene.party("flusher");
    void scene.begin(flusher);
    for (let sent = 0; sent < 6; sent += 1) await scene.world.deliver(flusher);
    expect(scene.inDatabase).toEqual(once);
    expect(scene.store.isEmpty).toBe(false);
    expect(await scene.readNow()).toEqual(once);
  });

  it("counts a slice once if a whole flush runs between its two messages", async () => {
    const scene = await restedScene();
    const reader = scene.party("reader");
    const read = scene.read(reader);
    expect(await scene.world.deliver(reader)).toBe("read");
    await scene.flush();
    await scene.deliverAll(reader);
    expect(await read).toEqual(once);
  });

  it("counts two slices before and after the older one is applied", async () => {
    const scene = await restedScene();
    expect(await scene.accept(scene.batch())).toBe("accepted");
    expect(await scene.readNow()).toEqual({ a: 2, b: 8 });
    await scene.flush();
    expect(scene.inDatabase).toEqual(once);
    expect(await scene.readNow()).toEqual({ a: 2, b: 8 });
  });
});
