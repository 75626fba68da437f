// The tables and columns of a sink's values and marks. Validates and quotes their names.
import { OperatorError } from "../../base/operator-error.ts";

export type KeyType = "text" | "integer" | "uuid";

/** A column of an application's table that holds the values of one set. */
export interface ColumnOptions {
  /** The table, such as `"articles"`, or `"shop.articles"` with a schema. */
  readonly table: string;
  /** The column with the key, which must be unique. */
  readonly key: string;
  /** The column with the value: 64-bit integers for a counter (`INTEGER`, in Postgres `bigint`), text for a buffer. */
  readonly value: string;
  /**
   * The type of the key's column: `"text"`, `"integer"`, or `"uuid"` of Postgres, whose keys must be in lower case.
   * Default: `"text"`.
   */
  readonly keyType?: KeyType;
}

export interface SinkOptions {
  /**
   * The place of the values: a table of `sinkSchema()`, or a column of your own. Default:
   * `"tidemark_counters"` or `"tidemark_buffers"`.
   */
  readonly into?: string | ColumnOptions;
  /** The place of the marks: a table of `sinkSchema()`. Default: `"tidemark_marks"`. */
  readonly marks?: string;
}

export type Kind = "counter" | "buffer";

/** Tables and columns. All names are quoted for SQL. */
export interface SinkTable {
  readonly kind: Kind;
  readonly marks: string;
  readonly table: string;
  readonly key: string;
  readonly value: string;
  /**
   * Whether the application owns the rows. The sink then neither creates nor deletes rows, and only
   * one set uses the column.
   */
  readonly isOwn: boolean;
  readonly keyType: KeyType;
}

const tableByKind = { counter: "tidemark_counters", buffer: "tidemark_buffers" } as const;

/**
 * Returns the tables and columns that the options name.
 *
 * @throws OperatorError for an invalid name
 */
export function tableOf(kind: Kind, { into, marks }: SinkOptions): SinkTable {
  const own = typeof into === "object" ? into : undefined;
  const table = typeof into === "object" ? into.table : (into ?? tableByKind[kind]);
  return {
    kind,
    marks: quoted(marks ?? "tidemark_marks", tableName),
    table: quoted(table, tableName),
    key: quoted(own?.key ?? "key", columnName),
    value: quoted(own?.value ?? "value", columnName),
    isOwn: own !== undefined,
    keyType: own?.keyType ?? "text",
  };
}

const columnName = /^[a-z_]\w*$/i;
const tableName = /^(?:[a-z_]\w*\.)?[a-z_]\w*$/i;

function quoted(given: string, form: RegExp): string {
  if (!form.test(given)) {
    throw new OperatorError({
      what: "The options of the sink are invalid.",
      why: `${JSON.stringify(given)} is not a valid name of a ${form === tableName ? "table" : "column"}.`,
      hint: "Use letters, digits and underscores. For a table in a schema, write schema.table.",
    });
  }
  return given
    .split(".")
    .map((part) => `"${part}"`)
    .join(".");
}

/**
 * The forms of keys, as databases print them. A whole number has at most 18 digits, so it fits into
 * 64 bits.
 */
const keyForms: Readonly<Record<KeyType, RegExp | undefined>> = {
  text: undefined,
  integer: /^(?:0|-?[1-9]\d{0,17})$/,
  uuid: /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/,
};

/** Returns whether the column can hold a key. No row has a key of another form. */
export function mayHold({ keyType }: SinkTable, key: string): boolean {
  return keyForms[keyType]?.test(key) ?? true;
}
