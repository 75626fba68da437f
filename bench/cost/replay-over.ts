// Replays the trace on Tidemark over any stores, and counts the work of the Cache API, of the origin
// and of the processors.
import { setTimeout as delay } from "node:timers/promises";
import type { Colo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import type { Snapshot } from "../../src/observe/snapshot.ts";
import { adminToken, type Stats, statsOf, storesSettled } from "../../testing/worker/world.ts";
import { type Part, startPart } from "../load/part.ts";
import { cpuUsOf, runtimePids } from "../load/process-cpu.ts";
import type { OriginCalls, OriginCounts } from "../trace/origin-process.ts";
import type { Replayed, ReplayCalls } from "../trace/replay-process.ts";
import { siteHost } from "../trace/start-workers.ts";
import type { TraceSettings } from "../trace/trace.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";

/** Counts by tier and result, as the Workers report them, for all colos together. */
type TierCounts = Snapshot["reads"];

/** The colos of a run, and their stores. */
interface StoresInUse {
  readonly colos: readonly Colo[];
  /** The runtimes that are no colo. */
  readonly otherPids?: readonly number[];
  /** Starts the counts, when the traffic begins. */
  begin(): void | Promise<void>;
  /** The time since the last use of a store. */
  quietMs(): number | Promise<number>;
}

export interface Replay {
  readonly replayed: Replayed;
  readonly origin: OriginCounts;
  readonly reads: TierCounts;
  readonly writes: TierCounts;
  readonly cpuMs: number | undefined;
  /** The calls that the stores rejected. */
  readonly failedCalls: number;
}

export interface Lag {
  readonly maxLagSeconds: number;
  readonly clockAllowanceSeconds: number;
}

export interface RunSettings {
  readonly trace: TraceSettings;
  readonly lag: Lag;
  readonly log: RuntimeLog;
}

/** A late read adds an origin request. Up to this share of all calls, no figure of the bill changes. */
const lateShareMax = 0.001;

/** Returns a sentence if the counts of a run are no basis for a bill. */
export function troubleIn(run: Replay): string | undefined {
  const { failedCount, foreignCount, staleCount, purgesRefusedCount } = run.replayed;
  const { late, calls } = sharedCalls(run);
  const wrong = failedCount + foreignCount + staleCount + purgesRefusedCount;
  if (run.failedCalls + wrong === 0 && late <= calls * lateShareMax) return undefined;
  return (
    `${run.failedCalls} calls of stores failed, ${late} of ${calls} were late, and ${wrong} answers or purges ` +
    "failed or were older than N allows. Run the bench on a quiet machine."
  );
}

/** Counts the calls of the shared tier, and those without an answer in time. */
export function sharedCalls({ reads, writes }: Pick<Replay, "reads" | "writes">) {
  const both = [reads["shared"] ?? {}, writes["shared"] ?? {}];
  const late = both.reduce((sum, { unavailable = 0 }) => sum + unavailable, 0);
  const calls = both.flatMap((counts) => Object.values(counts)).reduce((sum, one) => sum + one, 0);
  return { late, calls };
}

export async function replayOver(
  running: Running,
  { trace, lag }: RunSettings,
  open: (originUrl: string) => Promise<StoresInUse>,
): Promise<Replay> {
  const origin = await running.add(startPart<OriginCalls>(program("origin-process.ts")));
  const replay = await running.add(startPart<ReplayCalls>(program("replay-process.ts")));
  const originUrl = await origin.call("start", trace);
  const stores = await open(originUrl);
  const { colos, otherPids = [] } = stores;
  const coloUrls = colos.map(({ url }) => url);
  await replay.call("warmUp", { coloUrls });
  await allWritten(stores, lag);
  const before = await countsOf(colos);
  await origin.call("reset");
  await stores.begin();
  const cpuMsBefore = workerdCpuMs(otherPids);
  const { maxLagSeconds } = lag;
  const asked = { trace, coloUrls, originUrl, adminToken, siteHost, maxLagSeconds };
  const replayed = await replay.call("replay", asked);
  await allWritten(stores, lag);
  const cpuMs = workerdCpuMs(otherPids);
  const after = await countsOf(colos);
  return {
    replayed,
    origin: await originCounts(origin),
    reads: less(after.reads, before.reads),
    writes: less(after.writes, before.writes),
    failedCalls: 0,
    cpuMs: cpuMs === undefined || cpuMsBefore === undefined ? undefined : cpuMs - cpuMsBefore,
  };
}

const program = (name: string): URL => new URL(`../trace/${name}`, import.meta.url);

const originCounts = (origin: Part<OriginCalls>): Promise<OriginCounts> => origin.call("counts");

/** Returns the CPU time of all colos; `undefined` if the system does not report it. */
function workerdCpuMs(otherPids: readonly number[]): number | undefined {
  const pids = runtimePids().filter((pid) => !otherPids.includes(pid));
  if (pids.length === 0) return undefined;
  return pids.reduce((sum, pid) => sum + cpuUsOf(pid), 0) / 1_000;
}

const quietMsMin = 500;

/** Waits for all writes. The Worker reads the last purge back after N/2. */
async function allWritten(stores: StoresInUse, { maxLagSeconds }: Lag): Promise<void> {
  await Promise.all(stores.colos.map(storesSettled));
  await delay((maxLagSeconds / 2) * 1_000 + quietMsMin);
  for (;;) {
    const quietMs = await stores.quietMs();
    if (quietMs >= quietMsMin) return;
    await delay(quietMsMin - quietMs);
  }
}

async function countsOf(colos: readonly Colo[]): Promise<Pick<Replay, "reads" | "writes">> {
  const stats = await Promise.all(colos.map(statsOf));
  const added = (of: (one: Stats) => TierCounts): TierCounts =>
    stats.map(of).reduce((sum, each) => combined(sum, each, 1), {});
  return { reads: added(({ reads }) => reads), writes: added(({ writes }) => writes) };
}

const less = (all: TierCounts, before: TierCounts): TierCounts => combined(all, before, -1);

function combined(one: TierCounts, other: TierCounts, sign: 1 | -1): TierCounts {
  const sum = structuredClone(one);
  for (const [name, counts] of Object.entries(other)) {
    const kinds = (sum[name] ??= {});
    for (const [kind, count] of Object.entries(counts)) {
      kinds[kind] = (kinds[kind] ?? 0) + sign * count;
    }
  }
  return sum;
}
