// Measures how long purges take to reach an isolate, without the purges of its idle times.
import { beforeEach, describe, expect, it } from "vitest";
import { PurgeSpread } from "../../../src/purge/view/purge-spread.ts";
import { entryAt, maxLagMs } from "../../../testing/examples/purges.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";

let clock: FakeClock;
let spread: PurgeSpread;
let told: number[];

beforeEach(() => {
  clock = new FakeClock();
  clock.atMs = 100_000;
  told = [];
  const onSpread = (tookMs: number) => void told.push(tookMs);
  spread = new PurgeSpread({ nowAtMs: clock.nowAtMs, renewalLagMs: maxLagMs, onSpread });
});

function triedAt(atMs: number): void {
  clock.atMs = atMs;
  spread.tried();
}

function readAt(atMs: number, ...acceptedAtMs: number[]): void {
  clock.atMs = atMs;
  spread.read(acceptedAtMs.map((at) => entryAt(`${at}-0`)));
}

it("reports each purge, the time of the newest one, and the longest time", () => {
  triedAt(100_000);
  readAt(103_000, 100_000, 102_500);
  expect(told).toEqual([3_000, 500]);
  expect(spread.lag).toEqual({ lastMs: 500, worstMs: 3_000, readAtMs: 103_000 });
});

it("reports 0 for a purge that the journal's clock dates later than the isolate's", () => {
  triedAt(100_000);
  readAt(100_000, 100_400);
  expect(spread.lag).toMatchObject({ lastMs: 0, worstMs: 0 });
});

it("reports nothing before the first attempt to renew the view", () => {
  readAt(100_000, 99_000);
  expect([spread.lag, told]).toEqual([undefined, []]);
});

describe("a purge between two attempts", () => {
  it.each([
    { id: "less than N apart counts", apartMs: maxLagMs - 1, counted: 1 },
    { id: "N apart does not count, because the isolate was idle", apartMs: maxLagMs, counted: 0 },
  ])("$id", ({ apartMs, counted }) => {
    triedAt(100_000);
    triedAt(100_000 + apartMs);
    readAt(100_000 + apartMs, 105_000);
    expect(told).toHaveLength(counted);
  });

  it("counts if it was accepted after a step back of the clock", () => {
    triedAt(100_000);
    spread.forgetInstants();
    triedAt(95_000);
    readAt(97_000, 96_000);
    expect(told).toEqual([1_000]);
  });
});
