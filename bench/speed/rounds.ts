// Runs the rounds of one contest. The rows take turns, in a different order in each round. A round
// with an unexpected response is discarded and repeated.
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
  /**
   * The CPU time of the runtime's process in microseconds per request, by round; empty if unknown.
   */
  readonly cpuUs: readonly number[];
}

export interface ContestFigures {
  readonly contest: Contest;
  readonly rows: readonly RowFigures[];
}

interface Manner {
  readonly roundCount: number;
  readonly roundSeconds: number;
}

interface Fired extends Volleyed {
  readonly requestCount: number;
  readonly cpuUs: number | undefined;
}

/**
 * The time for background work after a round, because its CPU time is part of the cost of the
 * responses.
 */
const settleMs = 50;
const firstCount = 64;
const fillTriesMax = 200;
const roundTriesMax = 4;

export class Rounds {
  readonly #ground: Pick<Ground, "origin">;
  readonly #generator: Part<VolleyCalls>;
  readonly #manner: Manner;
  readonly #draws = new Draws(1);
  /** Why each discarded round was discarded. */
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

  /** @throws Error if a round has unexpected responses in every try */
  async of(contest: Contest): Promise<ContestFigures> {
    const { roundCount } = this.#manner;
    const figures = contest.rows.map((row) => ({
      row,
      rates: [] as number[],
      cpuUs: [] as number[],
    }));
    const counts = new Map<Row, number>();
    for (const row of contest.rows) {
      for (const runtime of row.system.runtimes) counts.set(row, await this.#warm(row, runtime));
    }
    for (let round = 0; round < roundCount; round += 1) {
      // Shuffle the rows. Otherwise a row would have the same neighbours, and their effects, in
      // every round.
      for (const figure of this.#draws.shuffled(figures)) {
        const count = counts.get(figure.row) ?? firstCount;
        const runtime = this.#draws.oneOf(figure.row.system.runtimes);
        const fired = await this.#round(figure.row, runtime, count);
        const { requestCount, seconds, cpuUs } = fired;
        figure.rates.push(requestCount / seconds);
        if (cpuUs !== undefined) figure.cpuUs.push(cpuUs / requestCount);
      }
    }
    return { contest, rows: figures };
  }

  /** Warms up a row, and returns the number of requests that fill one round. */
  async #warm(row: Row, runtime: Runtime): Promise<number> {
    const { roundSeconds } = this.#manner;
    const count = (fired: Fired, seconds: number) =>
      Math.max(row.connections, Math.round((fired.requestCount / fired.seconds) * seconds));
    const first = await this.#round(row, runtime, firstCount);
    const second = await this.#round(row, runtime, count(first, roundSeconds / 3));
    return count(second, roundSeconds);
  }

  /** Sends requests until the response comes from the row's tier, without an origin request. */
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
    throw new Error(`${name}: ${page} never gave "${said}"; its Cache-Status is "${heard}".`);
  }

  /** Runs a round. Repeats the round if a response was unexpected. */
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
      throw new Error(`${name}: ${page} caused ${asked} origin requests, not ${expected}.`);
    return { ...fired, requestCount, cpuUs };
  }
}
