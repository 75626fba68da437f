// Creates purging over Redis: the journal and the switch, with a separate Redis client.
import { logOf } from "./observe/log-line.ts";
import type { Journal } from "./purge/journal/journal.ts";
import {
  type PurgePlatform,
  type PurgeSettings,
  purgingOver,
  randomText,
  readTimeoutMsOf,
} from "./purge/purging.ts";
import type { JournalView, JournalViewSettings } from "./purge/view/journal-view.ts";
import { ballastKeyOf } from "./redis/database-room.ts";
import type { RedisAddress } from "./redis/open-client.ts";
import { RedisClient } from "./redis/redis-client.ts";
import type { RedisCounts } from "./redis/round-trips.ts";
import { RedisJournal, type RedisJournalSettings } from "./stores/redis/journal/redis-journal.ts";
import { RedisSwitch } from "./stores/redis/journal/redis-switch.ts";

/** Factories of parts. A factory replaces the default factory. */
export interface PurgingParts {
  readonly journal?: (settings: RedisJournalSettings) => Journal;
  readonly view?: (settings: JournalViewSettings) => JournalView;
}

interface Platform extends Omit<PurgePlatform, "makeView"> {
  /** Counts the round trips to the journal. */
  readonly metrics?: RedisCounts;
  readonly parts?: PurgingParts | undefined;
}

/**
 * Creates the journal, its view and the acceptance of purges.
 *
 * @param database the journal's database
 */
export function createPurging(settings: PurgeSettings, database: RedisAddress, platform: Platform) {
  const { namespace, purge } = settings;
  const { nowAtMs, metrics, log, parts } = platform;
  // Use a separate client, so that failures of the shared tier neither delay nor shut off the
  // journal.
  const redis = new RedisClient({
    ...database,
    nowAtMs,
    metrics,
    tell: logOf("purge-journal", log),
    hasOneKey: true,
    ballastKey: ballastKeyOf(namespace),
    readTimeoutMsMax: readTimeoutMsOf(purge),
    // Probe soon, because each page is requested from the origin once per N − A until a read
    // succeeds.
    pauseMsMax: Math.max(1_000, purge.renewalLagMs / 2),
  });
  const stored = { redis, namespace, nowAtMs, randomText };
  const store = {
    journal: parts?.journal?.(stored) ?? new RedisJournal(stored),
    switching: new RedisSwitch(stored),
    name: `${database.url} ${namespace}`,
    isShutOff: () => redis.isShutOff,
  };
  return {
    ...purgingOver(store, settings, { ...platform, makeView: parts?.view }),
    /** The journal's client. */
    redis,
  };
}
