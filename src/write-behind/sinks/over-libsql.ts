// Runs statements on libSQL and Turso with `@libsql/client`.
import type { Database, Line } from "./dialect.ts";
import { namedLater } from "./sink-error.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";

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

export function overLibsql(db: LibsqlConnection): Database {
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
