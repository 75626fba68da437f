// What the REST server was asked and what it answered, counted the way Upstash bills.
// Plain numbers, read and written in one thread: a count is complete once its answer has arrived.
import type { RedisCommand } from "./redis-connection.ts";

export interface Counts {
  /** HTTP requests, refused ones included. */
  readonly requestCount: number;
  /** Commands handed to Redis; each of a pipeline or transaction, MULTI and EXEC not. */
  readonly commandCount: number;
  /** The same by name in upper case; a name never used is absent. */
  readonly commandCountByName: Readonly<Record<string, number>>;
  /** Those of them that are about a stored response, whose key is `<namespace>:r:…`. */
  readonly recordCommandCountByName: Readonly<Record<string, number>>;
  /** Bytes of request bodies as sent, without headers. */
  readonly requestBytes: number;
  /** Bytes of answer bodies, without headers. */
  readonly responseBytes: number;
  /** Errors answered: each failed command of a pipeline, a refused request as one. */
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

  asked(requestBytes: number): void {
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

  /** A copy: later requests do not change it. */
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

  /** Requests still under way are counted from here on by what is left of them. */
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
