// The SQL that makes the tables of sinks.
import { placeOf } from "./place.ts";
import { postgresDialect } from "./postgres-dialect.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";

export interface SchemaOptions {
  /** `"sqlite"` is D1's too. */
  readonly of: "sqlite" | "postgres";
  /** Names of the tables, as the sinks are given them. */
  readonly counters?: string;
  readonly buffers?: string;
  readonly marks?: string;
}

/**
 * Makes the tables that are not there yet.
 *
 * @returns SQL, each statement in one line, as `exec` of D1 wants it
 * @throws OperatorError for what is no name of a table
 */
export function sinkSchema({ of, counters, buffers, marks }: SchemaOptions): string {
  const { schema } = of === "postgres" ? postgresDialect : sqliteDialect;
  const named = (into: string | undefined) => ({
    ...(into === undefined ? {} : { into }),
    ...(marks === undefined ? {} : { marks }),
  });
  const counter = placeOf("counter", named(counters));
  const buffer = placeOf("buffer", named(buffers));
  const made = [
    schema.marks(counter.marks),
    schema.counter(counter.table),
    schema.buffer(buffer.table),
  ];
  return made.map((statement) => `${statement}\n`).join("");
}
