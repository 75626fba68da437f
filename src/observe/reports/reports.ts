// The interface of an isolate's reports. A Worker without `operate()` bundles only this file.
import type { Reason } from "../../base/operator-error.ts";
import type { RedisClient, RedisSettings } from "../../remote/redis/redis-client.ts";
import type { RedisCounts } from "../../remote/redis/round-trips.ts";
import type { Decision } from "../decision.ts";
import type { Log } from "../log-line.ts";
import type { Sums } from "../sums.ts";
import type { Gauges } from "./totals.ts";
import type { ReportStream } from "./report-store.ts";
import type { Totals } from "./totals.ts";

export interface Reports {
  /** Starts a report in the background. */
  readonly report: (afterAnswer: (work: () => Promise<void>) => void) => void;
  /**
   * Reads the totals. Never rejects.
   *
   * @param how.reportsFirst whether this isolate reports first, so that the totals include its counts. A
   *   server always does
   */
  readonly readTotals: (how?: { readonly reportsFirst: boolean }) => Promise<Totals | Unavailable>;
  /**
   * Runs the cron trigger's part. Every fifth minute it reports, even without counts, and folds
   * waiting reports, up to a limit of pages. Never rejects because of the store.
   */
  readonly runCron: () => Promise<void>;
}

/** Why the totals are unavailable. */
export interface Unavailable extends Reason {
  readonly kind: "unavailable";
  /** `true` if a retry cannot succeed before the deployment changes. */
  readonly isLasting?: true;
}

/** Creates the reports of an isolate. */
export type CreateReports = (settings: ReportsSettings, platform: ReportsPlatform) => Reports;

export interface ReportsSettings {
  /** The metrics to report. They also count the Redis commands of the reports. */
  readonly metrics: RedisCounts & {
    /** The isolate's colo; empty if unknown. */
    readonly colo: string;
    /** The start of the counts that `take` returns next, in epoch milliseconds. */
    readonly takenAtMs: number;
    /** Also gets each answered request. */
    onAnswered?: ((decision: Decision) => void) | undefined;
    /** Returns the counts since the last call. */
    take(atMs: number): Sums;
  };
  /** Returns the isolate's gauges. Called once per attempt to report. */
  readonly gauges: (atMs: number) => Gauges;
  readonly config: {
    readonly namespace: string;
    readonly reportsMetrics: boolean;
  };
}

export interface ReportsPlatform {
  /** Receives the reports instead of `database`. */
  readonly stream?: ReportStream | undefined;
  readonly database?: { readonly url: string; readonly token: string } | undefined;
  /** How to open `database`. */
  readonly redis?: { readonly client: (settings: RedisSettings) => RedisClient } | undefined;
  /** Keeps a history in the totals. */
  readonly reportHistory?: ReportHistory | undefined;
  /** Whether this process is a server. Without a store, its reports then stay in its memory. */
  readonly isServer?: boolean | undefined;
  readonly nowAtMs: () => number;
  readonly log: Log;
}

/** Adds reports to a history that the totals contain. */
export interface ReportHistory {
  /**
   * @param stored the history in the totals, as JSON; of unknown form
   * @returns the history including the reports, as JSON
   */
  readonly added: (stored: unknown, reports: readonly DatedSums[]) => unknown;
}

export interface DatedSums {
  readonly atMs: number;
  readonly report: { readonly sums: Sums } | undefined;
}

/** Returns the reports of an isolate that reports nothing, for the given reason. */
export function noReports(reason: Reason): Reports {
  return {
    report: () => undefined,
    readTotals: async () => ({ kind: "unavailable", isLasting: true, ...reason }),
    runCron: async () => undefined,
  };
}
