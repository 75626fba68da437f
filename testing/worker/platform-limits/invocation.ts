// One invocation of a Worker, with the platform's limits of its connections and subrequests.
import { AsyncLocalStorage } from "node:async_hooks";
import type { PlatformLimits } from "./limits.ts";

/** The message of the runtime's error, which is a plain `Error` (docs/deployment.md, "Plans and limits"). */
const tooMany =
  "Too many subrequests by single Worker invocation. To configure this limit, refer to " +
  "https://developers.cloudflare.com/workers/wrangler/configuration/#limits";

/** The invocation of the code that runs. */
export const invocations = new AsyncLocalStorage<Invocation | undefined>();

export class Invocation {
  readonly #limits: PlatformLimits;
  readonly #queue: (() => void)[] = [];
  #subrequests = 0;
  #connections = 0;

  constructor(limits: PlatformLimits) {
    this.#limits = limits;
  }

  /** The number of calls that occupy or await a connection. */
  get waitingCount(): number {
    return this.#connections + this.#queue.length;
  }

  /** Counts a call that occupies no connection. */
  count(): void {
    this.#subrequests += 1;
    if (this.#subrequests > (this.#limits.subrequestsMax ?? Infinity)) throw new Error(tooMany);
  }

  /** Counts a call, which waits for a free connection. Its signal ends the wait. */
  async connect<Answer>(send: () => Promise<Answer>, signal?: AbortSignal | null): Promise<Answer> {
    this.count();
    if (this.#connections < (this.#limits.connectionsMax ?? Infinity)) this.#connections += 1;
    else await this.#wait(signal);
    try {
      return await send();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#connections -= 1;
      else next();
    }
  }

  /** Resolves when another call hands over its connection. */
  #wait(signal?: AbortSignal | null): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    signal?.throwIfAborted();
    this.#queue.push(resolve);
    signal?.addEventListener("abort", () => {
      const at = this.#queue.indexOf(resolve);
      if (at < 0) return;
      this.#queue.splice(at, 1);
      reject(signal.reason as Error);
    });
    return promise;
  }
}
