// Purging over Redis: the journal and the switch, with a Redis client of their own.
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

/** Factories of parts. Absent ones use the default. */
export interface PurgingParts {
  readonly journal?: (settings: RedisJournalSettings) => Journal;
  readonly view?: (settings: JournalViewSettings) => JournalView;
}

interface Platform extends Omit<PurgePlatform, "makeView"> {
  /** Counts the round trips to the journal. */
  readonly metrics?: RedisCounts;
  readonly parts?: PurgingParts | undefined;
}

/** @param database of the journal */
export function createPurging(settings: PurgeSettings, database: RedisAddress, platform: Platform) {
  const { namespace, purge } = settings;
  const { nowAtMs, metrics, log, parts } = platform;
  // A separate client, so that trouble of the shared tier neither delays nor shuts off the journal.
  const redis = new RedisClient({
    ...database,
    nowAtMs,
    metrics,
    tell: logOf("purge-journal", log),
    hasOneKey: true,
    ballastKey: ballastKeyOf(namespace),
    readTimeoutMsMax: readTimeoutMsOf(purge),
    // Until the next read succeeds, every page goes to the origin once in N − A.
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
