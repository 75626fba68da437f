// Types of the journal's store: as composition opens it, and as a Worker passes it in code.
import type { RemoteHealth } from "../remote/store-health.ts";
import type { Fault } from "../base/operator-error.ts";
import type { Log } from "../observe/log-line.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { RedisClient } from "../redis/redis-client.ts";
import type { JournalStore } from "./purging.ts";

export interface JournalStoreSettings {
  /** Several sites can share a store under different namespaces. */
  readonly namespace: string;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  /** Counts the calls to the store. */
  readonly metrics?: Pick<Metrics, "add" | "took"> | undefined;
  /** Logs the beginning and the end of each trouble. */
  readonly tell: Log;
  /** The maximum timeout of a read, and the maximum pause between probes. */
  readonly readTimeoutMsMax: number;
  readonly pauseMsMax: number;
}

export interface OpenJournal extends Omit<JournalStore, "isShutOff"> {
  readonly health: RemoteHealth;
  /** The client of a journal in Redis, for health. */
  readonly redis?: RedisClient | undefined;
  /** A text that all isolates of the site know, and no client; or how to read it. */
  readonly secret: string | (() => Promise<string | undefined>);
}

export type JournalMaker = (settings: JournalStoreSettings) => OpenJournal;

/** A store of the journal that a Worker passes in code. Only Workers that import it bundle it. */
export interface JournalInCode {
  /** Returns how to open the journal, or the fault in the bindings. */
  readonly bound: (env: Readonly<Record<string, unknown>>) => JournalMaker | Fault;
}
