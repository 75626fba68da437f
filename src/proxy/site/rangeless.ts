// Keys whose origin answers a range with the whole response.
import { isWithinMs } from "../../base/elapsed.ts";
import { isCountedOn } from "../../cache/flights.ts";
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import type { ForwardFlight } from "./forward-outcome.ts";

/** An origin may learn ranges, or its bodies come faster. */
const keptMs = 600_000;

interface Known {
  readonly sinceAtMs: number;
  readonly isGivenUp: boolean;
  /** The flight that brings the whole just now. */
  fill: ForwardFlight | undefined;
}

/**
 * Keys whose origin answers a range with the whole, each for ten minutes from when that was learnt: each
 * such range costs all of the body, whoever asks.
 */
export class Rangeless {
  readonly #known = new BoundedMarks<Known>();

  /** Is a range of it worth waiting for the whole? */
  has(key: string, atMs: number): boolean {
    return this.#current(key, atMs)?.isGivenUp === false;
  }

  /** A range of it was answered with the whole. */
  mark(key: string, sinceAtMs: number): void {
    if (this.#current(key, sinceAtMs) !== undefined) return;
    this.#known.set(key, { sinceAtMs, isGivenUp: false, fill: undefined });
  }

  /** The whole did not come in time: no range of it waits for that again. */
  giveUp(key: string, sinceAtMs: number): void {
    this.#known.set(key, { sinceAtMs, isGivenUp: true, fill: undefined });
  }

  /** The fill that is under way, else the one that is begun now: one at a time. */
  fill(key: string, atMs: number, begin: () => ForwardFlight): ForwardFlight {
    const known = this.#known.get(key);
    if (known?.fill !== undefined && isCountedOn(known.fill, atMs)) return known.fill;
    const fill = begin();
    if (known !== undefined) known.fill = fill;
    return fill;
  }

  /** The next range begins a fill anew. */
  ended(key: string, fill: ForwardFlight): void {
    const known = this.#known.get(key);
    if (known?.fill === fill) known.fill = undefined;
  }

  #current(key: string, atMs: number): Known | undefined {
    const known = this.#known.get(key);
    return known && isWithinMs(keptMs, known.sinceAtMs, atMs) ? known : undefined;
  }
}
