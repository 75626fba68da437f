// Removals of a tenth of a second go in one command, and a request that ends takes none with it.
import type { Redis } from "@upstash/redis/cloudflare";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { joinMs, JoinedRemovals, togetherMax } from "../../../src/stores/redis/joined-removals.ts";
import type { TierRemoval } from "../../../src/cache/tiers/tier.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class Isolate {
  readonly clock = new FakeClock();
  /** Every command: how long after the start, and what it removed. */
  readonly sent: { atMs: number; keys: readonly string[] }[] = [];
  answer: () => Promise<TierRemoval> = () => Promise.resolve("removed");
  readonly #startedAtMs = this.clock.atMs;
  readonly removals = new JoinedRemovals({
    nowAtMs: this.clock.nowAtMs,
    redis: {
      remove: async (_, run) => {
        const del = async (...keys: string[]) => {
          this.sent.push({ atMs: this.clock.atMs - this.#startedAtMs, keys });
          if ((await this.answer()) === "unavailable") throw new Error("unavailable");
          return keys.length;
        };
        return run({ del } as unknown as Redis).then(
          (value) => ({ kind: "answered", value }),
          () => ({ kind: "unavailable", cause: "unreachable" }),
        );
      },
    },
  });

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      this.clock.advance(0.01);
      await vi.advanceTimersByTimeAsync(10);
    }
  }

  /** The runtime has ended the request with its timers. */
  removeAndVanish(key: string): void {
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (() => 0) as unknown as typeof setTimeout;
    void this.removals.remove(key);
    globalThis.setTimeout = setTimeout;
  }
}

describe("a removal", () => {
  it("is sent at once, and those of the next tenth of a second together", async () => {
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

  it("of the same key counts once until it is sent, and anew from then on", async () => {
    const isolate = new Isolate();
    for (const key of ["a", "b", "b", "a"]) void isolate.removals.remove(key);
    await isolate.pass(joinMs);
    void isolate.removals.remove("b");
    await isolate.pass(joinMs);
    expect(isolate.sent.map(({ keys }) => keys)).toEqual([["a"], ["b", "a"], ["b"]]);
  });

  it("among a thousand a second costs ten commands a second", async () => {
    const isolate = new Isolate();
    for (let nth = 0; nth < 1_000; nth += 1) {
      void isolate.removals.remove(`${nth}`);
      if (nth % 10 === 9) await isolate.pass(10);
    }
    await isolate.pass(joinMs);
    expect(isolate.sent.length).toBeLessThanOrEqual(12);
    expect(new Set(isolate.sent.flatMap(({ keys }) => keys)).size).toBe(1_000);
  });

  it("waits for no more than go into one command", async () => {
    const isolate = new Isolate();
    const count = 1 + 2 * togetherMax;
    for (let nth = 0; nth < count; nth += 1) void isolate.removals.remove(`${nth}`);
    expect(isolate.sent.map(({ keys }) => keys.length)).toEqual([1, togetherMax, togetherMax]);
  });

  it("waits no longer where the clock is set back", async () => {
    const isolate = new Isolate();
    void isolate.removals.remove("a");
    isolate.clock.advance(-3_600);
    void isolate.removals.remove("b");
    await isolate.pass(joinMs);
    expect(isolate.sent.length).toBe(2);
  });

  it.each(["removed", "unavailable"] as const)("tells each request: %s", async (removal) => {
    const isolate = new Isolate();
    isolate.answer = () => Promise.resolve(removal);
    const told = Promise.all(["a", "b", "c"].map((key) => isolate.removals.remove(key)));
    await isolate.pass(joinMs);
    expect(await told).toEqual([removal, removal, removal]);
  });
});

describe("a request that ends", () => {
  it("while its removal waits leaves it to the next", async () => {
    const isolate = new Isolate();
    void isolate.removals.remove("a");
    isolate.removeAndVanish("b");
    await isolate.pass(50);
    expect(isolate.removals.isWaiting("b")).toBe(true);
    void isolate.removals.remove("c");
    await isolate.pass(joinMs);
    expect(isolate.sent[1]).toEqual({ atMs: joinMs, keys: ["c", "b"] });
  });

  it("leaves it to one that reads, a second later", async () => {
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

  it("with the command under way has it sent again by who waits for that", async () => {
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
