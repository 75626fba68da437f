// Reports an isolate's metrics: in the background when due, and from the cron trigger.
import type { Log } from "../../../observe/log-line.ts";
import { addAll, addTo, seriesOf, type Sums } from "../../../observe/sums.ts";
import type { ReportsSettings } from "../../../observe/reports/reports.ts";
import type { ReportFold } from "./folding.ts";
import type { PrefixCounts } from "./prefix-counts.ts";
import { sumsBytesMax } from "../../../observe/reports/report-entry.ts";
import type { ReportStream } from "../../../observe/reports/report-store.ts";
import { takenWithin } from "../../../observe/reports/sums-text.ts";

/** The length of the stream above which a reporting isolate also folds. */
const usualFoldFrom = 256;

/**
 * The maximum number of reports per call. A Worker may send about fifty requests in the
 * background, and folding needs some of them.
 */
const reportsAtOnceMax = 16;

const reportsLost = seriesOf("reportsLost", []);

export interface ReporterSettings extends Pick<ReportsSettings, "gauges"> {
  readonly stream: ReportStream;
  readonly folding: ReportFold;
  readonly metrics: Pick<ReportsSettings["metrics"], "colo" | "takenAtMs" | "take">;
  readonly prefixes?: Pick<PrefixCounts, "taken">;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  readonly log: Log;
  /** Default: `usualFoldFrom`. */
  readonly foldFrom?: number;
}

/** One instance per isolate. */
export class Reporter {
  readonly #settings: ReporterSettings;
  /** Counts that are not reported yet, oldest first. */
  readonly #pending: Sums = new Map();

  constructor(settings: ReporterSettings) {
    this.#settings = settings;
  }

  /**
   * Reports the counts, in up to 16 reports. Each report is sent only once, so no
   * count is added twice. Counts beyond this limit wait for the next call, and so do unsent
   * counts after a lost report. Never rejects because of the store.
   *
   * @returns whether no report was lost
   */
  async tell(): Promise<boolean> {
    const { metrics, gauges, nowAtMs, stream, folding, prefixes } = this.#settings;
    const atMs = nowAtMs();
    // The clock may have been set back.
    const coversMs = Math.max(0, atMs - metrics.takenAtMs);
    const isBehind = this.#pending.size > 0;
    addAll(this.#pending, metrics.take(atMs));
    // While counts wait, prefixes stay where their number has a limit.
    if (!isBehind) addAll(this.#pending, prefixes?.taken() ?? []);
    const of = { colo: metrics.colo, coversMs, gauges: gauges(atMs) };
    for (let sent = 1; ; sent += 1) {
      const sums = takenWithin(this.#pending, sumsBytesMax);
      const answer = await stream.add({ n: this.#settings.randomText(), sums, ...of });
      const standing = answer.kind === "answered" ? answer.value : undefined;
      const isLost = standing === undefined || standing < 0;
      if (isLost) this.#lost(sums, standing, stream.storeName);
      // `sums` is empty if no pending count fits into an empty report. Stop, because retries would
      // not help.
      const isMore = this.#pending.size > 0 && sums.size > 0 && sent < reportsAtOnceMax;
      if (isMore && !isLost) continue;
      const foldFrom = this.#settings.foldFrom ?? usualFoldFrom;
      if (standing !== undefined && (isLost || standing > foldFrom)) await folding.empty();
      return !isLost;
    }
  }

  /**
   * Counts a lost report in the next report, and also the earlier losses that the lost report
   * contained.
   *
   * @param standing negative if the stream was full; `undefined` without an answer
   */
  #lost(sums: Sums, standing: number | undefined, storeName: string): void {
    addTo(this.#pending, reportsLost, 1 + (sums.get(reportsLost) ?? 0));
    const why =
      standing === undefined
        ? `${storeName} did not confirm it`
        : "too many reports wait to be folded";
    const message = `A report with counts of this isolate is lost: ${why}.`;
    this.#settings.log({ event: "report-lost", level: "warn", message });
  }
}
