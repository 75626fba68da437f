// Parts that run together and end together.

/** Stops what was started, last first; a part that fails to stop does not keep the others. */
export class Running {
  readonly #stops: (() => Promise<void>)[] = [];
  #stopping: Promise<void> | undefined;

  /** @returns the part itself, once it runs */
  async add<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const part = await starting;
    this.#stops.push(() => part.stop());
    return part;
  }

  /** A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (const stop of this.#stops.toReversed()) await stop().catch(() => undefined);
  }
}
