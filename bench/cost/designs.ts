// Computes the use of three designs for the same traffic, per million requests.
import { compute } from "../trace/model.ts";
import { coloCount, scale, type Trace, type TraceSettings } from "../trace/trace.ts";
import { metricsOf, type StoreEvent, sumOf } from "./ledger.ts";
import type { Usage } from "./prices.ts";
import { reportCommandsOf } from "./report-commands.ts";
import type { Run } from "./run.ts";

export interface Design {
  readonly name: string;
  /** The use per million requests. The origin's figures are also per million requests. */
  readonly usage: Usage;
  readonly isCpuKnown: boolean;
  readonly originRequests: number;
  readonly originBytes: number;
}

export interface Designs {
  readonly tidemark: Design;
  readonly sets: Design;
  readonly plain: Design;
  /** The Redis commands of the design with sets, for the whole trace. */
  readonly setCommands: TagsAsSets;
  readonly journal: ByTheClock;
  readonly metrics: ByTheClock;
  /** All of Tidemark's commands. */
  readonly all: ByTheClock;
}

/**
 * A number of commands that depends on time: in the replay, and at the slower pace of real life.
 */
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
  // The example Worker in the Cache API's documentation never validates, so it always requests the
  // whole page.
  const { originRequests, bytes, unchangedBytes } = compute(trace);
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

export interface Traffic {
  readonly requests: number;
  readonly lookUps: number;
  readonly originRequests: number;
  readonly events: readonly StoreEvent[];
}

/** Commands by purpose. */
export interface TagsAsSets {
  readonly metrics: number;
  readonly lookUps: number;
  readonly locks: number;
  readonly fills: number;
  readonly freshenings: number;
  readonly purges: number;
  /** The additional commands if each purged key were deleted by its own command. */
  readonly purgedOneByOne: number;
}

/** One HINCRBY counts a hit or a miss, and one adds its duration. */
const commandsARequest = 2;
/** GET. The value and its metadata are one string. */
const commandsALookUp = 1;
/**
 * SET NX PX before the request to the origin, and DEL after the response. In this model, clients
 * without the lock send no command.
 */
const commandsALock = 2;
/** SET with its expiry. A 304 costs another SET, or EXPIRE. */
const commandsARecord = 1;
/** SADD and EXPIRE; a 304 only extends a set's life with EXPIRE. */
const commandsAFilledTag = 2;
const commandsAFreshenedTag = 1;
/** SMEMBERS, and one DEL of all members and the set. */
const commandsAPurgedTag = 2;
const commandsAPurgedUrl = 1;

export function tagsAsSets({ requests, lookUps, originRequests, events }: Traffic): TagsAsSets {
  const sets = new Map<string, Set<string>>();
  const setOf = (tag: string): Set<string> => {
    const members = sets.get(tag) ?? new Set<string>();
    sets.set(tag, members);
    return members;
  };
  let [fills, freshenings, purges, purgedOneByOne] = [0, 0, 0, 0];
  for (const event of events) {
    if (event.kind === "purge") {
      purges += event.tags.length * commandsAPurgedTag + event.urlCount * commandsAPurgedUrl;
      for (const tag of event.tags) {
        purgedOneByOne += setOf(tag).size;
        sets.delete(tag);
      }
    } else if (event.kind === "fill") {
      fills += commandsARecord + event.tags.length * commandsAFilledTag;
      for (const tag of event.tags) setOf(tag).add(event.key);
    } else freshenings += commandsARecord + event.tags.length * commandsAFreshenedTag;
  }
  return {
    metrics: requests * commandsARequest,
    lookUps: lookUps * commandsALookUp,
    locks: originRequests * commandsALock,
    fills,
    freshenings,
    purges,
    purgedOneByOne,
  };
}

export function commandsOf(design: TagsAsSets): number {
  const { metrics, lookUps, locks, fills, freshenings, purges } = design;
  return metrics + lookUps + locks + fills + freshenings + purges;
}
