// The interface between a Worker and its data cache. This file imports no data code, so a Worker
// without data does not bundle any.
import type { CollectReads, Coverage } from "../cache/record/record.ts";
import type { Config } from "../config/config.ts";
import type { CachePlatform, Core } from "./create-cache.ts";
import type { Trouble } from "../observe/condition.ts";
import type { Log } from "../observe/log-line.ts";
import type { Sums } from "../observe/sums.ts";
import type { PurgeOrder } from "../protocol/purge-order.ts";
import type { PurgeTargets } from "../purge/journal/purge-target.ts";
import type { AcceptedPurge } from "../purge/view/positions.ts";
import type { DatabaseRoom } from "../remote/redis/database-room.ts";
import type { RedisClient } from "../remote/redis/redis-client.ts";
import { type Fault, OperatorError, type Reason } from "../base/operator-error.ts";

/** The parts of a Worker's page cache that its data cache uses. */
export interface Pages {
  readonly core: Core;
  /** The first host of SITE_HOST; `undefined` if it is not set. */
  readonly siteHost: string | undefined;
  /** Returns the host of the isolate's first request; `undefined` before that request. */
  readonly seenHost: () => string | undefined;
  /** How purges name pages. Not before the first request. */
  readonly purges: () => PagePurges;
}

/** How purges of the data cache name pages, and what their callers get. */
export interface PagePurges {
  /** Returns the targets of pages, and notes on names that may be wrong. */
  readonly resolve: (names: Pick<PurgeOrder, "urls" | "prefixes">) => PageTargets;
  /**
   * Begins to fetch pages again after an accepted purge. Never throws.
   *
   * @param purge.origin completes paths; by default, the first host of SITE_HOST does
   * @returns the number of pages that it fetches, and a note on each other page, as a whole sentence
   */
  readonly refresh: (
    urls: readonly string[],
    purge: {
      readonly position: string;
      readonly origin?: string | undefined;
      readonly afterAnswer: (work: () => Promise<void>) => void;
    },
  ) => { readonly refreshing: number; readonly notes: readonly string[] };
  /** Returns the position of an accepted purge, for clients that must see its effect at once. */
  readonly positionOf: (accepted: AcceptedPurge) => Promise<PurgePosition>;
}

export type PageTargets =
  | { readonly targets: PurgeTargets; readonly notes: readonly string[] }
  | { readonly fault: Reason };

/** Both are absent if the site's secret cannot be read. */
export interface PurgePosition {
  /** The value of the field `Tidemark-Position` in requests of a program. */
  readonly sealedPosition?: string | undefined;
  /** The value of `Set-Cookie` for a browser. */
  readonly setCookie?: string | undefined;
}

/** The state of a counter or buffer in an isolate, from which health derives findings. */
export interface SetTroubles {
  readonly backlog: {
    readonly keyCount: number;
    readonly backlogMax: number;
    /** The time since the oldest slice became due for a flush; negative if it is not due yet. */
    readonly overdueMs: number;
    readonly everyMs: number;
    /** When this isolate last read the backlog; `-Infinity` if never. */
    readonly heardAtMs: number;
  };
  /** The number of dead letters that this isolate last read. */
  readonly deadLetterCount: number;
  /** How far the set's slices are ahead of the clock of Redis, if that is much. */
  readonly clock: { readonly leadMs: number; readonly sinceAtMs: number } | undefined;
  readonly flushes: (Trouble<string> & { readonly detail?: string | undefined }) | undefined;
}

/** The counters and buffers of a data cache, as their cache and its Worker use them. */
export interface SetsBesideData {
  /** Flushes the sets that are due. Never rejects. */
  runCron(): Promise<void>;
  /** Returns the counts since the last call. */
  taken(): Sums;
  stats(): object;
  /** Returns the troubles of each set, by its name. */
  troubles(): ReadonlyMap<string, SetTroubles>;
}

