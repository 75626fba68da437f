// Assembles an isolate's reports.
import { isWithinMs } from "../../../base/elapsed.ts";
import { logOf } from "../../../observe/log-line.ts";
import type { ReportStream } from "../../../observe/reports/report-store.ts";
import {
  type CreateReports,
  noReports,
  type ReportsPlatform,
  type ReportsSettings,
} from "../../../observe/reports/reports.ts";
import { ReportFold } from "./folding.ts";
import { PrefixCounts } from "./prefix-counts.ts";
import { ProcessReportStream } from "./process-report-stream.ts";
import { RedisReportStream } from "./redis-report-stream.ts";
import { Reporter } from "./reporter.ts";

/** The interval in which the cron trigger reports and folds, aligned to the clock. */
const cronMinutes = 5;
const minuteMs = 60_000;
/** Readers within this time share one report, because the dashboard reads several times at once. */
const readersShareMs = 15_000;
/** After a lost report, readers do not wait for another one within this time. */
const afterLossMs = 60_000;

export const createReports: CreateReports = (settings, platform) => {
  const { config } = settings;
  const { nowAtMs } = platform;
  const log = logOf("metrics", platform.log);
  if (!config.reportsMetrics) return noReports(turnedOff);
  const stream = streamOf(settings, { ...platform, log });
  if (stream === undefined) return noReports(noStore);
  const { reportHistory: history } = platform;
  const folding = new ReportFold({ stream, nowAtMs, randomText, log, history });
  const prefixes = new PrefixCounts();
  settings.metrics.onAnswered = prefixes.answered.bind(prefixes);
  const reporter = new Reporter({
    ...settings,
    stream,
    folding,
    prefixes,
    nowAtMs,
    randomText,
    log,
  });
  let readerAtMs = -Infinity;
  let isLost = false;
  const reportFirst = async () => {
    if (isWithinMs(isLost ? afterLossMs : readersShareMs, readerAtMs, nowAtMs())) return;
    readerAtMs = nowAtMs();
    isLost = !(await reporter.tell());
  };
  return {
    report: (afterAnswer) => afterAnswer(async () => void (await reporter.tell())),
    async readTotals(how) {
      if (stream instanceof ProcessReportStream) await reporter.tell();
      else if (how?.reportsFirst === true || platform.isServer === true) await reportFirst();
      return folding.read();
    },
    async runCron() {
      // The trigger runs at full minutes of a clock that may be ahead of this isolate's clock.
      if (Math.round(nowAtMs() / minuteMs) % cronMinutes !== 0) return;
      await reporter.tell();
      await folding.empty();
    },
  };
};

function streamOf(settings: ReportsSettings, platform: ReportsPlatform): ReportStream | undefined {
  const { nowAtMs, isServer } = platform;
  const shared = platform.stream ?? redisStream(settings, platform);
  return shared ?? (isServer === true ? new ProcessReportStream(nowAtMs) : undefined);
}

function redisStream(
  { config, metrics }: ReportsSettings,
  { database, redis: store, nowAtMs, log }: ReportsPlatform,
): ReportStream | undefined {
  if (database === undefined || store === undefined) return undefined;
  // Use a separate client, so that failures of reports neither delay nor open the breaker of other clients.
  const redis = store.client({ ...database, nowAtMs, metrics, tell: log, hasOneKey: true });
  return new RedisReportStream({ redis, namespace: config.namespace });
}

const randomText = (): string => crypto.randomUUID();

const noStore = {
  why: "There is no usable store to which isolates could report.",
  hint: "Pass durableObjects() as stores, or upstash() with UPSTASH_REDIS_REST_URL and its token.",
};

const turnedOff = {
  why: 'The configuration says `metrics: "off"`.',
  hint: "Remove this setting, and deploy.",
};
