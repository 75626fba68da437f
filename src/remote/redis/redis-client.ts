// A client of one Redis database.
import { RemoteClient, type RemoteClientSettings } from "../remote-client.ts";
import type { ReachRest, RedisAddress } from "./address.ts";
import type { Redis } from "./redis.ts";
import { type RedisCounts, RoundTrips } from "./round-trips.ts";
import { readTrouble, upstashWords } from "./redis-trouble.ts";

/** The address, timeouts and other settings of a database. */
export interface RedisSettings extends Omit<RemoteClientSettings, "words">, RedisAddress {
  /**
   * The key to delete if a full database rejects a write. The write is then retried once. A client
   * with this key may send only atomic writes: commands, transactions or scripts.
   */
  readonly ballastKey?: string | undefined;
  /** Counts commands by purpose. Default: no counts. */
  readonly metrics?: RedisCounts | undefined;
}

export class RedisClient extends RemoteClient<Redis> {
  /** As in `Connection`. */
  readonly isCluster: boolean;
  /** Whether the server runs calls in the order in which they are sent: those over a connection. */
  readonly isOrdered: boolean;

  constructor(settings: RedisSettings, reachRest: ReachRest) {
    const roundTrips = new RoundTrips(settings, reachRest);
    const { ballastKey, words = upstashWords } = settings;
    super(
      { ...settings, words },
      {
        handleFor: (trip) => roundTrips.clientFor(trip),
        ping: (redis) => redis.exec(["PING"]),
        failed(cause) {
          const trouble = readTrouble(cause);
          settings.metrics?.add("redisFailures", [trouble]);
          return trouble;
        },
        freeRoom: ballastKey === undefined ? undefined : (redis) => redis.exec(["DEL", ballastKey]),
      },
    );
    this.isCluster = settings.isCluster === true;
    this.isOrdered = settings.transport !== undefined;
  }
}
