// Counts the rows that the statements of a Durable Object write. Cloudflare bills each row, also that
// of an index and that of a deletion.

/** The part of the SQL API of a Durable Object that the tables use. */
export interface Sql {
  exec(
    query: string,
    ...bindings: (string | number | null | Uint8Array<ArrayBuffer>)[]
  ): { toArray(): Record<string, unknown>[]; readonly rowsWritten: number };
}

/** The field of a reply with the number of rows that the call has written. */
export const rowsField = "tidemark-rows-written";

/** The part of the state of a Durable Object that journals and records use. */
export interface ObjectState {
  readonly storage: {
    readonly sql: SizedSql;
    /** Runs the work in a transaction, which an error rolls back. */
    transactionSync<T>(work: () => T): T;
  };
}

export interface SizedSql extends Sql {
  /** The used bytes, which fall after deletions. */
  readonly databaseSize: number;
}

export class CountedSql implements SizedSql {
  readonly #sql: SizedSql;
  #cursors: ReturnType<Sql["exec"]>[] = [];

  constructor(sql: SizedSql) {
    this.#sql = sql;
  }

  get databaseSize(): number {
    return this.#sql.databaseSize;
  }

  exec(...given: Parameters<Sql["exec"]>): ReturnType<Sql["exec"]> {
    const cursor = this.#sql.exec(...given);
    this.#cursors.push(cursor);
    return cursor;
  }

  /** Returns the response fields with the rows that were written since the last call. */
  takenFields(): Record<string, string> {
    const rows = this.#cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
    this.#cursors = [];
    return { [rowsField]: String(rows) };
  }
}
