// Real servers of Redis, with the local REST server before each, and slices over them. By default TIME is
// forbidden there, so that the scripts take the time from a stream: then a test can move it.
import "../../testing/fakes/workers-globals.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { adds, type ChangeTexts, puts } from "../../src/write-behind/change-kind.ts";
import { RedisSlices } from "../../src/write-behind/redis-slices.ts";
import type { BehindPorts } from "../../src/write-behind/change-set.ts";
import type { LogLine } from "../../src/observe/log-line.ts";
import type { SliceTimes } from "../../src/write-behind/slice-times.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import type { RedisServerRow } from "../../testing/fakes/redis-server.ts";

export const indexKey = "site:behind:set";

/** Every answer seems to have taken as long as may be: a busy machine is no outage here. */
const patient = { readTimeoutMsMax: 5_000, nowAtMs: () => (patientAtMs += 5_000) };
let patientAtMs = 0;

export interface SlicesOptions {
  readonly backlogMax?: number;
  readonly times?: SliceTimes;
  /** Its Redis does not answer. */
  readonly isAway?: boolean;
}

/** For one `describe`: starts the server before its tests, empties it before each. */
export function openSlicesWorld(
  start: RedisServerRow["start"],
  /** `sets`: whose clocks a test can move. */
  { isTimeForbidden = true, sets = ["set", "other"] } = {},
) {
  const running = new Running();
  /** Of the isolates. */
  const clock = new FakeClock();
  let database: Redis;
  let rest: UpstashRestServer;
  beforeAll(async () => {
    const server = await running.add(start());
    database = new Redis(server.url);
    rest = await running.add(startUpstashRestServer({ redisUrl: server.url, token: "local" }));
    if (isTimeForbidden) await database.call("ACL", "SETUSER", "default", "-time");
  });
  afterAll(async () => {
    database.disconnect();
    await running.stop();
  });
  beforeEach(async () => {
    await database.flushall();
    rest.resetCounts();
    clock.atMs = new FakeClock().atMs;
    if (isTimeForbidden) await serverAt(clock.atMs);
  });
  async function serverAt(atMs: number): Promise<void> {
    for (const set of sets) {
      const clockKey = `site:behind:${set}:clock`;
      await database.del(clockKey);
      await database.xadd(clockKey, `${atMs}-1`, "t", "1");
    }
  }
  const clientOf = ({ isAway = false }: Pick<SlicesOptions, "isAway"> = {}) => {
    const url = isAway ? "http://127.0.0.1:1" : rest.url;
    return new RedisClient({ url, token: "local", hasOneKey: true, ...patient });
  };
  /** Of one isolate. */
  const open = <Change extends { readonly key: string }>(
    kind: ChangeTexts<Change>,
    { isAway = false, ...options }: SlicesOptions,
  ) =>
    new RedisSlices<Change>({
      redis: clientOf({ isAway }),
      namespace: "site",
      set: "set",
      kind,
      backlogMax: 1_000,
      deadLetterAfter: 5,
      afterAnswer: (work) => void work(),
      ...options,
    });
  return {
    clock,
    get redis() {
      return database;
    },
    get rest() {
      return rest;
    },
    /** What sets of one isolate work with; their lines of the log go into `log`. */
    portsInto: (
      log: LogLine[],
      { isAway = false, times }: Pick<SlicesOptions, "isAway" | "times"> = {},
    ): BehindPorts => ({
      redis: clientOf({ isAway }),
      namespace: "site",
      nowAtMs: clock.nowAtMs,
      randomText: () => crypto.randomUUID(),
      afterAnswer: (work) => void work(),
      log: (line) => void log.push(line),
      ...(times && { times }),
    }),
    /** Sets the clock of the server apart from that of the isolates. */
    serverAt,
    /** Moves both clocks. */
    async pass(seconds: number): Promise<void> {
      clock.advance(seconds);
      await serverAt(clock.atMs);
    },
    counters: (options: SlicesOptions = {}) => open(adds, options),
    buffers: (options: SlicesOptions = {}) => open(puts, options),
  };
}
