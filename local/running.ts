// Components that run together and stop together.

/** Stops components in reverse order. If a component fails to stop, the others still stop. */
export class Running {
  readonly #stops: (() => Promise<void>)[] = [];
  #stopping: Promise<void> | undefined;

  /** Returns the component once it has started. */
  async add<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const part = await starting;
    this.#stops.push(() => part.stop());
    return part;
  }

  /** Stops all components. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (const stop of this.#stops.toReversed()) await stop().catch(() => undefined);
  }
}
