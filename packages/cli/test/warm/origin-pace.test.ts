// Tests the pace of warming with simulated origins of limited capacity. Warming must not slow down
// visitors much.
import { describe, expect, it } from "vitest";
import { OriginPace } from "../../src/warm/origin-pace.ts";
import { simulated } from "./simulated-origin.ts";
import { playsAll } from "../../../../testing/histories.ts";

const meanServiceMs = 15;

/** The distributions of the origin's time for a request. */
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

describe("the effect of warming on visitors", () => {
  it.each(rows.filter((_, at) => playsAll || at % 7 === 0))(
    "at most doubles p99: $service times, $servers servers, load $visitorLoad, $networkMs ms",
    (row) => {
      const { ratio, perSecond } = measured(row);
      expect(ratio).toBeLessThanOrEqual(2);
      // Warming must also make progress.
      expect(perSecond).toBeGreaterThan(5);
    },
  );
});

it("warming uses over 70 % of the free capacity of an origin with 16 servers", () => {
  const { perSecond } = measured({ service: "even", servers: 16, visitorLoad: 0.2, networkMs: 2 });
  const freePerSecond = (16 * 1_000 * 0.8) / meanServiceMs;
  expect(perSecond).toBeGreaterThan(0.7 * freePerSecond);
});

it("warming at a fixed concurrency of 32 more than triples visitors' p99", () => {
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

/** Reports `count` responses to the pace. Their duration depends on the concurrency. */
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

describe("the pace of warming", () => {
  it("rises to its maximum concurrency, and no further, if responses do not slow down", () => {
    const pace = new OriginPace(5);
    fed(pace, 1_000, () => 20);
    expect(pace.concurrency).toBe(5);
  });

  it("halves its concurrency if responses take twice as long", () => {
    const pace = new OriginPace(8);
    fed(pace, 1_000, () => 20);
    fed(pace, 100, (concurrency) => (concurrency > 4 ? 40 : 20));
    expect(pace.concurrency).toBe(4);
    expect(pace.baseMs).toBeCloseTo(20);
  });

  it("halves its concurrency after 6 responses if responses take three times as long", () => {
    const pace = new OriginPace(8);
    fed(pace, 1_000, () => 20);
    fed(pace, 6, () => 70);
    expect(pace.concurrency).toBe(4);
  });

  it("accepts a longer duration as normal if a lower concurrency does not shorten it", () => {
    const pace = new OriginPace(8);
    fed(pace, 1_000, () => 20);
    fed(pace, 200, () => 40);
    const { baseMs } = pace;
    expect(baseMs).toBe(40);
    fed(pace, 200, () => 40);
    expect(pace.concurrency).toBe(8);
  });

  it("leaves gaps if one request at a time is too much, and closes the gaps later", () => {
    const pace = new OriginPace(1);
    fed(pace, 58, () => 20);
    fed(pace, 6, () => 70);
    expect(pace).toMatchObject({ concurrency: 1, gapMs: 20 });
    fed(pace, 500, () => 20);
    expect(pace.gapMs).toBe(0);
  });

  it("halves its concurrency after an error of the origin", () => {
    const pace = new OriginPace(8);
    fed(pace, 1_000, () => 20);
    pace.troubled(clock);
    expect(pace.concurrency).toBe(4);
    // 23 ms is neither slow nor fast, so the concurrency does not change.
    fed(pace, 50, () => 23);
    expect(pace).toMatchObject({ concurrency: 4, baseMs: 20 });
  });
});
