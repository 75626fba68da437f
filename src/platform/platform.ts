// The interface to a platform: network, cache, clock. Tests replace it.
import type { ColoCache } from "../base/colo-cache.ts";
import type { Log } from "../observe/log-line.ts";

/** The functions that a platform provides to one isolate. */
export interface Platform {
  /** The Cache API of this colo; absent if there is no edge tier. */
  readonly cache?: () => ColoCache;
  /** @param init.host on Node: `Host`, in place of the URL's. A Worker cannot send another one */
  readonly fetch: (
    url: string,
    init: RequestInit & { readonly host?: string | undefined },
  ) => Promise<Response>;
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  /**
   * How far `nowAtMs` is ahead of a clock that is never set. Absent on Workers, whose `performance.now()` follows
   * `Date.now()`.
   */
  readonly aheadMs?: (() => number) | undefined;
  /** A random number n, 0 ≤ n < 1. */
  readonly random: () => number;
  /** Yields to the runtime for pending work, such as sending a response. */
  readonly turn: () => Promise<void>;
  readonly log: Log;
  /**
   * Whether the platform is a server such as Node. On a server, clients control the `CF-*` fields,
   * and only this code enforces Content-Length. Default: `false`, as on Workers.
   */
  readonly isServer?: boolean;
}

/** A platform whose client of origins may come with the stores, as on Node. */
export interface HostPlatform extends Omit<Platform, "fetch"> {
  readonly fetch: Platform["fetch"] | undefined;
}

/** Receives work that continues after a response or a run of the cron trigger. */
export interface Background {
  waitUntil(work: Promise<unknown>): void;
}
