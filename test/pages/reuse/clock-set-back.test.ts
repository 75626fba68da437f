// Tests marks and flights after the clock was set back by a minute. Neither must last a minute
// longer.
import { describe, expect, it } from "vitest";
import { Flight } from "../../../src/cache/flights.ts";
import { Uncacheable } from "../../../src/pages/site/remembered-keys.ts";

const stepMs = 60_000;

describe("a clock that was set back", () => {
  it("ends the mark of a key as uncacheable", () => {
    const uncacheable = new Uncacheable();
    uncacheable.forAll.mark("key", stepMs);
    expect(uncacheable.forAll.has("key", stepMs + 9_999)).toBe(true);
    expect(uncacheable.forAll.has("key", stepMs + 10_000)).toBe(false);
    expect(uncacheable.forAll.has("key", 0)).toBe(false);
  });

  it("ends the mark of a key as uncacheable for sessions, which otherwise lasts a minute", () => {
    const uncacheable = new Uncacheable();
    uncacheable.forSessions.mark("key", stepMs);
    expect(uncacheable.forSessions.has("key", stepMs)).toBe(true);
    expect(uncacheable.forSessions.has("key", stepMs + 59_999)).toBe(true);
    expect(uncacheable.forSessions.has("key", stepMs + 60_000)).toBe(false);
    expect(uncacheable.forSessions.has("key", -1)).toBe(false);
  });

  it("does not make an earlier flight count as just begun", () => {
    const flight = new Flight(stepMs);
    expect(flight.hasJustBegun(stepMs, 10_000)).toBe(true);
    flight.leads(stepMs);
    expect(flight.hasJustBegun(stepMs + 4_999, 10_000)).toBe(true);
    expect(flight.hasJustBegun(stepMs + 5_000, 10_000)).toBe(false);
    expect(flight.hasJustBegun(0, 10_000)).toBe(false);
  });
});
