// The time of a simulated world, which moves from event to event. Timers of the code under test are
// events, too. Nothing waits for a real clock.

interface Sleeper {
  readonly wakesAtMs: number;
  readonly wake: () => void;
}

/** More turns than any chain of promises in the code under test needs. */
const turnsMax = 14;

/** Runs all promises that wait only for other promises. */
export async function settledPromises(): Promise<void> {
  for (let turn = 0; turn < turnsMax; turn += 1) await Promise.resolve();
}

/** Reading a stored body takes two turns of the event loop. More turns change no history. */
const loopTurns = 3;

/** Runs all work that waits for no timer, including streams and bodies. */
export async function settledTurn(): Promise<void> {
  for (let turn = 0; turn < loopTurns; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Like `settledTurn`, for calls with several bodies in a row. */
export async function settledCall(): Promise<void> {
  for (let nth = 0; nth < 4; nth += 1) await settledTurn();
}

export class SimulatedTime {
  /** The true time in milliseconds. The clocks of isolates and servers may differ from it. */
  atMs = 1_000_000;
  /** Called after each event, once the work that it causes has run. */
  afterEach: () => void = () => undefined;
  readonly #settled: () => Promise<void>;
  /** Sorted by wake-up time. */
  readonly #sleepers: Sleeper[] = [];

  constructor(settled: () => Promise<void> = settledPromises) {
    this.#settled = settled;
  }

  /** @returns a handle for `cancel` */
  after(ms: number, wake: () => void): Sleeper {
    const sleeper = { wakesAtMs: this.atMs + ms, wake };
    let at = this.#sleepers.length;
    while (at > 0 && (this.#sleepers[at - 1]?.wakesAtMs ?? 0) > sleeper.wakesAtMs) at -= 1;
    this.#sleepers.splice(at, 0, sleeper);
    return sleeper;
  }

  cancel(sleeper: Sleeper): void {
    const at = this.#sleepers.indexOf(sleeper);
    if (at >= 0) this.#sleepers.splice(at, 1);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  async passTo(atMs: number): Promise<void> {
    await this.#settled();
    this.afterEach();
    for (let next = this.#sleepers[0]; next !== undefined; next = this.#sleepers[0]) {
      if (next.wakesAtMs > atMs) break;
      this.#sleepers.shift();
      this.atMs = Math.max(this.atMs, next.wakesAtMs);
      next.wake();
      await this.#settled();
      this.afterEach();
    }
    this.atMs = atMs;
  }

  /** Runs a function whose timers use the simulated time. */
  async keeping<T>(run: () => Promise<T>): Promise<T> {
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    const timers = globalThis as unknown as Record<string, unknown>;
    timers["setTimeout"] = (wake: () => void, ms = 0) => this.after(ms, wake);
    timers["clearTimeout"] = (sleeper: Sleeper) => this.cancel(sleeper);
    try {
      return await run();
    } finally {
      timers["setTimeout"] = set;
      timers["clearTimeout"] = clear;
    }
  }
}
