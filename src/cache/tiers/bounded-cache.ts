// The Cache API with a bound on every wait. What does not answer in time fails; after three such
// failures in a row nothing is asked of it but a probe per pause, behind an answer.
import { Condition, type Trouble } from "../../observe/condition.ts";
import type { Log } from "../../observe/log-line.ts";
import { letGo } from "../../base/let-go.ts";
import { OutOfTime, within } from "../../base/patience.ts";
import { Breaker } from "../../redis/breaker.ts";

export type ColoCache = Pick<Cache, "match" | "put" | "delete">;

export interface BoundedCacheSettings {
  /** `caches.default`, or whatever keeps its promises. */
  readonly cache: () => ColoCache;
  readonly nowAtMs: () => number;
  /** Told in a line for the operator when it stops answering, and when it answers again. */
  readonly tell?: Log;
}

/** A client may wait for what is read. */
const readMsMax = 1_000;
const writeMsMax = 5_000;

const why = "The Cache API does not answer in time";

export class BoundedCache {
  readonly #settings: BoundedCacheSettings;
  /** An error that comes in time costs nobody anything: it opens nothing. */
  readonly #breaker = new Breaker();
  readonly #condition: Condition<"timeout">;
  readonly #shutOff: Condition<"shut-off">;

  constructor(settings: BoundedCacheSettings) {
    this.#settings = settings;
    const tell = settings.tell ?? (() => undefined);
    this.#condition = new Condition({
      tell,
      about: () => ({ event: "cache-api" }),
      troubleLine: () => `${why}.`,
      wellLine: (lasted) => `The Cache API answers again after ${lasted}.`,
    });
    this.#shutOff = new Condition({
      tell,
      about: () => ({ event: "breaker" }),
      troubleLine: () => "The Cache API is shut off: only probes ask it, behind answers.",
      wellLine: (lasted) => `The Cache API was shut off for ${lasted}, and is no longer.`,
    });
  }

  get isShutOff(): boolean {
    return this.#breaker.isOpen;
  }

  /** The last, also once it is over. */
  get trouble(): (Trouble<"timeout"> & { readonly why: string }) | undefined {
    const { trouble } = this.#condition;
    return trouble && { ...trouble, why };
  }

  /** @param address where a probe looks, if one is due: it must be of the request's own host */
  mayBeAsked(address: string, afterAnswer: (work: () => Promise<void>) => void): boolean {
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "probe") afterAnswer(() => this.match(address).then(letGo, () => undefined));
    return state === "closed";
  }

  /** Rejects as the cache does, or with `OutOfTime`; so do all others. */
  match(request: string | Request): Promise<Response | undefined> {
    return this.#answered((cache) => cache.match(request), readMsMax, letGo);
  }

  /** A body that is small enough to come at once. */
  whole(response: Response): Promise<Blob> {
    return this.#answered(() => response.blob(), readMsMax);
  }

  put(address: string, response: Response): Promise<void> {
    return this.#answered((cache) => cache.put(address, response), writeMsMax);
  }

  /** @param completed settles once the body has been sent, which may take as long as it likes */
  async putArriving(address: string, response: Response, completed: Promise<unknown>) {
    const asked = this.#settings.cache().put(address, response);
    await Promise.race([asked, completed]);
    await this.#answered(() => asked, writeMsMax);
  }

  delete(address: string): Promise<boolean> {
    return this.#answered((cache) => cache.delete(address), writeMsMax);
  }

  /** @param onLate gets an answer that nobody waits for any longer */
  async #answered<T>(
    ask: (cache: ColoCache) => Promise<T>,
    msMax: number,
    onLate?: (answer: T) => void,
  ): Promise<T> {
    const { cache, nowAtMs } = this.#settings;
    const sentAtMs = nowAtMs();
    let asked: Promise<T> | undefined;
    try {
      // A cache that is not there throws.
      asked = ask(cache());
      const answer = await within(asked, msMax);
      this.#isWell();
      return answer;
    } catch (cause) {
      if (cause instanceof OutOfTime) {
        void asked?.then(onLate, () => undefined);
        this.#breaker.failed(nowAtMs(), sentAtMs);
        this.#condition.failed("timeout", nowAtMs());
        if (this.isShutOff) this.#shutOff.failed("shut-off", nowAtMs());
      } else this.#isWell();
      throw cause;
    }
  }

  #isWell(): void {
    this.#breaker.succeeded();
    if (this.#condition.trouble === undefined) return;
    this.#condition.succeeded(this.#settings.nowAtMs());
    this.#shutOff.succeeded(this.#settings.nowAtMs());
  }
}
