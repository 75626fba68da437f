// Remembers keys whose origin answers a range with the whole response.
import { isWithinMs } from "../../base/elapsed.ts";
import { isCountedOn } from "../../cache/flights.ts";
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import type { ForwardFlight } from "./forward-outcome.ts";

/** The time for which a key is remembered. By then, the origin may support ranges or be faster. */
const keptMs = 600_000;

interface RangelessKey {
  readonly sinceAtMs: number;
  readonly isGivenUp: boolean;
  /** The flight that is fetching the whole body. */
  fill: ForwardFlight | undefined;
}

/**
 * The keys of one isolate, each for ten minutes. For these keys, every forwarded range would
 * transfer the whole body.
 */
export class Rangeless {
  readonly #known = new BoundedMarks<RangelessKey>();

  /** Returns whether a request for a range should wait for the whole response. */
  has(key: string, atMs: number): boolean {
    return this.#current(key, atMs)?.isGivenUp === false;
  }

  /** Records that the origin answered a range with the whole response. */
  mark(key: string, sinceAtMs: number): void {
    if (this.#current(key, sinceAtMs) !== undefined) return;
    this.#known.set(key, { sinceAtMs, isGivenUp: false, fill: undefined });
  }

  /** Stops range requests from waiting, because no usable whole response arrived in time. */
  giveUp(key: string, sinceAtMs: number): void {
    this.#known.set(key, { sinceAtMs, isGivenUp: true, fill: undefined });
  }

  /** Returns the running fill, or begins one. */
  fill(key: string, atMs: number, begin: () => ForwardFlight): ForwardFlight {
    const known = this.#known.get(key);
    if (known?.fill !== undefined && isCountedOn(known.fill, atMs)) return known.fill;
    const fill = begin();
    if (known !== undefined) known.fill = fill;
    return fill;
  }

  /** Ends a fill. The next range request begins another fill. */
  ended(key: string, fill: ForwardFlight): void {
    const known = this.#known.get(key);
    if (known?.fill === fill) known.fill = undefined;
  }

  #current(key: string, atMs: number): RangelessKey | undefined {
    const known = this.#known.get(key);
    return known && isWithinMs(keptMs, known.sinceAtMs, atMs) ? known : undefined;
  }
}
