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
 * A pool of mysql2 or mysql2/promise, or of mariadb, which Prisma's adapter wraps. The application
 * closes it.
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
 * Precedes each use of a connection. It ends a transaction that the application left open: START
 * TRANSACTION would commit it, and its snapshot would be old. A mark is read after its lock, and
 * only committed rows are read, whatever the isolation of the session.
 */
const begin = [control("ROLLBACK"), control("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")];

/** Returns the answer to the last statement. After an error, the connection is closed: it ends its transaction. */
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

/** Decodes rows, whose texts are binary. mysql2 answers with rows and columns, mariadb with rows. */
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
