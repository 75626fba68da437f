// Reports the counts of this isolate: behind an answer once a report is due, and in runs of the cron trigger.
import type { Log } from "../observe/log-line.ts";
import { addAll, addTo, seriesOf, type Sums } from "../observe/sums.ts";
import { type Dataset, takenAsPoints } from "./data-points.ts";
import type { Folding } from "./folding.ts";
import { type Gauges, sumsBytesMax } from "./report-entry.ts";
import type { ReportStream } from "./report-stream.ts";
import { takenWithin } from "./sums-text.ts";

/** An isolate that finds more entries when it reports adds them up. */
const usualFoldFrom = 256;

/** At one time, one behind the other: a Worker may ask Redis some fifty times behind an answer, and fold. */
const reportsAtOnceMax = 16;

const reportsLost = seriesOf("reportsLost", []);

/** Where reports go: to Redis, one command each, or to Analytics Engine, for none. */
export type Channel =
  | { readonly kind: "redis"; readonly stream: ReportStream; readonly folding: Folding }
  | { readonly kind: "analytics-engine"; readonly dataset: Dataset };

export interface ReporterSettings {
  readonly channel: Channel;
  readonly namespace: string;
  readonly metrics: {
    /** Where this isolate runs; empty where nobody knows. */
    readonly colo: string;
    /** What came since the last take; it begins anew by that. */
    take(atMs: number): Sums;
  };
  /** How the isolate stands now. Asked once for each report. */
  readonly gauges: (atMs: number) => Gauges;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  readonly log: Log;
  /** Absent: the usual. */
  readonly foldFrom?: number;
}

/** One for each isolate. */
export class Reporter {
  readonly #settings: ReporterSettings;
  /** Counts that were taken from the metrics and are not reported yet, the oldest first. */
  readonly #pending: Sums = new Map();

  constructor(settings: ReporterSettings) {
    this.#settings = settings;
  }

  /**
   * All that was counted, in one report or in several where one has no room for it. Each is sent once: it
   * counts once, or not at all. What is sent is gone from here, whatever becomes of it; after one that is
   * lost, the rest waits for the next time. Never rejects on account of Redis.
   */
  async tell(): Promise<void> {
    const { metrics, channel, gauges, nowAtMs } = this.#settings;
    const atMs = nowAtMs();
    addAll(this.#pending, metrics.take(atMs));
    const { colo } = metrics;
    if (channel.kind === "redis") return this.#tellRedis(channel, colo, gauges(atMs));
    const { namespace } = this.#settings;
    for (const point of takenAsPoints(this.#pending, gauges(atMs), { namespace, colo })) {
      channel.dataset.writeDataPoint(point);
    }
  }

  async #tellRedis(
    { stream, folding }: Channel & { kind: "redis" },
    colo: string,
    gauges: Gauges,
  ): Promise<void> {
    for (let sent = 1; ; sent += 1) {
      const sums = takenWithin(this.#pending, sumsBytesMax);
      const answer = await stream.add({ n: this.#settings.randomText(), colo, sums, gauges });
      const standing = answer.kind === "answered" ? answer.value : undefined;
      const isLost = standing === undefined || standing < 0;
      if (isLost) this.#lost(sums, standing);
      // What has no room in a whole report has none in the next one, either.
      const isMore = this.#pending.size > 0 && sums.size > 0 && sent < reportsAtOnceMax;
      if (isMore && !isLost) continue;
      const foldFrom = this.#settings.foldFrom ?? usualFoldFrom;
      if (standing !== undefined && (isLost || standing > foldFrom)) await folding.empty();
      return;
    }
  }

  /**
   * Counts a lost report, for the next report to tell. Adds the losses that the lost report would have told.
   *
   * @param standing below 0 where the stream was full; `undefined` where no answer came
   */
  #lost(sums: Sums, standing: number | undefined): void {
    addTo(this.#pending, reportsLost, 1 + (sums.get(reportsLost) ?? 0));
    const why =
      standing === undefined ? "Redis did not confirm it" : "too many reports wait to be added up";
    const message = `A report with counts of this isolate is lost: ${why}.`;
    this.#settings.log({ event: "report-lost", level: "warn", message });
  }
}
