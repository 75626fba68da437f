// The interface of a SQL dialect, and of a database that runs its statements.
import type { Reason } from "../../base/operator-error.ts";
import type { Kind, SinkTable } from "./sink-table.ts";
import type { Mark } from "./sink.ts";
import type { Row } from "./row.ts";

export interface Statement {
  readonly sql: string;
  readonly values: readonly (string | number | null)[];
}

/** The changes of a chunk. No text contains U+0000, which Postgres rejects. */
export interface Changes {
  readonly set: string;
  readonly slice: number;
  readonly rows: readonly Row[];
  readonly mark: Mark;
}

/** A row of a result. `kind` is "value", "mark" with the slice as `value`, or a kind of `check`. */
export interface Line {
  readonly kind: string;
  readonly key: string | null;
  readonly value: string;
}

export interface Dialect {
  /** Returns statements in order. They run in one transaction; in Postgres, each in its own. */
  apply(place: SinkTable, changes: Changes): readonly Statement[];
  /** Returns a statement that reads the mark, and the values of keys, as lines. */
  read(place: SinkTable, set: string, keys: readonly string[]): Statement;
  /** Returns a statement that reads the largest values, as lines. */
  top(place: SinkTable, set: string, count: number): Statement;
  /**
   * Returns a statement that reads settings and types, and a function that finds a fault in its
   * lines. The check runs before the first chunk.
   */
  readonly check?: (place: SinkTable) => {
    readonly statement: Statement;
    readonly fault: (lines: readonly Line[]) => Reason | undefined;
  };
  /** Functions that return the SQL that creates a table, in one line. */
  readonly schema: Readonly<Record<Kind | "marks", (table: string) => string>>;
}

export interface Database {
  readonly dialect: Dialect;
  run(statements: readonly Statement[]): Promise<void>;
  lines(statement: Statement): Promise<readonly Line[]>;
}
