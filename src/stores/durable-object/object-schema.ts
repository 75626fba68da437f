// The version of the tables of a Durable Object. A table holds the version, because Durable Objects do
// not allow `PRAGMA user_version`.
import { OperatorError } from "../../base/operator-error.ts";
import type { Sql } from "./counted-sql.ts";

/** The tables of an object, as statements that create them. */
export interface ObjectSchema {
  /** Incremented with every change of a table. */
  readonly version: number;
  /** The tables, and their indexes, that are empty after the change to or from any other version. */
  readonly lost: readonly string[];
  /** The tables whose rows stay. Another version must leave their form as it is. */
  readonly kept: readonly string[];
}

/**
 * Creates an object's tables. Takes over the kept tables of another version, newer or older. Must run in
 * one transaction. Runs two statements if the tables already have this version.
 *
 * @throws OperatorError if a kept table has another form. The transaction then changes nothing
 */
export function openTables(sql: Sql, { version, lost, kept }: ObjectSchema): void {
  const formOf = (table: string) => {
    const rows = sql.exec("SELECT sql FROM sqlite_schema WHERE name = ?", table).toArray();
    return rows[0] && spaced(String(rows[0]["sql"]));
  };
  if (formOf("schema_version") !== undefined) {
    const [held] = sql.exec("SELECT version FROM schema_version").toArray();
    if (held?.["version"] === version) return;
  }
  // First, because the object may be full.
  for (const table of lost.flatMap(tableIn)) sql.exec(`DROP TABLE IF EXISTS ${table}`);
  for (const statement of kept) {
    const [table = ""] = tableIn(statement);
    const form = formOf(table);
    if (form === undefined) sql.exec(statement);
    else if (form !== spaced(statement)) throw refusal(table);
  }
  for (const statement of lost) sql.exec(statement);
  sql.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)");
  sql.exec("DELETE FROM schema_version");
  sql.exec("INSERT INTO schema_version VALUES (?)", version);
}

const spaced = (text: string) => text.replaceAll(/\s+/g, " ");

/** Returns the name of the table that a statement creates; none for an index. */
const tableIn = (statement: string) => /^CREATE TABLE (\w+)/.exec(statement)?.slice(1) ?? [];

function refusal(table: string): OperatorError {
  return new OperatorError({
    what: "The Durable Object refuses all calls, and has changed nothing.",
    why: `Another version of Tidemark gave the table ${table} a form that this version cannot read.`,
    hint: "Deploy that version, or a newer one.",
  });
}
