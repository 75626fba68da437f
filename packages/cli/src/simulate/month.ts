// Computes the bill of a month from what a site uses: the plan's price, and what it does not include.
import { cloudflare, upstash, workers } from "./prices.ts";

export const secondsAMonth = 30 * 86_400;

/** The use of a site in a month. */
export interface Use {
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

const included: Partial<Use> = {
  workerRequests: workers.requests.includedAMonth,
  cpuMs: workers.cpuMs.includedAMonth,
  redisGigabytes: upstash.bandwidth.includedGigabytesAMonth,
  ...cloudflare.includedAMonth,
};

/** About 0.1 ms for each request, and 3 ms more for each lookup in the shared tier: docs/performance.md. */
export const cpuMsOf = (requests: number, lookUps: number): number => 0.1 * requests + 3 * lookUps;

/** @param free amounts that cost nothing. Default: none */
export function dollarsOfUse(use: Use, free: Partial<Use> = {}): number {
  const names = Object.keys(use) as (keyof Use)[];
  const beyond = (name: keyof Use) => Math.max(0, use[name] - (free[name] ?? 0));
  return names.reduce((sum, name) => sum + beyond(name) * prices[name], 0);
}

/** Returns the dollars of a month with Workers Paid. */
export const billOf = (use: Use): number => workers.baseDollarsAMonth + dollarsOfUse(use, included);
