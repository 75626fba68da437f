// Runs the trace on Tidemark over Redis, and counts the work of Redis.
import type { Running } from "../../local/running.ts";
import { startTidemark } from "../trace/start-workers.ts";
import { type Entries, Ledger } from "./ledger.ts";
import { type Replay, replayOver, type RunSettings } from "./replay-over.ts";

export interface Run extends Replay {
  readonly entries: Entries;
}

export async function countedRun(running: Running, settings: RunSettings): Promise<Run> {
  const { lag, log } = settings;
  const ledger = new Ledger();
  const { note: onAnswered } = ledger;
  let failedCount = () => 0;
  const replay = await replayOver(running, settings, async (originUrl) => {
    const { colos, rest } = await startTidemark(running, { originUrl, log, lag, onAnswered });
    failedCount = () => rest.counts().failedCount;
    return {
      colos,
      quietMs: () => ledger.quietMs,
      begin: () => {
        ledger.take();
        rest.resetCounts();
      },
    };
  });
  return { ...replay, failedCalls: failedCount(), entries: ledger.take() };
}
