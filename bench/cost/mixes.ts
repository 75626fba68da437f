// Computes the bill of the same operations for each mix of stores, and compares it with replayed mixes.
import { counted, markdownTable, percent } from "../load/figures.ts";
import { added, type Designs } from "./designs.ts";
import type { MixRun } from "./mix-run.ts";
import { cloudflare, dollars, marginalBill, upstash, workers as workerPrices } from "./prices.ts";
import type { Run } from "./run.ts";

/** The operations of a million requests. */
export interface Operations {
  readonly lookUps: number;
  /** Fills and freshenings, and all other writes of records. */
  readonly writes: number;
  /** The writes of new records. Each of them expires later. */
  readonly fills: number;
  /** The bytes of lookups and writes in both directions. */
  readonly bytes: number;
  readonly journalReads: number;
  readonly purges: number;
  /** Redis commands for all else. They are no part of a mix without Redis. */
  readonly otherCommands: number;
}

/** The commands of a purge: one appends its entry, and three read it back. */
const commandsAPurge = 4;
/** The rows of a purge with one target in the journal's object, as counted by the object. */
const rowsAPurge = 4;

export function operationsOf(run: Run, { journal }: Designs, requests: number): Operations {
  const million = 1_000_000 / requests;
  const { entries } = run;
  const written = [entries.fill, entries.freshening, entries["Vary marker"]];
  const records = [entries["look-up"], ...written];
  const sum = (of: readonly { commands: number }[]) =>
    of.reduce((total, { commands }) => total + commands, 0) * million;
  const named = [...records, entries["journal read"], entries["purge, written"]];
  const all = sum(Object.values(entries));
  const readBack = sum([entries["purge, read back"]]);
  return {
    lookUps: sum([entries["look-up"]]),
    writes: sum(written),
    fills: sum([entries.fill, entries["Vary marker"]]),
    bytes: records.reduce((total, one) => total + one.bytesUp + one.bytesDown, 0) * million,
    journalReads: (entries["journal read"].commands + added(journal)) * million,
    purges: sum([entries["purge, written"]]),
    otherCommands: Math.max(0, all - sum(named) - readBack),
  };
}

/** Returns the bill of each mix. */
export function mixesOf(of: Operations): readonly Mix[] {
  const { objectRequests, objectRows } = cloudflare;
  const aCommand = upstash.commands.dollarsAMillion / 1e6;
  const bandwidth = (of.bytes / 1e9) * upstash.bandwidth.dollarsAGigabyte;
  const inRedis = (of.lookUps + of.writes + of.otherCommands) * aCommand + bandwidth;
  // A write writes one row, and so does the deletion of each expired record.
  const inObjects =
    ((of.lookUps + of.writes) * objectRequests + (of.writes + of.fills) * objectRows) / 1e6;
  const journalInRedis = (of.journalReads + commandsAPurge * of.purges) * aCommand;
  const journalCalls = of.journalReads + of.purges;
  const inObject = {
    journal: (journalCalls * objectRequests + rowsAPurge * of.purges * objectRows) / 1e6,
    duration: durationOf(journalCalls),
  };
  const duration = durationOf(journalCalls + of.lookUps + of.writes);
  return [
    { name: mixNames.redis, records: inRedis, journal: journalInRedis, duration: 0 },
    { name: mixNames.journal, records: inRedis, ...inObject },
    { name: mixNames.cloudflare, records: inObjects, ...inObject, duration },
  ];
}

/** Returns the rows of all mixes. The journal in an object beside Redis is computed, not replayed. */
export function billedMixes(given: {
  readonly run: Run;
  readonly designs: Designs;
  readonly requests: number;
  readonly mix: MixRun;
}): readonly BilledMix[] {
  const { run, designs, requests, mix: replay } = given;
  const { originRequests, usage } = designs.tidemark;
  const { workerRequests, cpu } = marginalBill(usage);
  const replayed = billOfMix(replay, requests);
  const workers = workerRequests + cpu;
  const mixes = mixesOf(operationsOf(run, designs, requests));
  const computed = mixes.filter(({ name }) => name !== replayed.name);
  return [...computed.map((mix) => Object.assign(mix, { originRequests, workers })), replayed];
}

/** Formats the sum of each bill. */
export function mixTotalsTable(mixes: readonly BilledMix[]): string {
  const rows = mixes.map((mix) => [
    mix.name,
    `${counted(mix.originRequests)} (${percent(1 - mix.originRequests / 1e6)})`,
    `**${dollars(togetherOf(mix))}**`,
  ]);
  return markdownTable(["a million requests", "origin requests (offload)", "together"], rows);
}

/** The dollars of a million requests. */
export interface Mix {
  readonly name: string;
  readonly records: number;
  readonly journal: number;
  /** The time in which the objects answer calls. */
  readonly duration: number;
}

/** A mix whose bill is in a table. */
export interface BilledMix extends Mix {
  readonly originRequests: number;
  readonly workers: number;
}

export const togetherOf = ({ workers, records, journal, duration }: BilledMix): number =>
  workers + records + journal + duration;

/** The time for which a call keeps its object in use. A write waits until Cloudflare confirms it. */
export const objectMsACall = 25;

/** Returns the dollars of the time in which objects answer these calls. */
const durationOf = (calls: number): number =>
  (((calls * objectMsACall) / 1_000) * cloudflare.objectSeconds) / 1e6;

/** The calls of reports, which docs/costs.md bills by the clock. */
const ofReports: ReadonlySet<string> = new Set(
  ["report", "reports", "fold"].map((call) => `journal/${call}`),
);

/** Returns the bill of a million requests, with the reads of the journal at the pace of life. */
export function billOfMix(run: MixRun, requestCount: number): BilledMix {
  const { objects, origin, timesFaster, cpuMs = 0, workers } = run;
  const million = 1_000_000 / requestCount;
  const inDollars = (counts: number, dollarsAMillion: number) =>
    ((counts * million) / 1e6) * dollarsAMillion;
  const sum = (store: string, of: "calls" | "rows") =>
    Object.entries(objects).reduce(
      (total, [name, one]) =>
        total + (name.startsWith(`${store}/`) && !ofReports.has(name) ? one[of] : 0),
      0,
    );
  const { objectRequests, objectRows } = cloudflare;
  const appends = objects["journal/append"]?.calls ?? 0;
  const renewals = Math.max(0, sum("journal", "calls") - 2 * appends);
  // Each purge is read once at any pace.
  const journalCalls = 2 * appends + renewals * timesFaster;
  const { fill = 0, "Vary marker": markers = 0 } = workers.objectCalls;
  // The replay ends before the records expire. The deletion of each is a row.
  const recordRows = sum("records", "rows") + fill + markers;
  const visited = requestCount + appends;
  return {
    name: mixNames.cloudflare,
    originRequests: origin.requests * million,
    workers:
      inDollars(visited, workerPrices.requests.dollarsAMillion) +
      inDollars(cpuMs, workerPrices.cpuMs.dollarsAMillion),
    records: inDollars(sum("records", "calls"), objectRequests) + inDollars(recordRows, objectRows),
    journal:
      inDollars(journalCalls, objectRequests) + inDollars(sum("journal", "rows"), objectRows),
    duration: durationOf((sum("records", "calls") + journalCalls) * million),
  };
}

export const mixNames = {
  redis: "all in Redis",
  journal: "records in Redis, journal in a Durable Object",
  cloudflare: "records and journal in Durable Objects",
} as const;
