// Controls the concurrency of warming by the origin's response times. Pure: callers pass responses
// and times, and there is no timer.

/** A response that came from the origin. */
export interface OriginAnswer {
  readonly beganAtMs: number;
  readonly durationMs: number;
}

/**
 * The number of first responses that are ignored, because connections are being opened and programs warm up.
 */
const firstOnesCount = 8;
/**
 * A window of responses grows in these steps until its tail is known well enough, or until it has the maximum
 * length.
 */
const windowStep = 50;
const windowTurns = 8;
const windowCountMax = 400;
const errorShareMax = 0.08;
/** The tail is the mean of the slowest fifth. With two kinds of pages, a quantile would jump between them. */
const tailShare = 0.2;
/** A difference of this many standard errors is significant. */
const surelyErrors = 2.5;
/** The share of slowest responses that the tail ignores. They show a pause of a machine, not a queue. */
const oddShare = 0.02;
/**
 * A tail above this multiple of the base means that warming slows the origin. Its p99 has then grown even
 * more.
 */
const slowRatio = 1.25;
/** A tail below this multiple of the base allows one more concurrent request. */
const easyRatio = 1.12;
/** This many consecutive responses above this multiple of the base end the window at once. */
const alarmCount = 6;
const alarmRatio = 3;
/** The number of good responses after which a concurrency that was too high is tried again. */
const probeAfterCount = 1_000;
/**
 * The longest gap between requests, as a multiple of the base. With longer gaps, there would be hardly any
 * load.
 */
const gapBasesMax = 4;
/** A tail above this multiple of the tail before a cut means that the cut has not helped. */
const helpedRatio = 0.95;

/**
 * Additive increase, multiplicative decrease. The base is the tail of durations at a concurrency of 1. The
 * concurrency rises while the tail stays near the base, and is halved once the tail is far above the base. If
 * even one request at a time is too much, there are gaps between requests.
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
  /** The state before the last cut, until the next window is judged. */
  #cut: { readonly tailMs: number; readonly ceiling: number } | undefined;

  constructor(concurrencyMax: number) {
    this.#concurrencyMax = concurrencyMax;
    this.#ceiling = concurrencyMax;
  }

  /** The number of requests that may be in progress at the origin. */
  get concurrency(): number {
    return this.#concurrency;
  }

  /** The pause between requests; above 0 only at a concurrency of 1. */
  get gapMs(): number {
    return this.#gapMs;
  }

  /** The tail of the unloaded origin; `undefined` until it is measured. */
  get baseMs(): number | undefined {
    return this.#baseMs;
  }

  /** The tail of the last window. */
  get recentMs(): number | undefined {
    return this.#recentMs;
  }

  heard({ beganAtMs, durationMs }: OriginAnswer, nowAtMs: number): void {
    // Responses to requests from before the last change reflect the old pace.
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
    // Fast responses arrive first, so a window must have many more responses than there are requests in
    // progress.
    if (length % windowStep !== 0 || length < windowTurns * this.#concurrency) return;
    const tail = tailOf(this.#window);
    const isSlow =
      tail.meanMs - surelyErrors * tail.errorMs > slowRatio * (this.#baseMs ?? Infinity);
    const isKnown = tail.errorMs <= errorShareMax * tail.meanMs || length >= windowCountMax;
    if (isSlow || isKnown) this.#judge(tail, nowAtMs);
  }

  /** Reacts to a refusal or failure of the origin. */
  troubled(nowAtMs: number): void {
    if (this.#concurrency > 1) this.#slower(this.#recentMs ?? 0, nowAtMs);
    // The next window cannot show whether this helped, because failures are not slowness.
    this.#cut = undefined;
  }

  #judge({ meanMs: tailMs, errorMs }: Tail, nowAtMs: number): void {
    const before = this.#cut;
    this.#cut = undefined;
    if (before !== undefined && tailMs > helpedRatio * before.tailMs) {
      // The cut did not help, so other clients slow the origin. Use this tail as the new base.
      this.#baseMs = tailMs;
      this.#ceiling = before.ceiling;
    }
    const baseMs = (this.#baseMs ??= tailMs);
    // The origin cannot be faster than without load, so the base was too high. Lower it slowly, because one
    // window may be chance.
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

/** The mean of the slowest durations, and its standard error. */
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
  // The boundary of the tail also varies by chance.
  const beyond = (1 - tailShare) * (meanMs - (tail.at(-1) ?? 0)) ** 2;
  return { meanMs, errorMs: Math.sqrt((variance + beyond) / count) };
}
