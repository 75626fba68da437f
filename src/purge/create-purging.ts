// Assembles one isolate's part of the purge protocol, over the store of the journal and the switch: its
// view of the journal and its acceptance of purges. A cache without such a store does not bundle it.
import { base64urlDigits } from "../base/sha256.ts";
import type { ColoCache } from "../base/colo-cache.ts";
import type { Fault } from "../base/operator-error.ts";
import { type Log, logOf } from "../observe/log-line.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { RemoteHealth } from "../remote/store-health.ts";
import type { StreamHints, WatchedStream } from "../remote/redis/address.ts";
import type { RedisClient } from "../remote/redis/redis-client.ts";
import { byInvalidation } from "./journal/entry.ts";
import { Acceptances } from "./acceptance/acceptance.ts";
import type { Journal, ListenForEntries } from "./journal/journal.ts";
import type { Subscribers } from "./journal/subscribers.ts";
import type { Switch } from "./journal/switch.ts";
import { SwitchLog } from "./journal/switch-log.ts";
import { ClockSteps } from "./view/clock-steps.ts";
import { JournalView, type JournalViewSettings } from "./view/journal-view.ts";
import { ViewCopies } from "./view/view-copies.ts";

/** One isolate's part of the purge protocol. */
export type PurgeParts = ReturnType<JournalMaker>;

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

export interface JournalStoreSettings {
  /** Several sites can share a store under different namespaces. */
  readonly namespace: string;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  /** Counts the calls to the store. */
  readonly metrics?: Pick<Metrics, "add" | "took"> | undefined;
  /** Logs the beginning and the end of each trouble. */
  readonly tell: Log;
  /** The maximum timeout of a read, and the maximum pause between probes. */
  readonly readTimeoutMsMax: number;
  readonly pauseMsMax: number;
}

/** The opened store of the journal and the switch. */
export interface JournalStore {
  readonly journal: Journal;
  readonly switching: Switch;
  readonly subscribers: Subscribers;
  /** Identifies the journal, so that views of two journals never share a copy. */
  readonly name: string;
  /** If failures have shut the store off, only background work probes it (rule 15). */
  readonly health: RemoteHealth;
  /** The client of a journal in Redis, for health. */
  readonly redis?: RedisClient | undefined;
  /** A text that all isolates of the site know, and no client; or how to read it. */
  readonly secret: string | (() => Promise<string | undefined>);
  /** Set if no other process reads the journal. */
  readonly reach?: "process";
  /** Listens for hints in one isolate of each colo. */
  readonly listen?: ListenForEntries | undefined;
  /** Waits for entries in the background, in a process that outlives its requests. */
  readonly watch?: ((view: Pick<WatchedStream, "end" | "read">) => StreamHints) | undefined;
}

/** Random bytes for 256 texts, because a call of the generator costs more than its bytes. */
const drawnBytes = new Uint8Array(16 * 256);
let drawn = "";
let drawnAt = 0;

/** Returns 96 random bits in 16 characters. Each stored record repeats such texts. */
export function randomText(): string {
  if (drawnAt === drawn.length) {
    crypto.getRandomValues(drawnBytes);
    for (let at = 0; at < drawnBytes.length; at += 1)
      drawnBytes[at] = base64urlDigits.charCodeAt(drawnBytes[at]! & 63);
    drawn = new TextDecoder().decode(drawnBytes);
    drawnAt = 0;
  }
  drawnAt += 16;
  return drawn.slice(drawnAt - 16, drawnAt);
}

/**
 * The retention of a copy. For this time, an isolate that begins in the colo notices a loss of what
 * the colo knew (rule 14). An older copy might end before the lineages, and look like a loss (rule 17 c).
 */
const copyKeepMs = 3_600_000;

