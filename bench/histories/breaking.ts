// Breaks the parts of a system during histories, one fault after another.
import { setTimeout as delay } from "node:timers/promises";
import type { Draws } from "../../testing/draws.ts";
import { nowAtMs } from "../load/ask.ts";
import type { Fault } from "./events.ts";

/** The faults of a system, by name. Each resolves when the fault is over. */
export type Faults = Readonly<Record<string, (forMs: number, draws: Draws) => Promise<void>>>;

/** The time after a fault in which clients of a store connect again. */
const recoveryMs = 2_000;

export class Breaking {
  readonly faults: Fault[] = [];
  isOver = false;
  readonly #causes: Faults;
  readonly #draws: Draws;

  constructor(causes: Faults, draws: Draws) {
    this.#causes = causes;
    this.#draws = draws;
  }

  async untilStopped(): Promise<void> {
    const draws = this.#draws;
    while (!this.isOver) {
      await delay(draws.between(4_000, 10_000));
      if (this.isOver) break;
      const name = draws.oneOf(Object.keys(this.#causes));
      const fault: [number, number] = [nowAtMs(), Number.POSITIVE_INFINITY];
      this.faults.push(fault);
      await this.#causes[name]?.(draws.between(500, 4_000), draws);
      fault[1] = nowAtMs() + recoveryMs;
    }
  }
}
