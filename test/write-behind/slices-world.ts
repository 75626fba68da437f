// Opens slices in a real Redis behind a REST server. By default, Redis forbids TIME. The scripts
// then take the time from a stream, so a test can set the time.
import "../../testing/fakes/workers-globals.ts";
import { beforeAll, beforeEach } from "vitest";
import type { LogLine } from "../../src/observe/log-line.ts";
import { adds, type ChangeTexts, puts } from "../../src/write-behind/change-kind.ts";
import type { BehindPorts } from "../../src/write-behind/change-set.ts";
import { RedisSlices } from "../../src/write-behind/redis-slices.ts";
import { sliceAt, type SliceTimes, usualTimes } from "../../src/write-behind/slice-times.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import type { RedisServerRow } from "../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../testing/fakes/rest-database.ts";
import { upstashStore } from "../../testing/fakes/upstash-store.ts";

export const indexKey = "site:behind:set";

/**
 * Settings of a client that measures every answer as slow, so that a busy machine causes no
 * timeout.
 */
const patient = { readTimeoutMsMax: 5_000, nowAtMs: () => (patientAtMs += 5_000) };
let patientAtMs = 0;

interface SlicesOptions {
  readonly backlogMax?: number;
  readonly times?: SliceTimes;
  /** Whether Redis is unreachable. */
  readonly isAway?: boolean;
}

interface WorldOptions {
  readonly start?: RedisServerRow["start"];
  readonly isTimeForbidden?: boolean;
  /** The sets whose time a test can set. */
  readonly sets?: readonly string[];
}

/** Starts a server for the tests of a file or `describe` block. Empties Redis before each test. */
export function openSlicesWorld(options: WorldOptions = {}) {
  const { start, isTimeForbidden = true, sets = ["set", "other"] } = options;
  const database = openRestDatabase(start);
  /** The clock of the isolates. */
  const clock = new FakeClock();
  beforeAll(async () => {
    if (isTimeForbidden) await database.redis.call("ACL", "SETUSER", "default", "-time");
  });
  beforeEach(async () => {
    await database.redis.flushall();
    database.rest.resetCounts();
    clock.atMs = new FakeClock().atMs;
    if (isTimeForbidden) await serverAt(clock.atMs);
  });
  /** Sets the clock of the server, and leaves the clocks of the isolates. */
  async function serverAt(atMs: number): Promise<void> {
    for (const set of sets) {
      const clockKey = `site:behind:${set}:clock`;
      await database.redis.del(clockKey);
      await database.redis.xadd(clockKey, `${atMs}-1`, "t", "1");
    }
  }
  const clientOf = (isAway = false) => {
    const url = isAway ? "http://127.0.0.1:1" : database.rest.url;
    return upstashStore.client({ url, token: "token", hasOneKey: true, ...patient });
  };
  const afterAnswer = (work: () => unknown) => void work();
  const open = <Change extends { readonly key: string }>(
    kind: ChangeTexts<Change>,
    { isAway, ...given }: SlicesOptions = {},
  ) =>
    new RedisSlices<Change>({
      redis: clientOf(isAway),
      namespace: "site",
      set: "set",
      kind,
      backlogMax: 1_000,
      deadLetterAfter: 5,
      afterAnswer,
      ...given,
    });
  return {
    clock,
    get redis() {
      return database.redis;
    },
    get rest() {
      return database.rest;
    },
    /** Returns the ports of one isolate, which adds its log lines to `log`. */
    portsInto: (log: LogLine[], { isAway }: SlicesOptions = {}): BehindPorts => ({
      redis: clientOf(isAway),
      namespace: "site",
      nowAtMs: clock.nowAtMs,
      randomText: () => crypto.randomUUID(),
      afterAnswer,
      log: (line) => void log.push(line),
    }),
    serverAt,
    /** Advances the clocks of the isolates and of the server. */
    async pass(seconds: number): Promise<void> {
      clock.advance(seconds);
      await serverAt(clock.atMs);
    },
    /** The current slice. */
    now: () => sliceAt(clock.atMs, usualTimes),
    counters: (given?: SlicesOptions) => open(adds, given),
    buffers: (given?: SlicesOptions) => open(puts, given),
  };
}
