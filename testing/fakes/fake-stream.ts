// A Redis stream in this process with the commands of the purge journal: XADD, XLEN, XRANGE and
// XREVRANGE. IDs come from the test's clock.
import type { FakeClock } from "./fake-clock.ts";

export type StreamItem = [id: string, fields: string[]];

export class FakeStream {
  readonly #clock: FakeClock;
  #items: StreamItem[] = [];
  #fields: (readonly string[])[] = [];
  #last: readonly [ms: number, sequence: number] = [0, 0];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#items.length;
  }

  /** The fields of each item, oldest first. */
  get fields(): readonly (readonly string[])[] {
    return this.#fields;
  }

  /** Empties the stream, like a restart without saved data. */
  empty(): void {
    this.#items = [];
    this.#fields = [];
  }

  /** Replaces the content with these items, in the form that `range` returns. */
  lay(items: readonly StreamItem[]): void {
    this.#items = [...items];
    this.#fields = items.map(([, fields]) => fields);
    const [ms = 0, sequence = 0] = items.at(-1)?.[0].split("-").map(Number) ?? [];
    this.#last = [ms, sequence];
  }

  /**
   * Runs XADD.
   *
   * @param rest the arguments after the key: a trimming, which is ignored, the ID `*`, and the
   *   fields
   */
  add(rest: readonly string[]): string {
    const starAt = rest.indexOf("*");
    const [lastMs, lastSequence] = this.#last;
    const ms = Math.max(this.#clock.atMs, lastMs);
    this.#last = ms === lastMs ? [ms, lastSequence + 1] : [ms, 0];
    const id = this.#last.join("-");
    const fields = rest.slice(starAt + 1);
    this.#items.push([id, fields]);
    this.#fields.push(fields);
    return id;
  }

  range(rest: readonly string[]): StreamItem[] {
    const [from = "-", to = "+"] = rest;
    return this.#between(from, to).slice(0, countIn(rest));
  }

  reversed(rest: readonly string[]): StreamItem[] {
    const [from = "+", to = "-"] = rest;
    return this.#between(to, from).toReversed().slice(0, countIn(rest));
  }

  #between(from: string, to: string): StreamItem[] {
    const first = from === "-" ? 0 : this.#countBelow(from, from.startsWith("("));
    const end = to === "+" ? this.length : this.#countBelow(to, !to.startsWith("("));
    return this.#items.slice(first, end);
  }

  /** Counts the IDs below a bound, or at it if `isEqualCounted`. The IDs are sorted. */
  #countBelow(bound: string, isEqualCounted: boolean): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = compare(this.#items[middle]![0], bound);
      if (order < 0 || (order === 0 && isEqualCounted)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function countIn(rest: readonly string[]): number {
  const at = rest.findIndex((word) => word.toUpperCase() === "COUNT");
  return at < 0 ? Infinity : Number(rest[at + 1]);
}

function compare(id: string, bound: string): number {
  const [ms = 0, sequence = 0] = id.split("-").map(Number);
  const [boundMs = 0, boundSequence = 0] = bound.replace("(", "").split("-").map(Number);
  return Math.sign(ms - boundMs || sequence - boundSequence);
}
