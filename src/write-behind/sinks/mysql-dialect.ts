// The SQL for MySQL 8 and MariaDB 10.6. It avoids an alias for the new row, which MariaDB lacks, and
// VALUES(column), which MySQL deprecates.
import type { Changes, Dialect, Statement, Line } from "./dialect.ts";
import type { SinkTable } from "./sink-table.ts";
import { isRemoval, pieces } from "./row.ts";
import type { Reason } from "../../base/operator-error.ts";

/**
 * The first statement locks the mark's row, so that another flusher waits, and copies the previous
 * mark to `former_…`. Only changes past the previous mark are applied. Keys are compared as bytes,
 * because most collations ignore case and trailing spaces.
 */
export const mysqlDialect: Dialect = {
  apply(given, changes) {
    const place = backticked(given);
    return [
      lockMark(place, changes),
      ...(place.isOwn ? updateOwn(place, changes) : upsert(place, changes)),
      moveMark(place, changes),
      ...sweep(place, changes),
    ];
  },

  read(given, set, keys) {
    const place = backticked(given);
    const { marks, table, value } = place;
    const row = matching(place, set, keys);
    const sql = `SELECT 'mark' AS kind, m.\`key\` AS \`key\`, CAST(m.slice AS BINARY) AS value
        FROM ${marks} AS m WHERE m.set_name = ?
      UNION ALL SELECT 'value', CAST(c.k AS BINARY), CAST(t.${value} AS BINARY)
        FROM ${jsonTable("k", "$")} JOIN ${table} AS t ON ${row.sql} WHERE t.${value} IS NOT NULL`;
    return { sql, values: [set, JSON.stringify(keys), ...row.values] };
  },

  top(given, set, count) {
    const { table, key, value, isOwn } = backticked(given);
    const bytes = isOwn ? bytesOf(`t.${key}`) : `t.${key}`;
    const ofSet = isOwn ? "? IS NOT NULL" : "t.set_name = ?";
    // MySQL rejects a number that mysql2 sends as the parameter of LIMIT.
    const sql = `SELECT 'value' AS kind, ${bytes} AS \`key\`, CAST(t.${value} AS BINARY) AS value
      FROM ${table} AS t WHERE ${ofSet} AND t.${value} IS NOT NULL
      ORDER BY t.${value} DESC, ${bytes} LIMIT ${Math.trunc(count)}`;
    return { sql, values: [set] };
  },

  check(given) {
    const place = backticked(given);
    // Missing tables and columns are no fault: the next statement fails, and `missingTableError` explains why.
    const fault = (lines: readonly Line[]) =>
      sessionFault(lines) ?? engineFault(lines) ?? columnFault(place, lines);
    return { statement: mysqlFacts(place), fault };
  },

  schema: {
    counter: (table) => valuesTable(table, "BIGINT"),
    buffer: (table) => valuesTable(table, longText),
    marks: (table) =>
      `CREATE TABLE IF NOT EXISTS ${backticks(table)} (set_name VARBINARY(255) NOT NULL PRIMARY KEY, slice BIGINT NOT NULL, \`key\` VARBINARY(512), former_slice BIGINT, former_key VARBINARY(512)) ENGINE=InnoDB;`,
  },
};

const longText = "LONGTEXT CHARACTER SET utf8mb4";

function valuesTable(table: string, type: string): string {
  return `CREATE TABLE IF NOT EXISTS ${backticks(table)} (set_name VARBINARY(255) NOT NULL, \`key\` VARBINARY(512) NOT NULL, value ${type}, PRIMARY KEY (set_name, \`key\`)) ENGINE=InnoDB;`;
}

function backticks(quoted: string): string {
  return quoted.replaceAll('"', "`");
}

function backticked(place: SinkTable): SinkTable {
  const [marks, table] = [backticks(place.marks), backticks(place.table)];
  return { ...place, marks, table, key: backticks(place.key), value: backticks(place.value) };
}

/** Converts a column to the bytes of its UTF-8 text. */
function bytesOf(column: string): string {
  return `CAST(CAST(${column} AS CHAR) AS BINARY)`;
}

/** Converts a parameter, a JSON array, to the table `c` with a text column and further columns. */
function jsonTable(key: string, path: string, more = ""): string {
  return `JSON_TABLE(CONVERT(? USING utf8mb4), '$[*]' COLUMNS (${key} ${longText} PATH '${path}'${more})) AS c`;
}

