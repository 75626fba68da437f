// Runs the trace on Tidemark over Redis, and counts the work of Redis.
import { setTimeout as delay } from "node:timers/promises";
import type { Colo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import { adminToken } from "../../testing/worker/world.ts";
import { startTidemark } from "../trace/start-workers.ts";
import { type Entries, Ledger, type StoreEvent } from "./ledger.ts";
import { type Replay, replayOver, type RunSettings, sumOfCounts } from "./replay-over.ts";

export interface Run extends Omit<Replay, "workers" | "workersEver"> {
  readonly entries: Entries;
  readonly events: readonly StoreEvent[];
  readonly storedBytes: number;
  /** The number of commands that the database rejected, and of rejected requests. */
  readonly failedCommands: number;
  readonly told: ToldByWorkers;
}

/** The Workers' own counts of their commands to Redis. */
export interface ToldByWorkers {
  /** Counts by purpose in the run, for all colos together. */
  readonly commands: Readonly<Record<string, number>>;
  /** The counts of all purposes since the start. */
  readonly commandsEver: number;
  /** The number of commands in the last scrape. It excludes commands after the last report. */
  readonly commandsInScrape: number;
  readonly reportsInScrape: number;
  readonly failedScrapes: number;
}

export async function countedRun(running: Running, settings: RunSettings): Promise<Run> {
  const { lag, log } = settings;
  const ledger = new Ledger();
  const { note: onAnswered } = ledger;
  let failedCommands = 0;
  let scraped: Scraped = { text: "", failedCount: 0 };
  const { workers, workersEver, ...replay } = await replayOver(
    running,
    settings,
    async (originUrl) => {
      const { colos, rest } = await startTidemark(running, { originUrl, log, lag, onAnswered });
      let scrapes: Scrapes | undefined;
      return {
        colos,
        quietMs: () => ledger.quietMs,
        begin: () => {
          ledger.take();
          rest.resetCounts();
          scrapes = new Scrapes(colos[0] as Colo);
        },
        end: async () => {
          scraped = (await scrapes?.last()) ?? scraped;
          failedCommands = rest.counts().failedCount;
        },
      };
    },
  );
  return {
    ...replay,
    ...ledger.take(),
    storedBytes: ledger.storedBytes,
    failedCommands,
    told: {
      commands: workers.redisCommands,
      commandsEver: sumOfCounts(workersEver.redisCommands),
      commandsInScrape: sumInScrape(scraped.text, "tidemark_redis_commands_total"),
      reportsInScrape: sumInScrape(scraped.text, "tidemark_reports_total"),
      failedScrapes: scraped.failedCount,
    },
  };
}

const everyMs = 60_000;

/** The maximum number of tries of the last scrape, which must succeed even on a busy machine. */
const lastTriesMax = 5;

export interface Scraped {
  /** The text of the last scrape. */
  readonly text: string;
  readonly failedCount: number;
}

class Scrapes {
  readonly #colo: Colo;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<string | undefined>>();
  #failedCount = 0;

  /** Sends the first scrape. @param colo the colo that answers all scrapes */
  constructor(colo: Colo) {
    this.#colo = colo;
    this.#timer = setInterval(() => this.#begin(), everyMs);
    this.#begin();
  }

  /**
   * Stops the timer, and sends the last scrape.
   *
   * @throws Error if no try gets status 200
   */
  async last(): Promise<Scraped> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    for (let tries = 0; tries < lastTriesMax; tries += 1) {
      const text = await this.#scraped();
      if (text !== undefined) return { text, failedCount: this.#failedCount };
      await delay(1_000);
    }
    throw new Error(`The last scrape did not get status 200 in ${lastTriesMax} tries.`);
  }

  #begin(): void {
    const scrape = this.#scraped();
    this.#underWay.add(scrape);
    void scrape.finally(() => this.#underWay.delete(scrape));
  }

  async #scraped(): Promise<string | undefined> {
    const headers = { authorization: `Bearer ${adminToken}` };
    const response = await fetch(`${this.#colo.url}/_cache/metrics`, { headers });
    const text = await response.text();
    if (response.status === 200) return text;
    this.#failedCount += 1;
    return undefined;
  }
}

/**
 * @returns the sum of all series of a counter in a Prometheus text; 0 if there is no such series
 */
export function sumInScrape(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    const [, value] = line.startsWith(name) ? (/^\w+(?:\{.*\})? (\S+)$/.exec(line) ?? []) : [];
    const isOfIt = line[name.length] === "{" || line[name.length] === " ";
    if (isOfIt && value !== undefined) sum += Number(value);
  }
  return sum;
}
