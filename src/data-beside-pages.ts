// What a Worker asks of a cache for data that it is handed. It knows no code of data, so that a Worker
// without data has none of it.
import type { Coverage } from "./cache/record/record.ts";
import type { Core } from "./create-cache.ts";
import type { Trouble } from "./observe/condition.ts";
import type { Sums } from "./observe/sums.ts";
import { type Fault, OperatorError, type Reason } from "./base/operator-error.ts";

/** The pages of an isolate, as data stands beside them. */
export interface Pages {
  readonly core: Core;
  /** The first host of the site; `undefined` where the variables name none. */
  readonly siteHost: string | undefined;
  /** Of the isolate's first request; `undefined` before it. */
  readonly seenHost: () => string | undefined;
}

/**
 * Why data has a core of its own: it was used before the Worker started; or it has another database, or
 * another namespace in it.
 */
export type WhyApart = "in-use" | "other-database";

/** What may be wrong with a counter or a buffer in an isolate. */
export interface SetTroubles {
  readonly backlog: {
    readonly keyCount: number;
    readonly backlogMax: number;
    /** How long the oldest slice could have been flushed; below 0 while it rests. */
    readonly overdueMs: number;
    readonly everyMs: number;
    /** -Infinity where nothing was heard of it. */
    readonly heardAtMs: number;
  };
  readonly flushes: Trouble<string> | undefined;
}

/** What goes wrong with data in an isolate. */
export interface DataTroubles {
  /** Keys that were written, and whose purge the journal has yet to take. */
  readonly unpurged: { readonly keys: number; readonly trouble: Trouble<string> | undefined };
  /** By namespace: since when all its loads have failed, and with which error. */
  readonly loads: ReadonlyMap<string, Trouble<string>>;
  /** Of counters and buffers, by name. */
  readonly sets: ReadonlyMap<string, SetTroubles>;
}

/** What became of a key that was to be brought into Redis; `why` where it is not there. */
export interface WarmedKey {
  readonly result: "already" | "warmed" | "not-stored" | "passed-by" | "failed";
  readonly why?: string;
}

/** How keys of namespaces are brought into Redis before anybody asks for them. */
export interface Warming {
  /** Why these keys cannot be loaded; `undefined` where they can. */
  readonly whyNot: (namespace: string, keys: readonly (string | number)[]) => Reason | undefined;
  /**
   * Loads those that are not fresh, by one load. To be called with up to a hundred keys for which
   * `whyNot` has told nothing.
   *
   * @returns what became of each, in their order. Never rejects.
   */
  readonly load: (
    namespace: string,
    keys: readonly (string | number)[],
  ) => Promise<readonly WarmedKey[]>;
}

/** A cache for data, as a Worker that was handed it knows it. */
export interface DataBesidePages {
  /** Has it work over the core of the pages, from its first use on. */
  readonly join: (pages: Pages) => WhyApart | undefined;
  /** Its part of a run of the cron trigger. Never rejects. */
  readonly runCron: () => Promise<void>;
  /** What it has counted since the last call. */
  readonly taken: () => Sums;
  /** For `/_cache/stats`. */
  readonly stats: () => object;
  readonly troubles: () => DataTroubles;
  /** What a purge can match of the values in memory. */
  readonly stored: () => Iterable<Coverage>;
  readonly warming: Warming;
}

export function faultOf(why: WhyApart): Fault {
  const what = "Data works apart from the pages: it reads the purge journal by itself.";
  return why === "in-use"
    ? {
        what,
        why: "It was used before the Worker had started, or another Worker of this isolate has it.",
        mend: "Use it first while a request is answered, and hand it to one Worker.",
      }
    : {
        what,
        why: "It was made with another database than the pages have, or with another namespace.",
        mend: "Make it with the configuration and the variables of the Worker.",
      };
}

const partsOf = new WeakMap<object, DataBesidePages>();

/** Makes a cache known to a Worker that is handed it. */
export function makeKnown(cache: object, parts: DataBesidePages): void {
  partsOf.set(cache, parts);
}

/** @throws OperatorError for what `createDataCache` has not made */
export function knownData(cache: object): DataBesidePages {
  const parts = partsOf.get(cache);
  if (parts !== undefined) return parts;
  throw new OperatorError({
    what: "The option data is refused.",
    why: "It is no cache that createDataCache of this copy of the package has made.",
    mend: 'Import createDataCache from "tidemark/data", and see that the package is installed once.',
  });
}
