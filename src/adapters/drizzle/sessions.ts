// The sessions of Drizzle: gives each execution of a query a cache of its own, and purges after each statement.
import { OperatorError } from "../../base/operator-error.ts";
import { Changes, changesOf, type MutationOrder, tablesChanged } from "./changes.ts";
import { executionCache, type ExecutionPorts, isExactInJson, type Query } from "./execution.ts";

/** The members of a database or a transaction of Drizzle 0.45 that this adapter uses. */
export interface DrizzleDatabase {
  /** `sync` for drivers that answer without a promise. */
  readonly resultKind?: string;
  readonly session?: DrizzleSession;
  transaction?: (work: Work, ...options: unknown[]) => Promise<unknown>;
  batch?: (queries: readonly unknown[]) => Promise<unknown>;
  /** Returns a database of Neon whose queries have a token, which Drizzle's key of a query lacks. */
  $withAuth?: (token: unknown) => unknown;
}

type Work = (tx: DrizzleDatabase) => unknown;

export interface DrizzleSession {
  readonly cache?: unknown;
  prepareQuery: Prepare;
}

type Prepare = (this: DrizzleSession, query: { sql: string }, ...rest: unknown[]) => PreparedQuery;
type RunWithCache = (sql: string, params: readonly unknown[], run: unknown) => Promise<unknown>;

/** A query that can be executed. */
interface PreparedQuery {
  readonly queryMetadata?: { readonly type: string; readonly tables: readonly string[] };
  queryWithCache?: RunWithCache;
  /** `undefined` if the query is not cached. */
  readonly cacheConfig?: { readonly tag?: string | undefined } | undefined;
  /** For SQLite: returns the first row. */
  get?: (values?: unknown) => unknown;
}

/** The work to which queries belong: a database, a transaction, or a database with a token. */
export interface Scope {
  /** `undefined` if nothing is cached. */
  readonly ports: ExecutionPorts | undefined;
  /** Never rejects. */
  readonly changed: (changes: Changes) => Promise<void> | void;
  /** The changes of the batch that is beginning. */
  readonly beginning: { batch?: Changes | undefined };
  readonly onConnection: OnConnection;
}

/** The transactions on the connection that all queries of a session use: how many have begun, and the changes of open ones. */
export interface OnConnection {
  begun: number;
  readonly open: Set<Changes>;
}

/** Returns `prepareQuery` of a session, for queries of the scope. */
function preparingIn(scope: Scope, prepareQuery: Prepare): Prepare {
  return function (query, ...options) {
    const prepared = prepareQuery.call(this, query, ...options);
    const { queryMetadata } = prepared;
    const { queryWithCache, get } = Object.getPrototypeOf(prepared) as PreparedQuery;
    if (queryMetadata === undefined || queryWithCache === undefined) return prepared;
    const { type, tables } = queryMetadata;
    if (type === "select") {
      const reading =
        (form: string): RunWithCache =>
        (sql, params, run) => {
          const { cacheConfig } = prepared;
          const members = membersFor(
            { sql, params, form, tag: cacheConfig?.tag },
            cacheConfig,
            scope,
          );
          return queryWithCache.call(derived(prepared, members), sql, params, run);
        };
      const form = (this.constructor as { [entityKind]?: string })[entityKind] ?? "";
      prepared.queryWithCache = reading(form);
      // Some drivers return one row in another form, under the same key.
      const member = { queryWithCache: { value: reading(`${form}.get`) } };
      if (get !== undefined) prepared.get = (values) => get.call(derived(prepared, member), values);
      return prepared;
    }
    scope.beginning.batch?.add(tablesChanged(query.sql, tables));
    prepared.queryWithCache = async (sql, params, run) => {
      try {
        return await queryWithCache.call(derived(prepared, uncached), sql, params, run);
      } finally {
        // The database may have applied a statement that failed.
        await scope.changed(tablesChanged(sql, tables));
      }
    };
    return prepared;
  };
}

function membersFor(read: Query, config: PreparedQuery["cacheConfig"], { ports }: Scope) {
  if (ports === undefined || config === undefined) return uncached;
  if (!read.params.every(isExactInJson)) return uncached;
  // With any tag, Drizzle computes no digest, which takes longer than all the rest.
  return {
    cache: { value: executionCache(read, ports) },
    cacheConfig: { value: { ...config, tag: "" } },
  };
}

const uncached = { cache: { value: undefined }, cacheConfig: { value: undefined } };

const entityKind = Symbol.for("drizzle:entityKind");

/** Returns an object that has the members, and otherwise those of `of`. */
function derived<T extends object>(of: T, members: PropertyDescriptorMap): T {
  return Object.create(of, members) as T;
}

/** Returns a session like this one whose queries belong to the scope. */
function sessionIn(scope: Scope, session: DrizzleSession): DrizzleSession {
  return derived(session, { prepareQuery: { value: preparingIn(scope, session.prepareQuery) } });
}

/** Lets the queries of the database belong to the scope. Its transactions cache nothing, and purge after the commit. */
export function attachTo(db: DrizzleDatabase, session: DrizzleSession, scope: Scope): void {
  const { $withAuth } = db;
  if ($withAuth !== undefined) {
    const withToken = { session: { value: sessionIn({ ...scope, ports: undefined }, session) } };
    db.$withAuth = (token) => $withAuth.call(derived(db, withToken), token);
  }
  session.prepareQuery = preparingIn(scope, session.prepareQuery);
  withBatches(db, scope);
  withTransactions(db, session, scope);
}

/** Lets a batch purge the tables that it changes, because Drizzle tells the cache of no query of a batch. */
function withBatches(db: DrizzleDatabase, { beginning, changed }: Scope): void {
  const batch = db.batch?.bind(db);
  if (batch === undefined) return;
  db.batch = async (queries) => {
    const changes = new Changes();
    try {
      beginning.batch = changes;
      const running = batch(queries);
      // Drizzle prepares the queries before it waits for anything.
      beginning.batch = undefined;
      return await running;
    } finally {
      await changed(changes);
    }
  };
}

function withTransactions(db: DrizzleDatabase, session: DrizzleSession, scope: Scope): void {
  const { onConnection } = scope;
  const transaction = db.transaction?.bind(db);
  if (transaction === undefined) return;
  db.transaction = async (work, ...options) => {
    const changes = new Changes();
    const changed = (more: Changes) => changes.add(more);
    const invalidate = async (order: MutationOrder) => changed(changesOf(order));
    let isRolledBack = false;
    const working = async (tx: DrizzleDatabase) => {
      isRolledBack = false;
      if (tx.session === session) {
        onConnection.begun += 1;
        onConnection.open.add(changes);
      }
      // An error rolls the transaction back.
      if (tx.session === undefined || tx.session.cache !== session.cache) throw unknownVersion();
      const within = sessionIn({ ...scope, ports: undefined, changed, beginning: {} }, tx.session);
      Object.assign(tx, { session: within, $cache: { invalidate } });
      try {
        return await work(tx);
      } catch (cause) {
        isRolledBack = true;
        throw cause;
      }
    };
    try {
      return await transaction(working, ...options);
    } finally {
      onConnection.open.delete(changes);
      // The database may have applied a commit that failed.
      if (!isRolledBack) await scope.changed(changes);
    }
  };
}

const unknownVersion = () =>
  new OperatorError({
    what: "The transaction is rolled back.",
    why: "This version of Drizzle opens transactions in a way that Tidemark does not know.",
    hint: "Install drizzle-orm 0.45, or leave out queries.attach and the option cache.",
  });
