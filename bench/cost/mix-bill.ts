// Prices a run over the stores of Cloudflare from the counts of the stores.
import type { MixRun } from "./mix-run.ts";
import { cloudflare, workers as workerPrices } from "./prices.ts";

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
  /** `replayed`: by the counts of its own run. `computed`: from the operations of the run over Redis. */
  readonly kind: "replayed" | "computed";
  readonly originRequests: number;
  readonly workers: number;
}

export const togetherOf = ({ workers, records, journal, duration }: BilledMix): number =>
  workers + records + journal + duration;

/** The time for which a call keeps its object in use. A write waits until Cloudflare confirms it. */
export const objectMsACall = 25;

/** Returns the dollars of the time in which objects answer these calls. */
export const durationOf = (calls: number): number =>
  (((calls * objectMsACall) / 1_000) * cloudflare.objectSeconds) / 1e6;

/** Returns the bill of a million requests, with the reads of the journal at the pace of life. */
export function billOfMix(run: MixRun, requestCount: number): BilledMix {
  const { objects, origin, timesFaster, cpuMs = 0, workers } = run;
  const million = 1_000_000 / requestCount;
  const inDollars = (counts: number, dollarsAMillion: number) =>
    ((counts * million) / 1e6) * dollarsAMillion;
  const sum = (store: string, of: "calls" | "rows") =>
    Object.entries(objects).reduce(
      (total, [name, one]) => total + (name.startsWith(`${store}/`) ? one[of] : 0),
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
    kind: "replayed",
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
