// Runs statements on Postgres over any connection with the `query` of pg.
import type { Database, Line } from "./dialect.ts";
import { namedLater } from "./sink-error.ts";
import { postgresDialect } from "./postgres-dialect.ts";

/**
 * A Pool of pg, which the application closes, or a connected Client without an open transaction. The
 * rollback of an open transaction would undo a chunk that was already confirmed.
 */
export interface PostgresConnection {
  query(sql: string, values: (string | number | null)[]): Promise<{ readonly rows: unknown[] }>;
}

export function overPostgres(db: PostgresConnection): Database {
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
