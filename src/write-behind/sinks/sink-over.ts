// A sink over a SQL database.
import { OperatorError } from "../../base/operator-error.ts";
import type { Database, Dialect } from "./dialect.ts";
import { mayHold, type SinkTable, tableOf, type SinkOptions } from "./sink-table.ts";
import { rowsOf } from "./row.ts";
import type { Add, BufferSink, Chunk, CounterSink, Put, ReadFromSink } from "./sink.ts";

/**
 * Creates a counter's sink over a database.
 *
 * @throws OperatorError for an invalid name of a table or column
 */
export function counterSinkOver(database: Database, options: SinkOptions): CounterSink {
  const sink = new SqlSink(database, tableOf("counter", options));
  return {
    apply: (chunk) => sink.apply(chunk),
    read: (set, keys) => sink.read(set, keys, Number),
    top: (set, count) => sink.top(set, count),
  };
}

/**
 * Creates a buffer's sink over a database.
 *
 * @throws OperatorError for an invalid name of a table or column
 */
export function bufferSinkOver(database: Database, options: SinkOptions): BufferSink {
  const sink = new SqlSink(database, tableOf("buffer", options));
  return {
    apply: (chunk) => sink.apply(chunk),
    read: (set, keys) => sink.read(set, keys, String),
  };
}

class SqlSink {
  readonly #database: Database;
  readonly #place: SinkTable;
  #onlySet: string | undefined;
  #isChecked = false;

  constructor(database: Database, place: SinkTable) {
    this.#database = database;
    this.#place = place;
  }

  async apply({ set, slice, changes, mark }: Chunk<Add | Put>): Promise<void> {
    this.#admit(set);
    await this.#check();
    const statements = this.#database.dialect.apply(this.#place, {
      set,
      slice,
      rows: rowsOf(this.#place, changes),
      mark,
    });
    await this.#told(this.#database.run(statements));
  }

  async read<Value>(
    set: string,
    keys: readonly string[],
    valueOf: (text: string) => Value,
  ): Promise<ReadFromSink<Value>> {
    this.#admit(set);
    const wanted = keys.filter((key) => mayHold(this.#place, key));
    const statement = this.#database.dialect.read(this.#place, set, wanted);
    const lines = await this.#told(this.#database.lines(statement));
    const found = lines.filter(({ kind }) => kind === "value");
    const mark = lines.find(({ kind }) => kind === "mark");
    return {
      values: new Map(found.map(({ key, value }) => [key ?? "", valueOf(value)])),
      mark: mark && { slice: Number(mark.value), key: mark.key },
    };
  }

  async top(set: string, count: number): Promise<(readonly [string, number])[]> {
    this.#admit(set);
    const statement = this.#database.dialect.top(this.#place, set, count);
    const lines = await this.#told(this.#database.lines(statement));
    return lines.map(({ key, value }) => [key ?? "", Number(value)]);
  }

  /** Before the first chunk, checks that the table can store every change. */
  async #check(): Promise<void> {
    const check = this.#isChecked ? undefined : this.#database.dialect.check?.(this.#place);
    if (check !== undefined) {
      const fault = check.fault(await this.#told(this.#database.lines(check.statement)));
      if (fault !== undefined) {
        const what = `The sink cannot use the table ${this.#place.table}.`;
        throw new OperatorError({ what, ...fault });
      }
    }
    this.#isChecked = true;
  }

  /** Rejects a second set for a column of the application: two sets would mix their values. */
  #admit(set: string): void {
    if (!this.#place.isOwn) return;
    this.#onlySet ??= set;
    if (this.#onlySet === set) return;
    throw new OperatorError({
      what: `The set ${JSON.stringify(set)} cannot use this sink.`,
      why: `The sink's column already contains the values of the set ${JSON.stringify(this.#onlySet)}.`,
      hint: "Give each set its own column, with its own sink.",
    });
  }

  async #told<Answer>(query: Promise<Answer>): Promise<Answer> {
    try {
      return await query;
    } catch (cause) {
      throw missingTableError(cause, this.#place, this.#database.dialect);
    }
  }
}

/** The codes of Postgres for `undefined_table` and `undefined_column`. */
const missingCodes: readonly unknown[] = ["42P01", "42703"];

/** Returns the error for a missing table or column; the given error if it has another cause. */
function missingTableError(thrown: unknown, place: SinkTable, dialect: Dialect): unknown {
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