/** Joins the changes past the set's previous mark, as `c`, with the row of the mark, as `m`. */
function pastChanges({ kind, marks }: SinkTable): string {
  const type = kind === "counter" ? "BIGINT" : longText;
  const more = `, v ${type} PATH '$.value', is_new TINYINT PATH '$.isNew'`;
  return `${jsonTable("k", "$.key", more)} JOIN ${marks} AS m
    ON m.set_name = ? AND (m.former_slice IS NULL OR m.former_slice < ?
      OR (m.former_slice = ? AND CAST(c.k AS BINARY) > m.former_key))`;
}

/**
 * Returns the condition that `t` is the row of the key `c.k`. In a table of the application, a list
 * of all keys lets the database use the index, whatever the collation of its column. The lengths of
 * lists are powers of 2, because each length is another prepared statement.
 */
function matching({ key, keyType, isOwn }: SinkTable, set: string, keys: readonly string[]) {
  if (!isOwn) {
    return { sql: `t.set_name = ? AND t.${key} = CAST(c.k AS BINARY)`, values: [set] };
  }
  if (keyType === "integer") return { sql: `t.${key} = CAST(c.k AS SIGNED)`, values: [] };
  const length = 2 ** Math.ceil(Math.log2(Math.max(1, keys.length)));
  const values = Array.from({ length }, (_, index) => keys[index] ?? keys[0] ?? "");
  const listed = values.map(() => "?").join(", ");
  return {
    sql: `t.${key} IN (${listed}) AND ${bytesOf(`t.${key}`)} = CAST(c.k AS BINARY)`,
    values,
  };
}

function newValue({ kind }: SinkTable, present: string): string {
  if (kind === "buffer") return "c.v";
  const sum = `IF(c.is_new, 0, COALESCE(${present}, 0)) + c.v`;
  return `GREATEST(${Number.MIN_SAFE_INTEGER}, LEAST(${Number.MAX_SAFE_INTEGER}, ${sum}))`;
}

function lockMark({ marks }: SinkTable, { set, mark }: Changes): Statement {
  const sql = `INSERT INTO ${marks} (set_name, slice, \`key\`) VALUES (?, ?, ?)
    ON DUPLICATE KEY UPDATE former_slice = slice, former_key = \`key\``;
  return { sql, values: [set, mark.slice, mark.key] };
}

function upsert(place: SinkTable, { set, slice, rows }: Changes): readonly Statement[] {
  const sql = `INSERT INTO ${place.table} (set_name, \`key\`, value)
    SELECT m.set_name, c.k, c.v FROM ${pastChanges(place)}
    ON DUPLICATE KEY UPDATE value = ${newValue(place, `${place.table}.value`)}`;
  return pieces(rows).map((piece) => ({ sql, values: [piece, set, slice, slice] }));
}

function updateOwn(place: SinkTable, { set, slice, rows }: Changes): readonly Statement[] {
  const row = matching(
    place,
    set,
    rows.map(({ key }) => key),
  );
  const column = `t.${place.value}`;
  const sql = `UPDATE ${pastChanges(place)} JOIN ${place.table} AS t ON ${row.sql}
    SET ${column} = ${newValue(place, column)}`;
  return pieces(rows).map((piece) => ({ sql, values: [piece, set, slice, slice, ...row.values] }));
}

function moveMark({ marks }: SinkTable, { set, mark: { slice, key } }: Changes): Statement {
  const sql = `UPDATE ${marks} SET slice = ?, \`key\` = ? WHERE set_name = ? AND (former_slice < ?
    OR (former_slice = ? AND former_key IS NOT NULL AND (? IS NULL OR former_key < ?)))`;
  return { sql, values: [slice, key, set, slice, slice, key, key] };
}

/** Deletes the rows of removed keys if their value is 0 or NULL, as a missing row also means. */
function sweep(place: SinkTable, { set, rows }: Changes): readonly Statement[] {
  const removed = rows.filter(isRemoval).map(({ key }) => key);
  if (place.isOwn || removed.length === 0) return [];
  const row = matching(place, set, removed);
  const isEmpty = place.kind === "counter" ? "t.value = 0" : "t.value IS NULL";
  const sql = `DELETE t FROM ${jsonTable("k", "$")} JOIN ${place.table} AS t ON ${row.sql}
    WHERE ${isEmpty}`;
  return [{ sql, values: [JSON.stringify(removed), ...row.values] }];
}

