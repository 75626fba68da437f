// Tests the outbox under twenty purges a second. No purge waits for another, even if another fails.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOutbox } from "../../src/purger/outbox.ts";
import type { PurgeMessage } from "../../src/purger/message.ts";
import type { Purger } from "../../src/purger/create-purger.ts";
import { acceptance, memoryStore } from "./fakes.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const roundTripMs = 60;
const later = { kind: "try-later", why: "It answered 503.", retryAfterMs: 0 } as const;
const seconds = 180;

/**
 * Adds twenty purges a second for three minutes, each with its own tag.
 *
 * @param fails whether a try fails, by the number of its purge and of the try, the latter from 1
 * @returns the time from adding to acceptance by purge, and the tries by purge
 */
async function flood(fails: (purge: number, nthTry: number) => boolean) {
  const tries = new Map<number, number>();
  const waitsMs = new Map<number, number>();
  const addedAtMs: number[] = [];
  const send = async ({ body }: PurgeMessage): ReturnType<Purger["send"]> => {
    const [tag = ""] = (JSON.parse(body) as { tags: string[] }).tags;
    const purge = Number(tag);
    const nthTry = (tries.get(purge) ?? 0) + 1;
    tries.set(purge, nthTry);
    await new Promise((resolve) => setTimeout(resolve, roundTripMs));
    if (fails(purge, nthTry)) return later;
    waitsMs.set(purge, Date.now() - (addedAtMs[purge] ?? NaN));
    return { kind: "accepted", ...acceptance };
  };
  const { store } = memoryStore();
  const backOff = { random: () => 1 };
  const outbox = createOutbox({ store, purger: { send }, backOff, report: () => undefined });
  outbox.run();
  for (let purge = 0; purge < seconds * 20; purge += 1) {
    addedAtMs.push(Date.now());
    outbox.enqueue({ tags: [`${purge}`] });
    await vi.advanceTimersByTimeAsync(50);
  }
  await vi.advanceTimersByTimeAsync(2_000);
  await outbox.stop();
  return { waitsMs, tries };
}

describe("twenty purges a second for three minutes", () => {
  it("do not delay each other or the retry of a failed purge", async () => {
    const { waitsMs } = await flood((purge, nthTry) => purge === 3 && nthTry === 1);
    expect(waitsMs.size).toBe(3_600);
    // The first wait is 500 ms.
    expect(waitsMs.get(3)).toBeLessThan(500 + 4 * roundTripMs);
    waitsMs.delete(3);
    expect(Math.max(...waitsMs.values())).toBeLessThan(4 * roundTripMs);
  });

  it("are not delayed by 100 purges that always fail", async () => {
    const { waitsMs, tries } = await flood((purge) => purge < 100);
    expect(waitsMs.size).toBe(3_500);
    expect(Math.max(...waitsMs.values())).toBeLessThan(1_000);
    expect(tries.get(0)).toBeGreaterThan(5);
  });
});

it("polls a store that records nothing at most about twice a second", async () => {
  const { rows, store } = memoryStore();
  const due = vi.fn<typeof store.due>((atMs, limit) => store.due(atMs, limit));
  const purger = { send: async () => ({ kind: "accepted", ...acceptance }) as const };
  const outbox = createOutbox({ store: { ...store, due, delivered: () => undefined }, purger });
  for (let nth = 0; nth < 60; nth += 1) store.add({ id: `${nth}`, body: "{}" });
  outbox.run();
  await vi.advanceTimersByTimeAsync(10_000);
  await outbox.stop();
  expect(rows).toHaveLength(60);
  expect(due.mock.calls.length).toBeLessThanOrEqual(24);
});
