// Tests flights. A flight is a forward in progress, whose outcome all concurrent requests for a key
// share.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FetchResult, Flight, Flights } from "../../src/cache/flights.ts";
import type {
  OriginFlight,
  OriginFlights,
  OriginOutcome,
} from "../../src/pages/site/origin-outcome.ts";
import { storedWith } from "../../testing/examples/requests.ts";

const stored: OriginOutcome = { kind: "stored", stored: storedWith() };
const failed: OriginOutcome = { kind: "origin-failed", failure: "unreachable" };

describe("a flight", () => {
  it("gives its outcome to all waiting requests", async () => {
    const flight: OriginFlight = new Flight(0);
    const waiting = [flight.wait(10_000), flight.wait(10_000)];
    flight.settle(stored);
    expect(await Promise.all(waiting)).toEqual([
      { flight, outcome: stored },
      { flight, outcome: stored },
    ]);
  });

  it("gives its outcome to a request that comes after its end", async () => {
    const flight: OriginFlight = new Flight(0);
    flight.settle(failed);
    expect(await flight.wait(0)).toEqual({ flight, outcome: failed });
  });

  it("keeps its first outcome", async () => {
    const flight: OriginFlight = new Flight(0);
    flight.settle(stored);
    flight.settle(failed);
    expect(await flight.wait(0)).toEqual({ flight, outcome: stored });
  });

  it.each([
    { id: "under-way", outcome: undefined, shown: undefined },
    { id: "stored", outcome: stored, shown: stored.stored },
    { id: "failed", outcome: failed, shown: undefined },
    { id: "nothing", outcome: { kind: "nothing-to-share" } as const, shown: undefined },
  ])("shows the stored response if its outcome has one: $id", ({ outcome, shown }) => {
    const flight: OriginFlight = new Flight(0);
    if (outcome !== undefined) flight.settle(outcome);
    expect(flight.outcome?.stored).toBe(shown);
  });
});

describe("a wait for a flight", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([
    { id: "not-yet", settledAfterMs: 9_999, told: "stored" },
    { id: "run-out", settledAfterMs: 10_001, told: "timed-out" },
  ])("ends after the wait timeout: $id", async ({ settledAfterMs, told }) => {
    const flight: OriginFlight = new Flight(0);
    setTimeout(() => flight.settle(stored), settledAfterMs);
    const waiting = flight.wait(10_000);
    await vi.advanceTimersByTimeAsync(10_002);
    const heard = await waiting;
    expect(typeof heard === "string" ? heard : heard.outcome.kind).toBe(told);
  });

  it("leaves no timer behind", async () => {
    const flight: OriginFlight = new Flight(0);
    const waiting = flight.wait(10_000);
    flight.settle(stored);
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("flights of an isolate", () => {
  /** Starts a flight. The test settles `leading`, which is the work of the leader. */
  function started(flights: OriginFlights, { key = "a", atMs = 0 } = {}) {
    const leading = Promise.withResolvers<FetchResult<string>>();
    const behind: Promise<void>[] = [];
    const afterAnswer = (work: () => Promise<void>) => void behind.push(work());
    const begun = flights.start(key, () => leading.promise, { nowAtMs: () => atMs, afterAnswer });
    return { ...begun, leading, over: () => Promise.all(behind) };
  }
  const done = Promise.resolve();

  it.each([
    { id: "at-once", atMs: 0, isThere: true },
    { id: "just-before", atMs: 29_999, isThere: true },
    { id: "after-30-s", atMs: 30_000, isThere: false },
    { id: "begun-slightly-later", atMs: -100, isThere: true },
    { id: "begun-before-the-clock-was-set-back", atMs: -30_000, isThere: false },
  ])("exist for at most half a minute: $id", ({ atMs, isThere }) => {
    const flights: OriginFlights = new Flights();
    started(flights);
    expect(flights.countAt(atMs)).toBe(isThere ? 1 : 0);
    expect(flights.get("a", atMs) !== undefined).toBe(isThere);
  });

  it("are forgotten after their time, if many more start", () => {
    const flights: OriginFlights = new Flights();
    const begin = (key: string, atMs: number) =>
      flights.start(key, () => new Promise<never>(() => undefined), {
        nowAtMs: () => atMs,
        afterAnswer: (work) => void work(),
      });
    for (let nth = 0; nth < 100; nth += 1) begin(`dead ${nth}`, 0);
    for (let nth = 0; nth < 200; nth += 1) begin(`live ${nth}`, 31_000);
    expect(flights.get("dead 7", 0)).toBeUndefined();
    expect(flights.countAt(31_000)).toBe(200);
  });

  it("are forgotten at their end", async () => {
    const flights: OriginFlights = new Flights();
    const { leading, over } = started(flights);
    leading.resolve({ answer: "answer", done });
    await over();
    expect(flights.countAt(0)).toBe(0);
  });

  it("answer first, and end when the response is stored", async () => {
    const flights: OriginFlights = new Flights();
    const { flight, answer, leading, over } = started(flights);
    const storing = Promise.withResolvers<void>();
    leading.resolve({ answer: "answer", done: storing.promise });
    expect(await answer).toBe("answer");
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([flights.countAt(0), flight.outcome]).toEqual([1, undefined]);
    storing.resolve();
    await over();
    expect([flights.countAt(0), flight.outcome]).toEqual([0, { kind: "nothing-to-share" }]);
  });

  it("end when their leader fails, and only the leader gets the error", async () => {
    const flights: OriginFlights = new Flights();
    const { flight, answer, leading, over } = started(flights);
    const waiting = flight.wait(10_000);
    leading.reject(new Error("It failed."));
    await expect(answer).rejects.toThrow("It failed.");
    await over();
    expect(flights.countAt(0)).toBe(0);
    expect(await waiting).toEqual({ flight, outcome: { kind: "nothing-to-share" } });
  });

  it("stay when an older flight of their key ends", async () => {
    const flights: OriginFlights = new Flights();
    const older = started(flights);
    const newer = started(flights, { atMs: 31_000 });
    older.leading.resolve({ answer: "answer", done });
    await older.over();
    expect(flights.get("a", 31_000)).toBe(newer.flight);
  });

  it("are separate for each key", () => {
    const flights: OriginFlights = new Flights();
    started(flights);
    expect(flights.get("b", 0)).toBeUndefined();
  });
});
