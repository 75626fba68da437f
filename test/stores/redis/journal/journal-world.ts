// Opens a Redis, a REST server and journals over both, for tests of the purge protocol on real
// servers.
import "../../../../testing/fakes/workers-globals.ts";
import { beforeEach } from "vitest";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../../local/upstash-rest-server.ts";
import type { Entry, EntryId } from "../../../../src/purge/journal/entry.ts";
import type { RedisClient } from "../../../../src/remote/redis/redis-client.ts";
import { RedisJournal } from "../../../../src/stores/redis/journal/redis-journal.ts";
import { newEntry } from "../../../../testing/examples/purges.ts";
import type { RedisServerRow } from "../../../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../../../testing/fakes/rest-database.ts";
import { upstashStore } from "../../../../testing/fakes/upstash-store.ts";

/** By this clock, every answer takes 5 s. The client then keeps its longest time-out. */
const patient = (() => {
  let atMs = 0;
  return { readTimeoutMsMax: 5_000, nowAtMs: () => (atMs += 5_000) };
})();

export const journalKey = "site:journal";
export const lineagesKey = "site:journal:lineages";
export const nowhere = { position: "0-0", n: "" };

/** Returns the places of a read's entries, or its kind. */
export const placesIn = (read: { kind: string; entries?: readonly Entry[] }) =>
  read.entries?.map(({ position, n }) => ({ position, n })) ?? read.kind;

/** Opens one Redis for the tests of a `describe` block, and empties it before each test. */
export function openJournalWorld(start: RedisServerRow["start"]) {
  const database = openRestDatabase(start);
  let rest: UpstashRestServer;
  /** Sends each attempt to the next server, and all attempts after that to the last server. */
  const journalOver = (
    [first, ...others]: readonly UpstashRestServer[],
    { nowAtMs = Date.now, keptCount }: { nowAtMs?: () => number; keptCount?: number } = {},
  ) => {
    const clients = [first, ...others].map((server) =>
      upstashStore.client({ url: server?.url ?? "", token: "token", ...patient }),
    );
    const attempt: RedisClient["attempt"] = (purpose, run, of) => {
      const client = clients.length > 1 ? clients.shift() : clients[0];
      return (client as RedisClient).attempt(purpose, run, of);
    };
    const insist: RedisClient["insist"] = (purpose, run) =>
      (clients[0] as RedisClient).insist(purpose, run);
    const health = clients[0]?.health;
    const look: RedisClient["look"] = (purpose, run) =>
      (clients[0] as RedisClient).look(purpose, run);
    const redis = { attempt, look, insist, health } as RedisClient;
    const randomText = () => crypto.randomUUID();
    const settings = { redis, namespace: "site", nowAtMs, randomText };
    return new RedisJournal({ ...settings, ...(keptCount !== undefined && { keptCount }) });
  };
  const another = (options: { replicaLagMs?: number } = {}) => {
    const { redisUrl } = database;
    return database.running.add(startUpstashRestServer({ redisUrl, token: "token", ...options }));
  };
  // Each test has its own REST server, because a server keeps its replica and the replica's lag.
  beforeEach(async () => {
    await database.redis.flushall();
    rest = await another();
  });

  return {
    get redis() {
      return database.redis;
    },
    get rest() {
      return rest;
    },
    /** The keys of the journal that scripts write with each entry, once it has entries. */
    keys: [journalKey, lineagesKey],
    get journal() {
      return journalOver([rest]);
    },
    client: () => upstashStore.client({ url: rest.url, token: "token", nowAtMs: Date.now }),
    journalOver,
    another,
    /** Appends entries whose `n` begins with `n0`, `n1`, …, and resets the counts. */
    async write(count: number): Promise<readonly EntryId[]> {
      const entries = Array.from({ length: count }, (_, at) => newEntry({ n: `n${at}` }));
      const appended = await journalOver([rest]).append(entries);
      rest.resetCounts();
      return appended.kind === "appended" ? appended.places : [];
    },
    /** Returns the commands by name, and the number of requests, since the last reset. */
    costs: () => {
      const { commandCountByName, requestCount } = rest.counts();
      return [commandCountByName, requestCount];
    },
  };
}
