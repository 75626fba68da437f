// The published prices of Cloudflare and Upstash, and the quantities that they bill for an operation.

/**
 * Workers Paid, standard usage model, and the requests of a day on Workers Free:
 * https://developers.cloudflare.com/workers/platform/pricing/.
 * Requests that a Worker sends, and calls of the Cache API, are free.
 */
export const workers = {
  baseDollarsAMonth: 5,
  freeRequestsADay: 100_000,
  requests: { includedAMonth: 10e6, dollarsAMillion: 0.3 },
  cpuMs: { includedAMonth: 30e6, dollarsAMillion: 0.02 },
} as const;

/**
 * Redis, pay as you go, one region: https://upstash.com/docs/redis/overall/billing and
 * https://upstash.com/pricing/redis. Each command of a pipeline or transaction is billed.
 */
export const upstash = {
  commands: { dollarsAMillion: 2 },
  bandwidth: { includedGigabytesAMonth: 200, dollarsAGigabyte: 0.03 },
  storage: { includedGigabytes: 1, dollarsAGigabyteMonth: 0.25 },
} as const;

/**
 * Dollars per million, what Workers Paid includes a month, and what Workers Free has a day:
 * https://developers.cloudflare.com/durable-objects/platform/pricing/.
 */
export const cloudflare = {
  objectRequests: 0.15,
  /** Rows that are written or deleted. A million that are read costs $0.001, and is left out. */
  objectRows: 1,
  /** A second in which an object answers calls: 128 MB. An object that waits for calls costs nothing. */
  objectSeconds: 0.128 * 12.5,
  includedAMonth: { objectRequests: 1e6, objectRows: 50e6, objectSeconds: 400_000 / 0.128 },
  freeADay: { objectRequests: 100_000, objectRows: 100_000, objectSeconds: 13_000 / 0.128 },
} as const;

/** The commands of a purge: one appends its entry, and one reads it back. */
export const commandsAPurge = 2;
/** The rows of a purge with one target in the journal's object, as counted by the object. */
export const rowsAPurge = 3;
/** The time for which a call keeps its object in use. A write waits until Cloudflare confirms it. */
export const objectMsACall = 25;

export const readOn = "November 2026";

/** Formats an amount in dollars, with three decimal places below ten cents. */
export function dollars(value: number): string {
  return value === 0 ? "$0" : `$${value.toFixed(value < 0.1 ? 3 : 2)}`;
}
