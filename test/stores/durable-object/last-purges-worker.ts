// A Worker whose Durable Object has a table of purged targets, and counts the rows that look-ups read.
import { journalSchema } from "../../../src/stores/durable-object/journal-schema.ts";
import { LastPurges, type Sql } from "../../../src/stores/durable-object/last-purges.ts";
import { openTables } from "../../../src/stores/durable-object/object-schema.ts";

interface CountingSql extends Sql {
  exec(...given: Parameters<Sql["exec"]>): ReturnType<Sql["exec"]> & { readonly rowsRead: number };
}

export interface RowsAsk {
  /** The number of targets that were purged before. */
  readonly purged: number;
  readonly names: readonly string[];
}

export class Purged {
  readonly #sql: CountingSql;

  constructor({ storage }: { readonly storage: { readonly sql: CountingSql } }) {
    this.#sql = storage.sql;
  }

  /** Fills the table with other targets, looks up the record, and answers with the rows read. */
  async fetch(request: Request): Promise<Response> {
    const { purged, names } = (await request.json()) as RowsAsk;
    const cursors: ReturnType<CountingSql["exec"]>[] = [];
    const exec: Sql["exec"] = (...given) => {
      const cursor = this.#sql.exec(...given);
      cursors.push(cursor);
      return cursor;
    };
    openTables({ exec }, journalSchema);
    const lastPurges = new LastPurges({ exec });
    this.#sql.exec(
      `WITH RECURSIVE counted(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < ?)
       INSERT OR REPLACE INTO purged SELECT 'name ' || i, i FROM counted`,
      purged,
    );
    cursors.length = 0;
    const isCovered = lastPurges.cover({ names, after: 0 });
    for (const cursor of cursors) cursor.toArray();
    return Response.json({ isCovered, rowsRead: cursors.reduce((sum, c) => sum + c.rowsRead, 0) });
  }
}

interface Env {
  readonly PURGED: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

export default {
  fetch: (request: Request, { PURGED }: Env): Promise<Response> =>
    PURGED.get(PURGED.idFromName("one")).fetch(request),
};
