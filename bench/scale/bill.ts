// The bill of a point, and the load of its stores against their limits, by the published prices.
import { gzipSync } from "node:zlib";
import { pageText } from "../load/page-text.ts";
import { commandsAPurge, durationOf, rowsAPurge } from "../../packages/cli/src/simulate/mixes.ts";
import { cloudflare, upstash, workers } from "../../packages/cli/src/simulate/prices.ts";
import { commandsByTheClock } from "../../packages/cli/src/simulate/report-commands.ts";
import type { Counted } from "./point.ts";

/**
 * The limits of one store, in requests per second. That of Redis is Upstash's for all plans
 * (https://upstash.com/docs/redis/overall/billing). That of an object is Cloudflare's rule of thumb.
 */
const limits = { redis: 10_000, object: 1_000 } as const;

const secondsAMonth = 30 * 86_400;

const hasRedis = ({ settings }: Counted): boolean => settings.mix.includes("in Redis");
const hasRedisJournal = ({ settings }: Counted): boolean => settings.mix === "all in Redis";

/** Commands or requests per second. */
interface Load {
  readonly records: number;
  readonly journal: number;
  /** Commands for reports and for checks of the free space, computed by their formulas. */
  readonly others: number;
}

export function loadOf(point: Counted): Load {
  const journalCalls = hasRedisJournal(point) ? commandsAPurge : 1;
  const journal = point.journalReadsPerSecond + journalCalls * point.purgesPerSecond;
  if (!hasRedis(point)) return { records: point.recordObjectsPerSecond, journal, others: 0 };
  return { records: recordCommandsOf(point), journal, others: otherCommandsOf(point) };
}

const purposesOfRecords = ["look-up", "fill", "Vary marker", "freshening", "removal", "lease"];

function recordCommandsOf({ redisPerSecond }: Counted): number {
  return purposesOfRecords.reduce((sum, purpose) => sum + (redisPerSecond[purpose] ?? 0), 0);
}

function otherCommandsOf({ isolates, settings }: Counted): number {
  const requests = settings.requestsPerSecond * secondsAMonth;
  return commandsByTheClock({ isolates, requests, minutes: secondsAMonth / 60 }) / secondsAMonth;
}

/** The share of its limit that the busiest store uses, and that store. */
export function tightestOf(point: Counted): { readonly store: string; readonly share: number } {
  const { records, journal, others } = loadOf(point);
  const inRedis = (hasRedisJournal(point) ? journal : 0) + records + others;
  const shares = [
    { store: "Redis", share: hasRedis(point) ? inRedis / limits.redis : 0 },
    { store: "the journal's object", share: hasRedisJournal(point) ? 0 : journal / limits.object },
    {
      store: "an object of records",
      share: point.recordObjectsPerSecond / point.settings.objects / limits.object,
    },
  ];
  return shares.reduce((one, other) => (other.share > one.share ? other : one));
}

/** Dollars a month, without included amounts, and without CPU time. */
interface MonthlyBill {
  readonly workers: number;
  readonly records: number;
  readonly journal: number;
  readonly others: number;
  /** The time in which objects answer calls. An object that waits for calls may hibernate, for free. */
  readonly objects: number;
}

export function monthlyBillOf(point: Counted): MonthlyBill {
  const load = loadOf(point);
  const millions = secondsAMonth / 1e6;
  const { requestsPerSecond, objects } = point.settings;
  const aCommand = upstash.commands.dollarsAMillion;
  const isInObject = !hasRedisJournal(point);
  const journalRows = isInObject ? rowsAPurge * point.purgesPerSecond : 0;
  const objectCount = (isInObject ? 1 : 0) + (hasRedis(point) ? 0 : objects);
  const objectCalls = (isInObject ? load.journal : 0) + (hasRedis(point) ? 0 : load.records);
  return {
    workers:
      (requestsPerSecond + point.purgesPerSecond) * millions * workers.requests.dollarsAMillion,
    records: recordDollarsOf(point, load) * millions,
    journal:
      load.journal * millions * (isInObject ? cloudflare.objectRequests : aCommand) +
      journalRows * millions * cloudflare.objectRows,
    others: load.others * millions * aCommand,
    // Several calls at once share the time of an object, which is busy all the time at most.
    objects:
      millions * Math.min(durationOf(objectCalls * 1e6), objectCount * cloudflare.objectSeconds),
  };
}

/** Returns the dollars of a million seconds. */
function recordDollarsOf(point: Counted, { records }: Load): number {
  const { lookUpsPerSecond, foundPerSecond, writesPerSecond, rowsPerSecond } = point;
  if (!hasRedis(point)) {
    // The later deletion of a record that was new is also a row.
    const rows = rowsPerSecond + (lookUpsPerSecond - foundPerSecond);
    return records * cloudflare.objectRequests + rows * cloudflare.objectRows;
  }
  const gigabytes = ((foundPerSecond + writesPerSecond) * recordBytes()) / 1e9;
  const { commands, bandwidth } = upstash;
  return records * commands.dollarsAMillion + gigabytes * 1e6 * bandwidth.dollarsAGigabyte;
}

export const totalOf = (bill: MonthlyBill): number =>
  bill.workers + bill.records + bill.journal + bill.others + bill.objects;

export function dollarsAMillionOf(point: Counted): number {
  return totalOf(monthlyBillOf(point)) / ((point.settings.requestsPerSecond * secondsAMonth) / 1e6);
}

/** The sizes of pages: from 2 to 64 KiB, uniformly distributed on a logarithmic scale. */
const sampledSizes = Array.from({ length: 16 }, (_, nth) =>
  Math.round(2_048 * 2 ** ((nth + 0.5) * (5 / 16))),
);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
/** The metadata of a record, and the frame of a request to Upstash. */
const headBytes = 900;
let packed: number | undefined;

/** Returns the mean size of a record in Redis: gzip in base64, and its metadata. */
function recordBytes(): number {
  packed ??= mean(sampledSizes.map((size, nth) => gzipSync(pageText(nth, size)).length * (4 / 3)));
  return packed + headBytes;
}
