// Creates purging over the store of the journal and the switch: Redis, or a store in code.
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
import type { JournalMaker, JournalStoreSettings, OpenJournal } from "./purge/journal-in-code.ts";
import { ballastKeyOf } from "./redis/database-room.ts";
import type { RedisAddress } from "./redis/open-client.ts";
import { RedisClient } from "./redis/redis-client.ts";
import type { RedisCounts } from "./redis/round-trips.ts";
import { RedisJournal, type RedisJournalSettings } from "./stores/redis/journal/redis-journal.ts";
import { RedisSubscribers } from "./stores/redis/journal/redis-subscribers.ts";
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
 * @param store the journal's Redis database, or a store in code
 */
export function createPurging(
  settings: PurgeSettings,
  store: RedisAddress | JournalMaker,
  platform: Platform,
) {
  const { namespace, purge } = settings;
  const { nowAtMs, metrics, log, parts } = platform;
  const open = typeof store === "function" ? store : redisJournalAt(store, parts?.journal);
  const opened: OpenJournal & { readonly redis?: RedisClient } = open({
    namespace,
    nowAtMs,
    randomText,
    metrics,
    tell: logOf("purge-journal", log),
    readTimeoutMsMax: readTimeoutMsOf(purge),
    // Probe soon, because each page is requested from the origin once per N − A until a read
    // succeeds.
    pauseMsMax: Math.max(1_000, purge.renewalLagMs / 2),
  });
  const { health } = opened;
  const joined = { ...opened, isShutOff: () => health.isShutOff };
  return {
    ...purgingOver(joined, settings, { ...platform, makeView: parts?.view }),
    /** The troubles of the journal's store. */
    health,
    /** The client of a journal in Redis. */
    redis: opened.redis,
    secret: opened.secret,
  };
}

/** Returns how to open a journal in Redis. */
export function redisJournalAt(database: RedisAddress, makeJournal?: PurgingParts["journal"]) {
  return ({ namespace, ...settings }: JournalStoreSettings) => {
    // Use a separate client, so that failures of the shared tier neither delay nor shut off the
    // journal.
    const ballastKey = ballastKeyOf(namespace);
    const redis = new RedisClient({ ...database, ...settings, hasOneKey: true, ballastKey });
    const stored = { ...settings, redis, namespace };
    return {
      journal: makeJournal?.(stored) ?? new RedisJournal(stored),
      switching: new RedisSwitch(stored),
      subscribers: new RedisSubscribers(stored),
      name: `${database.url} ${namespace}`,
      health: redis,
      redis,
    };
  };
}
