// Runs the trace on Tidemark, and counts the work of Redis, of the Cache API, of the origin and of
// the processors.
import { setTimeout as delay } from "node:timers/promises";
import type { Colo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import type { Snapshot } from "../../src/observe/stats.ts";
import { adminToken, statsOf, storesSettled } from "../../testing/worker/world.ts";
import { type Part, startPart } from "../load/part.ts";
import { cpuUsOf, runtimePids } from "../load/process-cpu.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import type { OriginCalls, OriginCounts } from "../trace/origin-process.ts";
import type { Replayed, ReplayCalls } from "../trace/replay-process.ts";
import { siteHost, startTidemark } from "../trace/start-workers.ts";
import type { TraceSettings } from "../trace/trace.ts";
import type { Lag } from "./journal-bill.ts";
import { type Entries, Ledger } from "./ledger.ts";
import { Scrapes, sumInScrape } from "./scrapes.ts";
import type { StoreEvent } from "./tags-as-sets.ts";

/** Counts by tier and result, as the Workers report them, for all colos together. */
type TierCounts = Snapshot["reads"];

export interface Run {
  readonly replayed: Replayed;
  readonly origin: OriginCounts;
  readonly entries: Entries;
  readonly events: readonly StoreEvent[];
  readonly storedBytes: number;
  /** The number of commands that the database rejected, and of rejected requests. */
  readonly failedCommands: number;
  readonly reads: TierCounts;
  readonly writes: TierCounts;
  readonly told: ToldByWorkers;
  /** The duration from the first request to the last response. */
  readonly seconds: number;
  readonly cpuMs: number | undefined;
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

export interface RunSettings {
  readonly trace: TraceSettings;
  readonly lag: Lag;
  readonly log: RuntimeLog;
}

export async function countedRun(running: Running, settings: RunSettings): Promise<Run> {
  const { trace, lag, log } = settings;
  const origin = await running.add(startPart<OriginCalls>(program("origin-process.ts")));
  const replay = await running.add(startPart<ReplayCalls>(program("replay-process.ts")));
  const originUrl = await origin.call("start", trace);
  const ledger = new Ledger();
  const { note: onAnswered } = ledger;
  const { colos, rest } = await startTidemark(running, { originUrl, log, lag, onAnswered });
  const coloUrls = colos.map(({ url }) => url);
  await replay.call("warmUp", { coloUrls });
  await allWritten(colos, ledger, lag);
  const before = await countsOf(colos);
  await origin.call("reset");
  ledger.take();
  rest.resetCounts();
  const cpuMsBefore = workerdCpuMs();
  const startedAtMs = performance.now();
  const scrapes = new Scrapes(colos[0] as Colo);
  const purge = { kind: "tidemark", adminToken, siteHost } as const;
  const { maxLagSeconds } = lag;
  const asked = { trace, coloUrls, originUrl, purge, maxLagSeconds };
  const replayed = await replay.call("replay", asked);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await allWritten(colos, ledger, lag);
  const cpuMs = workerdCpuMs();
  const scraped = await scrapes.last();
  const after = await countsOf(colos);
  const { failedCount: failedCommands } = rest.counts();
  return {
    replayed,
    origin: await originCounts(origin),
    ...ledger.take(),
    storedBytes: ledger.storedBytes,
    failedCommands,
    reads: less(after.reads, before.reads),
    writes: less(after.writes, before.writes),
    told: {
      commands: differences(after.commands, before.commands),
      commandsEver: sumOfCounts(after.commands),
      commandsInScrape: sumInScrape(scraped.text, "tidemark_redis_commands_total"),
      reportsInScrape: sumInScrape(scraped.text, "tidemark_reports_total"),
      failedScrapes: scraped.failedCount,
    },
    seconds,
    cpuMs: cpuMs === undefined || cpuMsBefore === undefined ? undefined : cpuMs - cpuMsBefore,
  };
}

const program = (name: string): URL => new URL(`../trace/${name}`, import.meta.url);

const originCounts = (origin: Part<OriginCalls>): Promise<OriginCounts> => origin.call("counts");

/** Returns the CPU time of all colos; `undefined` if the system does not report it. */
function workerdCpuMs(): number | undefined {
  const pids = runtimePids();
  if (pids.length === 0) return undefined;
  return pids.reduce((sum, pid) => sum + cpuUsOf(pid), 0) / 1_000;
}

const quietMs = 500;

/** Waits for all writes. The Worker reads the last purge back after N/2. */
async function allWritten(
  colos: readonly Colo[],
  ledger: Ledger,
  { maxLagSeconds }: Lag,
): Promise<void> {
  await Promise.all(colos.map(storesSettled));
  await delay((maxLagSeconds / 2) * 1_000 + quietMs);
  while (ledger.quietMs < quietMs) await delay(quietMs - ledger.quietMs);
}

interface WorkerCounts {
  readonly reads: TierCounts;
  readonly writes: TierCounts;
  readonly commands: Readonly<Record<string, number>>;
}

async function countsOf(colos: readonly Colo[]): Promise<WorkerCounts> {
  const stats = await Promise.all(colos.map(statsOf));
  return {
    reads: stats.map(({ reads }) => reads).reduce((sum, each) => combined(sum, each, 1), {}),
    writes: stats.map(({ writes }) => writes).reduce((sum, each) => combined(sum, each, 1), {}),
    commands: stats.map(({ redisCommands }) => redisCommands).reduce(added, {}),
  };
}

type Counts = Readonly<Record<string, number>>;

const less = (all: TierCounts, before: TierCounts): TierCounts => combined(all, before, -1);
const added = (one: Counts, other: Counts): Counts => combinedCounts(one, other, 1);
const differences = (all: Counts, before: Counts): Counts => combinedCounts(all, before, -1);
const sumOfCounts = (counts: Counts): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

function combined(one: TierCounts, other: TierCounts, sign: 1 | -1): TierCounts {
  const sum: Record<string, Counts> = { ...one };
  for (const [tier, kinds] of Object.entries(other)) {
    sum[tier] = combinedCounts(sum[tier] ?? {}, kinds, sign);
  }
  return sum;
}

function combinedCounts(one: Counts, other: Counts, sign: 1 | -1): Counts {
  const sum: Record<string, number> = { ...one };
  for (const [kind, count] of Object.entries(other)) sum[kind] = (sum[kind] ?? 0) + sign * count;
  return sum;
}