/** The parts of a data cache that its counters and buffers use. */
export interface PortsOfSets {
  /** `undefined` if there is no Redis. No change is then accepted. */
  readonly redis: RedisClient | undefined;
  /** Returns whether the connection has never opened; see `RedisAddress`. Default: `false`. */
  readonly hasNeverConnected?: (() => boolean) | undefined;
  /** Tracks the free space of Redis. While Redis is nearly full, no change is accepted. */
  readonly room?: Pick<DatabaseRoom, "beforeWrite" | "isPaused"> | undefined;
  readonly namespace: string;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  readonly log: Log;
}

/** The failures of the data cache in an isolate. */
export interface DataTroubles {
  /** The written keys whose purge the journal has not accepted yet. */
  readonly unpurged: { readonly keys: number; readonly trouble: Trouble<string> | undefined };
  /** The troubles of the namespaces whose last load failed. */
  readonly loads: ReadonlyMap<string, Trouble<string>>;
  /** The counters and buffers, by name. */
  readonly sets: ReadonlyMap<string, SetTroubles>;
}

/** The result of warming one key. `why` is the reason if the key is not in Redis. */
export interface WarmedKey {
  readonly result: "already" | "warmed" | "not-stored" | "passed-by" | "failed";
  readonly why?: string;
}

/** Loads keys of namespaces into Redis before the first request for them. */
export interface KeyWarmer {
  /** Returns why these keys cannot be loaded; `undefined` if they can. */
  readonly whyNot: (namespace: string, keys: readonly (string | number)[]) => Reason | undefined;
  /**
   * Loads the keys that are not fresh, in one load. Callers pass at most 100 keys, which `whyNot`
   * must accept.
   *
   * @returns one result per key, in order; never rejects
   */
  readonly load: (
    namespace: string,
    keys: readonly (string | number)[],
  ) => Promise<readonly WarmedKey[]>;
}

/** The parts of a data cache that its Worker uses. */
export interface DataBesidePages {
  /**
   * Makes the data cache use the pages' core. Returns a fault if this is not possible, or if options
   * of the data cache then have no effect.
   */
  readonly join: (pages: Pages) => Fault | undefined;
  /** Collects the values that a handler reads, once the data cache has joined the pages. */
  readonly collect: CollectReads;
  /** Runs the data cache's part of the cron trigger. Never rejects. */
  readonly runCron: () => Promise<void>;
  /** Returns the data cache's counts since the last call. Only the metrics of `core` call it. */
  readonly taken: () => Sums;
  /** Returns the core, which counts the data; `undefined` before the first use, without pages. */
  readonly core: () => Core | undefined;
  readonly settings: {
    readonly platform: Pick<CachePlatform, "nowAtMs">;
    readonly config: Pick<Config, "purge">;
  };
  /** Returns the data cache's part of `/_cache/stats`. */
  readonly stats: () => object;
  readonly troubles: () => DataTroubles;
  /** Returns whether counters, buffers or the option `keys` of a namespace need the cron trigger. */
  readonly needsCron: () => boolean;
  /** Returns the coverage of each value in memory. */
  readonly stored: () => Iterable<Coverage>;
  readonly warming: KeyWarmer;
  /** The counters and buffers of `writeBehind`, which sets this member. */
  sets: SetsBesideData | undefined;
  readonly portsOfSets: () => PortsOfSets;
}

const partsOf = new WeakMap<object, DataBesidePages>();

/** Registers the parts of a data cache for `knownData`. */
export function makeKnown(cache: object, parts: DataBesidePages): void {
  partsOf.set(cache, parts);
}

/**
 * Returns the parts of a data cache.
 *
 * @throws OperatorError for an object that `createDataCache` did not create
 */
export function knownData(cache: object): DataBesidePages {
  const parts = partsOf.get(cache);
  if (parts !== undefined) return parts;
  throw new OperatorError({
    what: "The data cache is invalid.",
    why: "It is not from createDataCache of this copy of the package.",
    hint: 'Import createDataCache from "tidemark/data", and install the package only once.',
  });
}
