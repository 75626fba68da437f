// Where a sink keeps its values and marks: names of tables and columns, tried and quoted.
import { OperatorError } from "../../base/operator-error.ts";

/** A column of a table of the application, in which one set has its values. */
export interface ColumnOptions {
  /** Such as `"articles"`, or `"shop.articles"` with its schema. */
  readonly table: string;
  /** The column that holds the key; no two rows may have the same one. */
  readonly key: string;
  /** The column that holds the value: whole numbers of 64 bits for a counter, text for a buffer. */
  readonly value: string;
  /** Type of the key's column; `"text"` unless set. */
  readonly keyType?: "text" | "integer";
}

export interface SinkOptions {
  /** A table that `sinkSchema()` makes, or a column of a table of yours; `"tidemark_counters"` unless set, or `"tidemark_buffers"`. */
  readonly into?: string | ColumnOptions;
  /** A table that `sinkSchema()` makes; `"tidemark_marks"` unless set. */
  readonly marks?: string;
}

export type Kind = "counter" | "buffer";

/** All names are quoted for SQL. */
export interface Place {
  readonly kind: Kind;
  readonly marks: string;
  readonly table: string;
  readonly key: string;
  readonly value: string;
  /** The rows are the application's: the sink neither makes nor removes one, and one set alone has its values there. */
  readonly isOwn: boolean;
  readonly isKeyInteger: boolean;
}

const tableByKind = { counter: "tidemark_counters", buffer: "tidemark_buffers" } as const;

/** @throws OperatorError for what is no name */
export function placeOf(kind: Kind, { into, marks }: SinkOptions): Place {
  const own = typeof into === "object" ? into : undefined;
  const table = typeof into === "object" ? into.table : (into ?? tableByKind[kind]);
  return {
    kind,
    marks: quoted(marks ?? "tidemark_marks", tableName),
    table: quoted(table, tableName),
    key: quoted(own?.key ?? "key", columnName),
    value: quoted(own?.value ?? "value", columnName),
    isOwn: own !== undefined,
    isKeyInteger: own?.keyType === "integer",
  };
}

const columnName = /^[a-z_]\w*$/i;
const tableName = /^(?:[a-z_]\w*\.)?[a-z_]\w*$/i;

function quoted(given: string, form: RegExp): string {
  if (!form.test(given)) {
    throw new OperatorError({
      what: "The sink is refused.",
      why: `${JSON.stringify(given)} is no name of a ${form === tableName ? "table" : "column"}.`,
      mend: "Use letters, digits and underscores. For a table in a schema, write schema.table.",
    });
  }
  return given
    .split(".")
    .map((part) => `"${part}"`)
    .join(".");
}

/** Of 64 bits at most, as a database writes it. */
const wholeNumber = /^(?:0|-?[1-9]\d{0,17})$/;

/** A column of whole numbers has no row for any other key. */
export function mayHold(place: Place, key: string): boolean {
  return !place.isKeyInteger || wholeNumber.test(key);
}
