// Settings of a database client.
import type { DatabaseConditionSettings } from "./database-condition.ts";
import type { RedisAddress } from "./open-client.ts";
import type { RedisCounts } from "./round-trips.ts";

/** Address, timeouts and other settings of a database. */
export interface RedisSettings extends DatabaseConditionSettings, RedisAddress {
  /** Maximum timeout of reads. Default: 1 s. */
  readonly readTimeoutMsMax?: number;
  /** Maximum pause between probes while shut off. Default: 30 s. */
  readonly pauseMsMax?: number;
  /**
   * Key to delete if the database rejects a write because it is full. The write is then retried once.
   * Clients with this key may send only atomic writes: a command, a transaction or a script.
   */
  readonly ballastKey?: string | undefined;
  /** Counts commands by purpose. Default: no counts. */
  readonly metrics?: RedisCounts | undefined;
}
