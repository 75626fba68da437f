// Computes the use of Tidemark and of a plain cache for the same traffic, per million requests.
import { compute } from "../trace/model.ts";
import { coloCount, scale, type Trace, type TraceSettings } from "../trace/trace.ts";
import { metricsOf, sumOf } from "./ledger.ts";
import type { Usage } from "./bill.ts";
import { reportCommandsOf } from "./report-commands.ts";
import type { Run } from "./run.ts";

export interface Design {
  readonly name: string;
  /** The use per million requests. The origin's figures are also per million requests. */
  readonly usage: Usage;
  /** The commands inside scripts, which `usage` does not count. */
  readonly innerCommands: number;
  readonly isCpuKnown: boolean;
  readonly originRequests: number;
  readonly originBytes: number;
}

export interface Designs {
  readonly tidemark: Design;
  readonly plain: Design;
  /** The origin requests of other caches for a million requests, by the name of the cache. */
  readonly others: Readonly<Record<string, number>>;
  readonly journal: ByTheClock;
}

/**
 * A number of commands that depends on time: in the replay, and at the slower pace of real life.
 */
interface ByTheClock {
  readonly inReplay: number;
  readonly atPaceOfLife: number;
}

export function designsOf(run: Run, trace: Trace, settings: TraceSettings): Designs {
  const visits = trace.events.filter(({ kind }) => kind === "visit").length;
  const purges = trace.events.length - visits;
  const million = 1_000_000 / visits;
  const journal = journalReads(run, { purges, timesFaster: scale / (settings.stretch ?? 1) });
  const metrics = reportsAndScrapes(run, settings, visits);
  const { commands, bytesUp, bytesDown } = sumOf(run.entries);
  const usage: Usage = {
    workerRequests: (visits + purges) * million,
    cpuMs: (run.cpuMs ?? 0) * million,
    redisCommands: (commands + added(journal) + added(metrics)) * million,
    redisBytes: (bytesUp + bytesDown) * million,
  };
  // The example Worker in the Cache API's documentation never validates, so it always requests the
  // whole page.
  const { originRequests, bytes, unchangedBytes } = compute(trace);
  const ofOrigin = {
    originRequests: run.origin.requests * million,
    originBytes: run.origin.bytes * million,
  };
  const isCpuKnown = run.cpuMs !== undefined;
  return {
    tidemark: {
      name: "Tidemark",
      usage,
      innerCommands: run.innerCommands * million,
      isCpuKnown,
      ...ofOrigin,
    },
    plain: {
      name: "no Redis: a plain cache per colo",
      usage: { workerRequests: 1_000_000, cpuMs: 0, redisCommands: 0, redisBytes: 0 },
      innerCommands: 0,
      isCpuKnown: false,
      originRequests: originRequests * million,
      originBytes: (bytes + unchangedBytes) * million,
    },
    others: Object.fromEntries(
      kinds.map(({ name, ...kind }) => [name, compute(trace, kind).originRequests * million]),
    ),
    journal,
  };
}

const kinds = [
  { name: "a cache in each colo" },
  { name: "one that strips tracking parameters", strips: true },
  { name: "a tiered cache: a miss of a colo asks one more cache", isTiered: true },
  { name: "a tiered cache that strips tracking parameters", strips: true, isTiered: true },
] as const;

/** Returns the commands that the pace of real life adds; below 0 if it saves commands. */
export const added = ({ inReplay, atPaceOfLife }: ByTheClock): number => atPaceOfLife - inReplay;

/** Returns the duration of the trace at the pace of real life. */
export const lifeMinutes = ({ durationMs, stretch = 1 }: TraceSettings): number =>
  (durationMs * scale) / stretch / 60_000;

/**
 * Returns the number of commands for metrics. At the pace of real life, the number follows from the
 * formula of docs/costs.md, with the cron trigger and a scrape per minute.
 */
function reportsAndScrapes(run: Run, settings: TraceSettings, requests: number): ByTheClock {
  const traffic = { isolates: coloCount, requests, minutes: lifeMinutes(settings) };
  return { inReplay: metricsOf(run.entries).commands, atPaceOfLife: reportCommandsOf(traffic) };
}

/**
 * Returns the number of journal reads. Each purge is read once at any pace. All other reads are
 * renewals, whose number depends on time.
 */
function journalReads(run: Run, given: { purges: number; timesFaster: number }): ByTheClock {
  const inReplay = run.entries["journal read"].commands;
  const renewals = Math.max(0, inReplay - given.purges);
  return { inReplay, atPaceOfLife: renewals * given.timesFaster + given.purges };
}
