// Computes the bill of the same operations for each mix of stores, and compares it with replayed mixes.
import { counted, markdownTable, percent } from "../load/figures.ts";
import { marginalBill } from "./bill.ts";
import type { Use } from "./command-use.ts";
import { added, type Designs } from "./designs.ts";
import type { MixRun } from "./mix-run.ts";
import {
  cloudflare,
  commandsAPurge,
  dollars,
  objectMsACall,
  rowsAPurge,
  upstash,
  workers as workerPrices,
} from "./prices.ts";
import type { Run } from "./run.ts";

/** The operations of a million requests. */
interface Operations {
  readonly lookUps: number;
  /** Fills and freshenings, and all other writes of records. */
  readonly writes: number;
  /** The bytes of lookups and writes in both directions. */
  readonly bytes: number;
  readonly journalReads: number;
  readonly purges: number;
  /** Redis commands for all else. */
  readonly otherCommands: number;
}

/** Returns the bills of records in Redis: with the journal there, and in an object. */
export function mixesOf(of: Operations): readonly Mix[] {
  const { objectRequests, objectRows } = cloudflare;
  const aCommand = upstash.commands.dollarsAMillion / 1e6;
  const bandwidth = (of.bytes / 1e9) * upstash.bandwidth.dollarsAGigabyte;
  const records = (of.lookUps + of.writes + of.otherCommands) * aCommand + bandwidth;
  const inRedis = (of.journalReads + commandsAPurge * of.purges) * aCommand;
  const calls = of.journalReads + of.purges;
  const inObject = (calls * objectRequests + rowsAPurge * of.purges * objectRows) / 1e6;
  return [
    { name: "all in Redis", records, journal: inRedis, duration: 0 },
    {
      name: "records in Redis, journal in a Durable Object",
      records,
      journal: inObject,
      duration: durationOf(calls),
    },
  ];
}

/** The dollars of a million requests. */
interface Mix {
  readonly name: string;
  readonly records: number;
  readonly journal: number;
  /** The time in which the objects answer calls. */
  readonly duration: number;
}

/** Returns the dollars of the time in which objects answer these calls. */
const durationOf = (calls: number): number =>
  (((calls * objectMsACall) / 1_000) * cloudflare.objectSeconds) / 1e6;

/** Returns the operations whose bill over Redis alone is that of the use. */
function operationsOf(run: Run, { journal, tidemark }: Designs, requests: number): Operations {
  const { entries } = run;
  const commands = (...uses: readonly Use[]) =>
    uses.reduce((sum, use) => sum + entries[use].commands, 0) * (1_000_000 / requests);
  const lookUps = commands("look-up");
  const writes = commands("fill", "freshening", "Vary marker");
  const journalReads = commands("journal read") + (added(journal) * 1_000_000) / requests;
  const purges = commands("purge, written");
  return {
    lookUps,
    writes,
    bytes: tidemark.usage.redisBytes,
    journalReads,
    purges,
    otherCommands:
      tidemark.usage.redisCommands - lookUps - writes - journalReads - commandsAPurge * purges,
  };
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
  const computed = mixesOf(operationsOf(run, designs, requests));
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

/** A mix whose bill is in a table. */
interface BilledMix extends Mix {
  readonly originRequests: number;
  readonly workers: number;
}

const togetherOf = ({ workers, records, journal, duration }: BilledMix): number =>
  workers + records + journal + duration;

/** The calls of reports, which docs/costs.md bills by the clock. */
const ofReports: ReadonlySet<string> = new Set(
  ["report", "reports", "fold"].map((call) => `journal/${call}`),
);

/** Returns the bill of a million requests, with the reads of the journal at the pace of life. */
export function billOfMix(run: MixRun, requestCount: number): BilledMix {
  const { objects, origin, timesFaster, cpuMs = 0 } = run;
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
  const visited = requestCount + appends;
  return {
    name: "records and journal in Durable Objects",
    originRequests: origin.requests * million,
    workers:
      inDollars(visited, workerPrices.requests.dollarsAMillion) +
      inDollars(cpuMs, workerPrices.cpuMs.dollarsAMillion),
    records:
      inDollars(sum("records", "calls"), objectRequests) +
      inDollars(sum("records", "rows"), objectRows),
    journal:
      inDollars(journalCalls, objectRequests) + inDollars(sum("journal", "rows"), objectRows),
    duration: durationOf((sum("records", "calls") + journalCalls) * million),
  };
}
