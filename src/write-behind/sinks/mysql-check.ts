// Checks whether a session and the tables of MySQL can store every change of a set.
import type { Reason } from "../../base/operator-error.ts";
import type { Line, Statement } from "./dialect.ts";
import type { Place } from "./place.ts";

/** Returns a statement that reads the session's settings, and the tables' engines and columns. */
export function mysqlFacts({ marks, table }: Place): Statement {
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

/**
 * Returns the fault of the session or a table. Ignores missing tables and columns: the next
 * statement then fails, and `missingTableError` explains why.
 */
export function mysqlFault(place: Place, lines: readonly Line[]): Reason | undefined {
  return sessionFault(lines) ?? engineFault(lines) ?? columnFault(place, lines);
}

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

function columnFault(place: Place, lines: readonly Line[]): Reason | undefined {
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
