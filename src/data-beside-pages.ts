// The interface between a Worker and its data cache. It imports no data code, so a Worker without data
// does not bundle any.
import type { Coverage } from "./cache/record/record.ts";
import type { Core } from "./create-cache.ts";
import type { Trouble } from "./observe/condition.ts";
import type { Sums } from "./observe/sums.ts";
import { type Fault, OperatorError, type Reason } from "./base/operator-error.ts";

/** The parts of a Worker's page cache that data joins. */
export interface Pages {
  readonly core: Core;
  /** The first host of SITE_HOST; `undefined` if it is not set. */
  readonly siteHost: string | undefined;
  /** Host of the isolate's first request; `undefined` before it. */
  readonly seenHost: () => string | undefined;
}

/**
 * Why data runs on a core of its own: it was used before the Worker started, or it has another database
 * or namespace.
 */
export type ReasonApart = "in-use" | "other-database";

/** Possible trouble of a counter or buffer in an isolate. */
export interface SetTroubles {
  readonly backlog: {
    readonly keyCount: number;
    readonly backlogMax: number;
    /** How long the oldest slice has been due for a flush; negative if it is not due yet. */
    readonly overdueMs: number;
    readonly everyMs: number;
    /** When the backlog was last known; -Infinity for never. */
    readonly heardAtMs: number;
  };
  readonly flushes: Trouble<string> | undefined;
}

/** Troubles of data in an isolate. */
export interface DataTroubles {
  /** Written keys whose purge the journal has not accepted yet. */
  readonly unpurged: { readonly keys: number; readonly trouble: Trouble<string> | undefined };
  /** Namespaces whose loads all fail: since when, and with which error. */
  readonly loads: ReadonlyMap<string, Trouble<string>>;
  /** Counters and buffers, by name. */
  readonly sets: ReadonlyMap<string, SetTroubles>;
}

/** The result of warming one key; `why` if the key is not in Redis. */
export interface WarmedKey {
  readonly result: "already" | "warmed" | "not-stored" | "passed-by" | "failed";
  readonly why?: string;
}

/** Loads keys of namespaces into Redis before the first request for them. */
export interface KeyWarmer {
  /** Returns why these keys cannot be loaded, or `undefined` if they can. */
  readonly whyNot: (namespace: string, keys: readonly (string | number)[]) => Reason | undefined;
  /**
   * Loads the keys that are not fresh, in one load. Call it with at most 100 keys that `whyNot` accepts.
   *
   * @returns one result per key, in order. Never rejects.
   */
  readonly load: (
    namespace: string,
    keys: readonly (string | number)[],
  ) => Promise<readonly WarmedKey[]>;
}

/** A data cache, as seen by its Worker. */
export interface DataBesidePages {
  /** Makes it use the pages' core from its first use on. Returns why, if it cannot. */
  readonly join: (pages: Pages) => ReasonApart | undefined;
  /** Runs its part of the cron trigger. Never rejects. */
  readonly runCron: () => Promise<void>;
  /** Returns the counts since the last call. */
  readonly taken: () => Sums;
  /** Returns its part of `/_cache/stats`. */
  readonly stats: () => object;
  readonly troubles: () => DataTroubles;
  /** Lists the values in memory as far as purges can match them. */
  readonly stored: () => Iterable<Coverage>;
  readonly warming: KeyWarmer;
}

export function faultOf(why: ReasonApart): Fault {
  const what = "Data works apart from the pages: it reads the purge journal by itself.";
  return why === "in-use"
    ? {
        what,
        why: "It was used before the Worker had started, or another Worker of this isolate has it.",
        hint: "Use it first while a request is answered, and hand it to one Worker.",
      }
    : {
        what,
        why: "It was made with another database than the pages have, or with another namespace.",
        hint: "Make it with the configuration and the variables of the Worker.",
      };
}

const partsOf = new WeakMap<object, DataBesidePages>();

/** Registers a cache, so that `knownData` finds its parts. */
export function makeKnown(cache: object, parts: DataBesidePages): void {
  partsOf.set(cache, parts);
}

/** @throws OperatorError for an object that `createDataCache` did not create */
export function knownData(cache: object): DataBesidePages {
  const parts = partsOf.get(cache);
  if (parts !== undefined) return parts;
  throw new OperatorError({
    what: "The option data is refused.",
    why: "It is no cache that createDataCache of this copy of the package has made.",
    hint: 'Import createDataCache from "tidemark/data", and see that the package is installed once.',
  });
}
