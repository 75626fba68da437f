// Tests the circuit breaker of the Redis client: when it opens, how often it allows a probe, and
// when it closes.
import { expect, it } from "vitest";
import { Breaker } from "../../src/remote/breaker.ts";

const startAtMs = 1_000_000;

/** Records the outcomes, `f` for a failure and `s` for a success, and returns the breaker. */
function after(outcomes: string, breaker = new Breaker(), atMs = startAtMs): Breaker {
  for (const outcome of outcomes) {
    if (outcome === "f") breaker.failed(atMs);
    else breaker.succeeded();
  }
  return breaker;
}

/** Returns the time until the breaker allows a probe, in steps of 10 ms. */
function pauseBefore(breaker: Breaker, atMs: number): number {
  for (let pauseMs = 0; pauseMs <= 60_000; pauseMs += 10) {
    if (breaker.ask(atMs + pauseMs) === "probe") return pauseMs;
  }
  throw new Error("No probe within a minute.");
}

it.each([
  ["", false],
  ["ff", false],
  ["fff", true],
  ["ffsf", false],
  ["fsfff", true],
  ["fffs", false],
  ["fffsff", false],
])("opens after three failures in a row: outcomes %j, open %s", (outcomes, isOpen) => {
  const breaker = after(outcomes);
  expect(breaker.isOpen).toBe(isOpen);
  expect(breaker.ask(startAtMs)).toBe(isOpen ? "open" : "closed");
});

it.each([
  { sentAtMs: startAtMs - 1, isOpen: false },
  { sentAtMs: startAtMs, isOpen: true },
])(
  "ignores failures of calls sent before the last failure: $sentAtMs, open $isOpen",
  ({ sentAtMs, isOpen }) => {
    const breaker = new Breaker();
    for (let at = 0; at < 100; at += 1) breaker.failed(startAtMs, sentAtMs);
    expect(breaker.isOpen).toBe(isOpen);
  },
);

it("counts failures after the clock was set back", () => {
  expect(after("ff", after("f"), 1).isOpen).toBe(true);
});

it("allows a probe at once if the clock was set back", () => {
  expect(after("fff").ask(startAtMs - 3_600_000)).toBe("probe");
});

it.each([
  [0, "open"],
  [999, "open"],
  [1_000, "probe"],
  [3_600_000, "probe"],
])("%d ms after it opened, the breaker has the state %s", (afterMs, state) => {
  expect(after("fff").ask(startAtMs + afterMs)).toBe(state);
});

it.each([
  [undefined, 30_000],
  [5_000, 5_000],
])("with the maximum pause %s, pauses for at most %d ms", (pauseMsMax, longestMs) => {
  const breaker = after("fff", new Breaker(pauseMsMax));
  let atMs = startAtMs;
  for (let probes = 0; probes < 10; probes += 1) {
    atMs += longestMs;
    expect(breaker.ask(atMs)).toBe("probe");
  }
  expect(breaker.ask(atMs + longestMs - 1)).toBe("open");
});

it("allows one caller a probe, and another caller if no outcome follows", () => {
  const breaker = after("fff");
  const states = [0, 1, 2].map(() => breaker.ask(startAtMs + 1_000));
  expect(states).toEqual(["probe", "open", "open"]);
  expect(breaker.ask(startAtMs + 31_000)).toBe("probe");
});

it("doubles the pause with each failed probe up to 30 s, and resets it after a success", () => {
  const breaker = after("fff");
  let atMs = startAtMs;
  const pausesMs = Array.from({ length: 8 }, () => {
    const pauseMs = pauseBefore(breaker, atMs);
    atMs += pauseMs;
    breaker.failed(atMs);
    return pauseMs;
  });
  expect(pausesMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  after("sfff", breaker, atMs);
  expect(pauseBefore(breaker, atMs)).toBe(1_000);
});

it("does not lengthen the pause if calls fail that began before it opened", () => {
  const breaker = after("f".repeat(50), after("fff"), startAtMs + 10);
  expect(pauseBefore(breaker, startAtMs)).toBeLessThanOrEqual(1_010);
});
