// Tests the time-out of a lookup in Redis after an outage, and after Redis became slower. Time is
// simulated: each test sets how long an answer takes.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RedisClient } from "../../../src/remote/redis/redis-client.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";
import { idle } from "../../../testing/site/harness.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";

const originalFetch = globalThis.fetch;
const probeMsMax = 1_000;
/** The duration of an answer by kind of command; `Infinity` if Redis does not answer. */
let tookMs = { read: 20, probe: 20 };
let clock: FakeClock;
let client: RedisClient;

beforeEach(() => {
  clock = new FakeClock();
  tookMs = { read: 20, probe: 20 };
  client = upstashStore.client({
    url: "https://database.invalid",
    token: "t",
    nowAtMs: clock.nowAtMs,
  });
  globalThis.fetch = async (_, init) => {
    const isProbe = /ping/i.test(init?.body as string);
    const [ms, msMax] = isProbe ? [tookMs.probe, probeMsMax] : [tookMs.read, client.readTimeoutMs];
    const sentAtMs = clock.atMs;
    // An answer arrives in another turn, as the calls of one turn count as one invocation.
    await new Promise((resolve) => setImmediate(resolve));
    clock.atMs = Math.max(clock.atMs, sentAtMs + Math.min(ms, msMax));
    if (ms > msMax) throw new DOMException("Too late.", "TimeoutError");
    return Response.json({ result: "PONG" });
  };
});
afterEach(() => void (globalThis.fetch = originalFetch));

const probing: Promise<void>[] = [];

async function read(): Promise<string> {
  const answer = await client.read(
    "probe",
    (redis) => redis.exec(["GET", "k"]),
    (work) => void probing.push(work()),
  );
  await Promise.all(probing.splice(0));
  return answer.kind;
}

async function warmed(): Promise<void> {
  for (let at = 0; at < 100; at += 1) await read();
  expect(client.readTimeoutMs).toBe(500);
}

/** Reads twice a second for `seconds`, and returns the number of answered reads. */
async function readsFor(seconds: number): Promise<number> {
  let answeredCount = 0;
  for (const endMs = clock.atMs + seconds * 1_000; clock.atMs < endMs; clock.advance(0.5)) {
    if ((await read()) === "answered") answeredCount += 1;
  }
  return answeredCount;
}

it("uses the short time-out again after the first answered probe", async () => {
  await warmed();
  tookMs = { read: Infinity, probe: Infinity };
  await readsFor(10);
  expect(client.health.isBreakerOpen).toBe(true);
  tookMs = { read: 20, probe: 20 };
  while (client.health.isBreakerOpen) await readsFor(1);
  expect(client.readTimeoutMs).toBe(500);
});

it.each([600, 900])("raises the time-out for a Redis that became slower: %i ms", async (ms) => {
  await warmed();
  tookMs = { read: ms, probe: ms };
  await readsFor(15);
  expect(await readsFor(20)).toBeGreaterThan(10);
  expect(client.health.isBreakerOpen).toBe(false);
});

it("raises the time-out for a Redis that became slower for all commands but probes", async () => {
  await warmed();
  tookMs = { read: 700, probe: 20 };
  await readsFor(20);
  expect(await readsFor(20)).toBeGreaterThan(10);
  expect(client.health.isBreakerOpen).toBe(false);
});

it("uses the short time-out again if the calls themselves are the probes", async () => {
  const attempt = () => client.attempt("probe", (redis) => redis.exec(["GET", "k"]));
  for (let at = 0; at < 100; at += 1) await attempt();
  expect(client.readTimeoutMs).toBe(500);
  tookMs = { read: Infinity, probe: Infinity };
  for (let at = 0; at < 3; at += 1) await attempt();
  tookMs = { read: 20, probe: 20 };
  while (client.health.isBreakerOpen) {
    clock.advance(0.5);
    await attempt();
  }
  expect(client.readTimeoutMs).toBe(500);
});

describe("a Redis that answers within 20 ms, and then not at all", () => {
  playTimers();
  let answersAfterMs = 20;
  beforeEach(() => {
    answersAfterMs = 20;
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new DOMException("Too late.", "TimeoutError")), ms);
      return controller.signal;
    });
    globalThis.fetch = (_, init) =>
      new Promise((resolve, reject) => {
        const { signal } = init as { signal: AbortSignal };
        signal.addEventListener("abort", () => reject(signal.reason as Error));
        const answer = () => resolve(Response.json({ result: "PONG" }));
        if (answersAfterMs < Infinity) setTimeout(answer, answersAfterMs);
      });
  });
  afterEach(() => void vi.restoreAllMocks());

  /** Returns the answer, and how long the caller waited. */
  async function waited(wait: "page" | "usual" | "longest"): Promise<readonly [string, number]> {
    const sinceAtMs = clock.atMs;
    const seen: [string, number][] = [];
    const asking = client.read(
      "look-up",
      (redis) => redis.exec(["GET", "k"]),
      (work) => void work(),
      wait,
    );
    const noted = asking.then(({ kind }) => seen.push([kind, clock.atMs - sinceAtMs]));
    for (await idle(); seen.length === 0; await idle()) {
      clock.advance(0.01);
      await vi.advanceTimersByTimeAsync(10);
    }
    await noted;
    return seen[0] ?? ["", 0];
  }

  beforeEach(async () => {
    for (let nth = 0; nth < 40; nth += 1) await waited(nth % 2 === 0 ? "page" : "usual");
    answersAfterMs = Infinity;
  });

  it.each([
    ["page", 150],
    ["usual", 500],
    ["longest", 1_000],
  ] as const)("makes a read wait by its kind: %s", async (wait, ms) => {
    expect(await waited(wait)).toEqual(["unavailable", ms]);
  });

  it("costs each page 150 ms, until it has an open breaker", async () => {
    const costs = new Set<number>();
    for (let nth = 0; nth < 40 && !client.health.isBreakerOpen; nth += 1) {
      costs.add((await waited("page"))[1]);
    }
    expect([[...costs], client.health.isBreakerOpen]).toEqual([[150], true]);
  });

  it("costs pages two lookups, if it answers within 400 ms again", async () => {
    answersAfterMs = 400;
    const seen: string[] = [];
    for (let nth = 0; nth < 6; nth += 1) {
      seen.push((await waited("page"))[0]);
      clock.advance(0.5);
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(seen.slice(2)).toEqual(Array(4).fill("answered"));
    expect(client.health.isBreakerOpen).toBe(false);
  });
});
