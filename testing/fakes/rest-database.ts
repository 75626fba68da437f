// A Redis and a REST server before it, for the tests of one file or `describe` block.
import { Redis } from "ioredis";
import { afterAll, beforeAll } from "vitest";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import type { RedisServerRow } from "./redis-server.ts";

interface RestDatabase {
  /** The database's address for a client of the REST interface. */
  readonly address: { readonly url: string; readonly token: string };
  readonly rest: UpstashRestServer;
  readonly redis: Redis;
  readonly redisUrl: string;
  /** Stops further parts with the database. */
  readonly running: Running;
}

/** Starts both before the tests, and stops them afterwards. */
export function openRestDatabase(
  start: RedisServerRow["start"] = startEmbeddedValkey,
): RestDatabase {
  const running = new Running();
  const opened = { running } as RestDatabase;
  beforeAll(async () => {
    const { url: redisUrl } = await running.add(start());
    const redis = new Redis(redisUrl);
    await running.add(Promise.resolve({ stop: async () => redis.disconnect() }));
    const rest = await running.add(startUpstashRestServer({ redisUrl, token: "token" }));
    const address = { url: rest.url, token: rest.token };
    Object.assign(opened, { redisUrl, redis, rest, address });
  });
  afterAll(() => running.stop());
  return opened;
}
