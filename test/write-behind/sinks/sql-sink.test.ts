// Tests which database connections a SQL sink accepts on Node.
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { sqlBufferSink, type SqlConnection, sqlSink } from "../../../src/sinks.ts";

it("a SQL sink refuses an object that is not a connection", () => {
  const no = {} as SqlConnection;
  expect(() => sqlSink(no)).toThrow(/Pass a database of better-sqlite3/);
  expect(() => sqlBufferSink(no)).toThrow(/Pass a database of better-sqlite3/);
});

it.each(["execute and batch", "query"])(
  "a SQL sink refuses a pool of MySQL, with %s",
  (methods) => {
    const pool = Object.fromEntries(
      ["getConnection", ...methods.split(" and ")].map((one) => [one, () => undefined]),
    );
    expect(() => sqlSink(pool as unknown as SqlConnection)).toThrow(/write a sink of your own/);
  },
);

it("a SQL sink refuses a SQLite database with the encoding UTF-16", () => {
  const db = new DatabaseSync(":memory:");
  db.exec("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a)");
  expect(() => sqlSink(db)).toThrow(/Its encoding is UTF-16le/);
});

it("a SQL sink fails within a transaction of the application, and does not change the transaction", async () => {
  const db = new DatabaseSync(":memory:");
  const sink = sqlSink(db);
  db.exec("CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1)");
  const chunk = { set: "s", slice: 1, changes: [], mark: { slice: 1, key: null } };
  await expect(sink.apply(chunk)).rejects.toThrow(/within a transaction/);
  db.exec("COMMIT");
  expect(db.prepare("SELECT a FROM t").all()).toHaveLength(1);
});
