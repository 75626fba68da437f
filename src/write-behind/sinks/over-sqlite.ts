// Runs statements on SQLite in the same process, with better-sqlite3 or node:sqlite.
import { OperatorError } from "../../base/operator-error.ts";
import type { Database, Line } from "./dialect.ts";
import { named } from "./sink-error.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";

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
export function overSqlite(db: SqliteConnection): Database {
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
