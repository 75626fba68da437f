// Who may ask next: bounds over all addresses, hits and misses told apart by what came before.
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

/** How many of so many who ask get a turn now. */
async function admitted(turns: Turns, lane: number, askers: number): Promise<number> {
  let count = 0;
  for (let asker = 0; asker < askers; asker += 1) void turns.taken(lane).then(() => (count += 1));
  await new Promise((resolve) => setImmediate(resolve));
  return count;
}

describe("turns", () => {
  it("are one at a time at first, and go to the next at an end", async () => {
    const { turns, ended } = at({});
    expect(await admitted(turns, 0, 3)).toBe(1);
    ended(0, true);
    expect(await admitted(turns, 0, 0)).toBe(0);
  });

  it("are as many as the bound where all is there already", async () => {
    const { turns, ended } = at({});
    for (let hit = 0; hit < 60; hit += 1) {
      await turns.taken(0);
      ended(0, false);
    }
    expect(await admitted(turns, 0, 20)).toBe(8);
  });

  it("of a colo that has it all do not wait for those that go to the origin", async () => {
    const { turns, ended } = at({ laneCount: 2, concurrencyMax: 4 });
    for (let hit = 0; hit < 60; hit += 1) {
      await turns.taken(1);
      ended(1, false);
    }
    await turns.taken(0);
    expect(await admitted(turns, 1, 9)).toBe(3);
  });

  it("come at the rate, and a hit costs none of it", async () => {
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

describe("turns in trouble", () => {
  it("wait out what the site asks for, and longer from trouble to trouble", async () => {
    const { turns, clock } = at({});
    expect(turns.troubled(0, 5_000)).toBe(5_000);
    await turns.taken(0);
    expect(clock.ms).toBe(6_000);
    turns.ended(0, { isFromOrigin: true });
    expect([turns.troubled(0, undefined), turns.troubled(0, undefined)]).toEqual([2_000, 2_000]);
    clock.ms += 2_000;
    expect(turns.troubled(0, undefined)).toBe(4_000);
  });

  it("of a further colo in trouble wait, and the site's do not; all wait for the site", async () => {
    const { turns, clock } = at({ laneCount: 2 });
    turns.troubled(1, undefined);
    expect([turns.pauseMs(0), turns.pauseMs(1)]).toEqual([0, 1_000]);
    await turns.taken(0);
    expect(clock.ms).toBe(1_000);
    turns.troubled(0, 9_000);
    expect([turns.pauseMs(0), turns.pauseMs(1)]).toEqual([9_000, 9_000]);
  });

  it("are not taken at once where a site in trouble says so", () => {
    expect(at({}).turns.troubled(0, 0)).toBe(1_000);
  });
});

describe("turns of a run", () => {
  it("have gaps where the pace has them", async () => {
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

  it("come at once to those who are interrupted", async () => {
    const { turns, interrupt } = at({});
    turns.troubled(0, 60_000);
    interrupt();
    await turns.taken(0);
    expect(turns.pauseMs(0)).toBe(60_000);
  });
});
