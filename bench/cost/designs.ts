// The same traffic in three designs, each as what a million requests of it use.
import { compute } from "../trace/model.ts";
import { coloCount, scale, type Trace, type TraceSettings } from "../trace/trace.ts";
import { metricsOf, sumOf } from "./ledger.ts";
import { reportCommandsOf } from "./report-commands.ts";
import type { Usage } from "./prices.ts";
import type { Run } from "./run.ts";
import { commandsOf, type TagsAsSets, tagsAsSets } from "./tags-as-sets.ts";

export interface Design {
  readonly name: string;
  /** Of a million requests, as are the figures of the origin. */
  readonly usage: Usage;
  readonly isCpuKnown: boolean;
  readonly originRequests: number;
  readonly originBytes: number;
}

export interface Designs {
  readonly tidemark: Design;
  readonly sets: Design;
  readonly plain: Design;
  /** Commands of the whole trace. */
  readonly setCommands: TagsAsSets;
  readonly journal: ByTheClock;
  readonly metrics: ByTheClock;
  /** Tidemark's commands for everything. */
  readonly all: ByTheClock;
}

/** Commands that go by the clock: a replay is faster than life. */
export interface ByTheClock {
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
  const atPaceOfLife = commands + added(journal) + added(metrics);
  const all: ByTheClock = { inReplay: commands, atPaceOfLife };
  const usage: Usage = {
    workerRequests: (visits + purges) * million,
    cpuMs: (run.cpuMs ?? 0) * million,
    redisCommands: all.atPaceOfLife * million,
    redisBytes: (bytesUp + bytesDown) * million,
  };
  const setCommands = tagsAsSets({
    requests: visits,
    lookUps: run.entries["look-up"].requests,
    originRequests: run.origin.requests,
    events: run.events,
  });
  const plain = { isShared: false, strips: false, sorts: false, knowsPurges: false };
  // The Worker of the Cache API's documentation asks for the whole page each time.
  const { originRequests, bytes, unchangedBytes } = compute(trace, plain);
  const ofOrigin = {
    originRequests: run.origin.requests * million,
    originBytes: run.origin.bytes * million,
  };
  const isCpuKnown = run.cpuMs !== undefined;
  return {
    tidemark: { name: "Tidemark", usage, isCpuKnown, ...ofOrigin },
    sets: {
      name: "tags as sets, locks and metrics in Redis",
      usage: { ...usage, redisCommands: commandsOf(setCommands) * million },
      isCpuKnown,
      ...ofOrigin,
    },
    plain: {
      name: "no Redis: a plain cache per colo",
      usage: { workerRequests: 1_000_000, cpuMs: 0, redisCommands: 0, redisBytes: 0 },
      isCpuKnown: false,
      originRequests: originRequests * million,
      originBytes: (bytes + unchangedBytes) * million,
    },
    setCommands,
    journal,
    metrics,
    all,
  };
}

/** What the pace of life adds to them; below 0 for what it spares. */
export const added = ({ inReplay, atPaceOfLife }: ByTheClock): number => atPaceOfLife - inReplay;

/** How long the trace takes at the pace of life. */
export const lifeMinutes = ({ durationMs, stretch = 1 }: TraceSettings): number =>
  (durationMs * scale) / stretch / 60_000;

/** By the formula of docs/costs.md, with the cron trigger and a scrape a minute. */
function reportsAndScrapes(run: Run, settings: TraceSettings, requests: number): ByTheClock {
  const traffic = { isolates: coloCount, requests, minutes: lifeMinutes(settings) };
  return { inReplay: metricsOf(run.entries).commands, atPaceOfLife: reportCommandsOf(traffic) };
}

/** Each purge is read on once, however fast the replay; all other reads are renewals. */
function journalReads(run: Run, given: { purges: number; timesFaster: number }): ByTheClock {
  const inReplay = run.entries["journal read"].commands;
  const renewals = Math.max(0, inReplay - given.purges);
  return { inReplay, atPaceOfLife: renewals * given.timesFaster + given.purges };
}
