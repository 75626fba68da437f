// Stores that have begun. Next.js gives the value of a pending `set` to further requests without a lookup, so `set`
// does not wait for Redis. A lookup does, and then judges the value by the purges of that time.
import { patiently } from "../base/timeouts.ts";

/** A load or a store that takes longer delays no lookup. */
const waitMsMax = 10_000;

export class PendingStores {
  readonly #byKey = new Map<string, Promise<unknown>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  add(key: string, store: Promise<unknown>): void {
    const ended = Promise.all([this.ended(key), store.catch(this.#onError)]);
    const all = patiently(ended, waitMsMax).finally(() => {
      if (this.#byKey.get(key) === all) this.#byKey.delete(key);
    });
    this.#byKey.set(key, all);
  }

  /** Waits for the stores of a key, but not for 10 s after the last one began. Never rejects. */
  async ended(key: string): Promise<void> {
    await this.#byKey.get(key);
  }
}
