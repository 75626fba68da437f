// A Redis stream in this process with the commands of the purge journal: XADD, XLEN, XRANGE and
// XREVRANGE. IDs come from the test's clock.
import { rangeOf, SimulatedStream, type StreamReply } from "../simulation/simulated-stream.ts";
import type { FakeClock } from "./fake-clock.ts";

export class FakeStream {
  readonly #clock: FakeClock;
  readonly #stream = new SimulatedStream();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#stream.items.length;
  }

  /** The fields of each item, oldest first. */
  get fields(): readonly (readonly string[])[] {
    return this.#stream.items.map(({ fields }) => fields);
  }

  /** Empties the stream, like a restart without saved data. */
  empty(): void {
    this.#stream.loseAll(this.#clock.atMs);
  }

  /** Replaces the content with these items, in the form that `range` returns. */
  lay(items: readonly StreamReply[]): void {
    const laid = items.map(([id, fields]) => ({ id, fields }));
    this.#stream.restore(laid, this.#clock.atMs);
  }

  /**
   * Runs XADD.
   *
   * @param rest the arguments after the key: a trimming, which is ignored, the ID `*`, and the
   *   fields
   */
  add(rest: readonly string[]): string {
    return this.#stream.append(rest.slice(rest.indexOf("*") + 1), this.#clock);
  }

  range([from = "-", to = "+", , count = "Infinity"]: readonly string[]): StreamReply[] {
    return rangeOf(this.#stream.items, { from, to, count: Number(count) });
  }

  reversed([from = "+", to = "-", , count = "Infinity"]: readonly string[]): StreamReply[] {
    const all = rangeOf(this.#stream.items, { from: to, to: from, count: Infinity });
    return all.toReversed().slice(0, Number(count));
  }
}
