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

/** Does work with components, and stops them afterwards, also if the work fails. */
export async function together<T>(work: (running: Running) => Promise<T>): Promise<T> {
  const running = new Running();
  try {
    return await work(running);
  } finally {
    await running.stop();
  }
}

/**
 * Starts components as one component. If one of them does not start, the others stop.
 *
 * @returns what `start` returns, with `stop` for all of them
 */
export async function startTogether<Parts extends object>(
  start: (running: Running) => Promise<Parts>,
): Promise<Parts & { stop(): Promise<void> }> {
  const running = new Running();
  try {
    return { ...(await start(running)), stop: () => running.stop() };
  } catch (cause) {
    await running.stop();
    throw cause;
  }
}
