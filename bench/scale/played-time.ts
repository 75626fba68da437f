// The clock of a played site. Time passes from event to event: arrivals, answers of the origin, and
// the timers of the code under test.
import { FakeClock } from "../../testing/fakes/fake-clock.ts";

/** An event in the future. `run` becomes `undefined` once the event has run or is cancelled. */
export interface Due {
  readonly atMs: number;
  readonly nth: number;
  run: (() => void) | undefined;
}

/**
 * The most turns of the event loop that work needs before it ends or waits for an event. Twice as
 * many change no count.
 */
const turnsMax = 32;

export class PlayedTime extends FakeClock {
  /** A binary heap, the earliest event first. Events of one instant run in the order of creation. */
  readonly #heap: Due[] = [];
  #count = 0;
  #workCount = 0;

  /** The number of events that have neither run nor been cancelled. */
  get pendingCount(): number {
    return this.#heap.filter(({ run }) => run !== undefined).length;
  }

  after(ms: number, run: () => void): Due {
    const due: Due = { atMs: this.atMs + Math.max(0, ms), nth: (this.#count += 1), run };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Due;
      if (!isEarlier(due, parent)) break;
      heap[at] = parent;
      heap[above] = due;
      at = above;
    }
    return due;
  }

  /** Registers work, so that the time does not pass while it can go on. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#workCount += 1;
    try {
      return await work;
    } finally {
      this.#workCount -= 1;
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  async passTo(untilAtMs: number): Promise<void> {
    await this.#settled();
    for (let first = this.#heap[0]; first && first.atMs <= untilAtMs; first = this.#heap[0]) {
      this.#removeFirst();
      const { run } = first;
      if (run === undefined) continue;
      first.run = undefined;
      this.atMs = Math.max(this.atMs, first.atMs);
      run();
      await this.#settled();
    }
    this.atMs = untilAtMs;
  }

  /** Runs all work that waits for no event. */
  async #settled(): Promise<void> {
    // Let promises of unregistered work run, too.
    await Promise.resolve();
    for (let turn = 0; this.#workCount > 0 && turn < turnsMax; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      const [left, right] = [heap[below], heap[below + 1]];
      if (left === undefined) break;
      if (right !== undefined && isEarlier(right, left)) below += 1;
      const child = heap[below] as Due;
      if (!isEarlier(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }

  /** Runs a function whose timers and dates use this time. */
  async keeping<T>(run: () => Promise<T>): Promise<T> {
    const globals = globalThis as unknown as Record<string, unknown>;
    const { setTimeout, clearTimeout } = globalThis;
    const { now } = Date;
    globals["setTimeout"] = (wake: () => void, ms = 0) => this.after(ms, wake);
    globals["clearTimeout"] = (due: Due | undefined) => {
      if (due !== undefined) due.run = undefined;
    };
    Date.now = this.nowAtMs;
    try {
      return await run();
    } finally {
      Object.assign(globals, { setTimeout, clearTimeout });
      Date.now = now;
    }
  }
}

function isEarlier(one: Due, other: Due): boolean {
  return one.atMs === other.atMs ? one.nth < other.nth : one.atMs < other.atMs;
}
