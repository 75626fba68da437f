// Runs the trace on Tidemark over Redis, and counts the work of Redis.
import { Redis } from "ioredis";
import type { Running } from "../../local/running.ts";
import { innerCommands } from "../../testing/command-stats.ts";
import { startTidemark } from "../trace/start-workers.ts";
import { type Entries, Ledger } from "./ledger.ts";
import { type Replay, replayOver, type RunSettings } from "./replay-over.ts";

export interface Run extends Replay {
  readonly entries: Entries;
  /** The commands that Redis has run inside scripts. */
  readonly innerCommands: number;
}

export async function countedRun(running: Running, settings: RunSettings): Promise<Run> {
  const { lag, log } = settings;
  const ledger = new Ledger();
  const { note: onAnswered } = ledger;
  let end = async () => ({ failedCalls: 0, innerCommands: 0 });
  const replay = await replayOver(running, settings, async (originUrl) => {
    const settingsOfRun = { originUrl, log, lag, onAnswered };
    const { colos, rest, redisUrl } = await startTidemark(running, settingsOfRun);
    const redis = new Redis(redisUrl);
    await running.add(Promise.resolve({ stop: async () => redis.disconnect() }));
    end = async () => {
      const { failedCount: failedCalls, commandCountByName: sent } = rest.counts();
      return { failedCalls, innerCommands: await innerCommands(redis, sent) };
    };
    return {
      colos,
      quietMs: () => ledger.quietMs,
      begin: async () => {
        await redis.config("RESETSTAT");
        ledger.take();
        rest.resetCounts();
      },
    };
  });
  return { ...replay, ...(await end()), entries: ledger.take() };
}
