// The SQL for Postgres. One statement applies a chunk, so it is one transaction on any connection.
import type { Reason } from "../../base/operator-error.ts";
import type { Changes, Dialect, Line, Statement } from "./dialect.ts";
import type { SinkTable } from "./sink-table.ts";
import { isRemoval } from "./row.ts";

/**
 * The statement first moves the mark, which locks the mark's row, so that another flusher waits.
 * The row then also has the previous mark (`former_…`), even if another flusher has moved the mark
 * since this statement began. Only changes past the previous mark are applied. A separate statement
 * then deletes rows, because the first one does not see rows that the other flusher has inserted.
 */
export const postgresDialect: Dialect = {
  apply(place, changes) {
    const { set, slice, rows, mark } = changes;
    const sql = `${pastChanges(place)} ${place.isOwn ? updateOwn(place) : upserts(place)}`;
    const values = [set, slice, JSON.stringify(rows), mark.slice, mark.key];
    return [{ sql, values }, ...sweep(place, changes)];
  },

  read(place, set, keys) {
    const { marks, table, value, isOwn } = place;
    const sql = `SELECT 'mark' AS kind, m.key AS key, m.slice::text AS value
        FROM ${marks} AS m WHERE m.set_name = $1::text
      UNION ALL SELECT 'value', given.key, t.${value}::text
        FROM json_array_elements_text($2::json) AS given(key)
        JOIN ${table} AS t ON ${isKey(place, "given.key")} ${isOwn ? "" : "AND t.set_name = $1::text"}
        WHERE t.${value} IS NOT NULL`;
    return { sql, values: [set, JSON.stringify(keys)] };
  },

  top(place, set, count) {
    const { table, key, value, isOwn } = place;
    const ofSet = isOwn ? "$1::text IS NOT NULL" : "t.set_name = $1::text";
    const sql = `SELECT 'value' AS kind, t.${key}::text AS key, t.${value}::text AS value
      FROM ${table} AS t WHERE ${ofSet} AND t.${value} IS NOT NULL
      ORDER BY t.${value} DESC, t.${key}::text COLLATE "C" LIMIT $2::bigint`;
    return { sql, values: [set, count] };
  },

  check(place) {
    const sql = `SELECT 'encoding' AS kind, NULL AS key, current_setting('server_encoding') AS value
      UNION ALL SELECT 'type', quote_ident(attname), format_type(atttypid, NULL) FROM pg_attribute
        WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped`;
    return { statement: { sql, values: [place.table] }, fault: (lines) => faultIn(place, lines) };
  },

  schema: {
    counter: (table) => valuesTable(table, "bigint"),
    buffer: (table) => valuesTable(table, "text"),
    marks: (table) =>
      `CREATE TABLE IF NOT EXISTS ${table} (set_name text PRIMARY KEY, slice bigint NOT NULL, key text, former_slice bigint, former_key text);`,
  },
};

const numbers = ["smallint", "integer", "bigint"];
const texts = ["text", "character varying"];
const keyTypes = { text: texts, integer: numbers, uuid: ["uuid"] };
const valueTypes = { counter: ["bigint", "numeric"], buffer: texts };

/**
 * Returns the fault of the database or the table. Ignores missing tables and columns: the next
 * statement then fails, and `missingTableError` explains why.
 */
function faultIn(place: SinkTable, lines: readonly Line[]): Reason | undefined {
  const encoding = lines.find(({ kind }) => kind === "encoding")?.value;
  if (encoding !== undefined && encoding !== "UTF8") {
    return {
      why: `Its encoding is ${encoding}, which cannot encode most characters.`,
      hint: "Use a database that was created with ENCODING 'UTF8'.",
    };
  }
  const { table, key, value, keyType, kind } = place;
  const typeOf = (column: string) =>
    lines.find(
      (line) => line.kind === "type" && line.key?.replaceAll('"', "") === column.slice(1, -1),
    )?.value;
  const [ofKey, ofValue] = [typeOf(key), typeOf(value)];
  if (ofKey !== undefined && !keyTypes[keyType].includes(ofKey)) {
    const fitting = Object.entries(keyTypes).find(([, types]) => types.includes(ofKey))?.[0];
    const hint =
      fitting === undefined
        ? `Use a column of one of these types: ${Object.values(keyTypes).flat().join(", ")}.`
        : `Set \`keyType: "${fitting}"\` in \`into\`.`;
    return {
      why: `Its column ${key} has the type ${ofKey}, and \`keyType\` is "${keyType}".`,
      hint,
    };
  }
  if (ofValue === undefined || valueTypes[kind].includes(ofValue)) return undefined;
  const [wanted] = valueTypes[kind];
  return {
    why: `Its column ${value} has the type ${ofValue}, which cannot hold every value of a ${kind}.`,
    hint: `Run this SQL: ALTER TABLE ${table} ALTER COLUMN ${value} TYPE ${wanted};`,
  };
}

