// A clock that is set back by a minute: what was noted for a few seconds does not last a minute more.
import { describe, expect, it } from "vitest";
import { Flight } from "../../../src/cache/flights.ts";
import { Uncacheable } from "../../../src/proxy/site/uncacheable.ts";

const stepMs = 60_000;

describe("after the step", () => {
  it("a mark of what is for one client alone is over", () => {
    const uncacheable = new Uncacheable();
    uncacheable.forAll.mark("key", stepMs);
    expect(uncacheable.forAll.has("key", stepMs + 9_999)).toBe(true);
    expect(uncacheable.forAll.has("key", stepMs + 10_000)).toBe(false);
    expect(uncacheable.forAll.has("key", 0)).toBe(false);
  });

  it("a mark of what sessions get one each of is over, and lasts a minute otherwise", () => {
    const uncacheable = new Uncacheable();
    uncacheable.forSessions.mark("key", stepMs);
    expect(uncacheable.forSessions.has("key", stepMs)).toBe(true);
    expect(uncacheable.forSessions.has("key", stepMs + 59_999)).toBe(true);
    expect(uncacheable.forSessions.has("key", stepMs + 60_000)).toBe(false);
    expect(uncacheable.forSessions.has("key", -1)).toBe(false);
  });

  it("a forward that has begun before it has not just begun", () => {
    const flight = new Flight(stepMs);
    expect(flight.hasJustBegun(stepMs, 10_000)).toBe(true);
    flight.leads(stepMs);
    expect(flight.hasJustBegun(stepMs + 4_999, 10_000)).toBe(true);
    expect(flight.hasJustBegun(stepMs + 5_000, 10_000)).toBe(false);
    expect(flight.hasJustBegun(0, 10_000)).toBe(false);
  });
});
