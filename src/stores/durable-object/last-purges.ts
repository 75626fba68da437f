// The last purge of each target, as a table of the journal's Durable Object (docs/purge-protocol.md,
// rule 27). Unlike the book in Redis, the table has whole prefixes, and errs about no target.

/** The part of the SQL API of a Durable Object that the tables use. */
export interface Sql {
  exec(
    query: string,
    ...bindings: (string | number | null | Uint8Array<ArrayBuffer>)[]
  ): { toArray(): Record<string, unknown>[]; readonly rowsWritten: number };
}

/** `number`: the number of the last entry that names the target. */
const schema = `CREATE TABLE IF NOT EXISTS targets (
  kind TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (kind, name)) WITHOUT ROWID`;

export class LastPurges {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(schema);
  }

  /** Notes the entry with this number as the last one for its targets. */
  note(entry: {
    readonly tags: readonly string[];
    readonly prefixes: readonly string[];
    readonly number: number;
  }): void {
    const { tags, prefixes, number } = entry;
    const replace = "INSERT OR REPLACE INTO targets SELECT ?, value, ? FROM json_each(?)";
    this.#sql.exec(replace, "tag", number, JSON.stringify(tags));
    this.#sql.exec(replace, "prefix", number, JSON.stringify(prefixes));
  }

  /**
   * Returns whether an entry after a number covers a record with these tags and paths. `CROSS JOIN`
   * keeps `targets` the inner loop. The planner would scan it for each tag.
   */
  cover(record: {
    readonly tags: readonly string[];
    readonly paths: readonly string[];
    readonly after: number;
  }): boolean {
    const { tags, paths, after } = record;
    const byTag = this.#sql.exec(
      `SELECT 1 FROM json_each(?) CROSS JOIN targets ON kind = 'tag' AND name = value
       WHERE number > ? LIMIT 1`,
      JSON.stringify(tags),
      after,
    );
    return byTag.toArray().length > 0 || paths.some((path) => this.#coversPath(path, after));
  }

  /** Looks up each prefix of the path, because an index finds a whole name at once. */
  #coversPath(path: string, after: number): boolean {
    const found = this.#sql.exec(
      `WITH RECURSIVE lengths(value) AS
         (SELECT 0 UNION ALL SELECT value + 1 FROM lengths WHERE value < length(?1))
       SELECT 1 FROM lengths CROSS JOIN targets ON kind = 'prefix' AND name = substr(?1, 1, value)
       WHERE number > ?2 LIMIT 1`,
      path,
      after,
    );
    return found.toArray().length > 0;
  }

  /** Deletes the targets of entries whose places are no longer kept. No stamp is as old. */
  forget(): void {
    this.#sql.exec("DELETE FROM targets WHERE number < (SELECT min(number) FROM entries)");
  }
}
