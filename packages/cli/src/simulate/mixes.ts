// Computes the bill of the same operations for each mix of stores.
import { cloudflare, upstash } from "./prices.ts";

/** The operations of a million requests. */
export interface Operations {
  readonly lookUps: number;
  /** Fills and freshenings, and all other writes of records. */
  readonly writes: number;
  /** The rows that these writes write in an object, and those of later deletions. */
  readonly rows: number;
  /** The bytes of lookups and writes in both directions. */
  readonly bytes: number;
  readonly journalReads: number;
  readonly purges: number;
  /** Redis commands for all else. They are no part of a mix without Redis. */
  readonly otherCommands: number;
}

/** The commands of a purge: one appends its entry, and one reads it back. */
export const commandsAPurge = 2;
/** The rows of a purge with one target in the journal's object, as counted by the object. */
export const rowsAPurge = 3;

/** Returns the bill of each mix. */
export function mixesOf(of: Operations): readonly Mix[] {
  const { objectRequests, objectRows } = cloudflare;
  const aCommand = upstash.commands.dollarsAMillion / 1e6;
  const bandwidth = (of.bytes / 1e9) * upstash.bandwidth.dollarsAGigabyte;
  const inRedis = (of.lookUps + of.writes + of.otherCommands) * aCommand + bandwidth;
  const inObjects = ((of.lookUps + of.writes) * objectRequests + of.rows * objectRows) / 1e6;
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

/** The dollars of a million requests. */
export interface Mix {
  readonly name: string;
  readonly records: number;
  readonly journal: number;
  /** The time in which the objects answer calls. */
  readonly duration: number;
}

/** The time for which a call keeps its object in use. A write waits until Cloudflare confirms it. */
export const objectMsACall = 25;

/** Returns the dollars of the time in which objects answer these calls. */
export const durationOf = (calls: number): number =>
  (((calls * objectMsACall) / 1_000) * cloudflare.objectSeconds) / 1e6;

export const mixNames = {
  redis: "all in Redis",
  journal: "records in Redis, journal in a Durable Object",
  cloudflare: "records and journal in Durable Objects",
} as const;
