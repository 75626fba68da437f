// The last purge of each name, as a table of the journal's Durable Object (docs/purge-protocol-book.md,
// rule 27).

/** The part of the SQL API of a Durable Object that the tables use. */
export interface Sql {
  exec(
    query: string,
    ...bindings: (string | number | null | Uint8Array<ArrayBuffer>)[]
  ): { toArray(): Record<string, unknown>[]; readonly rowsWritten: number };
}

/** The first characters of names. */
const initials = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

export class LastPurges {
  readonly #sql: Sql;

  /** The tables must exist (`journal-schema.ts`). */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Notes the entry with this number as the last one of these names. */
  note({ number, names }: { readonly number: number; readonly names: readonly string[] }): void {
    const replace = "INSERT OR REPLACE INTO purged SELECT value, ? FROM json_each(?)";
    this.#sql.exec(replace, number, JSON.stringify(names));
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
