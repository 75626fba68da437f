// Counts requests and answers of the REST server as Upstash bills them. The counts include every
// answer that has arrived, because the server counts it before sending.
import type { RedisCommand } from "./redis-connection.ts";

export interface Counts {
  /** HTTP requests, including rejected ones. */
  readonly requestCount: number;
  /** Commands sent to Redis: each command of a pipeline or transaction, without MULTI and EXEC. */
  readonly commandCount: number;
  /** Commands by name in upper case. Unused names are absent. */
  readonly commandCountByName: Readonly<Record<string, number>>;
  /** Commands about stored responses, whose keys are `<namespace>:r:…`, by name. */
  readonly recordCommandCountByName: Readonly<Record<string, number>>;
  /** Bytes of request bodies as sent, without headers. */
  readonly requestBytes: number;
  /** Bytes of answer bodies, without headers. */
  readonly responseBytes: number;
  /** Errors sent: one for each failed command of a pipeline, and one for a rejected request. */
  readonly failedCount: number;
}

const recordKey = /^[^:]+:r:/;

export class Counter {
  #requestCount = 0;
  #commandCount = 0;
  #commandCountByName = new Map<string, number>();
  #recordCommandCountByName = new Map<string, number>();
  #requestBytes = 0;
  #responseBytes = 0;
  #failedCount = 0;

  countRequest(requestBytes: number): void {
    this.#requestCount += 1;
    this.#requestBytes += requestBytes;
  }

  sentToRedis([name, key]: RedisCommand): void {
    this.#commandCount += 1;
    countOne(this.#commandCountByName, name);
    if (recordKey.test(String(key))) countOne(this.#recordCommandCountByName, name);
  }

  answered(given: { responseBytes: number; failedCount: number }): void {
    this.#responseBytes += given.responseBytes;
    this.#failedCount += given.failedCount;
  }

  /** Returns a copy that later requests do not change. */
  counts(): Counts {
    return {
      requestCount: this.#requestCount,
      commandCount: this.#commandCount,
      commandCountByName: Object.fromEntries(this.#commandCountByName),
      recordCommandCountByName: Object.fromEntries(this.#recordCommandCountByName),
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      failedCount: this.#failedCount,
    };
  }

  /** Resets all counts. Later counts include only the remaining parts of requests in progress. */
  reset(): void {
    this.#requestCount = 0;
    this.#commandCount = 0;
    this.#commandCountByName.clear();
    this.#recordCommandCountByName.clear();
    this.#requestBytes = 0;
    this.#responseBytes = 0;
    this.#failedCount = 0;
  }
}

function countOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
