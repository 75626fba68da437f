// The trace on Tidemark, counted: what Redis, the Cache API, the origin and the processors had to do.
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
import type { StoreEvent } from "./tags-as-sets.ts";

/** By tier, then by what a read or a write came to: as the Workers themselves count, all colos together. */
type TierCounts = Snapshot["reads"];

export interface Run {
  readonly replayed: Replayed;
  readonly origin: OriginCounts;
  readonly entries: Entries;
  readonly events: readonly StoreEvent[];
  readonly storedBytes: number;
  /** Commands that the database refused, and requests that it did. */
  readonly failedCommands: number;
  readonly reads: TierCounts;
  readonly writes: TierCounts;
  /** From the first request to the last answer. */
  readonly seconds: number;
  readonly cpuMs: number | undefined;
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
  const before = await tierCounts(colos);
  await origin.call("reset");
  ledger.take();
  rest.resetCounts();
  const cpuMsBefore = workerdCpuMs();
  const startedAtMs = performance.now();
  const purge = { kind: "tidemark", adminToken, siteHost } as const;
  const { maxLagSeconds } = lag;
  const asked = { trace, coloUrls, originUrl, purge, maxLagSeconds };
  const replayed = await replay.call("replay", asked);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await allWritten(colos, ledger, lag);
  const cpuMs = workerdCpuMs();
  const after = await tierCounts(colos);
  const { failedCount: failedCommands } = rest.counts();
  return {
    replayed,
    origin: await originCounts(origin),
    ...ledger.take(),
    storedBytes: ledger.storedBytes,
    failedCommands,
    reads: less(after.reads, before.reads),
    writes: less(after.writes, before.writes),
    seconds,
    cpuMs: cpuMs === undefined || cpuMsBefore === undefined ? undefined : cpuMs - cpuMsBefore,
  };
}

const program = (name: string): URL => new URL(`../trace/${name}`, import.meta.url);

const originCounts = (origin: Part<OriginCalls>): Promise<OriginCounts> => origin.call("counts");

/** Of all colos until now; `undefined` where the system does not tell. */
function workerdCpuMs(): number | undefined {
  const pids = runtimePids();
  if (pids.length === 0) return undefined;
  return pids.reduce((sum, pid) => sum + cpuUsOf(pid), 0) / 1_000;
}

const quietMs = 500;

/** The last purge is read back N/2 after it. */
async function allWritten(
  colos: readonly Colo[],
  ledger: Ledger,
  { maxLagSeconds }: Lag,
): Promise<void> {
  await Promise.all(colos.map(storesSettled));
  await delay((maxLagSeconds / 2) * 1_000 + quietMs);
  while (ledger.quietMs < quietMs) await delay(quietMs - ledger.quietMs);
}

async function tierCounts(
  colos: readonly Colo[],
): Promise<{ reads: TierCounts; writes: TierCounts }> {
  const stats = await Promise.all(colos.map(statsOf));
  return {
    reads: stats.map(({ reads }) => reads).reduce((sum, each) => combined(sum, each, 1), {}),
    writes: stats.map(({ writes }) => writes).reduce((sum, each) => combined(sum, each, 1), {}),
  };
}

const less = (all: TierCounts, before: TierCounts): TierCounts => combined(all, before, -1);

function combined(one: TierCounts, other: TierCounts, sign: 1 | -1): TierCounts {
  const sum: Record<string, Record<string, number>> = structuredClone(one);
  for (const [tier, kinds] of Object.entries(other)) {
    const into = (sum[tier] ??= {});
    for (const [kind, count] of Object.entries(kinds)) {
      into[kind] = (into[kind] ?? 0) + sign * count;
    }
  }
  return sum;
}
