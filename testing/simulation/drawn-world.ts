// The time and the random draws of a simulated world. The same seed gives the same history.
import { drawsFrom } from "../draws.ts";
import { SimulatedTime } from "./simulated-time.ts";

export interface DrawnWorldOptions {
  readonly time?: SimulatedTime;
  /** Receives one line per event, for a replay. */
  readonly tell?: ((line: string) => void) | undefined;
}

export class DrawnWorld {
  readonly draw: () => number;
  readonly time: SimulatedTime;
  readonly #tell: DrawnWorldOptions["tell"];

  constructor(seed: number, { time = new SimulatedTime(), tell }: DrawnWorldOptions = {}) {
    this.draw = drawsFrom(seed);
    this.time = time;
    this.#tell = tell;
  }

  get atMs(): number {
    return this.time.atMs;
  }

  isLucky(share: number): boolean {
    return this.draw() < share;
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.draw() * (most - least + 1));
  }

  any<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)] as T;
  }

  sleep(ms: number): Promise<void> {
    return this.time.sleep(ms);
  }

  /** @param line called only if the world was created with `tell` */
  tell(line: () => string): void {
    this.#tell?.(`${String(this.atMs - 1_000_000).padStart(7)} ms  ${line()}`);
  }
}
