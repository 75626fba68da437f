// The bill of use beyond all included amounts, by the published prices.
import { upstash, workers } from "./prices.ts";

export interface Usage {
  readonly workerRequests: number;
  readonly cpuMs: number;
  readonly redisCommands: number;
  /** The bytes in both directions between the Workers and Redis. */
  readonly redisBytes: number;
}

interface Bill {
  readonly workerRequests: number;
  readonly cpu: number;
  readonly redisCommands: number;
  readonly redisBandwidth: number;
}

/** Returns the price in dollars of this use beyond all included amounts. */
export function marginalBill(usage: Usage): Bill {
  return {
    workerRequests: (usage.workerRequests / 1e6) * workers.requests.dollarsAMillion,
    cpu: (usage.cpuMs / 1e6) * workers.cpuMs.dollarsAMillion,
    redisCommands: (usage.redisCommands / 1e6) * upstash.commands.dollarsAMillion,
    redisBandwidth: (usage.redisBytes / 1e9) * upstash.bandwidth.dollarsAGigabyte,
  };
}

export function totalOf(bill: Bill): number {
  return bill.workerRequests + bill.cpu + bill.redisCommands + bill.redisBandwidth;
}
