// The settings of a database client.
import type { DatabaseClientSettings } from "./database-way.ts";
import type { RedisAddress } from "./open-client.ts";
import type { RedisCounts } from "./round-trips.ts";

/** The address, timeouts and other settings of a database. */
export interface RedisSettings extends DatabaseClientSettings, RedisAddress {
  /**
   * The key to delete if a full database rejects a write. The write is then retried once. A client
   * with this key may send only atomic writes: commands, transactions or scripts.
   */
  readonly ballastKey?: string | undefined;
  /** Counts commands by purpose. Default: no counts. */
  readonly metrics?: RedisCounts | undefined;
}
