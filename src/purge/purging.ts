// Assembles one isolate's part of the purge protocol: its view of the journal and its acceptance of
// purges.
import type { ColoCache } from "../base/colo-cache.ts";
import { errorName } from "../base/error-name.ts";
import { type Log, logOf } from "../observe/log-line.ts";
import { Acceptances } from "./acceptance/acceptance.ts";
import type { AwaitNews, Journal } from "./journal/journal.ts";
import type { Subscribers } from "./journal/subscribers.ts";
import type { Switch } from "./journal/switch.ts";
import { SwitchLog } from "./journal/switch-log.ts";
import { type NewsListener, NewsListeners } from "./view/journal-news.ts";
import { JournalView, type JournalViewSettings } from "./view/journal-view.ts";
import { ViewCopies } from "./view/view-copies.ts";

export type PurgeParts = ReturnType<typeof purgingOver>;

/**
 * The maximum timeout of a journal read, which suffices for a first connection across continents.
 */
const readTimeoutMsMax = 2_000;

/** The purge part of the configuration. */
export interface PurgeSettings {
  readonly namespace: string;
  readonly purge: {
    readonly renewalLagMs: number;
    readonly visibleWithinSeconds: number;
    readonly allowanceMs: number;
  };
}

/** The store of the journal and the switch. */
export interface JournalStore {
  readonly journal: Journal;
  readonly switching: Switch;
  readonly subscribers: Subscribers;
  /** Identifies the journal, so that views of two journals never share a copy. */
  readonly name: string;
  /**
   * Returns whether failures have shut the store off. Only background work then probes it (rule
   * 15).
   */
  readonly isShutOff: () => boolean;
  /** Waits for the journal's next entry. If absent, isolates do not poll the journal. */
  readonly awaitNews?: AwaitNews | undefined;
}

export const randomText = (): string => crypto.randomUUID();

/**
 * The retention of a copy. For this time, an isolate that begins in the colo notices a loss of what
 * the colo knew (rule 14). An older copy might end before the book, and look like a loss (rule 17 c).
 */
const copyKeepMs = 3_600_000;

/** The parts of the runtime that the purge view uses. */
export interface PurgePlatform {
  readonly nowAtMs: () => number;
  readonly random: () => number;
  readonly log: Log;
  /** Counts the errors that listeners of the journal throw. */
  readonly listenerFailed?: () => void;
  /** Receives, for each purge, the time from its acceptance until this isolate has read it. */
  readonly onSpread?: (tookMs: number) => void;
  /** The colo's cache. Without it, each isolate reads the journal itself. */
  readonly cache?: () => Pick<ColoCache, "match" | "put">;
  /** Creates the view. The default is a plain `JournalView`. */
  readonly makeView?: ((settings: JournalViewSettings) => JournalView) | undefined;
}

/** Returns the maximum wait of a request for a read of the journal, in milliseconds (rule 1). */
export function readTimeoutMsOf({ renewalLagMs, allowanceMs }: PurgeSettings["purge"]): number {
  return Math.min(readTimeoutMsMax, (renewalLagMs - allowanceMs) / 2);
}

export function purgingOver(
  { journal, switching, subscribers, name, isShutOff, awaitNews }: JournalStore,
  { purge }: Pick<PurgeSettings, "purge">,
  platform: PurgePlatform,
) {
  const { nowAtMs, random, cache, log, listenerFailed, onSpread } = platform;
  const { renewalLagMs, allowanceMs, visibleWithinSeconds } = purge;
  const makeView = platform.makeView ?? ((settings) => new JournalView(settings));
  const tell = logOf("purge-journal", log);
  const copies =
    cache &&
    new ViewCopies({
      cache,
      nowAtMs,
      allowanceMs,
      journal: name,
      claimant: randomText(),
      keepMs: copyKeepMs,
    });
  const news = new NewsListeners((cause) => {
    listenerFailed?.();
    const message = `a listener failed with ${errorName(cause)}.`;
    tell({ event: "listener-failed", level: "error", message });
  });
  const switchLog = new SwitchLog(log);
  const view: JournalView = makeView({
    journal,
    copies,
    poll: awaitNews && copies && { awaitNews, copies },
    nowAtMs,
    random,
    allowanceMs,
    timeoutMs: readTimeoutMsOf(purge),
    maxLagMs: renewalLagMs,
    isShutOff,
    news,
    onSpread,
    onRead: () => switchLog.learnt(view.switched),
    onOverdue: (entries) => acceptances.lookFor(entries),
  });
  const acceptances = new Acceptances({
    journal,
    view,
    nowAtMs,
    randomText,
    maxLagMs: visibleWithinSeconds * 1_000,
    switching,
  });
  return {
    journal,
    switching,
    subscribers,
    switchLog,
    view,
    acceptances,
    /** Registers a listener for every entry that this isolate reads or accepts from now on. */
    subscribe: (listener: NewsListener) => news.add(listener),
    /** Renews the view if due, unless the store loses no entries. */
    runCron: async (): Promise<void> => {
      const works: Promise<void>[] = [];
      const afterAnswer = (work: () => Promise<void>) => void works.push(work());
      if (journal.keepsConfirmed !== true) view.attend({ atMs: nowAtMs(), afterAnswer });
      await Promise.all(works);
    },
  };
}
