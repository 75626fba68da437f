// A Redis with the local REST server before it, and reports over them.
import type { Log } from "../../src/observe/log-line.ts";
import "../../testing/fakes/workers-globals.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import type { Sums } from "../../src/observe/sums.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { ReportFold } from "../../src/reports/folding.ts";
import { ReportStream } from "../../src/reports/report-stream.ts";
import { Reporter } from "../../src/reports/reporter.ts";
import type { RedisServerRow } from "../../testing/fakes/redis-server.ts";

export const streamKey = "site:metrics";
export const totalsKey = "site:metrics:totals";
export const noGauges = {
  lagMs: null,
  lagWorstMs: null,
  viewAgeMs: null,
  memoryBytes: 0,
  memoryRecords: 0,
};

/** Every answer seems to have taken as long as may be: a busy machine is no outage here. */
const patient = { readTimeoutMsMax: 5_000, nowAtMs: () => (atMs += 5_000) };
let atMs = 0;

/** For one `describe`: starts the server before its tests, empties it before each. */
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
  /** Of one isolate. */
  const open = (bounds: { pageCount?: number; standingMax?: number } = {}) => {
    const tell: Log = ({ message }) => void log.push(message);
    const redis = new RedisClient({
      url: rest.url,
      token: "local",
      hasOneKey: true,
      tell,
      ...patient,
    });
    const stream = new ReportStream({ redis, namespace: "site", ...bounds });
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
    /** An isolate that takes what `counted` gives. */
    reporter(counted: () => Sums, of: Parameters<typeof open>[0] & { foldFrom?: number } = {}) {
      const { foldFrom, ...bounds } = of;
      return new Reporter({
        channel: { kind: "redis", ...open(bounds) },
        namespace: "site",
        metrics: { colo: "HAM", take: counted },
        gauges: () => noGauges,
        nowAtMs: () => 7,
        randomText: () => crypto.randomUUID(),
        log: () => undefined,
        ...(foldFrom !== undefined && { foldFrom }),
      });
    },
  };
}
