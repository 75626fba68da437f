// Starts an empty database with a REST server, and creates journals in it.
import { Redis } from "ioredis";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import type { Running } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import type { Journal } from "../../src/purge/journal/journal.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { RedisJournal } from "../../src/stores/redis/journal/redis-journal.ts";

export interface World {
  readonly database: Redis;
  readonly rest: UpstashRestServer;
  /** @param nowAtMs the isolate's clock */
  readonly journal: (nowAtMs?: () => number) => Journal;
  readonly journalKey: string;
}

export async function openWorld(running: Running): Promise<World> {
  const { url: redisUrl } = await running.add(startEmbeddedValkey());
  const rest = await running.add(startUpstashRestServer({ redisUrl, token: "local" }));
  const journal = (nowAtMs = Date.now) => {
    const redis = new RedisClient({ url: rest.url, token: "local", ...patient });
    return new RedisJournal({ redis, namespace: "bench", nowAtMs, randomText });
  };
  return { database: new Redis(redisUrl), rest, journal, journalKey: "bench:journal" };
}

/**
 * Options that keep the timeout of reads at 30 s. By their clock, every response takes at least
 * that long, so the client does not shorten the timeout, and a busy machine causes no failures.
 */
const patient = (() => {
  let atMs = 0;
  return { readTimeoutMsMax: 30_000, nowAtMs: () => (atMs += 30_000) };
})();

const randomText = () => crypto.randomUUID();