/** Returns a statement that reads the session's settings, and the tables' engines and columns. */
function mysqlFacts({ marks, table }: SinkTable): Statement {
  const isTable = "table_schema = COALESCE(?, DATABASE()) AND table_name = ?";
  const engine = (quoted: string) => `UNION ALL SELECT 'engine', '${quoted}', CAST(engine AS BINARY)
      FROM information_schema.tables WHERE ${isTable}`;
  const sql = `SELECT 'mode' AS kind, NULL AS \`key\`, CAST(@@SESSION.sql_mode AS BINARY) AS value
    UNION ALL SELECT 'charset', NULL, CAST(@@SESSION.character_set_client AS BINARY)
    ${engine(marks)} ${engine(table)}
    UNION ALL SELECT 'column', CAST(LOWER(column_name) AS BINARY), CAST(CONCAT_WS(' ', data_type,
        IF(column_type LIKE '%unsigned%', 'unsigned', NULL), character_set_name) AS BINARY)
      FROM information_schema.columns WHERE ${isTable}`;
  return { sql, values: [...namesOf(marks), ...namesOf(table), ...namesOf(table)] };
}

/** Returns the schema, `null` for the current one, and the table's name. */
function namesOf(quoted: string): readonly (string | null)[] {
  const names = quoted.replaceAll("`", "").split(".");
  return names.length === 1 ? [null, ...names] : names;
}

const texts = /^(?:varchar|(?:tiny|medium|long)?text) utf8mb4$/;
const keyTypes = {
  text: /^(?:(?:var)?char|(?:tiny|medium|long)?text) utf8mb4$|^varbinary$/,
  integer: /^(?:tiny|small|medium|big)?int(?: unsigned)?$/,
  uuid: /^uuid$/,
};
const valueTypes = {
  counter: { fitting: /^bigint$/, wanted: "bigint" },
  buffer: { fitting: texts, wanted: "longtext CHARACTER SET utf8mb4" },
};

function sessionFault(lines: readonly Line[]): Reason | undefined {
  const settingOf = (kind: string) => lines.find((line) => line.kind === kind)?.value;
  const [mode, charset] = [settingOf("mode"), settingOf("charset")];
  if (mode !== undefined && !/STRICT_(?:TRANS|ALL)_TABLES/.test(mode)) {
    return {
      why: "The sql_mode of the session is not strict, so the database may truncate values.",
      hint: "Add STRICT_TRANS_TABLES to the sql_mode of the server, or of each connection of the pool.",
    };
  }
  if (charset === undefined || charset === "utf8mb4") return undefined;
  return {
    why: `The connection's character set is ${charset}, which cannot encode every character.`,
    hint: 'Set `charset: "utf8mb4"` in the options of the pool.',
  };
}

/** A view has no engine. */
function engineFault(lines: readonly Line[]): Reason | undefined {
  const other = lines.find(
    ({ kind, value }) => kind === "engine" && (value ?? "InnoDB") !== "InnoDB",
  );
  if (other === undefined) return undefined;
  return {
    why: `The engine of ${other.key} is ${other.value}, which may not have transactions.`,
    hint: `Run this SQL: ALTER TABLE ${other.key} ENGINE=InnoDB;`,
  };
}

function columnFault(place: SinkTable, lines: readonly Line[]): Reason | undefined {
  const { table, key, value, keyType, kind } = place;
  const typeOf = (column: string) =>
    lines.find((line) => line.kind === "column" && line.key === column.slice(1, -1).toLowerCase())
      ?.value;
  const [ofKey, ofValue] = [typeOf(key), typeOf(value)];
  if (ofKey !== undefined && !keyTypes[keyType].test(ofKey)) {
    const fitting = Object.entries(keyTypes).find(([, types]) => types.test(ofKey))?.[0];
    return {
      why: `Its column ${key} has the type ${ofKey}, and \`keyType\` is "${keyType}".`,
      hint:
        fitting === undefined
          ? "Use a column of one of these types: varchar CHARACTER SET utf8mb4, varbinary, bigint."
          : `Set \`keyType: "${fitting}"\` in \`into\`.`,
    };
  }
  const { fitting, wanted } = valueTypes[kind];
  if (ofValue === undefined || fitting.test(ofValue)) return undefined;
  return {
    why: `Its column ${value} has the type ${ofValue}, which cannot hold every value of a ${kind}.`,
    hint: `Run this SQL, with the column's other attributes, such as NOT NULL: ALTER TABLE ${table} MODIFY ${value} ${wanted};`,
  };
}
