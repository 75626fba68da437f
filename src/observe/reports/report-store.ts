// The port to the store of a site's reports and hot keys. The store is Redis, a Durable Object,
// or the memory of a server.
import type { Log } from "../log-line.ts";
import type { Metrics } from "../metrics.ts";
import type { Fault } from "../../base/operator-error.ts";
import type { RemoteAnswer } from "../../remote/remote-client.ts";
import type { RemoteHealth } from "../../remote/store-health.ts";
import type { Report, StandingReport } from "./report-entry.ts";
import type { HeldTotals } from "./totals.ts";

/** A longer stream accepts no reports, because apparently no isolate folds them. */
export const standingMax = 4_096;

/** Entries per page. With 8 KiB per entry, a page has 1 MiB. */
export const pageCount = 128;

/** The totals and the stream at one moment. */
export interface ReportState {
  readonly totals: HeldTotals;
  /** The oldest entries. A page that is not full has all entries of the stream. */
  readonly page: readonly StandingReport[];
  readonly isFull: boolean;
}

/**
 * The totals, and a stream of reports that are not in the totals yet. No report is in both, so no
 * cursor is needed. An isolate never sends a report again, so a report counts once or not at all.
 * No method rejects.
 */
export interface ReportStream {
  /** The store in a log line, such as `Redis`. */
  readonly storeName: string;
  /** The health of the store; `undefined` for the memory of a process. */
  readonly health?: RemoteHealth | undefined;
  /**
   * Appends a report, without a retry. Returns the number of entries in the stream; -1 if the stream
   * was full, so nothing was written.
   */
  readonly add: (report: Report) => Promise<RemoteAnswer<number>>;
  readonly standing: () => Promise<RemoteAnswer<ReportState>>;
  /**
   * Replaces the totals and removes the folded entries from the stream, atomically.
   *
   * @param version the version of the totals that were read
   * @param page the entries that the new totals include
   * @returns false if totals or entries have changed since the read, or if the page is empty
   */
  readonly fold: (
    version: string,
    page: readonly StandingReport[],
    text: string,
  ) => Promise<RemoteAnswer<boolean>>;
}

/** The lists of hot keys that isolates share, as texts. No method rejects. */
export interface HotKeyLists {
  /** Adds the list of one isolate. Returns whether the store accepted it. */
  readonly add: (list: string) => Promise<boolean>;
  /** Returns the lists of the last two minutes; none if the store does not answer. */
  readonly recent: (atMs: number) => Promise<readonly string[]>;
}

/** The age of the oldest list that `HotKeyLists.recent` returns. */
export const recentMs = 120_000;

/** The approximate maximum number of lists. */
export const listsMax = 256;

export interface ReportStoreSettings {
  readonly namespace: string;
  readonly nowAtMs: () => number;
  readonly metrics?: Pick<Metrics, "add"> | undefined;
  /** Logs the beginning and the end of each trouble. */
  readonly tell: Log;
}

export interface ReportStore {
  readonly stream: ReportStream;
  readonly hotKeys: HotKeyLists;
}

export type MakeReportStore = (settings: ReportStoreSettings) => ReportStore;

/** A store of reports that a Worker passes in code. */
export interface ReportsInCode {
  /** Returns how to open the store, or the fault in the bindings. */
  readonly bound: (env: Readonly<Record<string, unknown>>) => MakeReportStore | Fault;
}
