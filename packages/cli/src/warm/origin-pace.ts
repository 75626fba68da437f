// The control law of warming: how many requests the origin gets at once, by how long its answers take.
// Pure: it is told of answers and instants, and holds no timer.

/** An answer that came from the origin. */
export interface OriginAnswer {
  readonly beganAtMs: number;
  readonly durationMs: number;
}

/** Answers that begin the measuring are left out: connections are opened, and programs get warm. */
const firstOnesCount = 8;
/** A window grows by so many answers until its tail is known well enough, or it has the most. */
const windowStep = 50;
const windowTurns = 8;
const windowCountMax = 400;
const errorShareMax = 0.08;
/** The tail is the mean of the slowest fifth: a quantile jumps where pages are of two kinds. */
const tailShare = 0.2;
/** What differs by so many standard errors differs. */
const surelyErrors = 2.5;
/** The very slowest are left out: a pause of one machine or another, and no queue. */
const oddShare = 0.02;
/** Of the base: beyond it the origin is slowed. By then its p99 has grown more than its tail. */
const slowRatio = 1.25;
/** Of the base: below it there is room for one more. */
const easyRatio = 1.12;
/** So many answers running, so much slower than the base, end the window at once. */
const alarmCount = 6;
const alarmRatio = 3;
/** After so many good answers, what was too much is tried again. */
const probeAfterCount = 1_000;
/** Gaps of so many base durations at the most: less than that is hardly a load. */
const gapBasesMax = 4;
/** Of the tail before a cut: above it the cut has not helped. */
const helpedRatio = 0.95;

/**
 * Additive increase, multiplicative decrease. The base is the tail of durations while one request is
 * under way at a time. More are let in while the tail stays near it, and half of them when it does not. Where
 * even one at a time is too much, there are gaps between requests.
 */
export class OriginPace {
  readonly #concurrencyMax: number;
  #concurrency = 1;
  #gapMs = 0;
  #baseMs: number | undefined;
  #recentMs: number | undefined;
  #leftOutCount = firstOnesCount;
  #window: number[] = [];
  #changedAtMs = 0;
  #ceiling: number;
  #goodCount = 0;
  #alarmed = 0;
  /** What held before the last cut, until the window after it is judged. */
  #cut: { readonly tailMs: number; readonly ceiling: number } | undefined;

  constructor(concurrencyMax: number) {
    this.#concurrencyMax = concurrencyMax;
    this.#ceiling = concurrencyMax;
  }

  /** How many requests may be under way at the origin. */
  get concurrency(): number {
    return this.#concurrency;
  }

  /** Between the end of a request and the beginning of the next; above 0 only at a concurrency of 1. */
  get gapMs(): number {
    return this.#gapMs;
  }

  /** the tail of the undisturbed origin; `undefined` until it is measured. */
  get baseMs(): number | undefined {
    return this.#baseMs;
  }

  /** Of the last window. */
  get recentMs(): number | undefined {
    return this.#recentMs;
  }

