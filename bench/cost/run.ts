// Runs the trace on Tidemark over Redis, and counts the work of Redis.
import type { Colo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import { startTidemark } from "../trace/start-workers.ts";
import { type Entries, Ledger } from "./ledger.ts";
import { type Replay, replayOver, type RunSettings, sumOfCounts } from "./replay-over.ts";
import { type Scraped, Scrapes, sumInScrape } from "./scrapes.ts";
import type { StoreEvent } from "./tags-as-sets.ts";

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
