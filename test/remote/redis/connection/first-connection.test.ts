// Tests a connection that has never been ready. The first calls wait for it for one second in
// total, and later calls fail at once.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { RedisClient } from "../../../../src/remote/redis/redis-client.ts";
import { playedConnection } from "./played-connection.ts";
import { upstashStore } from "../../../../testing/fakes/upstash-store.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => void vi.useRealTimers());

function opened(settings: { readTimeoutMsMax?: number } = {}) {
  const state = { isReady: false, isOpen: true };
  const sent: string[] = [];
  const { address } = playedConnection({
    isOpen: () => state.isOpen,
    isReady: () => state.isReady,
    send: async ([name]) => (sent.push(name), "v"),
  });
  const client = () => upstashStore.client({ ...address, ...settings, nowAtMs: Date.now });
  return { state, sent, pages: client(), journal: client(), over: address };
}

const write: Parameters<RedisClient["insist"]>[1] = (redis) => redis.exec(["SET", "text", "w"]);
const unreachable = { kind: "unavailable", cause: "unreachable" };

/** Returns the result and the time until the result. */
async function timed<T>(work: Promise<T>) {
  const sinceAtMs = Date.now();
  const waited: number[] = [];
  const ended = work.finally(() => waited.push(Date.now() - sinceAtMs));
  await vi.advanceTimersByTimeAsync(0);
  while (waited.length === 0) await vi.advanceTimersByTimeAsync(10);
  return { result: await ended, waitedMs: waited[0] };
}

it("delays the first calls of all clients by one second, and no later calls", async () => {
  const { pages, journal, sent } = opened();
  const first = [timed(pages.attempt("look-up", write)), timed(journal.insist("look-up", write))];
  const delayed = { result: unreachable, waitedMs: 1_000 };
  expect(await Promise.all(first)).toEqual([delayed, delayed]);
  for (const call of [() => journal.insist("look-up", write), () => pages.look("look-up", write)]) {
    expect(await timed(call())).toEqual({ result: unreachable, waitedMs: 0 });
  }
  expect(sent).toEqual([]);
});

it("delays no call for longer than the call's own time-out", async () => {
  const { pages } = opened({ readTimeoutMsMax: 300 });
  const { waitedMs } = await timed(pages.attempt("look-up", write));
  expect(waitedMs).toBe(300);
});

it("uses the connection as soon as it is ready, even after the wait", async () => {
  const { journal, state, over, sent } = opened();
  expect(over.hasNeverConnected()).toBe(false);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(over.hasNeverConnected()).toBe(true);
  state.isReady = true;
  expect(over.hasNeverConnected()).toBe(false);
  expect(await journal.insist("look-up", write)).toMatchObject({ kind: "answered" });
  state.isReady = false;
  expect([over.hasNeverConnected(), sent]).toEqual([false, ["SET"]]);
});

it("fails a call with not-open if the application has not opened the connection", async () => {
  const { journal, state } = opened();
  state.isOpen = false;
  const { result } = await timed(journal.insist("look-up", write));
  expect(result).toEqual({ kind: "unavailable", cause: "not-open" });
});
