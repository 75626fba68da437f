// The checks of a counted run. The bench prints failed checks, and exits with 1 after a failed
// check.
import { counted } from "../load/figures.ts";
import type { ByTheClock } from "./designs.ts";
import * as expected from "./expected-commands.ts";
import { journalReadsMax, type Lag } from "./journal-bill.ts";
import { metricsOf, sumOf } from "./ledger.ts";
import type { Run } from "./run.ts";

export interface Check {
  readonly what: string;
  readonly measured: number;
  /** The smallest allowed value; both ends are included. */
  readonly min: number;
  readonly max: number;
}

export function holds({ measured, min, max }: Check): boolean {
  return min <= measured && measured <= max;
}

const exactly = (count: number) => ({ min: count, max: count });
const atMost = (count: number) => ({ min: 0, max: count });

/** The largest allowed share of metrics among all commands. */
const metricsShareMax = 0.01;

export interface ChecksGiven {
  readonly lag: Lag;
  readonly coloCount: number;
  /**
   * The number of all commands, and of those for metrics: in the replay, and at the pace of real
   * life.
   */
  readonly all: ByTheClock;
  readonly metrics: ByTheClock;
}

export function checksOf(run: Run, given: ChecksGiven): Check[] {
  return [...tierChecks(run, given), ...metricsChecks(run, given), ...otherChecks(run)];
}

function tierChecks(run: Run, given: ChecksGiven): Check[] {
  const { entries, reads, writes, events } = run;
  const fills = entries.fill.requests;
  const freshenings = entries.freshening.requests;
  const purges = events.filter(({ kind }) => kind === "purge").length;
  const readBack = entries["purge, read back"];
  const { found = 0, absent = 0, unavailable: unread = 0 } = reads["shared"] ?? {};
  const { kept = 0, unavailable: unwritten = 0 } = writes["shared"] ?? {};
  const journalReads = entries["journal read"].commands;
  const journalMax = given.coloCount * journalReadsMax(run.seconds, given.lag);
  return [
    {
      what: `commands of shared lookups, ${expected.aLookUp} for each that the Workers counted`,
      measured: entries["look-up"].commands,
      // A lookup that timed out may have reached Redis.
      min: expected.aLookUp * (found + absent),
      max: expected.aLookUp * (found + absent + unread),
    },
    {
      what: "writes to the shared tier, counted at Redis and by the Workers",
      measured: fills + freshenings,
      min: kept,
      max: kept + unwritten,
    },
    {
      what: `commands of fills, ${expected.aFill} for each`,
      measured: entries.fill.commands,
      ...exactly(expected.aFill * fills),
    },
    {
      what: `commands of freshenings, ${expected.aFreshening} for each`,
      measured: entries.freshening.commands,
      ...exactly(expected.aFreshening * freshenings),
    },
    {
      what: "commands of purges: written and read back with one command each, and one for each read-back request",
      measured: entries["purge, written"].commands + readBack.commands,
      ...exactly(expected.aPurge * purges + expected.aPurgeReadBack(purges, readBack.requests)),
    },
    {
      what: "reads of the journal, at most those of the formula and one for each purge",
      measured: journalReads,
      ...atMost(Math.floor(journalMax) + purges),
    },
  ];
}

/** Checks that counting is cheap, and that the Workers' counts equal those of the REST server. */
function metricsChecks(run: Run, { coloCount, all, metrics }: ChecksGiven): Check[] {
  const { told, entries } = run;
  const share = `at most ${counted(100 * metricsShareMax)} in 100 of all`;
  const others = countedOtherwise(run);
  const which = others.length === 0 ? "" : `: ${others.join(", ")}`;
  return [
    {
      what: `commands for metrics (reports and scrapes), ${share}`,
      measured: metrics.inReplay,
      min: 1,
      max: Math.floor(metricsShareMax * all.inReplay),
    },
    {
      what: `commands for metrics at the pace of life, by the formula, ${share}`,
      measured: Math.ceil(metrics.atPaceOfLife),
      min: 1,
      max: Math.floor(metricsShareMax * all.atPaceOfLife),
    },
    {
      what: "all commands, as the Workers counted them and as the REST server counted them",
      measured: sumOfCounts(told.commands),
      ...exactly(sumOf(entries).commands),
    },
    {
      what: `purposes for which the Workers and the REST server counted different numbers${which}`,
      measured: others.length,
      ...exactly(0),
    },
    {
      what: "reports in the last scrape: at least one for each colo, and at most one a minute",
      measured: told.reportsInScrape,
      min: coloCount,
      // An isolate starts before the run, so it may send one more report.
      max: coloCount * (Math.ceil(run.seconds / 60) + 1),
    },
    {
      what: "commands that the last scrape shows, at most those that the Workers counted",
      measured: told.commandsInScrape,
      min: 1,
      max: told.commandsEver,
    },
  ];
}

function otherChecks(run: Run): Check[] {
  const { unavailable: unread = 0 } = run.reads["shared"] ?? {};
  const { unavailable: unwritten = 0 } = run.writes["shared"] ?? {};
  return [
    {
      what: "commands for anything else, such as hits in memory and at the edge",
      measured: sumOf(run.entries).commands - accountedFor(run),
      ...exactly(0),
    },
    {
      what: "lookups, writes and scrapes that Redis did not answer in time; more than 0 means that the machine is too slow for this run",
      measured: unread + unwritten + run.told.failedScrapes,
      ...exactly(0),
    },
    {
      what: "commands that failed, and responses that failed, had another page or were older than N allows",
      measured: failuresOf(run),
      ...exactly(0),
    },
  ];
}

function accountedFor({ entries }: Run): number {
  const accounted = [
    entries["look-up"],
    entries.fill,
    entries.freshening,
    entries["journal read"],
    entries["purge, written"],
    entries["purge, read back"],
    metricsOf(entries),
  ];
  return accounted.reduce((sum, { commands }) => sum + commands, 0);
}

const sumOfCounts = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/**
 * Purposes that the Workers or this bench cannot distinguish. `INFO` belongs to a scrape, to
 * health or to a check of the free space. If a colo fetches and stores an unchanged page, its Worker counts a fill, and this bench
 * counts a freshening.
 */
const toldAsOne: Readonly<Record<string, string>> = {
  "database information": "metrics",
  health: "metrics",
  room: "metrics",
  fill: "fill or freshening",
  freshening: "fill or freshening",
};

/** @returns for each differing purpose its name, the Workers' count, and the REST server's count */
function countedOtherwise({ told, entries }: Run): string[] {
  const here = byPurpose(Object.entries(told.commands));
  const received = Object.entries(entries).map(([use, { commands }]) => [use, commands] as const);
  const there = byPurpose(received);
  const purposes = new Set([...there.keys(), ...here.keys()]);
  return [...purposes].flatMap((purpose) => {
    const [one = 0, other = 0] = [here.get(purpose), there.get(purpose)];
    return one === other ? [] : [`${purpose} (${counted(one)}, ${counted(other)})`];
  });
}

function byPurpose(counts: Iterable<readonly [name: string, count: number]>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [name, count] of counts) {
    const purpose = toldAsOne[name] ?? name;
    sums.set(purpose, (sums.get(purpose) ?? 0) + count);
  }
  return sums;
}

function failuresOf({ failedCommands, replayed }: Run): number {
  const { failedCount, foreignCount, staleCount, purgesRefusedCount } = replayed;
  return failedCommands + failedCount + foreignCount + staleCount + purgesRefusedCount;
}
