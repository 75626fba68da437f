// Tests the errors of sinks. They contain the statement and the database's message, without values
// and addresses.
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { SinkError } from "../../../src/write-behind/sinks/sink-error.ts";
import { sqlSink } from "../../../src/sinks.ts";
import { add } from "../../../testing/write-behind/set-under-test.ts";

const chunk = {
  set: "views",
  slice: 1,
  changes: [add("ann@example.com", 1)],
  mark: { slice: 1, key: null },
};
const detailOf = (error: unknown) => (error as SinkError).safeDetail;

describe("the message of a database in an error", () => {
  const [syntax, relation] = [
    "invalid input syntax for type uuid:",
    'null value in column "views" of relation "articles" violates not-null constraint',
  ];
  const lost = "connection to postgres://user:secret@10.0.0.1/shop ended\nparams: ann";
  it.each([
    { message: `${syntax} "ann@example.com"`, code: "22P02", words: `${syntax} "…" (22P02)` },
    { message: relation, words: relation },
    {
      message: 'cannot connect to "postgres://user:secret@10.0.0.1/"',
      words: 'cannot connect to "…"',
    },
    { message: lost, words: "connection to … ended" },
  ])("contains no values or addresses: $words", ({ words, message, ...more }) => {
    const cause = Object.assign(new Error(message), more);
    const { safeDetail } = new SinkError(cause, "SELECT\n  1");
    expect(safeDetail).toBe(`The database answered: ${words}. SQL: SELECT 1`);
  });

  it("is omitted for a refused connection", () => {
    const message = "connect ECONNREFUSED 10.0.0.1:5432";
    const cause = Object.assign(new Error(message), { code: "ECONNREFUSED", syscall: "connect" });
    const said = "The database cannot be reached (ECONNREFUSED). SQL: SELECT 1";
    expect(new SinkError(cause, "SELECT\n  1").safeDetail).toBe(said);
  });

  it("is that of the innermost error, and has a limited length", () => {
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
])("the error code $code means a refused row: $refuses", ({ refuses, code }) => {
  const cause = Object.assign(new Error("It failed"), { code });
  expect(new SinkError(cause, "").refusesRow).toBe(refuses);
});

it("an error of SQLite names the statement, and no key", async () => {
  const db = new DatabaseSync(":memory:");
  db.exec(`CREATE TABLE tidemark_marks (set_name TEXT PRIMARY KEY, slice INTEGER, key TEXT);
    CREATE TABLE people (name TEXT PRIMARY KEY, age INTEGER CHECK (age < 0));
    INSERT INTO people VALUES ('ann@example.com', NULL)`);
  const sink = sqlSink(db, { into: { table: "people", key: "name", value: "age" } });
  const error = await sink.apply(chunk).catch((cause: unknown) => cause);
  expect(detailOf(error)).toMatch(/CHECK constraint failed: age < 0.* SQL: WITH .*people/);
  expect(detailOf(error)).not.toMatch(/ann/);
});
