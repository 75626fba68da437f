// Tests the time limits on calls of the Cache API, and the breaker of a Cache API that does not
// answer.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OutOfTime } from "../../../src/base/timeouts.ts";
import type { LogLine } from "../../../src/observe/log-line.ts";
import type { ColoCache } from "../../../src/base/colo-cache.ts";
import { BoundedCache } from "../../../src/stores/cache-api/bounded-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";

const address = "https://www.example.com/_cache/stored/any";
const never = () => new Promise<never>(() => undefined);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

function open(given: Partial<ColoCache> = {}) {
  const clock = new FakeClock();
  const told: string[] = [];
  const platform: Writable<ColoCache> = { match: never, put: never, delete: never, ...given };
  const tell = ({ message }: LogLine) => void told.push(message);
  const cache = new BoundedCache({ cache: () => platform, nowAtMs: clock.nowAtMs, tell });
  const pass = async (ms: number) => {
    clock.advance(ms / 1_000);
    await vi.advanceTimersByTimeAsync(ms);
  };
  /** Makes a lookup time out. */
  const failed = async () => {
    const outcome = cache.match(address).catch((cause: unknown) => cause);
    await pass(1_000);
    expect(await outcome).toBeInstanceOf(OutOfTime);
  };
  const pending: Promise<void>[] = [];
  const mayBeAsked = () => cache.mayBeAsked(address, (work) => void pending.push(work()));
  return { cache, platform, told, pass, failed, mayBeAsked, pending };
}

it.each([
  { id: "match", ms: 1_000, call: (cache: BoundedCache) => cache.match(address) },
  { id: "put", ms: 5_000, call: (cache: BoundedCache) => cache.put(address, new Response("a")) },
  { id: "delete", ms: 5_000, call: (cache: BoundedCache) => cache.delete(address) },
  {
    id: "a body that is read whole",
    ms: 1_000,
    call: (cache: BoundedCache) => cache.whole(new Response(new ReadableStream())),
  },
])("the operation times out after $ms ms: $id", async ({ ms, call }) => {
  const { cache, pass } = open();
  let outcome: unknown;
  void call(cache).catch((cause: unknown) => (outcome = cause));
  await pass(ms - 1);
  expect(outcome).toBeUndefined();
  await pass(1);
  expect(outcome).toBeInstanceOf(OutOfTime);
});

it("a put times out 5 seconds after its arriving body is complete", async () => {
  const { cache, pass } = open();
  const { promise: completed, resolve } = Promise.withResolvers<number>();
  let outcome: unknown;
  const put = cache.putArriving(address, new Response("a"), completed);
  void put.catch((cause: unknown) => (outcome = cause));
  await pass(60_000);
  expect(outcome).toBeUndefined();
  resolve(1);
  await pass(5_000);
  expect(outcome).toBeInstanceOf(OutOfTime);
});

it("a body that arrives after the time-out is cancelled", async () => {
  const { promise: answer, resolve } = Promise.withResolvers<Response>();
  const { failed, pass } = open({ match: () => answer });
  await failed();
  const cancel = vi.fn<() => void>();
  resolve(new Response(new ReadableStream({ cancel })));
  await pass(0);
  expect(cancel).toHaveBeenCalledOnce();
});

describe("the breaker of the Cache API", () => {
  it("begins after three time-outs, allows one probe per pause, and then ends", async () => {
    const { cache, platform, told, pass, failed, mayBeAsked, pending } = open();
    for (let at = 0; at < 3; at += 1) {
      expect(mayBeAsked()).toBe(true);
      await failed();
    }
    expect([cache.isBreakerOpen, mayBeAsked(), pending.length]).toEqual([true, false, 0]);
    await pass(1_000);
    expect([mayBeAsked(), mayBeAsked(), pending.length]).toEqual([false, false, 1]);
    await pass(1_000);
    await Promise.all(pending.splice(0));
    platform.match = async () => undefined;
    await pass(2_000);
    expect(mayBeAsked()).toBe(false);
    await Promise.all(pending);
    expect([cache.isBreakerOpen, mayBeAsked()]).toEqual([false, true]);
    expect(told).toEqual([
      "The Cache API does not answer in time.",
      "The Cache API has an open circuit breaker: only background probes use it.",
      "The Cache API works again after 6 s.",
      "The Cache API works again: its circuit breaker was open for 4 s.",
    ]);
  });

  it("does not begin after immediate errors or concurrent time-outs", async () => {
    const { cache, platform, pass } = open();
    const together = Array.from({ length: 9 }, () => cache.match(address).catch(() => undefined));
    await pass(1_000);
    await Promise.all(together);
    expect(cache.isBreakerOpen).toBe(false);
    platform.match = () => Promise.reject(new TypeError());
    for (let at = 0; at < 9; at += 1) await cache.match(address).catch(() => undefined);
    expect(cache.isBreakerOpen).toBe(false);
  });
});
