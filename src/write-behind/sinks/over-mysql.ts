// Runs statements on MySQL and MariaDB over a pool of mysql2 or mariadb.
import type { Database, Line, Statement } from "./dialect.ts";
import { mysqlDialect } from "./mysql-dialect.ts";
import { namedLater } from "./sink-error.ts";

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

export function overMysql(db: MysqlPool): Database {
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
  const decoder = new TextDecoder();
  const textOf = (cell: unknown) => (cell instanceof Uint8Array ? decoder.decode(cell) : cell);
  return rows.map(
    ({ kind, key, value }) =>
      ({ kind: textOf(kind), key: textOf(key), value: textOf(value) }) as Line,
  );
}
