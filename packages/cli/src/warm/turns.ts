// Limits the requests of a run over all addresses.
import type { World } from "../world.ts";
import { OriginPace } from "./origin-pace.ts";

/** The result of a request. */
export interface TurnEnd {
  readonly isFromOrigin: boolean;
  /** Absent for a request that failed. */
  readonly answer?: { readonly beganAtMs: number; readonly durationMs: number };
}

interface Bounds {
  /** The limit of requests in progress over all addresses. */
  readonly concurrencyMax: number;
  /** The rate limit of requests to the origin; Infinity for none. */
  readonly ratePerSecondMax: number;
  readonly laneCount: number;
}

interface Lane {
  underWay: number;
  /** The share of recent responses that came from the origin; initially 1. */
  originShare: number;
  pausedUntilMs: number;
  /** The next pause if the site sends no Retry-After. */
  troublePauseMs: number;
}

const shareWeight = 1 / 8;
/** The tolerance above the limit, because an estimated share approaches 0 only slowly. */
const shareSlack = 0.25;
const troublePauseMsFirst = 1_000;
const troublePauseMsMax = 60_000;

/**
 * Limits the requests that reach the origin. Whether a request is a hit is not known in advance.
 * Each address therefore is a lane, with its own estimate of the share of requests that reach the
 * origin.
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

  /**
   * Returns the remaining pause of this lane, after failures of its address or of the site, which is
   * the first lane.
   */
  pauseMs(laneAt: number): number {
    const [site] = this.#lanes;
    const untilMs = Math.max(site?.pausedUntilMs ?? 0, this.#lane(laneAt).pausedUntilMs);
    return Math.max(0, untilMs - this.#world.nowAtMs());
  }

  /** Resolves when the lane may send a request, or when the run is interrupted. */
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
    // Reserve a slot, which a hit returns.
    this.#slotAtMs = Math.max(nowAtMs(), this.#slotAtMs) + this.#betweenMs;
  }

  ended(laneAt: number, { isFromOrigin, answer }: TurnEnd): void {
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
   * Pauses a lane for the site's Retry-After. Without this field, the pause doubles with each
   * failure, up to a minute. A failure of the site pauses all lanes. A failure of a further colo
   * pauses only that colo's lane.
   *
   * @returns the length of the pause
   */
  troubled(laneAt: number, retryAfterMs: number | undefined): number {
    const lane = this.#lane(laneAt);
    const now = this.#world.nowAtMs();
    if (now < lane.pausedUntilMs && !retryAfterMs) return this.pauseMs(laneAt);
    // Ignore a Retry-After of 0 from a failing site.
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

  /** Returns 0 to start now, and Infinity to wait until another request has ended. */
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
