// The Cache API with a timeout on every wait.
import type { TierTrouble } from "../../cache/tiers/tier.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import type { ColoCache } from "../../base/colo-cache.ts";
import { BoundedCalls, type BoundedCallsSettings } from "../../remote/bounded-calls.ts";
import { readMsMax, writeMsMax } from "../../remote/latency-bound.ts";

export interface BoundedCacheSettings extends Pick<BoundedCallsSettings, "nowAtMs" | "tell"> {
  /** `caches.default` or an equivalent. */
  readonly cache: () => ColoCache;
}

export class BoundedCache {
  readonly #cache: () => ColoCache;
  readonly #calls: BoundedCalls;

  constructor({ cache, nowAtMs, tell }: BoundedCacheSettings) {
    this.#cache = cache;
    const about = "The Cache API";
    this.#calls = new BoundedCalls({ about, event: "cache-api", nowAtMs, tell, takesSlot: true });
  }

  /** Without a store, the access throws. */
  get #proof(): Pick<ColoCache, "isIdle" | "nothingSinceAtMs"> | undefined {
    try {
      return this.#cache();
    } catch {
      return undefined;
    }
  }

  get isBreakerOpen(): boolean {
    return this.#calls.health.isBreakerOpen || this.#proof?.isIdle === true;
  }

  get trouble(): TierTrouble | undefined {
    const sinceAtMs = this.#proof?.nothingSinceAtMs;
    if (sinceAtMs === undefined) return this.#calls.trouble;
    return {
      ...storesNothing,
      sinceAtMs,
      lastAtMs: sinceAtMs,
      isOver: false,
      counts: { refused: 1 },
    };
  }

  /**
   * Returns whether the cache may be used.
   *
   * @param address the address for a probe, if one is due, under the request's own host
   */
  mayBeAsked(address: string, afterAnswer: (work: () => Promise<void>) => void): boolean {
    if (this.#proof?.isIdle === true) return false;
    return this.#calls.health.mayBeAsked(() => this.match(address).then(cancelBody), afterAnswer);
  }

  /** Matches a request. All asynchronous methods reject like the cache, or with `OutOfTime`. */
  match(request: string | Request): Promise<Response | undefined> {
    return this.#calls.answered(() => this.#cache().match(request), readMsMax, cancelBody);
  }

  /** Reads a whole body into memory, within the timeout of reads. */
  whole(response: Response): Promise<Blob> {
    return this.#calls.answered(() => response.blob(), readMsMax);
  }

  put(address: string, response: Response): Promise<void> {
    return this.#calls.answered(() => this.#cache().put(address, response), writeMsMax);
  }

  /**
   * Stores a response whose body is still arriving.
   *
   * @param completed settles once the body has been sent; the timeout then starts
   */
  async putArriving(address: string, response: Response, completed: Promise<unknown>) {
    const writing = this.#cache().put(address, response);
    await Promise.race([writing, completed]);
    await this.#calls.answered(() => writing, writeMsMax);
  }

  delete(address: string): Promise<boolean> {
    return this.#calls.answered(() => this.#cache().delete(address), writeMsMax);
  }
}

const storesNothing = {
  kind: "refused",
  why: "The Cache API accepts responses, and finds none of them again",
  remedy:
    "serve the site at a host of a zone, and not at workers.dev, in a preview or behind Cloudflare Access; with a Cache Rule that bypasses the cache, remove it, or use a compatibility date from 2025-05-19",
} as const;
