// Runs the trace on Tidemark over the stores of Cloudflare, without Redis, and counts the work of the
// stores themselves.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startColo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import { adminToken } from "../../testing/worker/world.ts";
import { startColos } from "../load/colos.ts";
import { runtimePids } from "../load/process-cpu.ts";
import { restRttMs, siteHost, sortingRoutes } from "../trace/start-workers.ts";
import { coloCount, scale } from "../trace/trace.ts";
import { mixWorkers } from "./mix-worker.ts";
import { type Replay, replayOver, type RunSettings } from "./replay-over.ts";

/** The calls of one kind that an object received, and the rows that they wrote. */
interface Received {
  readonly calls: number;
  readonly rows: number;
  readonly failed: number;
}

export interface MixRun extends Replay {
  readonly timesFaster: number;
  /** By class and call, such as `records/read`. */
  readonly objects: Readonly<Record<string, Received>>;
}

type Objects = MixRun["objects"];

export async function mixRun(running: Running, settings: RunSettings): Promise<MixRun> {
  const { trace, lag, log } = settings;
  const timesFaster = scale / (trace.stretch ?? 1);
  const folder = await mkdtemp(join(tmpdir(), "tidemark-mix-"));
  await running.add(Promise.resolve({ stop: () => rm(folder, { recursive: true, force: true }) }));
  const config = JSON.stringify({ purge: lag, routes: sortingRoutes });
  const workers = await mixWorkers({ config, awayMs: restRttMs, timesFaster });
  const classes = { JOURNAL: "TidemarkJournal", RECORDS: "TidemarkRecords" };
  const shared = { objects: classes, host: "objects", folder };
  const ofHost = { name: shared.host, worker: workers.host, port: 0, env: {}, shared };
  const host = await running.add(startColo({ ...ofHost, onLog: log.note }));
  const received = async () => (await (await fetch(host.url)).json()) as Objects;
  const otherPids = runtimePids();
  let before: Objects = {};
  let last = { calls: -1, atMs: 0 };
  const replay = await replayOver(running, settings, async (originUrl) => ({
    colos: await startColos(running, {
      name: "colo",
      coloCount,
      originUrl,
      worker: workers.colo,
      env: { ADMIN_TOKEN: adminToken, SITE_HOST: siteHost },
      log,
      shared,
    }),
    otherPids,
    begin: async () => {
      before = await received();
    },
    quietMs: async () => {
      const calls = Object.values(await received()).reduce((sum, one) => sum + one.calls, 0);
      if (calls !== last.calls) last = { calls, atMs: performance.now() };
      return performance.now() - last.atMs;
    },
  }));
  const objects = since(before, await received());
  const failedCalls = Object.values(objects).reduce((sum, { failed }) => sum + failed, 0);
  return { ...replay, failedCalls, timesFaster, objects };
}

function since(before: Objects, after: Objects): Objects {
  const less = (name: string, all: Received): Received => {
    const { calls = 0, rows = 0, failed = 0 } = before[name] ?? {};
    return { calls: all.calls - calls, rows: all.rows - rows, failed: all.failed - failed };
  };
  return Object.fromEntries(Object.entries(after).map(([name, all]) => [name, less(name, all)]));
}
