// Sinks for SQL on Node: Postgres, MySQL, SQLite with better-sqlite3 or node:sqlite, and libSQL.
import { OperatorError } from "../../base/operator-error.ts";
import type { Database } from "./dialect.ts";
import type { SinkOptions } from "./place.ts";
import { type LibsqlConnection, overLibsql } from "./over-libsql.ts";
import { type MysqlPool, overMysql } from "./over-mysql.ts";
import { overPostgres, type PostgresConnection } from "./over-postgres.ts";
import { overSqlite, type SqliteConnection } from "./over-sqlite.ts";
import type { BufferSink, CounterSink } from "./sink.ts";
import { bufferSinkOver, counterSinkOver } from "./sink-over.ts";

/**
 * `new Database(…)` of better-sqlite3, `new DatabaseSync(…)` of node:sqlite, `createClient(…)` of
 * @libsql/client, `new Pool(…)` or a client of pg, or `createPool(…)` of mysql2 or mariadb.
 */
export type SqlConnection = SqliteConnection | LibsqlConnection | PostgresConnection | MysqlPool;

/**
 * Creates a counter's sink.
 *
 * @throws OperatorError for an unknown connection, or an invalid name of a table or column
 */
export function sqlSink(db: SqlConnection, options: SinkOptions = {}): CounterSink {
  return counterSinkOver(databaseOf(db), options);
}

/**
 * Creates a buffer's sink.
 *
 * @throws OperatorError for an unknown connection, or an invalid name of a table or column
 */
export function sqlBufferSink(db: SqlConnection, options: SinkOptions = {}): BufferSink {
  return bufferSinkOver(databaseOf(db), options);
}

function databaseOf(db: SqlConnection): Database {
  if ("prepare" in db && "exec" in db) return overSqlite(db);
  // A pool of mariadb also has the methods of libSQL.
  if ("getConnection" in db || "promise" in db) return overMysql(db);
  if ("execute" in db && "batch" in db) return overLibsql(db);
  if ("query" in db) return overPostgres(db);
  throw new OperatorError({
    what: "The connection to the database is unsuitable.",
    why: "It has neither `prepare` and `exec`, as SQLite has, nor `execute` and `batch`, as libSQL has, nor `query`, as Postgres has, nor `getConnection`, as MySQL has.",
    hint: "Pass a database of better-sqlite3 or node:sqlite, a client of @libsql/client, a Pool of pg, or a pool of mysql2.",
  });
}
