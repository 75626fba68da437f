// A Redis stream inside the process, as far as the purge journal uses one: XADD, XLEN,
// XRANGE and XREVRANGE. IDs are minted from the test's clock.
import type { FakeClock } from "./fake-clock.ts";

export type StreamItem = [id: string, fields: string[]];

export class FakeStream {
  readonly #clock: FakeClock;
  #items: StreamItem[] = [];
  #last: readonly [ms: number, sequence: number] = [0, 0];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#items.length;
  }

  /** As after a restart that saved nothing. */
  empty(): void {
    this.#items = [];
  }

  /** Puts back what stood in another stream, as `range` gave it. */
  lay(items: readonly StreamItem[]): void {
    this.#items = [...items];
    const [ms = 0, sequence = 0] = items.at(-1)?.[0].split("-").map(Number) ?? [];
    this.#last = [ms, sequence];
  }

  /** @param rest what follows the key: a trimming that is not obeyed, the ID `*`, the fields */
  add(rest: readonly string[]): string {
    const starAt = rest.indexOf("*");
    const [lastMs, lastSequence] = this.#last;
    const ms = Math.max(this.#clock.atMs, lastMs);
    this.#last = ms === lastMs ? [ms, lastSequence + 1] : [ms, 0];
    const id = this.#last.join("-");
    this.#items.push([id, rest.slice(starAt + 1)]);
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
    return this.#items.filter(([id]) => {
      const isAfter = from === "-" || compare(id, from) >= (from.startsWith("(") ? 1 : 0);
      const isBefore = to === "+" || compare(id, to) <= (to.startsWith("(") ? -1 : 0);
      return isAfter && isBefore;
    });
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
