// What a counted run must show. A check that fails is said, and fails the bench.
import * as expected from "./expected-commands.ts";
import { journalReadsMax, type Lag } from "./journal-bill.ts";
import { sumOf } from "./ledger.ts";
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

export function checksOf(run: Run, given: { lag: Lag; coloCount: number }): Check[] {
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
    {
      what: "commands for anything else: hits in memory and at the edge, metrics, whatever is not known",
      measured: sumOf(entries).commands - accountedFor(run),
      ...exactly(0),
    },
    {
      what: "look-ups and writes that Redis did not answer in time; beyond 0, the machine is too slow for such a run",
      measured: unread + unwritten,
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
  ];
  return accounted.reduce((sum, { commands }) => sum + commands, 0);
}

function failuresOf({ failedCommands, replayed }: Run): number {
  const { failedCount, foreignCount, staleCount, purgesRefusedCount } = replayed;
  return failedCommands + failedCount + foreignCount + staleCount + purgesRefusedCount;
}
