// Tests that the SQL for SQLite stays within D1's limits, and uses indexes of large tables.
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import type { Statement } from "../../../src/write-behind/sinks/dialect.ts";
import { tableOf } from "../../../src/write-behind/sinks/sink-table.ts";
import { sinkSchema } from "../../../src/write-behind/sinks/sink-schema.ts";
import { sqliteDialect } from "../../../src/write-behind/sinks/sqlite-dialect.ts";

const mark = { slice: 1, key: null };
const rows = (count: number, value: string | number) =>
  Array.from({ length: count }, (_, index) => ({ key: `key ${index}`, value, isNew: true }));

it("the SQL for SQLite writes 500 counts in two statements", () => {
  const place = tableOf("counter", {});
  const changes = { set: "views", slice: 1, rows: rows(500, 1), mark };
  expect(sqliteDialect.apply(place, changes)).toHaveLength(2);
});

it("the SQL for SQLite binds only values below D1's limit of 2 MB", () => {
  const changes = { set: "profiles", slice: 1, rows: rows(40, '"é"'.repeat(60_000)), mark };
  const statements = sqliteDialect.apply(tableOf("buffer", {}), changes);
  const sizes = statements
    .flatMap(({ values }) => values)
    .map((value) => Buffer.byteLength(String(value)));
  expect(Math.max(...sizes)).toBeLessThan(2_000_000);
  // A row has 0.36 MB as JSON, and two rows fit into a statement. The mark has its own statement.
  expect(statements).toHaveLength(21);
});

const places = {
  "Tidemark's own table": tableOf("counter", {}),
  "a column of the application": tableOf("counter", {
    into: { table: "people", key: "name", value: "visits" },
  }),
  "a column with numbers for keys": tableOf("counter", {
    into: { table: "articles", key: "id", value: "views", keyType: "integer" },
  }),
};

it.each(Object.entries(places))(
  "the SQL for SQLite finds rows by an index, and scans no table: %s",
  (_, place) => {
    const db = new DatabaseSync(":memory:");
    db.exec(sinkSchema({ of: "sqlite" }));
    db.exec("CREATE TABLE articles (id INTEGER PRIMARY KEY, views INTEGER)");
    db.exec("CREATE TABLE people (name TEXT PRIMARY KEY, visits INTEGER)");
    const plan = ({ sql, values }: Statement) =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...values)
        .map(({ detail }) => String(detail))
        .join("\n");
    const [write] = sqliteDialect.apply(place, { set: "s", slice: 1, rows: rows(3, 1), mark });
    const read = sqliteDialect.read(place, "s", ["a"]);
    for (const statement of [write, read]) {
      const how = statement === undefined ? "" : plan(statement);
      expect(how).toMatch(
        /SEARCH t USING (?:(?:INTEGER )?PRIMARY KEY|INDEX \w+) \((?:set_name=\? AND key|rowid|name)=\?\)/,
      );
      expect(how).not.toContain("SCAN t");
    }
  },
);
