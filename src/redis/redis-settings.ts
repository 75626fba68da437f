// What a client of a database is made with.
import type { DatabaseConditionSettings } from "./database-condition.ts";
import type { RedisAddress } from "./open-client.ts";
import type { RedisCounts } from "./round-trips.ts";

/** Which database, and how long it is waited for. */
export interface RedisSettings extends DatabaseConditionSettings, RedisAddress {
  /** The longest that a read is waited for; 1 s unless set. */
  readonly readTimeoutMsMax?: number;
  /** The longest pause between two probes while it is shut off; 30 s unless set. */
  readonly pauseMsMax?: number;
  /**
   * A key that is deleted when a write is refused because the database is full; the write is then sent once
   * more. Only for writes that nothing was done of, such as one command, a transaction or a script.
   */
  readonly ballastKey?: string | undefined;
  /** Counts what is sent, by what it is for; uncounted unless set. */
  readonly metrics?: RedisCounts | undefined;
}
