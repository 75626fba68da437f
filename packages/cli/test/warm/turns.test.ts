// Tests the turns of `tidemark warm`. A turn permits one request to a lane, which is the site or a
// further colo.
import { describe, expect, it } from "vitest";
import { Turns } from "../../src/warm/turns.ts";

function at(bounds: { concurrencyMax?: number; ratePerSecondMax?: number; laneCount?: number }) {
  const clock = { ms: 1_000 };
  const sleeps: number[] = [];
  const interruption = new AbortController();
  const turns = new Turns(
    { concurrencyMax: 8, ratePerSecondMax: Infinity, laneCount: 1, ...bounds },
    {
      nowAtMs: () => clock.ms,
      sleep: async (ms) => {
        sleeps.push(ms);
        clock.ms += ms;
      },
      interrupted: interruption.signal,
    },
  );
  const ended = (lane: number, isFromOrigin: boolean) =>
    turns.ended(lane, { isFromOrigin, answer: { beganAtMs: clock.ms, durationMs: 20 } });
  return { turns, clock, sleeps, ended, interrupt: () => interruption.abort() };
}

/** Returns how many of `askers` requests for a turn are granted at once. */
async function admitted(turns: Turns, lane: number, askers: number): Promise<number> {
  let count = 0;
  for (let asker = 0; asker < askers; asker += 1) void turns.taken(lane).then(() => (count += 1));
  await new Promise((resolve) => setImmediate(resolve));
  return count;
}

describe("turns", () => {
  it("are granted one at a time at first", async () => {
    const { turns, ended } = at({});
    expect(await admitted(turns, 0, 3)).toBe(1);
    ended(0, true);
    expect(await admitted(turns, 0, 0)).toBe(0);
  });

  it("are granted up to the bound if all responses are hits", async () => {
    const { turns, ended } = at({});
    for (let hit = 0; hit < 60; hit += 1) {
      await turns.taken(0);
      ended(0, false);
    }
    expect(await admitted(turns, 0, 20)).toBe(8);
  });

  it("of a lane with only hits do not wait for misses in another lane", async () => {
    const { turns, ended } = at({ laneCount: 2, concurrencyMax: 4 });
    for (let hit = 0; hit < 60; hit += 1) {
      await turns.taken(1);
      ended(1, false);
    }
    await turns.taken(0);
    expect(await admitted(turns, 1, 9)).toBe(3);
  });

  it("are granted at the given rate, for which hits do not count", async () => {
    const { turns, clock, ended } = at({ ratePerSecondMax: 4 });
    const startsMs: number[] = [];
    for (let ask = 0; ask < 6; ask += 1) {
      await turns.taken(0);
      startsMs.push(clock.ms - 1_000);
      ended(0, ask !== 2);
    }
    expect(startsMs).toEqual([0, 250, 500, 500, 750, 1_000]);
  });
});

describe("turns after an error", () => {
  it("wait as long as the site asks, or else twice as long after each error", async () => {
    const { turns, clock } = at({});
    expect(turns.troubled(0, 5_000)).toBe(5_000);
    await turns.taken(0);
    expect(clock.ms).toBe(6_000);
    turns.ended(0, { isFromOrigin: true });
    expect([turns.troubled(0, undefined), turns.troubled(0, undefined)]).toEqual([2_000, 2_000]);
    clock.ms += 2_000;
    expect(turns.troubled(0, undefined)).toBe(4_000);
  });

  it("wait only in the lane of a failing colo, but in all lanes if the site fails", async () => {
    const { turns, clock } = at({ laneCount: 2 });
    turns.troubled(1, undefined);
    expect([turns.pauseMs(0), turns.pauseMs(1)]).toEqual([0, 1_000]);
    await turns.taken(0);
    expect(clock.ms).toBe(1_000);
    turns.troubled(0, 9_000);
    expect([turns.pauseMs(0), turns.pauseMs(1)]).toEqual([9_000, 9_000]);
  });

  it("wait a second even if the site asks for no delay", () => {
    expect(at({}).turns.troubled(0, 0)).toBe(1_000);
  });
});

describe("turns of a run", () => {
  it("are separated by the gaps of the pace", async () => {
    const { turns, clock, sleeps } = at({ concurrencyMax: 1 });
    for (let answer = 0; answer < 64; answer += 1) {
      await turns.taken(0);
      const durationMs = answer < 58 ? 20 : 70;
      turns.ended(0, { isFromOrigin: true, answer: { beganAtMs: clock.ms, durationMs } });
    }
    expect(sleeps).toEqual([]);
    await turns.taken(0);
    expect(sleeps).toEqual([20]);
  });

  it("are granted at once after an interrupt", async () => {
    const { turns, interrupt } = at({});
    turns.troubled(0, 60_000);
    interrupt();
    await turns.taken(0);
    expect(turns.pauseMs(0)).toBe(60_000);
  });
});
