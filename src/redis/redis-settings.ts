// The settings of a database client.
import type { DatabaseConditionSettings } from "./database-condition.ts";
import type { RedisAddress } from "./open-client.ts";
import type { RedisCounts } from "./round-trips.ts";

/** The address, timeouts and other settings of a database. */
export interface RedisSettings extends DatabaseConditionSettings, RedisAddress {
  /** The maximum timeout of reads. Default: 1 s. */
  readonly readTimeoutMsMax?: number;
  /** The maximum pause between probes while the database is shut off. Default: 30 s. */
  readonly pauseMsMax?: number;
  /**
   * The key to delete if a full database rejects a write. The write is then retried once. A client
   * with this key may send only atomic writes: commands, transactions or scripts.
   */
  readonly ballastKey?: string | undefined;
  /** Counts commands by purpose. Default: no counts. */
  readonly metrics?: RedisCounts | undefined;
}
