// The stores of a site, which a Worker names in code, and their bindings. A Worker bundles only the
// stores that it imports.
import type { BodiesInCode, TierInCode } from "../cache/tiers/tier-in-code.ts";
import { type Fault, isFault } from "../base/operator-error.ts";
import type { Env } from "../protocol/variables/bindings.ts";
import type { Databases } from "../protocol/variables/database.ts";
import type { Platform } from "../platform/platform.ts";
import type { JournalInCode, JournalMaker } from "../purge/create-purging.ts";
import type { RedisAddress } from "../remote/redis/address.ts";
import type { ReportsInCode } from "../observe/reports/report-store.ts";
import type { RedisStore } from "../stores/redis/redis-store.ts";

/**
 * The stores of a site: `upstash()` of `tidemark/upstash`, `durableObjects()` of
 * `tidemark/cloudflare`, or `redis()` or `inProcess()` of `tidemark/node`. Without stores, each colo
 * has only its memory and Cache API, and no purges.
 *
 * @example stores: { ...upstash(), bodies: r2Bodies({ binding: "BODIES" }) }
 */
export interface Stores {
  /** Redis, for each part that no other member names. */
  readonly redis?: RedisStore | undefined;
  /** Returns the databases of `redis`, in place of those of the variables. */
  readonly databases?: ((env: Env) => Databases<RedisAddress>) | undefined;
  readonly journal?: JournalInCode | undefined;
  /** The shared tier and its locks. */
  readonly records?: TierInCode | undefined;
  /** The store of bodies that are too large for the shared tier. */
  readonly bodies?: BodiesInCode | undefined;
  /** The reports of isolates, and their hot keys. */
  readonly reports?: ReportsInCode | undefined;
  /** On Node, the client of origins that have a URL. */
  readonly fetch?: Platform["fetch"] | undefined;
}

export const storeNames = [
  "redis",
  "databases",
  "journal",
  "records",
  "bodies",
  "reports",
  "fetch",
] as const satisfies readonly (keyof Stores)[];

interface BoundDatabases {
  readonly redis: RedisAddress | Fault | undefined;
  readonly journal: RedisAddress | JournalMaker | undefined;
  readonly faults: readonly Fault[];
}

/**
 * Binds the stores. Adds a fault for each unusable store. If the journal in code is unusable, Redis is
 * not used either, because isolates do not read another journal.
 *
 * @param read the databases in the bindings
 * @param hasData whether the site has a data cache, which has purges of its own
 */
export function bindStores<Read extends BoundDatabases>(
  read: Read,
  stores: Stores,
  env: Env,
  hasData = false,
) {
  const { redis, journal: journalOfRedis } = stores.databases?.(env) ?? read;
  const hasRedis = redis !== undefined && !isFault(redis);
  const hasShared = hasRedis || stores.records !== undefined;
  const isTooNarrow = hasShared && stores.journal?.reach === "process";
  const journal = isTooNarrow ? tooNarrow : (stores.journal?.bound(env) ?? journalOfRedis);
  const bodies = stores.bodies && (hasShared ? stores.bodies.bound(env) : lacksShared);
  const isUsable = hasRedis || typeof journal === "function";
  // A journal in code that is unusable has a fault of its own.
  const unusable = isFault(journal) ? journal : lacksJournal;
  const records = stores.records && (isUsable ? stores.records.bound(env) : unusable);
  const reports = isFault(journal) ? undefined : stores.reports?.bound(env);
  const own = read.faults.map((fault) =>
    fault === redis && stores.journal !== undefined
      ? { ...fault, what: "The database is not used." }
      : fault,
  );
  const unbound = new Set([records, bodies, journal, reports].filter(isFault));
  const idle = stores.journal && journalOfRedis ? [idleJournal] : [];
  const lacksAddress = stores.redis !== undefined && redis === undefined && !isUsable;
  const isBare = hasData && stores.redis === undefined && redis === undefined && !journal;
  const doubts = [
    stores.journal?.fault ?? [],
    lacksAddress ? noAddress : [],
    isBare ? noStores : [],
  ].flat();
  const faults = [...own, ...unbound, ...idle, ...doubts];
  const makers = {
    /** The fault that leaves the site without a journal. */
    unusable: [journal, redis].find(isFault),
    records: isFault(records) ? undefined : records,
    withBodies: isFault(bodies) ? undefined : bodies,
    openReports: isFault(reports) ? undefined : reports,
  };
  return isFault(journal)
    ? { environment: { ...read, redis: journal, faults }, makers, journal: undefined }
    : { environment: { ...read, redis, faults }, makers, journal };
}

const noAddress: Fault = {
  what: "The shared tier and purges are off.",
  why: "The Worker passes upstash() as its stores, but UPSTASH_REDIS_REST_URL is not set.",
  hint: "Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, on your machine in .dev.vars, with a NAMESPACE of its own. For no stores, remove upstash().",
};

const noStores: Fault = {
  what: "Purges are refused, also those of the data cache.",
  why: "The Worker has a data cache, and passes no stores.",
  hint: "Pass stores, such as durableObjects() with its bindings, upstash(), or redis(connection) on Node.",
};

const idleJournal: Fault = {
  what: "JOURNAL_REDIS_REST_URL has no effect.",
  why: "The Worker passes another journal in code.",
  hint: "Unset it.",
};

const tooNarrow: Fault = {
  what: "The shared tier and purges are off.",
  why: "The stores share responses, but inProcess() keeps purges in this process, so that none would reach the others.",
  hint: "Pass either inProcess() or the other stores, such as redis(connection), not both.",
};

const lacksShared: Fault = {
  what: "The store of large bodies is off.",
  why: "There is no shared tier, which would have the records of the bodies.",
  hint: "Add upstash() and its variables, or pass durableObjectRecords() as stores.records.",
};

const lacksJournal: Fault = {
  what: "The shared tier is off.",
  why: "There is neither a usable Redis database nor another journal, so no purge could reach it.",
  hint: "Add upstash() and its variables, or pass durableObjectJournal() as stores.journal.",
};