/** The parts of the runtime that the purge view uses. */
export interface PurgePlatform {
  /** Counts accepted purges, and the round trips to the journal. */
  readonly metrics?: Pick<Metrics, "add" | "took">;
  readonly nowAtMs: () => number;
  /** How far the clock is ahead of a clock that is never set. Default: unknown. */
  readonly aheadMs?: (() => number) | undefined;
  readonly random: () => number;
  readonly log: Log;
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

/** A store of the journal that a Worker passes in code. Only Workers that import it bundle it. */
export interface JournalInCode {
  /** Returns how to open the journal, or the fault in the bindings. */
  readonly bound: (env: Readonly<Record<string, unknown>>) => JournalMaker | Fault;
  /** Set if no other process reads the journal. */
  readonly reach?: "process";
  /** A doubt whether the journal suits this process. The log tells of it. */
  readonly fault?: Fault | undefined;
}

/** Creates the journal, its view and the acceptance of purges. */
export type JournalMaker = ReturnType<typeof journalMaker>;

/** @param open opens the store */
export function journalMaker(open: (settings: JournalStoreSettings) => JournalStore) {
  return (settings: PurgeSettings, platform: PurgePlatform) => {
    const { namespace, purge } = settings;
    const { nowAtMs, metrics, log } = platform;
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
    return purgingOver(opened, settings, platform);
  };
}

/** Returns the copies of the view in the colo's cache; `undefined` without such a cache. */
function copiesOf(journal: string, allowanceMs: number, { cache, nowAtMs }: PurgePlatform) {
  const own = { journal, claimant: randomText(), keepMs: copyKeepMs };
  return cache && new ViewCopies({ cache, nowAtMs, allowanceMs, ...own });
}

function purgingOver(store: JournalStore, { purge }: PurgeSettings, platform: PurgePlatform) {
  const { journal, switching, subscribers, name, health, listen } = store;
  const { nowAtMs, aheadMs, random, log, onSpread, metrics } = platform;
  const { renewalLagMs, allowanceMs, visibleWithinSeconds } = purge;
  const makeView = platform.makeView ?? ((settings) => new JournalView(settings));
  const copies = copiesOf(name, allowanceMs, platform);
  const switchLog = new SwitchLog(log);
  const view: JournalView = makeView({
    journal,
    copies,
    hints: listen && copies && { listen, copies },
    nowAtMs,
    clock: new ClockSteps(allowanceMs, aheadMs),
    random,
    allowanceMs,
    timeoutMs: readTimeoutMsOf(purge),
    renewalLagMs,
    isBreakerOpen: () => health.isBreakerOpen,
    onSpread,
    onRead: () => {
      switchLog.learnt(view.tail.switched);
      hints?.start();
    },
    onOverdue: (entries) => acceptances.lookFor(entries),
  });
  const hints = store.watch?.({
    end: () => view.tail.chain?.end.position,
    read: () => view.tail.catchUp(),
  });
  const acceptances = new Acceptances({
    journal,
    view,
    nowAtMs,
    randomText,
    visibleWithinMs: visibleWithinSeconds * 1_000,
    switching,
  });
  acceptances.listen(([entry]) => {
    // Invalidations have a count of their own.
    const isPurge = entry?.switched === undefined && entry?.by !== byInvalidation;
    if (isPurge) metrics?.add("purges");
  });
  return {
    journal,
    switching,
    subscribers,
    switchLog,
    view,
    acceptances,
    /** The troubles of the journal's store. */
    health,
    redis: store.redis,
    secret: store.secret,
    reach: store.reach,
    /** Whether hints of new entries arrive, and if not, why; `undefined` if the store has none. */
    get hintsState() {
      return hints?.state ?? view.hintsState;
    },
    /** Renews the view if due, unless the store loses no entries. */
    runCron: async (): Promise<void> => {
      const works: Promise<void>[] = [];
      const afterAnswer = (work: () => Promise<void>) => void works.push(work());
      if (journal.keepsConfirmed !== true) view.renewIfDue({ atMs: nowAtMs(), afterAnswer });
      await Promise.all(works);
    },
  };
}
