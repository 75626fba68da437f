// The pace of warming, before origins of bounded capacity in simulated time: their visitors hardly notice.
import { describe, expect, it } from "vitest";
import { OriginPace } from "../../src/warm/origin-pace.ts";
import { simulated } from "./simulated-origin.ts";
import { playsAll } from "../../../../testing/histories.ts";

const meanServiceMs = 15;

/** How long the origin works on a page: always the same, nearly, at random, or of two kinds. */
const services: Readonly<Record<string, (draw: () => number) => number>> = {
  fixed: () => meanServiceMs,
  even: (draw) => meanServiceMs * (0.7 + 0.6 * draw()),
  exponential: (draw) => -Math.log(1 - draw()) * meanServiceMs,
  "of two kinds": (draw) => (draw() < 0.9 ? 0.5 : 5.5) * meanServiceMs,
};

const rows = Object.keys(services).flatMap((service) =>
  [1, 2, 4, 8, 16].flatMap((servers) =>
    [0.05, 0.3, 0.7].flatMap((visitorLoad) =>
      [2, 30].map((networkMs) => ({ service, servers, visitorLoad, networkMs })),
    ),
  ),
);

const p99 = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.ceil(0.99 * values.length) - 1] ?? 0;

function measured({ service, servers, visitorLoad, networkMs }: (typeof rows)[number]) {
  const serviceMs = services[service] ?? (() => meanServiceMs);
  const seconds = 150;
  const origin = { servers, visitorLoad, serviceMs, meanServiceMs, seconds, seed: 3 };
  const alone = simulated(origin);
  const beside = simulated(origin, { concurrencyMax: 32, networkMs });
  const ratio = p99(beside.visitorsMs) / p99(alone.visitorsMs);
  return { ratio, perSecond: beside.warmedCount / seconds };
}

describe("visitors' p99 is at most doubled", () => {
  it.each(rows.filter((_, at) => playsAll || at % 7 === 0))(
    "$service pages, $servers at once, visitors take $visitorLoad, network $networkMs ms",
    (row) => {
      const { ratio, perSecond } = measured(row);
      expect(ratio).toBeLessThanOrEqual(2);
      // It does not buy that by hardly warming at all.
      expect(perSecond).toBeGreaterThan(5);
    },
  );
});

it("uses most of what an origin of many servers has free", () => {
  const { perSecond } = measured({ service: "even", servers: 16, visitorLoad: 0.2, networkMs: 2 });
  const freePerSecond = (16 * 1_000 * 0.8) / meanServiceMs;
  expect(perSecond).toBeGreaterThan(0.7 * freePerSecond);
});

it("would double it, and more, were it not for the law", () => {
  const origin = {
    servers: 4,
    visitorLoad: 0.3,
    serviceMs: () => meanServiceMs,
    meanServiceMs,
    seconds: 60,
    seed: 3,
  };
  const lawless = new OriginPace(32);
  Object.defineProperty(lawless, "concurrency", { value: 32 });
  const beside = simulated(origin, { concurrencyMax: 32, networkMs: 2 }, lawless);
  expect(p99(beside.visitorsMs) / p99(simulated(origin).visitorsMs)).toBeGreaterThan(3);
});

/** Answers that all take as long as is said for what is under way. */
function fed(pace: OriginPace, count: number, durationMs: (concurrency: number) => number): void {
  let atMs = clock;
  for (let at = 0; at < count; at += 1) {
    const tookMs = durationMs(pace.concurrency);
    pace.heard({ beganAtMs: atMs, durationMs: tookMs }, atMs + tookMs);
    atMs += tookMs + pace.gapMs;
  }
  clock = atMs;
}
let clock = 1_000;

describe("the law", () => {
  it("never goes beyond its bound, and reaches it where the origin does not slow", () => {
    const pace = new OriginPace(5);
    fed(pace, 1_000, () => 20);
    expect(pace.concurrency).toBe(5);
  });

  it("halves what is under way when answers take longer", () => {
    const pace = new OriginPace(8);
    fed(pace, 1_000, () => 20);
    fed(pace, 100, (concurrency) => (concurrency > 4 ? 40 : 20));
    expect(pace.concurrency).toBe(4);
    expect(pace.baseMs).toBeCloseTo(20);
  });

  it("does so at once where they take three times as long", () => {
    const pace = new OriginPace(8);
    fed(pace, 1_000, () => 20);
    fed(pace, 6, () => 70);
    expect(pace.concurrency).toBe(4);
  });

  it("takes the pace of an origin that others slow for its own", () => {
    const pace = new OriginPace(8);
    fed(pace, 1_000, () => 20);
    fed(pace, 200, () => 40);
    const { baseMs } = pace;
    expect(baseMs).toBe(40);
    fed(pace, 200, () => 40);
    expect(pace.concurrency).toBe(8);
  });

  it("leaves gaps where one at a time is too much, and closes them again", () => {
    const pace = new OriginPace(1);
    fed(pace, 58, () => 20);
    fed(pace, 6, () => 70);
    expect(pace).toMatchObject({ concurrency: 1, gapMs: 20 });
    fed(pace, 500, () => 20);
    expect(pace.gapMs).toBe(0);
  });

  it("halves at the origin's trouble, too", () => {
    const pace = new OriginPace(8);
    fed(pace, 1_000, () => 20);
    pace.troubled(clock);
    expect(pace.concurrency).toBe(4);
    // Neither slow nor easy: nothing is concluded from it about the cut.
    fed(pace, 50, () => 23);
    expect(pace).toMatchObject({ concurrency: 4, baseMs: 20 });
  });
});
