// Tests the steps between two versions of an object's tables, in both directions.
import { expect, it } from "vitest";
import type { Sql } from "../../../src/stores/durable-object/last-purges.ts";
import { type SchemaStep, toLastStep } from "../../../src/stores/durable-object/schema-steps.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";

const steps: readonly SchemaStep[] = [
  { up: (sql) => void sql.exec("CREATE TABLE marks (name TEXT)"), down: [] },
  {
    up: (sql) => void sql.exec("ALTER TABLE marks RENAME COLUMN name TO label"),
    down: ["ALTER TABLE marks RENAME COLUMN label TO name"],
  },
  {
    up: (sql) => void sql.exec("CREATE TABLE counts (label TEXT, count INTEGER)"),
    down: ["DROP TABLE counts"],
  },
];

/** Opens an object, and returns a start of it with the steps up to a version. */
function open() {
  let known: readonly SchemaStep[] = steps;
  const object = new FakeObject(({ storage }) => {
    storage.transactionSync(() => toLastStep(storage.sql, known));
    return { fetch: () => Promise.resolve(new Response()) };
  });
  const start = (version: number, last: readonly SchemaStep[] = []) => {
    known = [...steps.slice(0, version), ...last];
    object.end();
    return object.started;
  };
  const rows = (query: string) => object.sql.exec(query).toArray();
  const tables = () =>
    rows("SELECT name FROM sqlite_schema ORDER BY name").map(({ name }) => String(name));
  return { object, start, rows, tables };
}

it.each([
  { id: "one version", from: 1, to: 2 },
  { id: "two versions", from: 1, to: 3 },
])("rows stay over $id up, down, and up again", ({ from, to }) => {
  const { object, start, rows } = open();
  start(from);
  object.sql.exec("INSERT INTO marks VALUES ('a')");
  start(to);
  expect(rows("SELECT label FROM marks")).toMatchObject([{ label: "a" }]);
  // The older code has no step that it could undo.
  start(from);
  object.sql.exec("INSERT INTO marks (name) VALUES ('b')");
  start(to);
  expect(rows("SELECT label FROM marks")).toMatchObject([{ label: "a" }, { label: "b" }]);
  expect(rows("SELECT max(version) AS last FROM schema_versions")).toMatchObject([{ last: to }]);
});

it("a new object begins with the last version, and an older one removes newer tables", () => {
  const { start, tables } = open();
  start(3);
  expect(tables()).toEqual(["counts", "marks", "schema_versions"]);
  start(1);
  expect(tables()).toEqual(["marks", "schema_versions"]);
});

it("a step that fails leaves the version before, and the next start tries again", () => {
  const { start, rows, tables } = open();
  start(1);
  const broken = (sql: Sql) => {
    sql.exec("CREATE TABLE half (name TEXT)");
    throw new Error("database or disk is full: SQLITE_FULL");
  };
  expect(() => start(1, [{ up: broken, down: [] }])).toThrow("SQLITE_FULL");
  expect(tables()).toEqual(["marks", "schema_versions"]);
  start(2);
  expect(rows("SELECT version FROM schema_versions")).toHaveLength(2);
});

it("a start with the same version runs two statements, and writes nothing", () => {
  const { object, start, rows } = open();
  start(3);
  const before = object.statements.length;
  const changes = () => rows("SELECT total_changes() AS changes")[0];
  const changed = changes();
  start(3);
  expect(object.statements.slice(before + 1)).toHaveLength(2);
  expect(changes()).toEqual(changed);
});
