// The journal of an isolate, its view of it, and the acceptance of purges, wired together.
import { errorName } from "../base/error-name.ts";
import { type Log, logOf } from "../observe/log-line.ts";
import type { RedisAddress } from "../redis/open-client.ts";
import { ballastKeyOf } from "../redis/database-room.ts";
import { RedisClient } from "../redis/redis-client.ts";
import type { RedisCounts } from "../redis/round-trips.ts";
import { Acceptances } from "./acceptance/acceptance.ts";
import { type NewsListener, NewsListeners } from "./view/journal-news.ts";
import { JournalView, type JournalViewSettings } from "./view/journal-view.ts";
import { RedisJournal, type RedisJournalSettings } from "./journal/redis-journal.ts";
import { RedisSwitch } from "./journal/redis-switch.ts";
import { SwitchLog } from "./journal/switch-log.ts";
import { ViewCopies } from "./view/view-copies.ts";

export type Purging = ReturnType<typeof createPurging>;

/** What a read of the journal may take: a first connection from afar, and no more than N allows. */
const readTimeoutMsMax = 2_000;

/** The part of a configuration that is about purges. */
export interface PurgeSettings {
  readonly namespace: string;
  readonly purge: {
    readonly renewalLagMs: number;
    readonly visibleWithinSeconds: number;
    readonly allowanceMs: number;
  };
}

/** Makers of parts; absent, the default is used. */
export interface PurgingParts {
  readonly journal?: (settings: RedisJournalSettings) => RedisJournal;
  readonly view?: (settings: JournalViewSettings) => JournalView;
}

const defaults: Required<PurgingParts> = {
  journal: (settings) => new RedisJournal(settings),
  view: (settings) => new JournalView(settings),
};

const randomText = () => crypto.randomUUID();

/** Longer, and the way from a copy to the journal's end is longer than a cold view's own. */
const copyKeepMs = 60_000;

/** What the runtime gives to the purge view. */
export interface PurgePlatform {
  readonly nowAtMs: () => number;
  readonly random: () => number;
  readonly log?: Log;
  /** Counts what a listener of the journal throws. */
  readonly listenerFailed?: () => void;
  /** Told how long each purge took from its acceptance until it was read here. */
  readonly onSpread?: (tookMs: number) => void;
  /** Counts what is sent to the journal. */
  readonly metrics?: RedisCounts;
  /** Of the colo; without it each isolate reads the journal by itself. */
  readonly cache?: () => Pick<Cache, "match" | "put">;
  readonly parts?: PurgingParts | undefined;
}

/**
 * Makes an isolate's part of the purge protocol: the one way into this folder for whoever composes
 * an application.
 *
 * @param database of the journal; its client is the journal's own
 */
export function createPurging(
  { purge, namespace }: PurgeSettings,
  database: RedisAddress,
  platform: PurgePlatform,
) {
  const { nowAtMs, random, cache, log, listenerFailed, onSpread, metrics } = platform;
  const make = { ...defaults, ...platform.parts };
  const { renewalLagMs, allowanceMs, visibleWithinSeconds } = purge;
  const timeoutMs = Math.min(readTimeoutMsMax, (renewalLagMs - allowanceMs) / 2);
  const tell = logOf("purge-journal", log ?? (() => undefined));
  // A client of its own: what the shared tier suffers must not delay or shut off the journal.
  const redis = new RedisClient({
    ...database,
    nowAtMs,
    metrics,
    tell,
    hasOneKey: true,
    ballastKey: ballastKeyOf(namespace),
    readTimeoutMsMax: timeoutMs,
    // Until it is read again, every page is asked for anew once in N − A.
    pauseMsMax: Math.max(1_000, renewalLagMs / 2),
  });
  const journal = make.journal({ redis, namespace, nowAtMs, randomText });
  const copies =
    cache &&
    new ViewCopies({
      cache,
      nowAtMs,
      allowanceMs,
      journal: `${database.url} ${namespace}`,
      claimant: randomText(),
      keepMs: Math.max(copyKeepMs, renewalLagMs),
    });
  const news = new NewsListeners((cause) => {
    listenerFailed?.();
    const message = `a listener failed with ${errorName(cause)}.`;
    tell({ event: "listener-failed", level: "error", message });
  });
  const switchLog = new SwitchLog(log ?? (() => undefined));
  const view: JournalView = make.view({
    journal,
    copies,
    nowAtMs,
    random,
    allowanceMs,
    timeoutMs,
    maxLagMs: renewalLagMs,
    isShutOff: () => redis.isShutOff,
    news,
    onSpread,
    onRead: () => switchLog.learnt(view.switched),
    onOverdue: (entries) => acceptances.lookFor(entries),
  });
  const switching = new RedisSwitch({ redis, namespace });
  const acceptances = new Acceptances({
    journal,
    view,
    nowAtMs,
    randomText,
    maxLagMs: visibleWithinSeconds * 1_000,
    switching,
  });
  return {
    /** The journal's own. */
    redis,
    journal,
    /** Where posts of the switch stand. */
    switching,
    switchLog,
    view,
    acceptances,
    /** Has a listener told of every entry that becomes known here, from now on. */
    subscribe: (listener: NewsListener) => news.add(listener),
  };
}
