// What the REST server was asked and what it answered, counted the way Upstash bills.
// Plain numbers, read and written in one thread: a count is complete once its answer has arrived.
export interface Counts {
  /** HTTP requests, refused ones included. */
  readonly requestCount: number;
  /** Commands handed to Redis; each of a pipeline or transaction, MULTI and EXEC not. */
  readonly commandCount: number;
  /** The same by name in upper case; a name never used is absent. */
  readonly commandCountByName: Readonly<Record<string, number>>;
  /** Bytes of request bodies as sent, without headers. */
  readonly requestBytes: number;
  /** Bytes of answer bodies, without headers. */
  readonly responseBytes: number;
  /** Errors answered: each failed command of a pipeline, a refused request as one. */
  readonly failedCount: number;
}

export class Counter {
  #requestCount = 0;
  #commandCount = 0;
  #commandCountByName = new Map<string, number>();
  #requestBytes = 0;
  #responseBytes = 0;
  #failedCount = 0;

  asked(requestBytes: number): void {
    this.#requestCount += 1;
    this.#requestBytes += requestBytes;
  }

  sentToRedis(name: string): void {
    this.#commandCount += 1;
    this.#commandCountByName.set(name, (this.#commandCountByName.get(name) ?? 0) + 1);
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
    this.#requestBytes = 0;
    this.#responseBytes = 0;
    this.#failedCount = 0;
  }
}
