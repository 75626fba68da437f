// The bill of a point, and the load of its stores against their limits, by the published prices.
import { gzipSync } from "node:zlib";
import {
  cloudflare,
  commandsAPurge,
  objectMsACall,
  rowsAPurge,
  upstash,
  workers,
} from "../cost/prices.ts";
import { commandsByTheClock } from "../cost/report-commands.ts";
import { pageText } from "../load/page-text.ts";
import type { Counted, PointSettings } from "./point.ts";

const secondsAMonth = 30 * 86_400;

/**
 * The limits of one store, in requests per second. That of Redis is Upstash's for all plans
 * (https://upstash.com/docs/redis/overall/billing). That of an object is Cloudflare's rule of thumb.
 */
const limits = { redis: 10_000, object: 1_000 } as const;

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
  const journal = point.settings.otherPurges
    ? Object.values(point.journalPerSecond).reduce(
        (sum, count) => sum + count,
        point.epochReadsPerSecond,
      )
    : point.journalReadsPerSecond + journalCalls * point.purgesPerSecond;
  if (!hasRedis(point)) return { records: point.recordObjectsPerSecond, journal, others: 0 };
  return { records: recordCommandsOf(point), journal, others: otherCommandsOf(point) };
}

const purposesOfRecords = ["look-up", "fill", "Vary marker", "freshening", "removal", "lock"];

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

/** The use of a site in a month. */
interface Use {
  readonly workerRequests: number;
  readonly cpuMs: number;
  readonly redisCommands: number;
  readonly redisGigabytes: number;
  readonly objectRequests: number;
  readonly objectRows: number;
  /** The time in which objects answer calls. An object that waits for calls may hibernate, for free. */
  readonly objectSeconds: number;
}

/** Dollars for one of each amount. */
const prices: Use = {
  workerRequests: workers.requests.dollarsAMillion / 1e6,
  cpuMs: workers.cpuMs.dollarsAMillion / 1e6,
  redisCommands: upstash.commands.dollarsAMillion / 1e6,
  redisGigabytes: upstash.bandwidth.dollarsAGigabyte,
  objectRequests: cloudflare.objectRequests / 1e6,
  objectRows: cloudflare.objectRows / 1e6,
  objectSeconds: cloudflare.objectSeconds / 1e6,
};

/** The amounts that the plans include in a month. */
const included: Partial<Use> = {
  workerRequests: workers.requests.includedAMonth,
  cpuMs: workers.cpuMs.includedAMonth,
  redisGigabytes: upstash.bandwidth.includedGigabytesAMonth,
  ...cloudflare.includedAMonth,
};

/** About 0.1 ms for each request, and 3 ms more for each lookup in the shared tier: docs/performance.md. */
const cpuMsOf = (requests: number, lookUps: number): number => 0.1 * requests + 3 * lookUps;

/** @param free amounts that cost nothing. Default: none */
function dollarsOfUse(use: Use, free: Partial<Use> = {}): number {
  const names = Object.keys(use) as (keyof Use)[];
  const beyond = (name: keyof Use) => Math.max(0, use[name] - (free[name] ?? 0));
  return names.reduce((sum, name) => sum + beyond(name) * prices[name], 0);
}

function useOf(point: Counted): Use {
  const { records, journal, others } = loadOf(point);
  const { requestsPerSecond, objects } = point.settings;
  const { purgesPerSecond, lookUpsPerSecond, foundPerSecond, writesPerSecond } = point;
  const inRedis = { records: hasRedis(point), journal: hasRedisJournal(point) };
  const objectCount = (inRedis.journal ? 0 : 1) + (inRedis.records ? 0 : objects);
  const objectCalls = (inRedis.journal ? 0 : journal) + (inRedis.records ? 0 : records);
  // The later deletion of a record that was new is also a row.
  const recordRows = point.rowsPerSecond + (lookUpsPerSecond - foundPerSecond);
  const recordsPerSecond = inRedis.records ? foundPerSecond + writesPerSecond : 0;
  return {
    workerRequests: (requestsPerSecond + purgesPerSecond) * secondsAMonth,
    cpuMs: cpuMsOf(requestsPerSecond, lookUpsPerSecond) * secondsAMonth,
    redisCommands:
      ((inRedis.journal ? journal : 0) + (inRedis.records ? records + others : 0)) * secondsAMonth,
    redisGigabytes: (recordsPerSecond * secondsAMonth * recordBytes(point.settings)) / 1e9,
    objectRequests: objectCalls * secondsAMonth,
    objectRows:
      ((inRedis.journal ? 0 : rowsAPurge * purgesPerSecond) + (inRedis.records ? 0 : recordRows)) *
      secondsAMonth,
    // Several calls at once share the time of an object, which is busy all the time at most.
    objectSeconds: Math.min((objectCalls * objectMsACall) / 1_000, objectCount) * secondsAMonth,
  };
}

/** Returns the dollars of a month without included amounts, the base price and CPU time. */
export const monthlyDollarsOf = (point: Counted): number =>
  dollarsOfUse({ ...useOf(point), cpuMs: 0 });

/** Returns the bill of a month with Workers Paid: its base price, and what it does not include. */
export const monthlyBillOf = (point: Counted): number =>
  workers.baseDollarsAMonth + dollarsOfUse(useOf(point), included);

/** Returns whether Workers Free suffices each day. A month has thirty of them, with the same traffic. */
export function isFree(point: Counted): boolean {
  const use = useOf(point);
  const aDay = { workerRequests: workers.freeRequestsADay, ...cloudflare.freeADay };
  const names = Object.keys(aDay) as (keyof typeof aDay)[];
  return !hasRedis(point) && names.every((name) => use[name] / 30 <= aDay[name]);
}

export function dollarsAMillionOf(point: Counted): number {
  return monthlyDollarsOf(point) / ((point.settings.requestsPerSecond * secondsAMonth) / 1e6);
}

/** The sizes of pages: from 2 to 64 KiB, uniformly distributed on a logarithmic scale. */
const sampledSizes = Array.from({ length: 16 }, (_, nth) =>
  Math.round(2_048 * 2 ** ((nth + 0.5) * (5 / 16))),
);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
/** The mean size of a page, in bytes. */
export const pageBytes: number = mean(sampledSizes);
/** The metadata of a record, and the frame of a request to Upstash. */
export const headBytes = 900;
/** The bytes of a tag in a record, with its separator. */
const tagBytes = 14;
const packed = new Map<number, number>();

/** Returns the mean size of a record in Redis: gzip in base64, and its metadata. */
export function recordBytes({ bodyBytes = 0, tagsAPage = 1 }: Partial<PointSettings>): number {
  const sizes = bodyBytes > 0 ? [bodyBytes] : sampledSizes;
  const bytes =
    packed.get(bodyBytes) ??
    mean(sizes.map((size, nth) => gzipSync(pageText(nth, size)).length * (4 / 3)));
  packed.set(bodyBytes, bytes);
  return bytes + headBytes + tagBytes * (tagsAPage - 1);
}
