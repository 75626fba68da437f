// The SQL that creates the tables of sinks.
import { tableOf } from "./sink-table.ts";
import { postgresDialect } from "./postgres-dialect.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";

const dialects = { sqlite: sqliteDialect, postgres: postgresDialect };

export interface SchemaOptions {
  /** The dialect. `"sqlite"` is also for D1. */
  readonly of: "sqlite" | "postgres";
  /** The table of counters, as in `into` of their sinks. Default: `"tidemark_counters"`. */
  readonly counters?: string;
  /** The table of buffers, as in `into` of their sinks. Default: `"tidemark_buffers"`. */
  readonly buffers?: string;
  /** The table of marks, as in `marks` of all sinks. Default: `"tidemark_marks"`. */
  readonly marks?: string;
}

/**
 * Returns SQL that creates missing tables, one statement per line, as `exec` of D1 requires.
 *
 * @throws OperatorError for an invalid name of a table
 */
export function sinkSchema({ of, counters, buffers, marks }: SchemaOptions): string {
  const { schema } = dialects[of];
  const named = (into: string | undefined) => ({
    ...(into === undefined ? {} : { into }),
    ...(marks === undefined ? {} : { marks }),
  });
  const counter = tableOf("counter", named(counters));
  const buffer = tableOf("buffer", named(buffers));
  const made = [
    schema.marks(counter.marks),
    schema.counter(counter.table),
    schema.buffer(buffer.table),
  ];
  return made.map((statement) => `${statement}\n`).join("");
}
