// Keys whose origin answers a range with the whole: each such range costs all of the body, whoever asks.
import { type Flight, isCountedOn } from "../../cache/flights.ts";
import { BoundedMarks } from "../../cache/bounded-marks.ts";

/** An origin may learn ranges, or its bodies come faster. */
const keptMs = 600_000;

interface Known {
  readonly sinceAtMs: number;
  /** The whole does not come, or not in time: nobody waits for it again. */
  readonly isGivenUp: boolean;
  /** What brings the whole just now. */
  fill: Flight | undefined;
}

export class Rangeless {
  readonly #known = new BoundedMarks<Known>();

  has(key: string, atMs: number): boolean {
    return this.#current(key, atMs)?.isGivenUp === false;
  }

  /** A range of it was answered with the whole. */
  mark(key: string, sinceAtMs: number): void {
    if (this.#current(key, sinceAtMs) !== undefined) return;
    this.#known.set(key, { sinceAtMs, isGivenUp: false, fill: undefined });
  }

  giveUp(key: string, sinceAtMs: number): void {
    this.#known.set(key, { sinceAtMs, isGivenUp: true, fill: undefined });
  }

  /** The fill that is under way, else the one that is begun now: one at a time. */
  fill(key: string, atMs: number, begin: () => Flight): Flight {
    const known = this.#known.get(key);
    const running = known?.fill;
    if (running !== undefined && isCountedOn(running, atMs)) return running;
    const fill = begin();
    if (known !== undefined) known.fill = fill;
    return fill;
  }

  /** Whoever asks next begins anew. */
  ended(key: string, fill: Flight): void {
    const known = this.#known.get(key);
    if (known?.fill === fill) known.fill = undefined;
  }

  /** What was learnt in the future was learnt before the clock was set back. */
  #current(key: string, atMs: number): Known | undefined {
    const known = this.#known.get(key);
    return known && Math.abs(atMs - known.sinceAtMs) < keptMs ? known : undefined;
  }
}
