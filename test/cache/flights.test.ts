// Flights: one forward for all who ask the same, which can neither hang nor mislead.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Flight, Flights, type FlightOutcome } from "../../src/cache/flights.ts";
import { storedWith } from "../../testing/examples/requests.ts";

const stored: FlightOutcome = { kind: "stored", stored: storedWith() };
const failed: FlightOutcome = { kind: "origin-failed", failure: "unreachable" };

describe("a flight", () => {
  it("tells all who wait", async () => {
    const flight = new Flight(0);
    const waiting = [flight.wait(10_000), flight.wait(10_000)];
    flight.settle(stored);
    expect(await Promise.all(waiting)).toEqual([stored, stored]);
  });

  it("tells who comes late", async () => {
    const flight = new Flight(0);
    flight.settle(failed);
    expect(await flight.wait(0)).toBe(failed);
  });

  it("settles once", async () => {
    const flight = new Flight(0);
    flight.settle(stored);
    flight.settle(failed);
    expect(await flight.wait(0)).toBe(stored);
  });

  it.each([
    { id: "under-way", outcome: undefined, shown: undefined },
    { id: "stored", outcome: stored, shown: stored.stored },
    { id: "failed", outcome: failed, shown: undefined },
    { id: "nothing", outcome: { kind: "nothing-to-share" } as const, shown: undefined },
  ])("shows what is stored, and only that: $id", ({ outcome, shown }) => {
    const flight = new Flight(0);
    if (outcome !== undefined) flight.settle(outcome);
    expect(flight.stored).toBe(shown);
  });
});

describe("patience", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([
    { id: "not-yet", settledAfterMs: 9_999, told: "stored" },
    { id: "run-out", settledAfterMs: 10_001, told: "out-of-patience" },
  ])("$id", async ({ settledAfterMs, told }) => {
    const flight = new Flight(0);
    setTimeout(() => flight.settle(stored), settledAfterMs);
    const waiting = flight.wait(10_000);
    await vi.advanceTimersByTimeAsync(10_002);
    const outcome = await waiting;
    expect(typeof outcome === "string" ? outcome : outcome.kind).toBe(told);
  });

  it("leaves no timer behind", async () => {
    const flight = new Flight(0);
    const waiting = flight.wait(10_000);
    flight.settle(stored);
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("flights of an isolate", () => {
  it.each([
    { id: "at-once", atMs: 0, isThere: true },
    { id: "just-before", atMs: 29_999, isThere: true },
    { id: "its-leader-must-be-dead", atMs: 30_000, isThere: false },
    { id: "begun-by-one-who-came-later", atMs: -100, isThere: true },
    { id: "begun-before-the-clock-was-set-back", atMs: -30_000, isThere: false },
  ])("are counted on for half a minute: $id", ({ atMs, isThere }) => {
    const flights = new Flights();
    flights.begin("a", 0);
    expect(flights.get("a", atMs) !== undefined).toBe(isThere);
  });

  it("are forgotten with their end", () => {
    const flights = new Flights();
    flights.end("a", flights.begin("a", 0));
    expect(flights.count).toBe(0);
  });

  it("tell who waits when they end without an outcome", async () => {
    const flights = new Flights();
    const flight = flights.begin("a", 0);
    flights.end("a", flight);
    expect(await flight.wait(10_000)).toEqual({ kind: "nothing-to-share" });
  });

  it("stay when an older one under their key ends", () => {
    const flights = new Flights();
    const older = flights.begin("a", 0);
    const newer = flights.begin("a", 31_000);
    flights.end("a", older);
    expect(flights.get("a", 31_000)).toBe(newer);
  });

  it("of two keys are two", () => {
    const flights = new Flights();
    flights.begin("a", 0);
    expect(flights.get("b", 0)).toBeUndefined();
  });
});
