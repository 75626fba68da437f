// What a counted run must show. A check that fails is said, and fails the bench.
import * as expected from "./expected-commands.ts";
import { journalReadsMax, type Lag } from "./journal-bill.ts";
import { sumOf } from "./ledger.ts";
import type { Run } from "./run.ts";

export interface Check {
  readonly what: string;
  readonly measured: number;
  /** A bound counts as met where the measured does not exceed it. */
  readonly must: { readonly be: number } | { readonly beAtMost: number };
}

export function holds({ measured, must }: Check): boolean {
  return "be" in must ? measured === must.be : measured <= must.beAtMost;
}

export function checksOf(run: Run, given: { lag: Lag; coloCount: number }): Check[] {
  const { entries, reads, writes, events } = run;
  const fills = entries.fill.requests;
  const freshenings = entries.freshening.requests;
  const purges = events.filter(({ kind }) => kind === "purge").length;
  const { found = 0, absent = 0 } = reads["shared"] ?? {};
  const journalReads = entries["journal read"].commands;
  const journalMax = given.coloCount * journalReadsMax(run.seconds, given.lag);
  return [
    {
      what: "commands of shared look-ups, one for each that the Workers counted",
      measured: entries["look-up"].commands,
      must: { be: expected.aLookUp * (found + absent) },
    },
    {
      what: "writes to the shared tier, as Redis saw them and as the Workers counted them",
      measured: fills + freshenings,
      must: { be: writes["shared"]?.["kept"] ?? 0 },
    },
    {
      what: `commands of fills, ${expected.aFill} for each`,
      measured: entries.fill.commands,
      must: { be: expected.aFill * fills },
    },
    {
      what: `commands of freshenings, ${expected.aFreshening} for each`,
      measured: entries.freshening.commands,
      must: { be: expected.aFreshening * freshenings },
    },
    {
      what: "looks before a freshening",
      measured: entries["look before a freshening"].commands,
      must: { beAtMost: expected.aLookBeforeAFreshening * run.origin.notModified },
    },
    {
      what: "commands of purges: written, and read back",
      measured: entries["purge, written"].commands + entries["purge, read back"].commands,
      must: { be: (expected.aPurge + expected.aPurgeReadBack) * purges },
    },
    {
      what: "reads of the journal; the formula, and one for each purge, allow",
      measured: journalReads,
      must: { beAtMost: Math.floor(journalMax) + purges },
    },
    {
      what: "commands for anything else: hits in memory and at the edge, metrics, whatever is not known",
      measured: sumOf(entries).commands - accountedFor(run),
      must: { be: 0 },
    },
    {
      what: "commands that failed, reads and writes that Redis did not answer, answers that were wrong",
      measured: failuresOf(run),
      must: { be: 0 },
    },
  ];
}

function accountedFor({ entries }: Run): number {
  const accounted = [
    entries["look-up"],
    entries.fill,
    entries["look before a freshening"],
    entries.freshening,
    entries["journal read"],
    entries["purge, written"],
    entries["purge, read back"],
  ];
  return accounted.reduce((sum, { commands }) => sum + commands, 0);
}

function failuresOf({ failedCommands, reads, writes, replayed }: Run): number {
  const { failedCount, foreignCount, staleCount, purgesRefusedCount } = replayed;
  const unavailable = [reads, writes].map((tiers) => tiers["shared"]?.["unavailable"] ?? 0);
  const wrong = failedCount + foreignCount + staleCount + purgesRefusedCount;
  return failedCommands + wrong + unavailable.reduce((sum, count) => sum + count, 0);
}
