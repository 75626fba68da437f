// Explains a missing table or column to the operator, with SQL that creates the tables.
import { OperatorError } from "../../base/operator-error.ts";
import type { Dialect } from "./dialect.ts";
import type { Place } from "./place.ts";

/** The codes of Postgres for `undefined_table` and `undefined_column`, and those of MySQL. */
const missingCodes: readonly unknown[] = [
  "42P01",
  "42703",
  "ER_NO_SUCH_TABLE",
  "ER_BAD_FIELD_ERROR",
];

/** Returns the error for a missing table or column; the given error if it has another cause. */
export function missingTableError(thrown: unknown, place: Place, dialect: Dialect): unknown {
  const { cause } = thrown as { readonly cause?: unknown };
  if (!(cause instanceof Error)) return thrown;
  const code = "code" in cause ? cause.code : undefined;
  if (!missingCodes.includes(code) && !/no such (?:table|column)/.test(cause.message))
    return thrown;
  const { kind, marks, table, key, value, isOwn } = place;
  const made = [dialect.schema.marks(marks), ...(isOwn ? [] : [dialect.schema[kind](table)])];
  const own = isOwn ? `Check that ${table} has the columns ${key} and ${value}. ` : "";
  return new OperatorError({
    what: "The sink cannot use the database.",
    why: "A table or column is missing.",
    hint: `${own}Run this SQL: ${made.join(" ")}`,
    cause,
  });
}
