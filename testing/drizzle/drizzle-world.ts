// A SQLite database behind Drizzle, whose results one isolate of a data cache stores.
import { existsSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { Cache } from "drizzle-orm/cache/core";
import { blob, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { drizzle } from "drizzle-orm/sqlite-proxy";
import { queryCache, type QueryCacheOptions } from "../../src/adapters/drizzle/query-cache.ts";
import { DataIsolate } from "../data/data-isolate.ts";

export const articles = sqliteTable("articles", {
  id: integer().primaryKey(),
  title: text().notNull(),
  author: integer(),
  picture: blob({ mode: "buffer" }),
  at: integer({ mode: "timestamp" }),
});
export const authors = sqliteTable("authors", {
  id: integer().primaryKey(),
  name: text().notNull(),
});

const tables = `
  CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, author INTEGER, picture BLOB, at INTEGER);
  CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  INSERT INTO authors VALUES (7, 'Ada');
  INSERT INTO articles VALUES (42, 'Tides', 7, x'00ff', 1000), (43, 'Ebb', 7, NULL, NULL);
`;

type Method = "run" | "all" | "values" | "get";

/** One connection to a database, and the statements that it has executed. */
export class Sqlite {
  readonly #database: DatabaseSync;
  readonly statements: string[] = [];
  /** Called before a statement is executed, and before its answer arrives. A rejection fails the statement. */
  before: (sql: string) => Promise<void> | void = () => undefined;
  after: (sql: string) => Promise<void> | void = () => undefined;

  /** @param path of a file for several connections, which the first creates; default: a new database in memory */
  constructor(path = ":memory:") {
    const isNew = path === ":memory:" || !existsSync(path);
    this.#database = new DatabaseSync(path);
    if (isNew) this.#database.exec(`PRAGMA journal_mode = WAL; ${tables}`);
  }

  close(): void {
    this.#database.close();
  }

  /** The number of queries. */
  get reads(): number {
    return this.statements.filter((sql) => /^(?:select|with)/i.test(sql)).length;
  }

  readonly run = async (sql: string, params: readonly unknown[], method: Method) => {
    await this.before(sql);
    this.statements.push(sql);
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    const rows = statement.all(...(params as SQLInputValue[])) as unknown as unknown[][];
    await this.after(sql);
    // Drizzle expects the cells of one row, or nothing.
    return { rows: method === "get" ? (rows[0] as unknown[]) : rows };
  };

  readonly batch = async (
    queries: readonly { sql: string; params: unknown[]; method: Method }[],
  ) => {
    const results = [];
    for (const { sql, params, method } of queries)
      results.push(await this.run(sql, params, method));
    return results;
  };

  /** Opens the database with any cache of Drizzle. */
  open(cache: Cache) {
    return drizzle(this.run, this.batch, { cache });
  }
}

export interface QueriesWorld {
  readonly sqlite?: Sqlite;
  readonly isolate?: DataIsolate;
  readonly options?: Partial<QueryCacheOptions>;
}

/** Opens a database whose results the isolate stores for a minute. By default, all of them. */
export function openQueries(world: QueriesWorld = {}) {
  const { sqlite = new Sqlite(), isolate = new DataIsolate(), options } = world;
  const queries = queryCache(isolate.data, { fresh: "60s", strategy: "all", ...options });
  const db = queries.attach(sqlite.open(queries));
  const titles = async () => (await db.select().from(articles)).map(({ title }) => title);
  /** Opens the same database in another isolate, whose memory is empty, once it knows all purges. */
  const elsewhere = () => {
    isolate.clock.advance(10);
    return openQueries({ sqlite, isolate: isolate.elsewhere(), ...(options && { options }) });
  };
  return { sqlite, isolate, queries, db, titles, elsewhere };
}
