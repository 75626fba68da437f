// The SQL for D1, libSQL and SQLite, where only one transaction can write at a time.
import type { Changes, Dialect, Statement } from "./dialect.ts";
import type { SinkTable } from "./sink-table.ts";
import { isRemoval, pieces } from "./row.ts";

export const sqliteDialect: Dialect = {
  apply(place, changes) {
    const { set, slice, rows, mark } = changes;
    const write = place.isOwn ? updateOwn(place) : upsert(place);
    const written = pieces(rows).map((piece) => ({
      sql: `${pastChanges(place)} ${write}`,
      values: [set, slice, piece],
    }));
    return [
      ...written,
      { sql: moveMark(place), values: [set, mark.slice, mark.key] },
      ...sweep(place, changes),
    ];
  },

  read(place, set, keys) {
    const { marks, table, value, isOwn } = place;
    const ofSet = isOwn ? "" : "AND t.set_name = given.set_name";
    const sql = `WITH given AS (SELECT ? AS set_name, ? AS keys)
      SELECT 'mark' AS kind, m.key AS key, CAST(m.slice AS TEXT) AS value
        FROM given JOIN ${marks} AS m ON m.set_name = given.set_name
      UNION ALL SELECT 'value', j.value, CAST(t.${value} AS TEXT)
        FROM given CROSS JOIN json_each(given.keys) AS j CROSS JOIN ${table} AS t ON ${isKey(place, "j.value")} ${ofSet}
        WHERE t.${value} IS NOT NULL`;
    return { sql, values: [set, JSON.stringify(keys)] };
  },

  top(place, set, count) {
    const { table, key, value, isOwn, keyType } = place;
    // Without a cast, an index can provide the order.
    const text = keyType === "integer" ? `CAST(t.${key} AS TEXT)` : `t.${key}`;
    const ofSet = isOwn ? "? IS NOT NULL" : "t.set_name = ?";
    const sql = `SELECT 'value' AS kind, ${text} AS key, CAST(t.${value} AS TEXT) AS value
      FROM ${table} AS t WHERE ${ofSet} AND t.${value} IS NOT NULL
      ORDER BY t.${value} DESC, ${text} COLLATE BINARY LIMIT ?`;
    return { sql, values: [set, count] };
  },

  schema: {
    counter: (table) => valuesTable(table, "INTEGER"),
    buffer: (table) => valuesTable(table, "TEXT"),
    marks: (table) =>
      `CREATE TABLE IF NOT EXISTS ${table} (set_name TEXT NOT NULL PRIMARY KEY, slice INTEGER NOT NULL, key TEXT) WITHOUT ROWID;`,
  },
};

function valuesTable(table: string, type: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (set_name TEXT NOT NULL, key TEXT NOT NULL, value ${type}, PRIMARY KEY (set_name, key)) WITHOUT ROWID;`;
}

/** SQLite converts the given text to a number if the column is of type INTEGER. */
function isKey({ key }: SinkTable, given: string): string {
  return `t.${key} = ${given} COLLATE BINARY`;
}

/**
 * Defines `past`: the changes past the set's mark. BINARY compares UTF-8 bytes. Because `past` is
 * materialized, the database finds the row of each change by an index, and scans no large table.
 */
function pastChanges({ marks }: SinkTable): string {
  return `WITH given AS (SELECT ? AS set_name, ? AS slice, ? AS changes),
    change AS (SELECT json_extract(j.value, '$.key') AS key, json_extract(j.value, '$.value') AS value,
      json_extract(j.value, '$.isNew') AS is_new FROM given, json_each(given.changes) AS j),
    past AS MATERIALIZED (SELECT given.set_name, change.* FROM given CROSS JOIN change
      LEFT JOIN ${marks} AS m ON m.set_name = given.set_name
      WHERE m.slice IS NULL OR m.slice < given.slice
        OR (m.slice = given.slice AND change.key > m.key COLLATE BINARY))`;
}

function newValue({ kind, value }: SinkTable): string {
  if (kind === "buffer") return "past.value";
  const sum = `past.value + CASE WHEN past.is_new THEN 0 ELSE coalesce(t.${value}, 0) END`;
  return `max(${Number.MIN_SAFE_INTEGER}, min(${Number.MAX_SAFE_INTEGER}, ${sum}))`;
}

function upsert(place: SinkTable): string {
  return `INSERT INTO ${place.table} (set_name, key, value)
    SELECT past.set_name, past.key, ${newValue(place)}
    FROM past LEFT JOIN ${place.table} AS t ON t.set_name = past.set_name AND ${isKey(place, "past.key")}
    WHERE true ON CONFLICT (set_name, key) DO UPDATE SET value = excluded.value`;
}

function updateOwn(place: SinkTable): string {
  return `UPDATE ${place.table} AS t SET ${place.value} = ${newValue(place)}
    FROM past WHERE ${isKey(place, "past.key")}`;
}

function moveMark({ marks }: SinkTable): string {
  return `INSERT INTO ${marks} (set_name, slice, key) VALUES (?, ?, ?)
    ON CONFLICT (set_name) DO UPDATE SET slice = excluded.slice, key = excluded.key
    WHERE excluded.slice > slice OR (excluded.slice = slice AND key IS NOT NULL
      AND (excluded.key IS NULL OR excluded.key > key COLLATE BINARY))`;
}

/** Deletes the rows of removed keys if their value is 0 or NULL, as a missing row also means. */
function sweep(place: SinkTable, { set, rows }: Changes): readonly Statement[] {
  const removed = rows.filter(isRemoval).map(({ key }) => key);
  if (place.isOwn || removed.length === 0) return [];
  const isEmpty = place.kind === "counter" ? "value = 0" : "value IS NULL";
  const sql = `DELETE FROM ${place.table}
    WHERE set_name = ? AND key IN (SELECT value FROM json_each(?)) AND ${isEmpty}`;
  return [{ sql, values: [set, JSON.stringify(removed)] }];
}
