// Errors of sinks: the statement and the database's own words, without values and addresses.
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { SinkError } from "../../../src/write-behind/sinks/sink-error.ts";
import { sqlSink } from "../../../src/sinks.ts";
import { add } from "../../../testing/write-behind/set-under-test.ts";
import { postgresWorld } from "../../../testing/write-behind/sink-worlds.ts";

const chunk = {
  set: "views",
  slice: 1,
  changes: [add("ann@example.com", 1)],
  mark: { slice: 1, key: null },
};
const detailOf = (error: unknown) => (error as SinkError).safeDetail;

describe("words of databases", () => {
  it.each([
    {
      message: 'invalid input syntax for type uuid: "ann@example.com"',
      code: "22P02",
      words: 'The database answered: invalid input syntax for type uuid: "…" (22P02).',
    },
    {
      message: 'null value in column "views" of relation "articles" violates not-null constraint',
      words:
        'The database answered: null value in column "views" of relation "articles" violates not-null constraint.',
    },
    {
      message: "Incorrect integer value: 'ann' for column 'views' at row 1",
      words: "The database answered: Incorrect integer value: \"…\" for column 'views' at row 1.",
    },
    {
      message: "Duplicate entry 'ann' for key 'PRIMARY'",
      words: "The database answered: Duplicate entry \"…\" for key 'PRIMARY'.",
    },
    {
      message: 'cannot connect to "postgres://user:secret@10.0.0.1/shop"',
      words: 'The database answered: cannot connect to "…".',
    },
    {
      message: "connection to postgres://user:secret@10.0.0.1/shop ended\nparams: ann",
      words: "The database answered: connection to … ended.",
    },
    {
      message: "connect ECONNREFUSED 10.0.0.1:5432",
      code: "ECONNREFUSED",
      syscall: "connect",
      words: "The database cannot be reached (ECONNREFUSED).",
    },
  ])("$message", ({ words, message, ...more }) => {
    const cause = Object.assign(new Error(message), more);
    expect(new SinkError(cause, "SELECT\n  1").safeDetail).toBe(`${words} SQL: SELECT 1`);
  });

  it("come from the innermost error, and are bounded", () => {
    const inner = new Error("a".repeat(5_000));
    const cause = new Error("Failed query\nparams: ann", { cause: inner });
    const detail = new SinkError(cause, "b".repeat(5_000)).safeDetail;
    expect(detail).toMatch(/a{300}….* SQL: b{100}…b{300}$/);
    expect(detail).not.toMatch(/ann/);
  });
});

it.each([
  { code: "22003", refuses: true },
  { code: "23514", refuses: true },
  { code: "40001", refuses: false },
  { code: "42P01", refuses: false },
  { code: "ECONNRESET", refuses: false },
  { code: "SQLITE_CONSTRAINT_CHECK", refuses: true },
  { code: "SQLITE_BUSY", refuses: false },
])("$code concerns a row: $refuses", ({ code, refuses }) => {
  const cause = Object.assign(new Error("It failed"), { code });
  expect(new SinkError(cause, "").refusesRow).toBe(refuses);
});

it("SQLite: names the statement, and no key", async () => {
  const db = new DatabaseSync(":memory:");
  db.exec(`CREATE TABLE tidemark_marks (set_name TEXT PRIMARY KEY, slice INTEGER, key TEXT);
    CREATE TABLE people (name TEXT PRIMARY KEY, age INTEGER CHECK (age < 0));
    INSERT INTO people VALUES ('ann@example.com', NULL)`);
  const sink = sqlSink(db, { into: { table: "people", key: "name", value: "age" } });
  const error = await sink.apply(chunk).catch((cause: unknown) => cause);
  expect(detailOf(error)).toMatch(/CHECK constraint failed: age < 0.* SQL: WITH .*people/);
  expect(detailOf(error)).not.toMatch(/ann/);
});

it("Postgres: names the statement, the code and the constraint, and no key", async () => {
  const world = await postgresWorld();
  await world.exec(
    "ALTER TABLE tidemark_counters ADD CONSTRAINT no_people CHECK (key NOT LIKE '%@%');",
  );
  const error = await world
    .counters()
    .apply(chunk)
    .catch((cause: unknown) => cause);
  expect(detailOf(error)).toMatch(/check constraint "no_people" \(23514\).* SQL: WITH moved AS/);
  expect(detailOf(error)).not.toMatch(/ann/);
  await world.stop();
});
