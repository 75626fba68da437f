// When the breaker shuts off, how seldom it probes, and what closes it again.
import { expect, it } from "vitest";
import { Breaker } from "../../src/redis/breaker.ts";

const startAtMs = 1_000_000;

function opened(): Breaker {
  const breaker = new Breaker();
  for (let at = 0; at < 3; at += 1) breaker.failed(startAtMs);
  return breaker;
}

it.each([
  { id: "no failure", told: "", isOpen: false },
  { id: "two failures", told: "ff", isOpen: false },
  { id: "three failures", told: "fff", isOpen: true },
  { id: "a success among three", told: "ffsf", isOpen: false },
  { id: "three after a success", told: "fsfff", isOpen: true },
  { id: "a success after three", told: "fffs", isOpen: false },
  { id: "two more after being closed again", told: "fffsff", isOpen: false },
])("after $id it is open: $isOpen", ({ told, isOpen }) => {
  const breaker = new Breaker();
  for (const letter of told) {
    if (letter === "f") breaker.failed(startAtMs);
    else breaker.succeeded();
  }
  expect(breaker.isOpen).toBe(isOpen);
  expect(breaker.ask(startAtMs)).toBe(isOpen ? "open" : "closed");
});

it.each([
  { id: "sent-before-the-first-failed", sentAtMs: startAtMs - 1, isOpen: false },
  { id: "sent-when-it-failed", sentAtMs: startAtMs, isOpen: true },
])("takes failures that were under way together for one: $id", ({ sentAtMs, isOpen }) => {
  const breaker = new Breaker();
  for (let at = 0; at < 100; at += 1) breaker.failed(startAtMs, sentAtMs);
  expect(breaker.isOpen).toBe(isOpen);
});

it("is not blind to failures after its clock was set back", () => {
  const breaker = new Breaker();
  breaker.failed(startAtMs);
  for (let at = 0; at < 2; at += 1) breaker.failed(at, at);
  expect(breaker.isOpen).toBe(true);
});

it("does not stay away longer for a clock that was set back", () => {
  expect(opened().ask(startAtMs - 3_600_000)).toBe("probe");
});

it.each([
  { id: "at once", afterMs: 0, state: "open" },
  { id: "until the pause is over", afterMs: 999, state: "open" },
  { id: "when the pause is over", afterMs: 1_000, state: "probe" },
  { id: "long after", afterMs: 3_600_000, state: "probe" },
])("stays away, then sends a probe: $id", ({ afterMs, state }) => {
  expect(opened().ask(startAtMs + afterMs)).toBe(state);
});

it.each([
  { id: "unless set", pauseMsMax: undefined, longestMs: 30_000 },
  { id: "as set", pauseMsMax: 5_000, longestMs: 5_000 },
])("never waits longer for the next probe: $id", ({ pauseMsMax, longestMs }) => {
  const breaker = new Breaker(pauseMsMax);
  for (let at = 0; at < 3; at += 1) breaker.failed(startAtMs);
  let atMs = startAtMs;
  for (let probes = 0; probes < 10; probes += 1) {
    atMs += longestMs;
    expect(breaker.ask(atMs)).toBe("probe");
  }
  expect(breaker.ask(atMs + longestMs - 1)).toBe("open");
});

it("gives the probe to one caller, the others stay away", () => {
  const breaker = opened();
  const states = Array.from({ length: 5 }, () => breaker.ask(startAtMs + 1_000));
  expect(states).toEqual(["probe", "open", "open", "open", "open"]);
});

it("asks for another probe when the first is never heard of", () => {
  const breaker = opened();
  expect(breaker.ask(startAtMs + 1_000)).toBe("probe");
  expect(breaker.ask(startAtMs + 31_000)).toBe("probe");
});

it("doubles the pause with each probe that fails, up to 30 s", () => {
  const breaker = opened();
  let atMs = startAtMs;
  const pausesMs: number[] = [];
  for (let at = 0; at < 8; at += 1) {
    const pauseMs = pauseBefore(breaker, atMs);
    pausesMs.push(pauseMs);
    atMs += pauseMs;
    breaker.failed(atMs);
  }
  expect(pausesMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

it("begins with the short pause again after it was closed", () => {
  const breaker = opened();
  let atMs = startAtMs;
  for (let at = 0; at < 4; at += 1) {
    atMs += pauseBefore(breaker, atMs);
    breaker.failed(atMs);
  }
  breaker.succeeded();
  for (let at = 0; at < 3; at += 1) breaker.failed(atMs);
  expect(pauseBefore(breaker, atMs)).toBe(1_000);
});

it("does not lengthen the pause for requests that were under way when it opened", () => {
  const breaker = opened();
  for (let at = 0; at < 50; at += 1) breaker.failed(startAtMs + 10);
  expect(pauseBefore(breaker, startAtMs)).toBeLessThanOrEqual(1_010);
});

/** Asks every 10 ms of the tests' own time; the caller that is told to probe has done so. */
function pauseBefore(breaker: Breaker, atMs: number): number {
  for (let pauseMs = 0; pauseMs <= 60_000; pauseMs += 10) {
    if (breaker.ask(atMs + pauseMs) === "probe") return pauseMs;
  }
  throw new Error("No probe within a minute.");
}
