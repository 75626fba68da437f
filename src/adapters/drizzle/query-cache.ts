// Exports of `tidemark/drizzle`: a cache of the results of Drizzle's queries, whose tables are tags.
import { describedError } from "../../base/error-name.ts";
import { refuseUnknown } from "../../base/known-members.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { knownData, type PortsOfSets } from "../../compose/data-beside-pages.ts";
import type { DataCache } from "../../data/create-data-cache.ts";
import type { NamespaceOptions } from "../../data/value/space.ts";
import { segmentOf } from "../library-key.ts";
import { type Changes, changesOf, type MutationOrder, unpurgedTables } from "./changes.ts";
import type { ExecutionPorts } from "./execution.ts";
import { attachTo, type DrizzleDatabase, type DrizzleSession } from "./sessions.ts";

export { OperatorError } from "../../base/operator-error.ts";
export type { MutationOrder } from "./changes.ts";

/** `fresh` is how long a result answers, unless its query sets `config`. */
export interface QueryCacheOptions extends SpaceOptions {
  /** The namespace of the results. Each database needs its own. Default: `"queries"`. */
  readonly name?: string | undefined;
  /** Which queries are cached: those with `$withCache()`, or all others as well. Default: `"explicit"`. */
  readonly strategy?: "explicit" | "all" | undefined;
}

type SpaceOptions = Pick<NamespaceOptions<unknown>, "fresh" | "jitter" | "schema" | "tiers">;

const optionNames = ["fresh", "jitter", "schema", "tiers", "name", "strategy"];

/**
 * Creates the cache that Drizzle's option `cache` takes.
 *
 * @param cache from `createDataCache`
 * @throws OperatorError for an invalid option, and for another object than a data cache
 * @example
 * const queries = queryCache(cache, { fresh: "5m" });
 * export const db = queries.attach(drizzle(pool, { cache: queries }));
 */
export function queryCache(cache: DataCache, options: QueryCacheOptions): QueryCache {
  return new QueryCache(cache, options);
}

export class QueryCache {
  readonly #cache: DataCache;
  readonly #name: string;
  readonly #strategy: "explicit" | "all";
  readonly #results: ExecutionPorts["results"];
  readonly #ports: () => PortsOfSets;
  readonly #unpurged: ReturnType<typeof unpurgedTables>;
  readonly #attached = new WeakSet<DrizzleSession>();
  readonly #told = new Set<string>();

  /** @throws OperatorError as `queryCache` does */
  constructor(cache: DataCache, options: QueryCacheOptions) {
    refuseUnknown(options, optionNames, "queryCache(cache, …)");
    const { name = "queries", strategy = "explicit", ...ofSpace } = options;
    if (strategy !== "explicit" && strategy !== "all") {
      throw invalid(`strategy is ${JSON.stringify(strategy)}.`, 'Set it to "explicit" or "all".');
    }
    this.#ports = knownData(cache).portsOfSets;
    this.#cache = cache;
    this.#name = name;
    this.#strategy = strategy;
    this.#results = cache.namespace<unknown>(name, ofSpace);
    this.#unpurged = unpurgedTables(
      (changes) => this.#purge(changes),
      this.#ports,
      (level, message) => this.#log("data-write", level, message),
    );
  }

  strategy(): "explicit" | "all" {
    return this.#strategy;
  }

  /**
   * Lets the database use this cache. Before, nothing is cached. Its transactions cache nothing, and purge after the
   * commit, and so do its batches.
   *
   * @param database from `drizzle(…, { cache: queries })`
   * @returns the same database
   * @throws OperatorError for a database with another cache, and for a driver that never asks a cache
   */
  attach<Database extends object>(database: Database): Database {
    const db: DrizzleDatabase = database;
    if (db.resultKind === "sync") {
      const hint = "Use another, such as libsql, or cache values with getOrSet.";
      throw invalid("A driver without promises, such as better-sqlite3, asks no cache.", hint);
    }
    const { session } = db;
    if (session === undefined || session.cache !== this) {
      const hint = "Write queries.attach(drizzle(…, { cache: queries })).";
      throw invalid("The database has another cache, or none.", hint);
    }
    if (this.#attached.has(session)) return database;
    this.#attached.add(session);
    const onConnection = { begun: 0, open: new Set<Changes>() };
    const ports: ExecutionPorts = {
      results: this.#results,
      nowAtMs: () => this.#ports().nowAtMs(),
      afterAnswer: (work) => this.#ports().afterAnswer(work),
      mayUse: (tables, tag) => !this.#unpurged.holds(tables, tag),
      tell: (what, cause) => this.#tell(what, `A result was not ${what}. ${describedError(cause)}`),
      onConnection,
    };
    const changed = (changes: Changes) => {
      for (const open of onConnection.open) open.add(changes);
      return this.#changed(changes);
    };
    attachTo(db, session, { ports, changed, beginning: {}, onConnection });
    return database;
  }

  /** Answers a database that is not attached: nothing is cached. */
  async get(): Promise<undefined> {
    this.#tell(
      "attach",
      "Nothing is cached without queries.attach(drizzle(…)) of drizzle-orm 0.45.",
    );
  }

  /** Stores nothing for a database that is not attached. */
  async put(): Promise<void> {}

  /** Purges tables and tags. Never rejects, because Drizzle would then lose the result of an executed statement. */
  onMutate(order: MutationOrder): Promise<void> {
    return this.#changed(changesOf(order));
  }

  /**
   * Purges the results of tables, and those with tags of `$withCache`. The function rejects if the purge is not
   * accepted, and if it names nothing.
   */
  get invalidate(): (order: MutationOrder) => Promise<void> {
    return async (order) => {
      const changes = changesOf(order);
      if (changes.isEmpty) throw invalid("It names neither a table nor a tag.", "Name one.");
      await this.#purge(changes);
    };
  }

  /** Ignores the assignment of `onMutate` by `drizzle()`, because `onMutate` hides a refusal. */
  set invalidate(_: unknown) {}

  #changed(changes: Changes): Promise<void> {
    return this.#purge(changes).catch(() => this.#unpurged.add(changes));
  }

  async #purge({ tables, tags }: Changes): Promise<void> {
    if (tables.size + tags.size === 0) return;
    const prefixes = Array.from(tags, (tag) => [this.#name, "tag", segmentOf(tag)]);
    await this.#cache.purge({ tags: [...tables], prefixes, reason: "drizzle" });
  }

  /** Logs the first line of a kind. */
  #tell(kind: string, message: string): void {
    if (!this.#told.has(kind)) this.#log("fault", "warn", message);
    this.#told.add(kind);
  }

  #log(event: "fault" | "data-write", level: "info" | "warn", message: string): void {
    this.#ports().log({ event, level, message: `Drizzle: ${message}`, part: "drizzle" });
  }
}

function invalid(why: string, hint: string): OperatorError {
  return new OperatorError({ what: "The cache of queries is invalid.", why, hint });
}
