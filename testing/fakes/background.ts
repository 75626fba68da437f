// The background work of an isolate, for which a test waits.

export class Background {
  readonly #pending: Promise<unknown>[] = [];

  readonly waitUntil = (work: Promise<unknown>): void => void this.#pending.push(work);

  /** Whether work has begun since the last `settle`. */
  get hasBegun(): boolean {
    return this.#pending.length > 0;
  }

  /** Waits for all background work, including work that it starts. */
  async settle(): Promise<void> {
    while (this.#pending.length > 0) await Promise.all(this.#pending.splice(0));
  }
}
