// The outbox while purges come in all the time: each goes at once, a failed one after its own wait,
// and none waits for another. Under a clock of the test's own.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOutbox } from "../../src/purger/outbox.ts";
import type { PurgeMessage } from "../../src/purger/message.ts";
import type { Purger } from "../../src/purger/purger.ts";
import { acceptance, memoryStore } from "./fakes.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const roundTripMs = 60;
const later = { kind: "try-later", why: "It answered 503.", retryAfterMs: 0 } as const;

interface Try {
  readonly tag: string;
  readonly atMs: number;
  readonly isAccepted: boolean;
}

/** @param fails whether that try of that tag's, counted from 1, is to fail */
function open(fails: (tag: string, nth: number) => boolean) {
  const tries: Try[] = [];
  const countByTag = new Map<string, number>();
  let underWayMax = 0;
  let underWay = 0;
  const send = async ({ body }: PurgeMessage): ReturnType<Purger["send"]> => {
    const tag = (JSON.parse(body) as { tags: string[] }).tags.join(" ");
    const nth = (countByTag.get(tag) ?? 0) + 1;
    countByTag.set(tag, nth);
    underWay += 1;
    underWayMax = Math.max(underWayMax, underWay);
    await new Promise((resolve) => setTimeout(resolve, roundTripMs));
    underWay -= 1;
    const isAccepted = !fails(tag, nth);
    tries.push({ tag, atMs: Date.now(), isAccepted });
    return isAccepted ? { kind: "accepted", ...acceptance } : later;
  };
  const { rows, store } = memoryStore();
  const backOff = { random: () => 1 };
  const outbox = createOutbox({ store, purger: { send }, backOff, report: () => undefined });
  return { outbox, rows, tries, underWayMax: () => underWayMax };
}

/** Twenty a second, each with a tag of its own, while the outbox delivers. */
async function flood({ outbox }: ReturnType<typeof open>, seconds: number): Promise<number[]> {
  const addedAtMs: number[] = [];
  outbox.run();
  for (let nth = 0; nth < seconds * 20; nth += 1) {
    addedAtMs.push(Date.now());
    outbox.enqueue({ tags: [`tag-${nth}`] });
    await vi.advanceTimersByTimeAsync(50);
  }
  await vi.advanceTimersByTimeAsync(2_000);
  await outbox.stop();
  return addedAtMs;
}

/** From being added to being accepted. */
function waitsMs(tries: readonly Try[], addedAtMs: readonly number[]): Map<string, number> {
  const accepted = tries.filter(({ isAccepted }) => isAccepted);
  return new Map(
    accepted.map(({ tag, atMs }) => [tag, atMs - (addedAtMs[Number(tag.slice(4))] ?? NaN)]),
  );
}

describe("twenty purges a second for three minutes", () => {
  it("hold up neither one another nor one that failed once", async () => {
    const opened = open((tag, nth) => tag === "tag-3" && nth === 1);
    const addedAtMs = await flood(opened, 180);
    const waits = waitsMs(opened.tries, addedAtMs);
    expect(waits.size).toBe(3_600);
    // The first wait is 500 ms.
    const failedWaitMs = waits.get("tag-3") ?? Infinity;
    waits.delete("tag-3");
    expect(failedWaitMs).toBeLessThan(500 + 4 * roundTripMs);
    expect(Math.max(...waits.values())).toBeLessThan(4 * roundTripMs);
  });

  it("are held up by none that always fail, of which there are more than a batch", async () => {
    const isPoison = (tag: string) => Number(tag.slice(4)) < 100;
    const opened = open(isPoison);
    const addedAtMs = await flood(opened, 180);
    const waits = waitsMs(opened.tries, addedAtMs);
    expect(waits.size).toBe(3_500);
    expect(Math.max(...waits.values())).toBeLessThan(1_000);
    const poisonTries = opened.tries.filter(({ tag }) => tag === "tag-0");
    expect(poisonTries.length).toBeGreaterThan(5);
  });
});

describe("a batch", () => {
  it("goes several at a time", async () => {
    const opened = open(() => false);
    for (let nth = 0; nth < 50; nth += 1) opened.outbox.enqueue({ tags: [`tag-${nth}`] });
    const round = opened.outbox.deliver();
    await vi.advanceTimersByTimeAsync(10 * roundTripMs);
    expect(await round).toEqual({ delivered: 50, failed: 0, refused: 0 });
    expect(opened.underWayMax()).toBe(8);
  });

  it("keeps the order of what names the same target", async () => {
    const { outbox, tries, underWayMax } = open(() => false);
    const tags = ["a", "a", "b", "a", "a b", "b"];
    for (const tag of tags) outbox.enqueue({ tags: tag.split(" ") });
    const round = outbox.deliver();
    await vi.advanceTimersByTimeAsync(10 * roundTripMs);
    await round;
    const having = (tag: string) => tries.filter((one) => one.tag.split(" ").includes(tag));
    expect(having("a").map(({ tag }) => tag)).toEqual(["a", "a", "a", "a b"]);
    expect(having("b").map(({ tag }) => tag)).toEqual(["b", "a b", "b"]);
    const instants = having("a").map(({ atMs }) => atMs);
    expect(new Set(instants).size).toBe(4);
    expect(underWayMax()).toBe(2);
  });

  it("sends what names the target of one that waits for its next try", async () => {
    const { outbox, tries } = open((_, nth) => nth === 1);
    outbox.enqueue({ tags: ["a"] });
    outbox.enqueue({ tags: ["a"] });
    const round = outbox.deliver();
    await vi.advanceTimersByTimeAsync(3 * roundTripMs);
    expect(await round).toEqual({ delivered: 1, failed: 1, refused: 0 });
    expect(tries.map(({ isAccepted }) => isAccepted)).toEqual([false, true]);
  });
});

it("a store that never notes anything is not asked without pause", async () => {
  const { rows, store } = memoryStore();
  let looks = 0;
  const due: typeof store.due = (atMs, limit) => {
    looks += 1;
    return store.due(atMs, limit);
  };
  const purger = { send: async () => ({ kind: "accepted", ...acceptance }) as const };
  const outbox = createOutbox({ store: { ...store, due, delivered: () => undefined }, purger });
  for (let nth = 0; nth < 60; nth += 1) store.add({ id: `${nth}`, body: "{}" });
  outbox.run();
  await vi.advanceTimersByTimeAsync(10_000);
  await outbox.stop();
  expect(rows).toHaveLength(60);
  expect(looks).toBeLessThanOrEqual(24);
});
