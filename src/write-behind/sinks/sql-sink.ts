// Sinks for SQL on Node: Postgres, MySQL, SQLite with better-sqlite3 or node:sqlite, and libSQL.
import { OperatorError } from "../../base/operator-error.ts";
import type { Database, Line, Statement } from "./dialect.ts";
import type { SinkOptions } from "./sink-table.ts";
import type { BufferSink, CounterSink } from "./sink.ts";
import { bufferSinkOver, counterSinkOver } from "./sink-over.ts";
import { namedLater, named } from "./sink-error.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { mysqlDialect } from "./mysql-dialect.ts";
import { postgresDialect } from "./postgres-dialect.ts";

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

interface MysqlConnection {
  query(sql: string): Promise<unknown>;
  /** Runs a prepared statement, so that no sql_mode changes how values are escaped. */
  execute(sql: string, values: (string | number | null)[]): Promise<unknown>;
  release(): unknown;
  destroy(): unknown;
}

interface MysqlPromisePool {
  getConnection(): Promise<MysqlConnection>;
}

/**
 * A pool of mysql2, mysql2/promise or mariadb (which Prisma's adapter wraps). The application closes
 * the pool.
 */
export type MysqlPool = MysqlPromisePool | { promise(): MysqlPromisePool };

function overMysql(db: MysqlPool): Database {
  const pool = "promise" in db ? db.promise() : db;
  return {
    dialect: mysqlDialect,
    async run(statements) {
      await inSession(pool, [control("START TRANSACTION"), ...statements, control("COMMIT")]);
    },
    async lines(statement) {
      return linesOf(await inSession(pool, [statement]));
    },
  };
}

const control = (sql: string): Statement => ({ sql, values: [] });

/**
 * Precedes each use of a connection. ROLLBACK ends a transaction that the application left open:
 * START TRANSACTION would commit that transaction, and reads in it could see an old snapshot. READ
 * COMMITTED overrides the session's isolation level: statements after the lock of the mark see the
 * locked mark, and no statement sees uncommitted rows.
 */
const begin = [control("ROLLBACK"), control("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")];

/**
 * Runs statements on one connection, and returns the answer to the last one. After an error, closes
 * the connection, which ends the transaction.
 */
async function inSession(
  pool: MysqlPromisePool,
  statements: readonly Statement[],
): Promise<unknown> {
  const connection = await namedLater("(connect)", () => pool.getConnection());
  try {
    let answer: unknown;
    for (const { sql, values } of [...begin, ...statements]) {
      answer = await namedLater(sql, () =>
        values.length === 0 ? connection.query(sql) : connection.execute(sql, [...values]),
      );
    }
    connection.release();
    return answer;
  } catch (cause) {
    connection.destroy();
    throw cause;
  }
}

/** Decodes rows, whose texts are binary. mysql2 returns rows and columns; mariadb returns rows. */
function linesOf(answer: unknown): readonly Line[] {
  const [first] = answer as readonly unknown[];
  const rows = (Array.isArray(first) ? first : answer) as readonly Record<string, unknown>[];
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const textOf = (cell: unknown) => (cell instanceof Uint8Array ? decoder.decode(cell) : cell);
  return rows.map(
    ({ kind, key, value }) =>
      ({ kind: textOf(kind), key: textOf(key), value: textOf(value) }) as Line,
  );
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
