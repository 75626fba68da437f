// Sinks for SQL on Node: Postgres, SQLite with better-sqlite3 or node:sqlite, and libSQL.
import { OperatorError } from "../../base/operator-error.ts";
import type { Database, Line } from "./dialect.ts";
import type { SinkOptions } from "./sink-table.ts";
import type { BufferSink, CounterSink } from "./sink.ts";
import { bufferSinkOver, counterSinkOver } from "./sink-over.ts";
import { namedLater, named } from "./sink-error.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { postgresDialect } from "./postgres-dialect.ts";

/**
 * `new Database(…)` of better-sqlite3, `new DatabaseSync(…)` of node:sqlite, `createClient(…)` of
 * @libsql/client, or `new Pool(…)` or a client of pg.
 */
export type SqlConnection = SqliteConnection | LibsqlConnection | PostgresConnection;

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
  // Pools of MySQL also have methods of libSQL and Postgres.
  const isOther = "getConnection" in db;
  if ("prepare" in db && "exec" in db) return overSqlite(db);
  if ("execute" in db && "batch" in db && !isOther) return overLibsql(db);
  if ("query" in db && !isOther) return overPostgres(db);
  throw new OperatorError({
    what: "The connection to the database is unsuitable.",
    why: "It is none of SQLite, with `prepare` and `exec`, of libSQL, with `execute` and `batch`, or of Postgres, with `query`.",
    hint: "Pass a database of better-sqlite3 or node:sqlite, a client of @libsql/client, or a Pool of pg. For another database, write a sink of your own.",
  });
}

interface LibsqlStatement {
  readonly sql: string;
  readonly args: (string | number | null)[];
}

/** A result of `createClient`, which the application closes. */
export interface LibsqlConnection {
  execute(statement: LibsqlStatement): Promise<{ readonly rows: readonly unknown[] }>;
  /** Runs all statements in one transaction. */
  batch(statements: LibsqlStatement[], mode: "write"): Promise<unknown>;
}

function overLibsql(db: LibsqlConnection): Database {
  return {
    dialect: sqliteDialect,
    // libSQL does not report which statement failed. The error names the first statement, which
    // writes the rows.
    async run(statements) {
      const given = statements.map(({ sql, values }) => ({ sql, args: [...values] }));
      await namedLater(given[0]?.sql ?? "", () => db.batch(given, "write"));
    },
    async lines({ sql, values }) {
      const { rows } = await namedLater(sql, () => db.execute({ sql, args: [...values] }));
      return rows as readonly Line[];
    },
  };
}

/**
 * A Pool of pg, which the application closes, or a connected Client without an open transaction. The
 * rollback of an open transaction would undo a chunk that was already confirmed.
 */
export interface PostgresConnection {
  query(sql: string, values: (string | number | null)[]): Promise<{ readonly rows: unknown[] }>;
}

function overPostgres(db: PostgresConnection): Database {
  return {
    dialect: postgresDialect,
    async run(statements) {
      for (const { sql, values } of statements) {
        await namedLater(sql, () => db.query(sql, [...values]));
      }
    },
    async lines({ sql, values }) {
      const { rows } = await namedLater(sql, () => db.query(sql, [...values]));
      return rows as Line[];
    },
  };
}

/** An open database, which the application closes. */
export interface SqliteConnection {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...values: (string | number | null)[]): unknown;
    all(...values: (string | number | null)[]): unknown[];
  };
}

/**
 * Wraps a database.
 *
 * @throws OperatorError if the database stores UTF-16, whose bytes have another order
 */
function overSqlite(db: SqliteConnection): Database {
  const [row] = db.prepare("PRAGMA encoding").all() as { encoding: string }[];
  if (row?.encoding !== "UTF-8") {
    throw new OperatorError({
      what: "The SQLite database is unsuitable.",
      why: `Its encoding is ${row?.encoding}, which sorts text differently from UTF-8.`,
      hint: "Use a database with PRAGMA encoding = 'UTF-8', which is the default.",
    });
  }
  return {
    dialect: sqliteDialect,
    async run(statements) {
      const exec = (sql: string) => named(sql, () => db.exec(sql));
      exec("BEGIN IMMEDIATE");
      try {
        for (const { sql, values } of statements) {
          named(sql, () => db.prepare(sql).run(...values));
        }
        exec("COMMIT");
      } catch (cause) {
        rollBack(db);
        throw cause;
      }
    },
    async lines({ sql, values }) {
      return named(sql, () => db.prepare(sql).all(...values)) as Line[];
    },
  };
}

/** Rolls back. After some errors, such as a full disk, SQLite has already ended the transaction. */
function rollBack(db: SqliteConnection): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    // The transaction has already ended.
  }
}
