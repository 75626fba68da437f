// An isolate's view of the journal and its acceptance of purges, over a journal and a switch that are given.
import { errorName } from "../base/error-name.ts";
import { type Log, logOf } from "../observe/log-line.ts";
import { Acceptances } from "./acceptance/acceptance.ts";
import type { Journal } from "./journal/journal.ts";
import type { Switch } from "./journal/switch.ts";
import { SwitchLog } from "./journal/switch-log.ts";
import { type NewsListener, NewsListeners } from "./view/journal-news.ts";
import { JournalView, type JournalViewSettings } from "./view/journal-view.ts";
import { ViewCopies } from "./view/view-copies.ts";

export type Purging = ReturnType<typeof purgingOver>;

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

/** The store of the journal and the switch, as purging is given it. */
export interface JournalStore {
  readonly journal: Journal;
  readonly switching: Switch;
  /** Tells this journal from any other. Views of two journals never share a copy. */
  readonly name: string;
  /** The store has failed so often that it is probed only behind answers (rule 15). */
  readonly isShutOff: () => boolean;
}

export const randomText = (): string => crypto.randomUUID();

/** Longer, and the way from a copy to the journal's end is longer than a cold view's own. */
const copyKeepMs = 60_000;

/** What the runtime gives to the purge view. */
export interface PurgePlatform {
  readonly nowAtMs: () => number;
  readonly random: () => number;
  readonly log: Log;
  /** Counts what a listener of the journal throws. */
  readonly listenerFailed?: () => void;
  /** Told how long each purge took from its acceptance until it was read here. */
  readonly onSpread?: (tookMs: number) => void;
  /** Of the colo; without it each isolate reads the journal by itself. */
  readonly cache?: () => Pick<Cache, "match" | "put">;
  /** Makes the view; absent, the default is used. */
  readonly makeView?: ((settings: JournalViewSettings) => JournalView) | undefined;
}

/** How long a request waits for a read of the journal (rule 1). */
export function readTimeoutMsOf({ renewalLagMs, allowanceMs }: PurgeSettings["purge"]): number {
  return Math.min(readTimeoutMsMax, (renewalLagMs - allowanceMs) / 2);
}

/** Makes an isolate's part of the purge protocol over a journal, wherever that is stored. */
export function purgingOver(
  { journal, switching, name, isShutOff }: JournalStore,
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
      keepMs: Math.max(copyKeepMs, renewalLagMs),
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
    switchLog,
    view,
    acceptances,
    /** Has a listener told of every entry that becomes known here, from now on. */
    subscribe: (listener: NewsListener) => news.add(listener),
  };
}
