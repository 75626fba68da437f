// Tests that accepted changes count exactly once after a clock was set, over real servers: that of
// Redis, that of an isolate, and both, by a minute and by an hour. Also tests a progress mark of the
// future, as in the restored backup of another database.
import { describe, expect, it } from "vitest";
import { sliceAt, usualTimes } from "../../src/write-behind/slice-times.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { openCounter } from "./sets-world.ts";
import { indexKey, openSlicesWorld } from "./slices-world.ts";

const spans = [60, 3_600].flatMap((seconds) => [{ seconds }, { seconds: -seconds }]);

describe.each(redisServers)("accepted adds count once over $redis", ({ start }) => {
  const world = openSlicesWorld({ start });

  /** Opens an isolate with a counter. Each add is 10 times the one before it. */
  function opened() {
    const isolate = openCounter(world);
    const { counter, behind } = isolate;
    let [by, sum, serverAheadMs] = [1, 0, 0];
    const pass = async (seconds: number) => {
      world.clock.advance(seconds);
      await world.serverAt(world.clock.atMs + serverAheadMs);
    };
    return {
      ...isolate,
      pass,
      /** Sets the server's clock ahead of the isolate's. */
      serverAhead: async (seconds: number) => {
        serverAheadMs = seconds * 1_000;
        await pass(0);
      },
      /** Sets the isolate's clock forward, and leaves the server's. */
      isolateForward: async (seconds: number) => {
        serverAheadMs -= seconds * 1_000;
        await pass(seconds);
      },
      /** Adds, and checks that Redis accepts the add and that a read includes it. */
      add: async () => {
        counter.add("a", by);
        await counter.flush();
        sum += by;
        by *= 10;
        expect(await counter.get("a")).toBe(sum);
        expect(behind.stats()["set"]).toMatchObject({ lost: 0, inDoubt: 0 });
      },
      /** Flushes every 30 s for two minutes, after which the database must have all adds. */
      flushed: async () => {
        for (let run = 0; run < 4; run += 1) {
          await pass(30);
          expect(await counter.flush()).toMatchObject({ state: "done" });
          expect(await counter.get("a")).toBe(sum);
        }
        expect(isolate.values()).toEqual({ a: sum });
      },
      sum: () => sum,
    };
  }

  it.each(spans)("if all clocks are wrong by $seconds s, and then corrected", async (row) => {
    const { add, pass, flushed, values, sum } = opened();
    await add();
    await pass(row.seconds);
    await add();
    await flushed();
    await add();
    await pass(-row.seconds);
    await add();
    await flushed();
    await add();
    await flushed();
    expect(values()).toEqual({ a: sum() });
  });

  it.each(spans)(
    "if the clock of Redis is wrong by $seconds s, and then corrected",
    async (row) => {
      const { add, pass, serverAhead, flushed, values, sum } = opened();
      await add();
      await serverAhead(row.seconds);
      await flushed();
      await add();
      await pass(60);
      await serverAhead(0);
      await add();
      await flushed();
      expect(values()).toEqual({ a: sum() });
    },
  );

  it.each(spans)(
    "if an isolate's clock is wrong by $seconds s, and then corrected",
    async (row) => {
      const { add, isolateForward, flushed, values, sum } = opened();
      await add();
      await isolateForward(row.seconds);
      await add();
      await flushed();
      await isolateForward(-row.seconds);
      await add();
      await flushed();
      expect(values()).toEqual({ a: sum() });
    },
  );

  it.each(spans.filter(({ seconds }) => seconds > 0))(
    "if the database gets a mark that is $seconds s ahead",
    async (row) => {
      const { add, sink, pass, flushed, values, sum } = opened();
      await add();
      await flushed();
      await add();
      await pass(10);
      await add();
      const slice = sliceAt(world.clock.atMs, usualTimes) + row.seconds / 10;
      sink.marks.set("set", { slice, key: null });
      await add();
      await flushed();
      await add();
      await flushed();
      expect(values()).toEqual({ a: sum() });
    },
  );
});

describe.each([-60, 60, 360])(
  "a mark %i slices ahead of a slice, if Redis has lost the time of the set",
  (ahead) => {
    const world = openSlicesWorld();

    it("hides neither this slice nor later adds", async () => {
      const { counter, sink, values } = openCounter(world);
      const slice = world.now();
      await world.redis.zadd(indexKey, slice, String(slice));
      await world.redis.hset(`${indexKey}:${slice}`, { a: "1" });
      await world.redis.set(`${indexKey}:keys`, "1");
      sink.marks.set("set", { slice: slice + ahead, key: null });
      await world.pass(60);
      counter.add("a", 10);
      expect(await counter.flush()).toMatchObject({ state: "done" });
      expect(await counter.get("a")).toBe(11);
      await world.pass(60);
      await counter.flush();
      expect(values()).toEqual({ a: 11 });
    });
  },
);

describe("a set whose time is ahead of the clock of Redis", () => {
  const world = openSlicesWorld();

  it("says so in its stats, its troubles and the log, until the lead is below 10 s", async () => {
    const { behind, counter, sink, messages } = openCounter(world);
    const lead = () => behind.stats()["set"]?.leadMs;
    const add = async () => {
      counter.add("a");
      await counter.flush();
    };
    await add();
    expect([lead(), behind.troubles().get("set")?.clock]).toEqual([0, undefined]);
    await world.pass(-3_600);
    const sinceAtMs = world.clock.atMs;
    await add();
    expect(behind.troubles().get("set")?.clock).toEqual({ leadMs: 3_600_000, sinceAtMs });
    expect(messages()).toEqual([expect.stringContaining("are ahead of the clock by 3600 s")]);
    await world.pass(8 * 3_595);
    await add();
    expect([lead(), behind.troubles().get("set")?.clock]).toEqual([5_000, undefined]);
    expect(messages()[1]).toContain("follow the clock of Redis again after");
    const slice = sliceAt(world.clock.atMs, usualTimes) + 360;
    sink.marks.set("set", { slice, key: null });
    await world.pass(60);
    await counter.flush();
    expect(behind.stats()["set"]).toMatchObject({ flushes: { moved: 1 } });
    expect(sink.values.get("set")?.get("a")).toBe(3);
  });

  it("shows the age of its backlog by its own time", async () => {
    const { behind, counter } = openCounter(world);
    counter.add("a");
    await counter.flush();
    await world.pass(-3_600);
    counter.add("a");
    await counter.flush();
    await world.pass(60);
    const { backlog } = behind.stats()["set"] ?? {};
    expect(backlog?.oldestAgeMs).toBeGreaterThanOrEqual(50_000);
    expect(backlog?.oldestAgeMs).toBeLessThanOrEqual(60_000);
  });
});
