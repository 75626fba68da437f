// Tests that the removals of a tenth of a second are joined to one command, and that a removal is
// not lost if its request ends.
import { Redis, type Send } from "../../../src/remote/redis/redis.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RedisClient } from "../../../src/remote/redis/redis-client.ts";
import { joinMs, JoinedRemovals, togetherMax } from "../../../src/stores/redis/joined-removals.ts";
import type { TierRemoval } from "../../../src/cache/tiers/tier.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class Isolate {
  readonly clock = new FakeClock();
  /** For each command: the milliseconds since the start, and the removed keys. */
  readonly sent: { atMs: number; keys: readonly string[] }[] = [];
  answer: () => Promise<TierRemoval> = () => Promise.resolve("removed");
  readonly #startedAtMs = this.clock.atMs;
  readonly removals = new JoinedRemovals({
    nowAtMs: this.clock.nowAtMs,
    redis: {
      remove: async (_: string, run: (redis: Redis) => Promise<unknown>) => {
        const del: Send = async (_form, [command]) => {
          const keys = command?.slice(1).map(String) ?? [];
          this.sent.push({ atMs: this.clock.atMs - this.#startedAtMs, keys });
          if ((await this.answer()) === "unavailable") throw new Error("unavailable");
          return [keys.length];
        };
        return run(new Redis(del)).then(
          (value) => ({ kind: "answered", value }),
          () => ({ kind: "unavailable", cause: "unreachable" }),
        );
      },
    } as RedisClient,
  });

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      this.clock.advance(0.01);
      await vi.advanceTimersByTimeAsync(10);
    }
  }

  /** Requests a removal in a request that the runtime then ends, with its timers. */
  removeAndVanish(key: string): void {
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (() => 0) as unknown as typeof setTimeout;
    void this.removals.remove(key);
    globalThis.setTimeout = setTimeout;
  }
}

describe("a removal from Redis", () => {
  it("is sent at once, and the removals of the next tenth of a second are joined", async () => {
    const isolate = new Isolate();
    for (const key of ["a", "b", "c"]) {
      void isolate.removals.remove(key);
      await isolate.pass(30);
    }
    await isolate.pass(300);
    expect(isolate.sent).toEqual([
      { atMs: 0, keys: ["a"] },
      { atMs: joinMs, keys: ["b", "c"] },
    ]);
  });

  it("is joined with a waiting removal of the same key, but not with a sent removal", async () => {
    const isolate = new Isolate();
    for (const key of ["a", "b", "b", "a"]) void isolate.removals.remove(key);
    await isolate.pass(joinMs);
    void isolate.removals.remove("b");
    await isolate.pass(joinMs);
    expect(isolate.sent.map(({ keys }) => keys)).toEqual([["a"], ["b", "a"], ["b"]]);
  });

  it("shares about ten commands with a thousand removals in a second", async () => {
    const isolate = new Isolate();
    for (let nth = 0; nth < 1_000; nth += 1) {
      void isolate.removals.remove(`${nth}`);
      if (nth % 10 === 9) await isolate.pass(10);
    }
    await isolate.pass(joinMs);
    expect(isolate.sent.length).toBeLessThanOrEqual(12);
    expect(new Set(isolate.sent.flatMap(({ keys }) => keys)).size).toBe(1_000);
  });

  it("is sent at once if the waiting removals fill one command", async () => {
    const isolate = new Isolate();
    const count = 1 + 2 * togetherMax;
    for (let nth = 0; nth < count; nth += 1) void isolate.removals.remove(`${nth}`);
    expect(isolate.sent.map(({ keys }) => keys.length)).toEqual([1, togetherMax, togetherMax]);
  });

  it("does not wait longer if the clock is set back", async () => {
    const isolate = new Isolate();
    void isolate.removals.remove("a");
    isolate.clock.advance(-3_600);
    void isolate.removals.remove("b");
    await isolate.pass(joinMs);
    expect(isolate.sent.length).toBe(2);
  });

  it.each(["removed", "unavailable"] as const)("reports to each request: %s", async (removal) => {
    const isolate = new Isolate();
    isolate.answer = () => Promise.resolve(removal);
    const told = Promise.all(["a", "b", "c"].map((key) => isolate.removals.remove(key)));
    await isolate.pass(joinMs);
    expect(await told).toEqual([removal, removal, removal]);
  });
});

describe("a removal whose request ends", () => {
  it("is sent with the next removal", async () => {
    const isolate = new Isolate();
    void isolate.removals.remove("a");
    isolate.removeAndVanish("b");
    await isolate.pass(50);
    expect(isolate.removals.isWaiting("b")).toBe(true);
    void isolate.removals.remove("c");
    await isolate.pass(joinMs);
    expect(isolate.sent[1]).toEqual({ atMs: joinMs, keys: ["c", "b"] });
  });

  it("is sent by a read a second later", async () => {
    const isolate = new Isolate();
    void isolate.removals.remove("a");
    isolate.removeAndVanish("b");
    const works: (() => Promise<void>)[] = [];
    const read = () => {
      const afterAnswer = (work: () => Promise<void>) => void works.push(work);
      isolate.removals.takeUpLate({ atMs: isolate.clock.atMs, afterAnswer });
    };
    await isolate.pass(1_000);
    read();
    expect(works.length).toBe(0);
    await isolate.pass(10);
    read();
    read();
    await Promise.all(works.map((work) => work()));
    expect(isolate.sent.map(({ keys }) => keys)).toEqual([["a"], ["b"]]);
  });

  it("is repeated by a request that waits for the same command", async () => {
    const isolate = new Isolate();
    void isolate.removals.remove("a");
    isolate.answer = () => new Promise(() => undefined);
    void isolate.removals.remove("b");
    const other = isolate.removals.remove("c");
    await isolate.pass(joinMs);
    isolate.answer = () => Promise.resolve("removed");
    await isolate.pass(6_000);
    expect(await other).toBe("removed");
    expect(isolate.sent.map(({ keys }) => keys)).toEqual([["a"], ["b", "c"], ["c"]]);
  });
});
