// Answers a range that its origin would answer with the whole: the isolate asks for the whole once,
// in nobody's name and at no client's pace, and all who want a range of it wait for that.
import { isCountedOn } from "../../cache/flights.ts";
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import { discardBody } from "../../cache/record/record.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { patiently } from "../../base/patience.ts";
import type { ForwardFlight } from "../reuse/forward-outcome.ts";
import type { Need } from "../reuse/need.ts";
import { Search } from "../reuse/search.ts";
import { answeredBy } from "./instead-of-origin.ts";
import { type RefreshPorts, startFill } from "./refresh.ts";
import { withoutAsking } from "./without-asking.ts";

export interface WholeFirstPorts extends RefreshPorts {
  readonly rangeless: Rangeless;
}

/**
 * Only where a range has been answered with the whole before: whoever plays a large film of an origin
 * that knows ranges must not wait for all of it.
 *
 * @returns `undefined` where this range is to be forwarded
 */
export async function wholeFirst(need: Need<WholeFirstPorts>): Promise<Response | undefined> {
  const { asked, ports, key } = need;
  const { rangeless, nowAtMs } = ports;
  if (!asked.conditions.has("range") || !rangeless.has(key.text, nowAtMs())) return undefined;
  const unasked = await withoutAsking(need, { hasWaited: false });
  if (unasked !== undefined) return unasked;
  const fill = rangeless.fill(key.text, nowAtMs(), () => begun(need));
  const waited = await patiently(fill.ended, asked.route.patienceMs);
  const search = new Search(need, ports);
  const found = await search.found();
  if (found !== undefined && search.accepts(found)) return answeredBy(found.candidate, need);
  discardBody(found?.candidate.stored);
  // Its leader may have gone with its client, or its origin be in trouble: the next one may be luckier.
  const isOfNow = waited === "abandoned" || fill.outcome?.kind === "origin-failed";
  if (!isOfNow) rangeless.giveUp(key.text, nowAtMs());
  return undefined;
}

function begun(need: Need<WholeFirstPorts>): ForwardFlight {
  const { ports, key } = need;
  const fill = startFill(need);
  ports.afterAnswer(async () => {
    await fill.ended;
    ports.rangeless.ended(key.text, fill);
  });
  return fill;
}

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
