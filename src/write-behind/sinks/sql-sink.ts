// Sinks for SQL on Node: Postgres, and SQLite by better-sqlite3 or node:sqlite.
import { OperatorError } from "../../base/operator-error.ts";
import type { Database } from "./dialect.ts";
import type { SinkOptions } from "./place.ts";
import { overPostgres, type PostgresConnection } from "./over-postgres.ts";
import { overSqlite, type SqliteConnection } from "./over-sqlite.ts";
import type { BufferSink, CounterSink } from "./sink.ts";
import { bufferSinkOver, counterSinkOver } from "./sink-over.ts";

/** `new Database(…)` of better-sqlite3, `new DatabaseSync(…)` of node:sqlite, `new Pool(…)` or a client of pg. */
export type SqlConnection = SqliteConnection | PostgresConnection;

/** @throws OperatorError for an unknown connection, or an invalid name of a table or column */
export function sqlSink(db: SqlConnection, options: SinkOptions = {}): CounterSink {
  return counterSinkOver(databaseOf(db), options);
}

/** @throws OperatorError for an unknown connection, or an invalid name of a table or column */
export function sqlBufferSink(db: SqlConnection, options: SinkOptions = {}): BufferSink {
  return bufferSinkOver(databaseOf(db), options);
}

function databaseOf(db: SqlConnection): Database {
  if ("prepare" in db && "exec" in db) return overSqlite(db);
  if ("query" in db) return overPostgres(db);
  throw new OperatorError({
    what: "The connection to the database is refused.",
    why: "It has neither `prepare` and `exec`, as SQLite has, nor `query`, as Postgres has.",
    hint: "Pass a database of better-sqlite3 or node:sqlite, or a Pool of pg.",
  });
}
