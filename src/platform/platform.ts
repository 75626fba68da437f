// What a platform gives: its network, its cache, its clock. Tests put their own in.
import type { Log } from "../observe/log-line.ts";

/** One for each isolate. */
export interface Platform {
  /** The Cache API of this colo; without it there is no edge tier. */
  readonly cache?: () => Pick<Cache, "match" | "put" | "delete">;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** 0 ≤ n < 1 */
  readonly random: () => number;
  /** Lets the runtime do what waits to be done, such as sending what an answer was given. */
  readonly turn: () => Promise<void>;
  readonly log: Log;
  /**
   * A server of one's own, as on Node: `CF-*` fields are the client's words, and nothing but this code
   * holds a response to its length. `false` on Workers, which is the default.
   */
  readonly isServer?: boolean;
}

/** Is told of what outlasts an answer, or a run of the cron trigger. */
export interface Background {
  waitUntil(work: Promise<unknown>): void;
}
