// An origin of limited capacity in simulated time. Visitors and warming share its queue.
import { drawsFrom } from "../../../../testing/simulation/journal-simulator.ts";
import { OriginPace } from "../../src/warm/origin-pace.ts";

export interface OriginSettings {
  /** The number of requests that the origin handles at once. Others wait in a queue. */
  readonly servers: number;
  /** The share of the origin's capacity that visitors use, from 0 to 1. */
  readonly visitorLoad: number;
  readonly serviceMs: (draw: () => number) => number;
  readonly meanServiceMs: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface WarmingSettings {
  readonly concurrencyMax: number;
  /** The round-trip time between the command and the origin. */
  readonly networkMs: number;
}

export interface Simulated {
  readonly visitorsMs: readonly number[];
  readonly warmedCount: number;
  readonly pace: OriginPace;
}

interface Arrival {
  readonly atMs: number;
  readonly isVisitor: boolean;
  readonly beganAtMs: number;
}

/** @returns the response times of visitors, and the number of warmed pages */
export function simulated(
  settings: OriginSettings,
  warming?: WarmingSettings,
  pace = new OriginPace(warming?.concurrencyMax ?? 1),
): Simulated {
  const visitorDraw = drawsFrom(settings.seed);
  const warmDraw = drawsFrom(settings.seed + 1);
  const { servers, visitorLoad, meanServiceMs, serviceMs, seconds } = settings;
  const meanGapMs = meanServiceMs / (servers * visitorLoad);
  const freeAtMs = Array.from({ length: servers }, () => 0);
  const visitorsMs: number[] = [];
  const networkMs = warming?.networkMs ?? 0;
  const ends: { readonly atMs: number; readonly beganAtMs: number }[] = [];
  const warmArrivals: Arrival[] = [];
  let [warmedCount, inFlight, mayBeginAtMs] = [0, 0, 0];
  let visitorAtMs = -Math.log(1 - visitorDraw()) * meanGapMs;

  const concurrencyNow = () => (warming === undefined ? 0 : pace.concurrency);
  const begin = (nowMs: number) => {
    while (inFlight < concurrencyNow()) {
      inFlight += 1;
      const beganAtMs = Math.max(nowMs, mayBeginAtMs);
      insert(warmArrivals, { atMs: beganAtMs + networkMs / 2, isVisitor: false, beganAtMs });
    }
  };
  begin(0);
  for (;;) {
    const [warm, end] = [warmArrivals[0], ends[0]];
    const nowMs = Math.min(visitorAtMs, warm?.atMs ?? Infinity, end?.atMs ?? Infinity);
    if (nowMs > seconds * 1_000) return { visitorsMs, warmedCount, pace };
    if (end?.atMs === nowMs) {
      ends.shift();
      inFlight -= 1;
      warmedCount += 1;
      pace.heard({ beganAtMs: end.beganAtMs, durationMs: nowMs - end.beganAtMs }, nowMs);
      mayBeginAtMs = nowMs + pace.gapMs;
      begin(nowMs);
      continue;
    }
    const isVisitor = nowMs === visitorAtMs;
    const server = freeAtMs.indexOf(Math.min(...freeAtMs));
    const doneAtMs =
      Math.max(nowMs, freeAtMs[server] ?? 0) + serviceMs(isVisitor ? visitorDraw : warmDraw);
    freeAtMs[server] = doneAtMs;
    if (isVisitor) {
      visitorsMs.push(doneAtMs - nowMs);
      visitorAtMs += -Math.log(1 - visitorDraw()) * meanGapMs;
    } else {
      const { beganAtMs } = warmArrivals.shift()!;
      insert(ends, { atMs: doneAtMs + networkMs / 2, beganAtMs });
    }
  }
}

function insert<Timed extends { readonly atMs: number }>(list: Timed[], one: Timed): void {
  const at = list.findIndex(({ atMs }) => atMs > one.atMs);
  list.splice(at === -1 ? list.length : at, 0, one);
}
