// Sinks for D1, the database of Cloudflare Workers.
import type { Database, Line } from "./dialect.ts";
import type { SinkOptions } from "./sink-table.ts";
import type { BufferSink, CounterSink } from "./sink.ts";
import { bufferSinkOver, counterSinkOver } from "./sink-over.ts";
import { namedLater } from "./sink-error.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";

interface D1Statement {
  bind(...values: unknown[]): D1Statement;
  all(): Promise<{ readonly results: readonly unknown[] }>;
}

/** A D1 binding in `env`. */
export interface D1Binding {
  prepare(sql: string): D1Statement;
  // A method, because TypeScript checks a method's parameters less strictly. D1's own `batch`
  // accepts only D1's own statements.
  batch(statements: never[]): Promise<unknown>;
}

/**
 * Creates a counter's sink.
 *
 * @throws OperatorError for an invalid name of a table or column
 */
export function d1Sink(db: D1Binding, options: SinkOptions = {}): CounterSink {
  return counterSinkOver(overD1(db), options);
}

/**
 * Creates a buffer's sink.
 *
 * @throws OperatorError for an invalid name of a table or column
 */
export function d1BufferSink(db: D1Binding, options: SinkOptions = {}): BufferSink {
  return bufferSinkOver(overD1(db), options);
}

function overD1(db: D1Binding): Database {
  return {
    dialect: sqliteDialect,
    // A batch is one transaction. D1 does not report which statement failed. The error names the
    // first statement, which writes the rows.
    async run(statements) {
      const bound = statements.map(({ sql, values }) => db.prepare(sql).bind(...values));
      await namedLater(statements[0]?.sql ?? "", () => db.batch(bound as never[]));
    },
    async lines({ sql, values }) {
      const { results } = await namedLater(sql, () =>
        db
          .prepare(sql)
          .bind(...values)
          .all(),
      );
      return results as readonly Line[];
    },
  };
}
