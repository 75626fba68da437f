// Who may ask next: the bounds that hold for all requests of a run, whichever address they go to.
import type { World } from "../world.ts";
import { OriginPace } from "./origin-pace.ts";

/** How an answer counts. */
export interface Ended {
  readonly isFromOrigin: boolean;
  /** Of an answer; absent for a request that failed. */
  readonly answer?: { readonly beganAtMs: number; readonly durationMs: number };
}

interface Bounds {
  /** Under way at once, over all addresses. */
  readonly concurrencyMax: number;
  /** To the origin; Infinity for none. */
  readonly ratePerSecondMax: number;
  readonly laneCount: number;
}

interface Lane {
  underWay: number;
  /** Of its late answers, how many came from the origin; 1 at first. */
  originShare: number;
  pausedUntilMs: number;
  /** The next pause, unless the site says how long. */
  troublePauseMs: number;
}

const shareWeight = 1 / 8;
/** So much more than allowed is let in, since shares are never quite 0 or 1. */
const shareSlack = 0.25;
const troublePauseMsFirst = 1_000;
const troublePauseMsMax = 60_000;

/**
 * The origin's concurrency counts what will probably get there: nobody knows whether a page is there
 * already before it is asked for. Each address is a lane, with a share of its own.
 */
export class Turns {
  readonly pace: OriginPace;
  readonly #bounds: Bounds;
  readonly #world: Pick<World, "nowAtMs" | "sleep" | "interrupted">;
  readonly #lanes: Lane[];
  readonly #betweenMs: number;
  #slotAtMs = 0;
  #gapUntilMs = 0;
  #ended = Promise.withResolvers<void>();

  constructor(bounds: Bounds, world: Pick<World, "nowAtMs" | "sleep" | "interrupted">) {
    this.#bounds = bounds;
    this.#world = world;
    this.#lanes = Array.from({ length: bounds.laneCount }, () => ({
      underWay: 0,
      originShare: 1,
      pausedUntilMs: 0,
      troublePauseMs: troublePauseMsFirst,
    }));
    this.#betweenMs = 1_000 / bounds.ratePerSecondMax;
    this.pace = new OriginPace(bounds.concurrencyMax);
  }

  /** How long nothing is begun there, from now on: the lane is in trouble, or the first one, the site. */
  pauseMs(laneAt: number): number {
    const [site] = this.#lanes;
    const untilMs = Math.max(site?.pausedUntilMs ?? 0, this.#lane(laneAt).pausedUntilMs);
    return Math.max(0, untilMs - this.#world.nowAtMs());
  }

  /** Resolves when one may ask, and at once when the run is interrupted. */
  async taken(laneAt: number): Promise<void> {
    const { interrupted, nowAtMs, sleep } = this.#world;
    const lane = this.#lane(laneAt);
    while (!interrupted.aborted) {
      const waitMs = Math.max(this.pauseMs(laneAt), this.#waitMs(lane));
      if (waitMs === 0) break;
      if (waitMs === Infinity) await this.#ended.promise;
      else await sleep(waitMs);
    }
    lane.underWay += 1;
    // A hit gives its slot back.
    this.#slotAtMs = Math.max(nowAtMs(), this.#slotAtMs) + this.#betweenMs;
  }

  ended(laneAt: number, { isFromOrigin, answer }: Ended): void {
    const lane = this.#lane(laneAt);
    const now = this.#world.nowAtMs();
    lane.underWay -= 1;
    lane.originShare += shareWeight * (Number(isFromOrigin) - lane.originShare);
    if (!isFromOrigin) this.#slotAtMs -= this.#betweenMs;
    if (answer !== undefined) lane.troublePauseMs = troublePauseMsFirst;
    if (isFromOrigin && answer !== undefined) {
      this.pace.heard(answer, now);
      this.#gapUntilMs = now + this.pace.gapMs;
    }
    const { resolve } = this.#ended;
    this.#ended = Promise.withResolvers<void>();
    resolve();
  }

  /**
   * Nothing is begun for a while: as long as the site says, or longer from trouble to trouble. The trouble of a
   * further colo pauses that colo alone.
   *
   * @returns how long, from now on
   */
  troubled(laneAt: number, retryAfterMs: number | undefined): number {
    const lane = this.#lane(laneAt);
    const now = this.#world.nowAtMs();
    if (now < lane.pausedUntilMs && !retryAfterMs) return this.pauseMs(laneAt);
    // A site in trouble that says 0 is not taken at its word.
    const pauseMs = retryAfterMs || lane.troublePauseMs;
    lane.troublePauseMs = Math.min(2 * lane.troublePauseMs, troublePauseMsMax);
    lane.pausedUntilMs = Math.max(lane.pausedUntilMs, now + pauseMs);
    if (laneAt === 0) this.pace.troubled(now);
    return pauseMs;
  }

  #lane(at: number): Lane {
    const lane = this.#lanes[at];
    if (lane === undefined) throw new RangeError(`There is no lane ${at}.`);
    return lane;
  }

  /** 0: now. Infinity: when another has ended. */
  #waitMs(lane: Lane): number {
    const now = this.#world.nowAtMs();
    const { concurrency } = this.pace;
    const underWay = this.#lanes.reduce((sum, one) => sum + one.underWay, 0);
    if (underWay >= this.#bounds.concurrencyMax) return Infinity;
    const expected = this.#lanes.reduce((sum, one) => sum + one.underWay * one.originShare, 0);
    const isFull = expected + lane.originShare > concurrency + shareSlack;
    if (expected > 0 && isFull) return Infinity;
    const gapUntilMs = lane.originShare > shareSlack ? this.#gapUntilMs : 0;
    return Math.max(0, Math.max(this.#slotAtMs, gapUntilMs) - now);
  }
}
