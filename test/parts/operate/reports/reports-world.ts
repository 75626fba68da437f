// Opens a Redis with a local REST server in front of it, and reporters over both.
import type { Log } from "../../../../src/observe/log-line.ts";
import "../../../../testing/fakes/workers-globals.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { Running } from "../../../../local/running.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../../local/upstash-rest-server.ts";
import type { Sums } from "../../../../src/observe/sums.ts";
import { ReportFold } from "../../../../src/parts/operate/reports/folding.ts";
import { RedisReportStream } from "../../../../src/parts/operate/reports/redis-report-stream.ts";
import { Reporter } from "../../../../src/parts/operate/reports/reporter.ts";
import { noGauges } from "../../../../testing/monitoring/made-totals.ts";
import type { RedisServerRow } from "../../../../testing/fakes/redis-server.ts";
import { upstashStore } from "../../../../testing/fakes/upstash-store.ts";

export const streamKey = "site:metrics";
export const totalsKey = "site:metrics:totals";

/** Settings with long time-outs, so that a busy machine does not seem to be an outage. */
const longTimeouts = { readTimeoutMsMax: 5_000, nowAtMs: () => (atMs += 5_000) };
let atMs = 0;

/** Starts the server before the tests of one `describe`, and empties it before each test. */
export function openReportsWorld(start: RedisServerRow["start"]) {
  const running = new Running();
  const log: string[] = [];
  let database: Redis;
  let rest: UpstashRestServer;
  beforeAll(async () => {
    const server = await running.add(start());
    database = new Redis(server.url);
    rest = await running.add(startUpstashRestServer({ redisUrl: server.url, token: "local" }));
  });
  afterAll(async () => {
    database.disconnect();
    await running.stop();
  });
  beforeEach(async () => {
    await database.flushall();
    rest.resetCounts();
    log.length = 0;
  });
  /** Opens the report stream of one isolate. */
  const open = (bounds: { pageCount?: number; standingMax?: number } = {}) => {
    const tell: Log = ({ message }) => void log.push(message);
    const redis = upstashStore.client({
      url: rest.url,
      token: "local",
      hasOneKey: true,
      tell,
      ...longTimeouts,
    });
    const stream = new RedisReportStream({ redis, namespace: "site", ...bounds });
    const randomText = () => crypto.randomUUID();
    return { stream, folding: new ReportFold({ stream, nowAtMs: () => 7, randomText, log: tell }) };
  };
  return {
    log,
    get redis() {
      return database;
    },
    get rest() {
      return rest;
    },
    open,
    /** Returns the reporter of one isolate, whose counts are those of `counted`. */
    reporter(counted: () => Sums, of: Parameters<typeof open>[0] & { foldFrom?: number } = {}) {
      const { foldFrom, ...bounds } = of;
      return new Reporter({
        ...open(bounds),
        metrics: { colo: "HAM", takenAtMs: 7, take: counted },
        gauges: () => noGauges,
        nowAtMs: () => 7,
        randomText: () => crypto.randomUUID(),
        log: () => undefined,
        ...(foldFrom !== undefined && { foldFrom }),
      });
    },
  };
}
