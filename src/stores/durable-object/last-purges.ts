// The last purge of each name, as a table of the journal's Durable Object (docs/purge-protocol.md,
// rule 27).
import { namesOf } from "../../purge/journal/book.ts";
import { everything, type PurgeTargets } from "../../purge/journal/purge-target.ts";

/** The part of the SQL API of a Durable Object that the tables use. */
export interface Sql {
  exec(
    query: string,
    ...bindings: (string | number | null | Uint8Array<ArrayBuffer>)[]
  ): { toArray(): Record<string, unknown>[]; readonly rowsWritten: number };
}

/** `number`: the number of the last entry with a target of this name. */
const schema = `CREATE TABLE IF NOT EXISTS purged (
  name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID`;

/** The first characters of names. */
const initials = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

export class LastPurges {
  readonly #sql: Sql;

  /** Notes all entries from before the table as purges of everything. `entries` must exist. */
  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(schema);
    sql.exec(
      `INSERT INTO purged SELECT ?, (SELECT max(number) FROM entries) AS last
       WHERE last > 0 AND NOT EXISTS (SELECT 1 FROM purged)`,
      ...namesOf(everything),
    );
  }

  /** Notes the entry with this number as the last one for its targets. */
  note({ number, ...targets }: PurgeTargets & { readonly number: number }): void {
    const replace = "INSERT OR REPLACE INTO purged SELECT value, ? FROM json_each(?)";
    this.#sql.exec(replace, number, JSON.stringify(namesOf(targets)));
  }

  /**
   * Returns whether an entry after a number has one of the names. `CROSS JOIN` makes `purged` the
   * inner loop, whatever the planner estimates. As the outer loop, it would be scanned.
   */
  cover({ names, after }: { readonly names: readonly string[]; readonly after: number }): boolean {
    const found = this.#sql.exec(
      `SELECT 1 FROM json_each(?) CROSS JOIN purged ON name = value WHERE number > ? LIMIT 1`,
      JSON.stringify(names),
      after,
    );
    return found.toArray().length > 0;
  }

  /**
   * Deletes names whose entries have no place, because no stamp is as old. Each sweep reads the
   * names with one first character, which are a 64th of the table.
   */
  forget(sweep: number): void {
    const initial = initials[sweep % initials.length] ?? "";
    this.#sql.exec(
      `DELETE FROM purged WHERE name BETWEEN ?1 AND ?1 || '~'
       AND number < (SELECT min(number) FROM entries)`,
      initial,
    );
  }
}