function valuesTable(table: string, type: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (set_name text, key text COLLATE "C", value ${type}, PRIMARY KEY (set_name, key));`;
}

const keyCasts = { text: "", integer: "::bigint", uuid: "::uuid" };

function isKey({ key, keyType }: SinkTable, given: string): string {
  return `t.${key} = ${given}${keyCasts[keyType]}`;
}

/** Moves the set's mark, and defines `past`: the changes past the previous mark. */
function pastChanges({ marks, kind }: SinkTable): string {
  const type = kind === "counter" ? "bigint" : "text";
  return `WITH moved AS (
      INSERT INTO ${marks} AS m (set_name, slice, key) VALUES ($1::text, $4::bigint, $5::text)
      ON CONFLICT (set_name) DO UPDATE SET former_slice = m.slice, former_key = m.key,
        slice = greatest(m.slice, excluded.slice),
        key = CASE WHEN m.slice > excluded.slice THEN m.key WHEN m.slice < excluded.slice THEN excluded.key
          WHEN m.key IS NULL OR excluded.key IS NULL THEN NULL
          ELSE greatest(m.key COLLATE "C", excluded.key COLLATE "C") END
      RETURNING former_slice, former_key),
    past AS (
      SELECT change.key, change.value, change."isNew" AS is_new
      FROM moved, json_to_recordset($3::json) AS change(key text, value ${type}, "isNew" boolean)
      WHERE former_slice IS NULL OR former_slice < $2::bigint
        OR (former_slice = $2::bigint AND change.key COLLATE "C" > former_key COLLATE "C"))`;
}

function saturated(sum: string): string {
  return `greatest(${Number.MIN_SAFE_INTEGER}, least(${Number.MAX_SAFE_INTEGER}, ${sum}))`;
}

function upserts({ kind, table }: SinkTable): string {
  const insert = (which: string) =>
    `INSERT INTO ${table} AS t (set_name, key, value) SELECT $1::text, key, value FROM past WHERE ${which}
      ON CONFLICT (set_name, key) DO UPDATE SET value =`;
  if (kind === "buffer") return `${insert("true")} excluded.value`;
  const sum = saturated("coalesce(t.value, 0) + excluded.value");
  return `, anew AS (${insert("is_new")} excluded.value) ${insert("NOT is_new")} ${sum}`;
}

function updateOwn(place: SinkTable): string {
  const { kind, table, value } = place;
  const current = `CASE WHEN past.is_new THEN 0 ELSE coalesce(t.${value}, 0) END`;
  const result = kind === "buffer" ? "past.value" : saturated(`${current} + past.value`);
  return `UPDATE ${table} AS t SET ${value} = ${result} FROM past WHERE ${isKey(place, "past.key")}`;
}

/** Deletes the rows of removed keys if their value is 0 or NULL, as a missing row also means. */
function sweep(place: SinkTable, { set, rows }: Changes): readonly Statement[] {
  const removed = rows.filter(isRemoval).map(({ key }) => key);
  if (place.isOwn || removed.length === 0) return [];
  const isEmpty = place.kind === "counter" ? "value = 0" : "value IS NULL";
  const sql = `DELETE FROM ${place.table} WHERE set_name = $1::text
    AND key IN (SELECT json_array_elements_text($2::json)) AND ${isEmpty}`;
  return [{ sql, values: [set, JSON.stringify(removed)] }];
}
