// Histories of write-behind that are written step by step. They show why the steps of
// docs/write-behind-protocol.md are needed.
import { describe, expect, it } from "vitest";
import { playsAll } from "../../../testing/histories.ts";
import { usualTimes } from "../../../src/write-behind/slice-times.ts";
import { BehindScene } from "../../../testing/simulation/write-behind/behind-scene.ts";

const once = { a: 1, b: 4 };

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

  const longestFallMs = usualTimes.restMs - usualTimes.lateMs;

  it.each([
    { fallMs: longestFallMs - 1, acceptance: "late" },
    // Further than the protocol allows: the batch is accepted, and never counts.
    { fallMs: longestFallMs, acceptance: "accepted" },
  ])(
    "whose clock falls back by $fallMs ms, another batch of the taken slice is $acceptance",
    async (row) => {
      const scene = new BehindScene();
      const [first, second] = [scene.batch(), scene.batch()];
      expect(await scene.accept(first)).toBe("accepted");
      await scene.rest();
      await scene.flush();
      scene.store.failOver(0, row.fallMs);
      expect(await scene.accept(second)).toBe(row.acceptance);
      await scene.rest();
      await scene.rest();
      await scene.flush();
      expect(scene.inDatabase).toEqual(once);
    },
  );
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
