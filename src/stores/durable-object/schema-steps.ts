// The version of the tables of a Durable Object, and the steps between two versions. A table holds
// the version, because Durable Objects do not allow `PRAGMA user_version`.
import type { Sql } from "./last-purges.ts";

/** A version of an object's tables. */
export interface SchemaStep {
  /** Makes this version's tables from those of any earlier version, or from none. */
  up(sql: Sql): void;
  /**
   * The statements that restore the tables of the version before. The object stores them, because
   * the code of the version before does not know them.
   */
  readonly down: readonly string[];
}

/**
 * Takes the object's tables to the last of the steps, up or down. Must run in one transaction. Runs
 * two statements if the tables already have that version.
 */
export function toLastStep(sql: Sql, steps: readonly SchemaStep[]): void {
  const found = sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'schema_versions'").toArray();
  const versions =
    found.length === 0
      ? []
      : sql.exec("SELECT version, down FROM schema_versions ORDER BY version DESC").toArray();
  const newer = versions.filter((row) => Number(row["version"]) > steps.length);
  for (const row of newer) {
    for (const statement of JSON.parse(String(row["down"])) as string[]) sql.exec(statement);
    sql.exec("DELETE FROM schema_versions WHERE version = ?", Number(row["version"]));
  }
  const version = Number(versions[newer.length]?.["version"] ?? 0);
  if (version === steps.length) return;
  for (const step of steps.slice(version)) step.up(sql);
  // After the steps, because a step may free the space of a full object.
  sql.exec(
    "CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, down TEXT NOT NULL)",
  );
  for (const [at, { down }] of steps.entries()) {
    if (at < version) continue;
    sql.exec("INSERT INTO schema_versions VALUES (?, ?)", at + 1, JSON.stringify(down));
  }
}