  heard({ beganAtMs, durationMs }: OriginAnswer, nowAtMs: number): void {
    // What began before the last change tells of the pace before.
    if (beganAtMs < this.#changedAtMs) return;
    if (this.#leftOutCount > 0) {
      this.#leftOutCount -= 1;
      return;
    }
    this.#window.push(durationMs);
    const isAlarming = durationMs > alarmRatio * (this.#baseMs ?? Infinity);
    this.#alarmed = isAlarming ? this.#alarmed + 1 : 0;
    const { length } = this.#window;
    if (this.#alarmed >= alarmCount) return this.#slower(tailOf(this.#window).meanMs, nowAtMs);
    // What ends first is what was quick: a window is long beside what is under way.
    if (length % windowStep !== 0 || length < windowTurns * this.#concurrency) return;
    const tail = tailOf(this.#window);
    const isSlow =
      tail.meanMs - surelyErrors * tail.errorMs > slowRatio * (this.#baseMs ?? Infinity);
    const isKnown = tail.errorMs <= errorShareMax * tail.meanMs || length >= windowCountMax;
    if (isSlow || isKnown) this.#judge(tail, nowAtMs);
  }

  /** The origin refused or failed. */
  troubled(nowAtMs: number): void {
    if (this.#concurrency > 1) this.#slower(this.#recentMs ?? 0, nowAtMs);
    // The next window does not tell whether it has helped: trouble is no slowness.
    this.#cut = undefined;
  }

  #judge({ meanMs: tailMs, errorMs }: Tail, nowAtMs: number): void {
    const before = this.#cut;
    this.#cut = undefined;
    if (before !== undefined && tailMs > helpedRatio * before.tailMs) {
      // It is as slow with less of us: others make it so, and this is its own pace now.
      this.#baseMs = tailMs;
      this.#ceiling = before.ceiling;
    }
    const baseMs = (this.#baseMs ??= tailMs);
    // An origin cannot be faster than undisturbed: the base was too high. A single window may be luck.
    const surelyMs = tailMs + surelyErrors * errorMs;
    if (surelyMs < baseMs) this.#baseMs = baseMs + 0.2 * (surelyMs - baseMs);
    if (tailMs > slowRatio * baseMs) return this.#slower(tailMs, nowAtMs);
    if (this.#concurrency === 1 && this.#gapMs === 0 && tailMs > baseMs) {
      this.#baseMs = baseMs + 0.1 * (tailMs - baseMs);
    }
    this.#goodCount += this.#window.length;
    if (tailMs <= easyRatio * baseMs) return this.#faster(tailMs, nowAtMs);
    this.#begin(tailMs);
  }

  #slower(tailMs: number, nowAtMs: number): void {
    const baseMs = this.#baseMs ?? tailMs;
    this.#cut = { tailMs, ceiling: this.#ceiling };
    if (this.#concurrency > 1) {
      this.#ceiling = this.#concurrency - 1;
      this.#concurrency = Math.max(1, Math.floor(this.#concurrency / 2));
    } else {
      this.#gapMs = Math.min(Math.max(baseMs, 2 * this.#gapMs), gapBasesMax * baseMs);
    }
    this.#goodCount = 0;
    this.#changedAtMs = nowAtMs;
    this.#begin(tailMs);
  }

  #faster(tailMs: number, nowAtMs: number): void {
    const baseMs = this.#baseMs ?? tailMs;
    const before = this.#concurrency;
    if (this.#gapMs > 0) {
      this.#gapMs = this.#gapMs > baseMs ? this.#gapMs / 2 : 0;
    } else if (before < this.#ceiling) {
      this.#concurrency += 1;
    } else if (before < this.#concurrencyMax && this.#goodCount >= probeAfterCount) {
      this.#concurrency += 1;
      this.#ceiling += 1;
      this.#goodCount = 0;
    }
    if (this.#concurrency !== before) this.#changedAtMs = nowAtMs;
    this.#begin(tailMs);
  }

  #begin(tailMs: number): void {
    this.#recentMs = tailMs;
    this.#window = [];
    this.#alarmed = 0;
  }
}

/** The mean of the slowest, and the standard error of that mean. */
interface Tail {
  readonly meanMs: number;
  readonly errorMs: number;
}

function tailOf(durationsMs: readonly number[]): Tail {
  const slowest = durationsMs.toSorted((a, b) => b - a);
  const oddCount = Math.ceil(oddShare * slowest.length);
  const tail = slowest.slice(oddCount, Math.ceil(tailShare * slowest.length));
  const count = tail.length;
  const meanMs = tail.reduce((sum, ms) => sum + ms, 0) / count;
  const variance = tail.reduce((sum, ms) => sum + (ms - meanMs) ** 2, 0) / count;
  // Which answers belong to the tail is chance as well.
  const beyond = (1 - tailShare) * (meanMs - (tail.at(-1) ?? 0)) ** 2;
  return { meanMs, errorMs: Math.sqrt((variance + beyond) / count) };
}
