// Starts a Redis with a REST server, or with another connection, for the tests of one file or
// `describe` block.
import { Redis } from "ioredis";
import { afterAll, beforeAll } from "vitest";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import type { Reach, ReachRow } from "./redis-reaches.ts";
import type { RedisServerRow } from "./redis-server.ts";

interface RestDatabase {
  /** The database's address for a client of the REST interface. */
  readonly address: { readonly url: string; readonly token: string };
  readonly rest: UpstashRestServer;
  readonly redis: Redis;
  readonly redisUrl: string;
  /** Parts that are added here stop together with the database. */
  readonly running: Running;
}

/** Starts a Redis and its REST server before the tests, and stops both afterwards. */
export function openRestDatabase(
  start: RedisServerRow["start"] = startEmbeddedValkey,
): RestDatabase {
  const opened = openDatabase(start) as RestDatabase;
  beforeAll(async () => {
    const { redisUrl, running } = opened;
    const rest = await running.add(startUpstashRestServer({ redisUrl, token: "token" }));
    Object.assign(opened, { rest, address: { url: rest.url, token: rest.token } });
  });
  return opened;
}

interface ReachedDatabase extends Reach {
  readonly redis: Redis;
}

/** Starts a Redis and a connection to it before the tests, and stops both afterwards. */
export function openReachedDatabase(start: RedisServerRow["start"], open: ReachRow["open"]) {
  const database = openDatabase(start);
  const opened = {} as ReachedDatabase;
  beforeAll(async () => {
    const { redis, redisUrl, running } = database;
    Object.assign(opened, await running.add(open(redisUrl)), { redis });
  });
  return opened;
}

/** Starts a Redis before the tests, and stops it afterwards. */
function openDatabase(start: RedisServerRow["start"]) {
  const running = new Running();
  const opened = { running } as Pick<RestDatabase, "redis" | "redisUrl" | "running">;
  beforeAll(async () => {
    const { url: redisUrl } = await running.add(start());
    const redis = new Redis(redisUrl);
    await running.add(Promise.resolve({ stop: async () => redis.disconnect() }));
    Object.assign(opened, { redis, redisUrl });
  });
  afterAll(() => running.stop());
  return opened;
}
