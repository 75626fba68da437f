// Creates purging over the store of the journal and the switch.
import { logOf } from "./observe/log-line.ts";
import {
  type PurgePlatform,
  type PurgeSettings,
  purgingOver,
  randomText,
  readTimeoutMsOf,
} from "./purge/purging.ts";
import type { JournalView, JournalViewSettings } from "./purge/view/journal-view.ts";
import type { JournalMaker } from "./purge/journal-in-code.ts";
import type { RedisCounts } from "./redis/round-trips.ts";
import type { MakeRedisJournal } from "./stores/redis/redis-store.ts";

/** Factories of parts. A factory replaces the default factory. */
export interface PurgingParts {
  readonly journal?: MakeRedisJournal;
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
 * @param open opens the store
 */
export function createPurging(settings: PurgeSettings, open: JournalMaker, platform: Platform) {
  const { namespace, purge } = settings;
  const { nowAtMs, metrics, log, parts } = platform;
  const opened = open({
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
    redis: opened.redis,
    secret: opened.secret,
  };
}
