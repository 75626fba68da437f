// What a counted run must show. A check that fails is said, and fails the bench.
import { counted } from "../figures.ts";
import type { Use } from "./command-use.ts";
import type { ByTheClock } from "./designs.ts";
import * as expected from "./expected-commands.ts";
import { journalReadsMax, type Lag } from "./journal-bill.ts";
import { metricsOf, sumOf } from "./ledger.ts";
import type { Run } from "./run.ts";

export interface Check {
  readonly what: string;
  readonly measured: number;
  /** Both ends included. */
  readonly min: number;
  readonly max: number;
}

export function holds({ measured, min, max }: Check): boolean {
  return min <= measured && measured <= max;
}

const exactly = (count: number) => ({ min: count, max: count });
const atMost = (count: number) => ({ min: 0, max: count });

/** Of all commands, those for metrics may be as many. */
const metricsShareMax = 0.01;

export interface ChecksGiven {
  readonly lag: Lag;
  readonly coloCount: number;
  /** In the run, and in the minutes that its trace takes in life: of all, and for metrics. */
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
  const { found = 0, absent = 0, unavailable: unread = 0 } = reads["shared"] ?? {};
  const { kept = 0, unavailable: unwritten = 0 } = writes["shared"] ?? {};
  const journalReads = entries["journal read"].commands;
  const journalMax = given.coloCount * journalReadsMax(run.seconds, given.lag);
  return [
    {
      what: `commands of shared look-ups, ${expected.aLookUp} for each that the Workers counted`,
      measured: entries["look-up"].commands,
      // What came too late was sent all the same, unless the tier was shut off.
      min: expected.aLookUp * (found + absent),
      max: expected.aLookUp * (found + absent + unread),
    },
    {
      what: "writes to the shared tier, as Redis saw them and as the Workers counted them",
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
      what: "commands of purges: written, and read back",
      measured: entries["purge, written"].commands + entries["purge, read back"].commands,
      ...exactly((expected.aPurge + expected.aPurgeReadBack) * purges),
    },
    {
      what: "reads of the journal; the formula, and one for each purge, allow",
      measured: journalReads,
      ...atMost(Math.floor(journalMax) + purges),
    },
  ];
}

/** Counting must cost little, and what the Workers count must be what the REST server received. */
function metricsChecks(run: Run, { coloCount, all, metrics }: ChecksGiven): Check[] {
  const { told, entries } = run;
  const share = `at most ${counted(100 * metricsShareMax)} in 100 of all`;
  const others = countedOtherwise(run);
  const which = others.length === 0 ? "" : `: ${others.join(", ")}`;
  return [
    {
      what: `commands for metrics, reports and scrapes alike, ${share}`,
      measured: metrics.inReplay,
      min: 1,
      max: Math.floor(metricsShareMax * all.inReplay),
    },
    {
      what: `the same at the pace of life, by the formula, ${share}`,
      measured: Math.ceil(metrics.atPaceOfLife),
      min: 1,
      max: Math.floor(metricsShareMax * all.atPaceOfLife),
    },
    {
      what: "commands as the Workers counted them, and as the REST server did",
      measured: sumOfCounts(told.commands),
      ...exactly(sumOf(entries).commands),
    },
    {
      what: `purposes for which the two counted another number${which}`,
      measured: others.length,
      ...exactly(0),
    },
    {
      what: "reports in the last scrape: one at least for each colo, and no more than one a minute",
      measured: told.reportsInScrape,
      min: coloCount,
      // An isolate begins before the run does.
      max: coloCount * (Math.ceil(run.seconds / 60) + 1),
    },
    {
      what: "commands that the last scrape shows: what was reported, of all that the Workers counted",
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
      what: "commands for anything else: hits in memory and at the edge, whatever is not known",
      measured: sumOf(run.entries).commands - accountedFor(run),
      ...exactly(0),
    },
    {
      what: "look-ups, writes and scrapes that Redis did not answer in time; beyond 0, the machine is too slow for such a run",
      measured: unread + unwritten + run.told.failedScrapes,
      ...exactly(0),
    },
    {
      what: "commands that failed; answers that failed, were another page's or older than N allows",
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

/** @returns for each such purpose its name, what the Workers counted, and what the REST server did */
function countedOtherwise({ told, entries }: Run): string[] {
  // The Workers know for what they ask of the database itself; its command does not tell.
  const { "database information": _, ...byUse } = { ...entries, metrics: metricsOf(entries) };
  const purposes = new Set([...Object.keys(byUse), ...Object.keys(told.commands)]);
  return [...purposes].flatMap((purpose) => {
    const here = told.commands[purpose] ?? 0;
    const there = byUse[purpose as Exclude<Use, "database information">]?.commands ?? 0;
    return here === there ? [] : [`${purpose} (${counted(here)}, ${counted(there)})`];
  });
}

function failuresOf({ failedCommands, replayed }: Run): number {
  const { failedCount, foreignCount, staleCount, purgesRefusedCount } = replayed;
  return failedCommands + failedCount + foreignCount + staleCount + purgesRefusedCount;
}
