// A client of one Redis database.
import type { Redis } from "@upstash/redis/cloudflare";
import { DatabaseClient } from "./database-client.ts";
import type { RedisSettings } from "./redis-settings.ts";
import { RoundTrips } from "./round-trips.ts";
import { Seal, sealLine } from "./seal.ts";
import { readTrouble } from "./trouble.ts";

export type { RedisAnswer, RedisCause } from "./database-way.ts";

export class RedisClient extends DatabaseClient<Redis> {
  /** Seals what this client's users store, and checks what they read. */
  readonly seal: Seal;

  constructor(settings: RedisSettings) {
    const roundTrips = new RoundTrips(settings);
    const { ballastKey } = settings;
    super(settings, {
      handleFor: (trip) => roundTrips.clientFor(trip),
      ping: (redis) => redis.ping(),
      failed(cause) {
        const trouble = readTrouble(cause);
        roundTrips.failed(trouble);
        return trouble;
      },
      freeRoom: ballastKey === undefined ? undefined : (redis) => redis.del(ballastKey),
    });
    const logged = new Set<string>();
    this.seal = new Seal(settings.sealKeys, (kind, flaw) => {
      settings.metrics?.add("brokenSeals", [kind, flaw]);
      if (logged.size === logged.add(`${kind} ${flaw}`).size) return;
      settings.tell?.(sealLine(kind, flaw));
    });
  }
}
