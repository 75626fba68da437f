// A Redis stream in this process with the commands of the purge journal: XADD, XLEN, XRANGE and
// XREVRANGE. IDs come from the test's clock.
import { rangeOf, SimulatedStream, type StreamReply } from "../simulation/simulated-stream.ts";
import type { FakeClock } from "./fake-clock.ts";

export class FakeStream {
  readonly #clock: FakeClock;
  readonly #stream = new SimulatedStream();
  /** The fields of each item, oldest first. */
  readonly fields: (readonly string[])[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.fields.length;
  }

  /** Empties the stream, like a restart without saved data. */
  empty(): void {
    this.#stream.loseAll(this.#clock.atMs);
    this.fields.length = 0;
  }

  /** Replaces the content with these items, in the form that `range` returns. */
  lay(items: readonly StreamReply[]): void {
    const laid = items.map(([id, fields]) => ({ id, fields }));
    this.#stream.restore(laid, this.#clock.atMs);
    this.fields.splice(0, Infinity, ...laid.map(({ fields }) => fields));
  }

  /**
   * Runs XADD.
   *
   * @param rest the arguments after the key: a trimming, which is ignored, the ID `*`, and the
   *   fields
   */
  add(rest: readonly string[]): string {
    const fields = rest.slice(rest.indexOf("*") + 1);
    this.fields.push(fields);
    return this.#stream.append(fields, this.#clock);
  }

  range([from = "-", to = "+", , count = "Infinity"]: readonly string[]): StreamReply[] {
    return rangeOf(this.#stream.items, { from, to, count: Number(count) });
  }

  reversed([from = "+", to = "-", , count = "Infinity"]: readonly string[]): StreamReply[] {
    const all = rangeOf(this.#stream.items, { from: to, to: from, count: Infinity });
    return all.toReversed().slice(0, Number(count));
  }
}
