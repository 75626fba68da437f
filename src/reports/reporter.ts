// Tells what this isolate has counted: behind an answer once it is due, and in runs of the cron trigger.
import type { Log } from "../observe/log-line.ts";
import { addAll, addTo, seriesOf, type Sums } from "../observe/sums.ts";
import { type Dataset, takenAsPoints } from "./data-points.ts";
import type { Folding } from "./folding.ts";
import type { Gauges } from "./report-entry.ts";
import type { ReportStream } from "./report-stream.ts";
import { takenWithin } from "./sums-text.ts";

/** With more entries than that whoever has reported adds them up. */
const usualFoldFrom = 256;

/** Of the sums in one report. */
const sumsBytesMax = 8_192;

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
  /** What was taken and is not told yet, the oldest first. */
  readonly #pending: Sums = new Map();

  constructor(settings: ReporterSettings) {
    this.#settings = settings;
  }

  /**
   * One report, sent once: it counts once, or not at all. What is sent is gone from here, whatever becomes
   * of it; what had no room waits for the next. Never rejects on account of Redis.
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
    const sums = takenWithin(this.#pending, sumsBytesMax);
    const answer = await stream.add({ n: this.#settings.randomText(), colo, sums, gauges });
    const standing = answer.kind === "answered" ? answer.value : undefined;
    const isLost = standing === undefined || standing < 0;
    if (isLost) this.#lost(sums, standing);
    if (standing !== undefined && (isLost || standing > (this.#settings.foldFrom ?? usualFoldFrom)))
      await folding.empty();
  }

  /**
   * Told with the next, and with it whatever this one would have told of others.
   *
   * @param standing below 0 where the stream was full; `undefined` where no answer came
   */
  #lost(sums: Sums, standing: number | undefined): void {
    addTo(this.#pending, reportsLost, 1 + (sums.get(reportsLost) ?? 0));
    const why =
      standing === undefined ? "Redis did not take it" : "too many reports wait to be added up";
    const message = `A report of what this isolate counted is lost: ${why}.`;
    this.#settings.log({ event: "report-lost", level: "warn", message });
  }
}
