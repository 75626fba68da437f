// A Redis with the local REST server before it, and journals over them, for the suites that put the
// purge protocol through real servers.
import "../../../../testing/fakes/workers-globals.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { Running } from "../../../../local/running.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../../local/upstash-rest-server.ts";
import { RedisJournal } from "../../../../src/stores/redis/journal/redis-journal.ts";
import { RedisClient } from "../../../../src/redis/redis-client.ts";
import type { RedisServerRow } from "../../../../testing/fakes/redis-server.ts";
import { newEntry } from "../../../../testing/examples/purges.ts";

/** Every answer seems to have taken as long as may be: a busy machine is no outage here. */
const patient = (() => {
  let atMs = 0;
  return { readTimeoutMsMax: 5_000, nowAtMs: () => (atMs += 5_000) };
})();

export const journalKey = "site:journal";

/** For one `describe`: starts the server before its tests, empties it before each. */
export function openJournalWorld(start: RedisServerRow["start"]) {
  const running = new Running();
  let redisUrl = "";
  let database: Redis;
  let rest: UpstashRestServer;
  /** Each request goes to the next of the servers, and all further ones to the last. */
  const journalOver = (
    [first, ...others]: readonly UpstashRestServer[],
    { nowAtMs = Date.now, keptCount }: { nowAtMs?: () => number; keptCount?: number } = {},
  ) => {
    const clients = [first, ...others].map(
      (server) => new RedisClient({ url: server?.url ?? "", token: "local", ...patient }),
    );
    const attempt: RedisClient["attempt"] = (purpose, run, of) => {
      const client = clients.length > 1 ? clients.shift() : clients[0];
      return (client as RedisClient).attempt(purpose, run, of);
    };
    const insist: RedisClient["insist"] = (purpose, run) =>
      (clients[0] as RedisClient).insist(purpose, run);
    const redis = { attempt, insist } as RedisClient;
    const randomText = () => crypto.randomUUID();
    const settings = { redis, namespace: "site", nowAtMs, randomText };
    return new RedisJournal({ ...settings, ...(keptCount !== undefined && { keptCount }) });
  };

  beforeAll(async () => {
    const server = await running.add(start());
    redisUrl = server.url;
    database = new Redis(redisUrl);
  });
  afterAll(async () => {
    database.disconnect();
    await running.stop();
  });
  // A server of its own for each test: a replica remembers what it has seen.
  beforeEach(async () => {
    await database.flushall();
    rest = await another();
  });

  const another = (options: { replicaLagMs?: number } = {}) =>
    running.add(startUpstashRestServer({ redisUrl, token: "local", ...options }));

  return {
    get redis() {
      return database;
    },
    get rest() {
      return rest;
    },
    get journal() {
      return journalOver([rest]);
    },
    journalOver,
    another,
    /** Through the journal itself; then counts from nought. Their `n` is `n0`, `n1`, … */
    async write(count: number): Promise<readonly string[]> {
      const entries = Array.from({ length: count }, (_, at) => newEntry({ n: `n${at}` }));
      const appended = await journalOver([rest]).append(entries);
      rest.resetCounts();
      return appended.kind === "appended" ? appended.positions : [];
    },
  };
}
