// Runs the rounds of one contest: its rows take turns, in another order each round. A round with
// any unexpected answer does not count.
import { setTimeout as delay } from "node:timers/promises";
import { Draws } from "../../testing/draws.ts";
import { cpuUsOf } from "../load/process-cpu.ts";
import type { Part } from "../load/part.ts";
import type { VolleyCalls, Volleyed } from "../load/volley-process.ts";
import type { Contest, Row } from "./contests.ts";
import type { Ground, Runtime } from "./systems.ts";

export interface RowFigures {
  readonly row: Row;
  /** Requests per second, by round. */
  readonly rates: readonly number[];
  /** Microseconds of the runtime's process per request, by round. Empty if unknown. */
  readonly cpuUs: readonly number[];
  /** The share of one core, 0 to 1, by round. */
  readonly generatorBusy: readonly number[];
}

export interface ContestFigures {
  readonly contest: Contest;
  readonly rows: readonly RowFigures[];
}

export interface Manner {
  readonly roundCount: number;
  readonly roundSeconds: number;
}

interface Fired extends Volleyed {
  readonly requestCount: number;
  readonly cpuUs: number | undefined;
}

/** The time for background work, which belongs to the answers. */
const settleMs = 50;
const firstCount = 64;
const fillTriesMax = 200;
const roundTriesMax = 4;

export class Rounds {
  readonly #ground: Pick<Ground, "origin">;
  readonly #generator: Part<VolleyCalls>;
  readonly #manner: Manner;
  readonly #draws = new Draws(1);
  /** The reasons of discarded rounds. */
  readonly #discarded: string[] = [];

  constructor(given: {
    ground: Pick<Ground, "origin">;
    generator: Part<VolleyCalls>;
    manner: Manner;
  }) {
    this.#ground = given.ground;
    this.#generator = given.generator;
    this.#manner = given.manner;
  }

  get discarded(): readonly string[] {
    return this.#discarded;
  }

  /** @throws Error if a row's answers stay unexpected after all tries */
  async of(contest: Contest): Promise<ContestFigures> {
    const { roundCount } = this.#manner;
    const figures = contest.rows.map((row) => ({
      row,
      rates: [] as number[],
      cpuUs: [] as number[],
      generatorBusy: [] as number[],
    }));
    const counts = new Map<Row, number>();
    for (const row of contest.rows) {
      for (const runtime of row.system.runtimes) counts.set(row, await this.#warm(row, runtime));
    }
    for (let round = 0; round < roundCount; round += 1) {
      // Shuffle the rows. Otherwise the fixed neighbours of a row would affect every ratio.
      for (const figure of this.#draws.shuffled(figures)) {
        const count = counts.get(figure.row) ?? firstCount;
        const runtime = this.#draws.oneOf(figure.row.system.runtimes);
        const fired = await this.#round(figure.row, runtime, count);
        const { requestCount, seconds, cpuUs, generatorBusy } = fired;
        figure.rates.push(requestCount / seconds);
        figure.generatorBusy.push(generatorBusy);
        if (cpuUs !== undefined) figure.cpuUs.push(cpuUs / requestCount);
      }
    }
    return { contest, rows: figures };
  }

  /** @returns the number of requests in a round */
  async #warm(row: Row, runtime: Runtime): Promise<number> {
    const { roundSeconds } = this.#manner;
    const count = (fired: Fired, seconds: number) =>
      Math.max(row.connections, Math.round((fired.requestCount / fired.seconds) * seconds));
    const first = await this.#round(row, runtime, firstCount);
    const second = await this.#round(row, runtime, count(first, roundSeconds / 3));
    return count(second, roundSeconds);
  }

  /** Sends requests until the stored response answers, from the row's tier. */
  async #fill({ name, page, said }: Row, { url }: Runtime): Promise<void> {
    const { origin } = this.#ground;
    let heard = "";
    for (let tried = 0; tried < fillTriesMax; tried += 1) {
      await origin.call("take");
      const response = await fetch(`${url}${page}`);
      await response.arrayBuffer();
      heard = response.headers.get("cache-status") ?? "";
      if ((await origin.call("take")) === 0 && heard.includes(said)) return;
      await delay(settleMs);
    }
    throw new Error(`${name}: ${page} never was answered with "${said}", but with "${heard}".`);
  }

  /** Runs a round. Repeats it if any answer was unexpected. */
  async #round(row: Row, runtime: Runtime, requestCount: number): Promise<Fired> {
    for (let triesLeft = roundTriesMax; ; triesLeft -= 1) {
      if (!row.asksOrigin) await this.#fill(row, runtime);
      try {
        return await this.#fire(row, runtime, requestCount);
      } catch (cause) {
        if (triesLeft <= 1) throw cause;
        this.#discarded.push(`${row.name}: ${String(cause).split("\n", 1)[0]}`);
      }
    }
  }

  async #fire(row: Row, { url, pid }: Runtime, requestCount: number): Promise<Fired> {
    const { name, page, headers, connections, status, said, asksOrigin } = row;
    const { origin } = this.#ground;
    await origin.call("take");
    const cpuBefore = pid === undefined ? 0 : cpuUsOf(pid);
    const fired = await this.#generator.call("fire", {
      url: `${url}${page}`,
      headers,
      connections,
      requestCount,
      newUrls: asksOrigin,
      expected: { status, said },
    });
    await delay(settleMs);
    const cpuUs = pid === undefined ? undefined : cpuUsOf(pid) - cpuBefore;
    const [asked, expected] = [await origin.call("take"), asksOrigin ? requestCount : 0];
    if (asked !== expected)
      throw new Error(`${name}: ${page} brought ${asked} origin requests in place of ${expected}.`);
    return { ...fired, requestCount, cpuUs };
  }
}
