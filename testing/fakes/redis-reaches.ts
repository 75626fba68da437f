// The ways in which an application connects to one Redis, for suites that test all of them:
// Upstash's REST interface, and connections of ioredis and node-redis.
import { Redis } from "ioredis";
import { createClient } from "redis";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import type { NodeCacheOptions } from "../../src/data/node/node-data-cache.ts";
import { transportOver } from "../../src/remote/redis/connection/transport.ts";
import { connectionOf, wordsOf } from "../../src/remote/redis/connection/given-connection.ts";
import type { RedisAddress } from "../../src/remote/redis/address.ts";

/** An open connection: `given` for the options of a cache, `address` for a `RedisClient`. */
export interface Reach {
  readonly given: NodeCacheOptions["redis"];
  readonly address: RedisAddress;
  readonly stop: () => Promise<void>;
}

export interface ReachRow {
  readonly reach: string;
  readonly open: (redisUrl: string) => Promise<Reach>;
}

export function addressOver(given: object): RedisAddress {
  const over = transportOver(connectionOf(given));
  return { url: "https://connection.invalid", token: "none", ...over, words: wordsOf(given) };
}

/** Rows for `describe.each`. */
export const reaches: readonly ReachRow[] = [
  {
    reach: "REST",
    async open(redisUrl) {
      const rest = await startUpstashRestServer({ redisUrl, token: "local" });
      const given = { url: rest.url, token: rest.token };
      return { given, address: given, stop: () => rest.stop() };
    },
  },
  {
    reach: "ioredis",
    async open(redisUrl) {
      const given = new Redis(redisUrl, { lazyConnect: true });
      given.on("error", () => undefined);
      const stop = async () => given.disconnect();
      return { given, address: addressOver(given), stop };
    },
  },
  {
    reach: "node-redis",
    async open(redisUrl) {
      // The default protocol, RESP3.
      const given = createClient({ url: redisUrl });
      given.on("error", () => undefined);
      await given.connect();
      return { given, address: addressOver(given), stop: async () => given.destroy() };
    },
  },
];
