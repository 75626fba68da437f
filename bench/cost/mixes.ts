// Computes the bill of the same operations for each mix of stores.
import { markdownTable } from "../load/figures.ts";
import { added, type Designs } from "./designs.ts";
import { cloudflare, upstash, workers } from "./prices.ts";
import { dollars } from "./report.ts";
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

/** The dollars of a million requests. */
export interface Mix {
  readonly name: string;
  readonly records: number;
  readonly journal: number;
}

/** The commands of a purge: one appends its entry, and three read it back. */
const commandsAPurge = 4;

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

/**
 * Returns the bill of each mix. KV has the same operations here, although its copies of up to a
 * minute's age cause more of them.
 */
export function mixesOf(of: Operations): readonly Mix[] {
  const { kvReads, kvWrites, objectRequests, objectRows } = cloudflare;
  const aCommand = upstash.commands.dollarsAMillion / 1e6;
  const bandwidth = (of.bytes / 1e9) * upstash.bandwidth.dollarsAGigabyte;
  const inRedis = (of.lookUps + of.writes + of.otherCommands) * aCommand + bandwidth;
  const inKv = (of.lookUps * kvReads + of.writes * kvWrites) / 1e6;
  // A write writes one row, and so does the deletion of each expired record.
  const inObjects =
    ((of.lookUps + of.writes) * objectRequests + (of.writes + of.fills) * objectRows) / 1e6;
  const journalInRedis = (of.journalReads + commandsAPurge * of.purges) * aCommand;
  const journalInObject = ((of.journalReads + of.purges) * objectRequests) / 1e6;
  return [
    { name: "all in Redis", records: inRedis, journal: journalInRedis },
    {
      name: "records in Redis, journal in a Durable Object",
      records: inRedis,
      journal: journalInObject,
    },
    {
      name: "records in Workers KV, journal in a Durable Object",
      records: inKv,
      journal: journalInObject,
    },
    {
      name: "records and journal in Durable Objects",
      records: inObjects,
      journal: journalInObject,
    },
  ];
}

export function mixesTable(run: Run, designs: Designs, requests: number): string {
  const { usage } = designs.tidemark;
  const { dollarsAMillion } = workers.requests;
  const ofWorkers =
    (usage.workerRequests / 1e6) * dollarsAMillion +
    (usage.cpuMs / 1e6) * workers.cpuMs.dollarsAMillion;
  const row = ({ name, records, journal }: Mix) => [
    name,
    dollars(ofWorkers),
    dollars(records),
    dollars(journal),
    `**${dollars(ofWorkers + records + journal)}**`,
  ];
  return markdownTable(
    ["a million requests", "Workers", "records", "journal", "together"],
    mixesOf(operationsOf(run, designs, requests)).map(row),
  );
}
