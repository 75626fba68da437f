// Counts requests and answers of the REST server as Upstash bills them. The counts include every
// answer that has arrived, because the server counts it before sending.
import type { RedisCommand } from "./redis-connection.ts";

export interface Counts {
  /** HTTP requests, including rejected ones. */
  requestCount: number;
  /** Commands sent to Redis: each command of a pipeline or transaction, without MULTI and EXEC. */
  commandCount: number;
  /** Commands by name in upper case. Unused names are absent. */
  commandCountByName: Record<string, number>;
  /** Commands about stored responses, whose keys are `<namespace>:r:…`, by name. */
  recordCommandCountByName: Record<string, number>;
  /** Bytes of request bodies as sent, without headers. */
  requestBytes: number;
  /** Bytes of answer bodies, without headers. */
  responseBytes: number;
  /** Errors sent: one for each failed command of a pipeline, and one for a rejected request. */
  failedCount: number;
}

const recordKey = /^[^:]+:r:/;

const zero: Counts = {
  requestCount: 0,
  commandCount: 0,
  commandCountByName: {},
  recordCommandCountByName: {},
  requestBytes: 0,
  responseBytes: 0,
  failedCount: 0,
};

export class Counter {
  #counts = structuredClone(zero);

  countRequest(requestBytes: number): void {
    this.#counts.requestCount += 1;
    this.#counts.requestBytes += requestBytes;
  }

  sentToRedis([name, key]: RedisCommand): void {
    this.#counts.commandCount += 1;
    countOne(this.#counts.commandCountByName, name);
    if (recordKey.test(String(key))) countOne(this.#counts.recordCommandCountByName, name);
  }

  answered(given: { responseBytes: number; failedCount: number }): void {
    this.#counts.responseBytes += given.responseBytes;
    this.#counts.failedCount += given.failedCount;
  }

  /** Returns a copy that later requests do not change. */
  counts(): Counts {
    return structuredClone(this.#counts);
  }

  /** Resets all counts. Later counts include only the remaining parts of requests in progress. */
  reset(): void {
    this.#counts = structuredClone(zero);
  }
}

function countOne(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
