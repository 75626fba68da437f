// What the SQL of a kind of database has to say, and what runs it.
import type { Kind, Place } from "./place.ts";
import type { Mark } from "./sink.ts";
import type { Row } from "./row.ts";

export interface Statement {
  readonly sql: string;
  readonly values: readonly (string | number | null)[];
}

/** What a chunk brings. Its texts are stored texts. */
export interface Changes {
  readonly set: string;
  readonly slice: number;
  readonly rows: readonly Row[];
  readonly mark: Mark;
}

/** A line of an answer. `kind` is "mark", with the slice for a value, or "value". */
export interface Line {
  readonly kind: string;
  readonly key: string | null;
  readonly value: string;
}

export interface Dialect {
  /** In the order in which they are to be run; all changes and the mark together, or none of them. */
  apply(place: Place, changes: Changes): readonly Statement[];
  /** Answers with lines. */
  read(place: Place, set: string, keys: readonly string[]): Statement;
  top(place: Place, set: string, count: number): Statement;
  /** Makes the tables, each in one line. */
  readonly schema: Readonly<Record<Kind | "marks", (table: string) => string>>;
}

export interface Database {
  readonly dialect: Dialect;
  run(statements: readonly Statement[]): Promise<void>;
  lines(statement: Statement): Promise<readonly Line[]>;
}
