// Tests a sink over MySQL on connections that fail, that the application has used before, or that
// have unusual settings.
import { createPool as createCallbackPool } from "mysql2";
import type { Pool } from "mysql2/promise";
import { createPool as createMariadbPool } from "mariadb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sqlBufferSink, sqlSink } from "../../../src/sinks.ts";
import type { MysqlPool } from "../../../src/write-behind/sinks/sql-sink.ts";
import { isMariadbInstalled } from "../../../testing/fakes/mariadb-server.ts";
import { MysqlWorld } from "../../../testing/write-behind/mysql-world.ts";
import { add, bufferSet, counterSet, put } from "../../../testing/write-behind/set-under-test.ts";

/** Wraps a pool. Calls `before` before each prepared statement, with the id of the connection. */
function spied(pool: Pool, before: (sql: string, id: number) => Promise<void>): MysqlPool {
  return {
    async getConnection() {
      const connection = await pool.getConnection();
      return {
        query: (sql) => connection.query(sql),
        async execute(sql, values) {
          await before(sql, connection.threadId);
          return connection.execute(sql, values);
        },
        release: () => connection.release(),
        destroy: () => connection.destroy(),
      };
    },
  };
}

describe.skipIf(!isMariadbInstalled)("a sink over MySQL", () => {
  let world: MysqlWorld;
  beforeAll(async () => {
    world = await MysqlWorld.start();
    await world.exec("CREATE TABLE orders (id BIGINT PRIMARY KEY)");
  });
  afterAll(() => world.stop());

  it.each(["INSERT INTO `tidemark_counters`", "UPDATE `tidemark_marks`"])(
    "stores nothing of a chunk whose connection is killed before %s",
    async (killed) => {
      const dying = spied(world.pool, async (sql, id) => {
        if (sql.startsWith(killed)) await world.exec(`KILL ${id}`);
      });
      const { set, apply, held, mark } = counterSet(world.counters());
      const chunk = { set, slice: 1, changes: [add("a", 1)], mark: { slice: 1, key: null } };
      await expect(sqlSink(dying).apply(chunk)).rejects.toMatchObject({ refusesRow: false });
      expect(await mark()).toBeUndefined();
      await apply(1, chunk.changes);
      expect(await held("a")).toEqual({ a: 1 });
    },
  );

  it("counts a chunk once if two flushers send it at once over separate connections", async () => {
    const sinks = [world.counters(), sqlSink(world.poolWith({}))];
    const { set, held } = counterSet(world.counters());
    for (let slice = 1; slice <= 20; slice += 1) {
      const chunk = { set, slice, changes: [add("a", 1), add("b", slice)] };
      const mark = { slice, key: null };
      await Promise.all(sinks.map((sink) => sink.apply({ ...chunk, mark })));
    }
    expect(await held("a", "b")).toEqual({ a: 20, b: 210 });
  });

  it("fails while another transaction locks the mark, and reports no refused row", async () => {
    const { set, apply, held } = counterSet(world.counters());
    await apply(1, [add("a", 1)]);
    const other = await world.pool.getConnection();
    await other.query("START TRANSACTION");
    await other.query("SELECT * FROM tidemark_marks WHERE set_name = ? FOR UPDATE", [set]);
    await expect(apply(2, [add("a", 1)])).rejects.toMatchObject({
      refusesRow: false,
      safeDetail: expect.stringContaining("(ER_LOCK_WAIT_TIMEOUT)"),
    });
    await other.query("COMMIT");
    other.release();
    await apply(2, [add("a", 1)]);
    expect(await held("a")).toEqual({ a: 2 });
  });

  it("leaves no transaction open on the pool's connection after a failed chunk", async () => {
    const pool = world.poolWith({ connectionLimit: 1 });
    const { apply } = counterSet(sqlSink(pool));
    await expect(apply(1, [add("l".repeat(1_025), 1)])).rejects.toThrow(/too long/);
    const [rows] = await pool.query("SELECT @@in_transaction AS isOpen");
    expect(rows).toEqual([{ isOpen: 0 }]);
  });

  it("neither commits nor reads in a transaction that the application left open", async () => {
    const pool = world.poolWith({ connectionLimit: 1 });
    const here = sqlSink(pool);
    const { set, apply, held } = counterSet(world.counters());
    await apply(1, [add("a", 1)]);
    const leaveOpen = async (id: number) => {
      const connection = await pool.getConnection();
      await connection.query("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      await connection.query("START TRANSACTION");
      await connection.query("SELECT * FROM tidemark_counters");
      await connection.query("INSERT INTO orders VALUES (?)", [id]);
      connection.release();
    };
    await leaveOpen(1);
    await apply(2, [add("a", 1)]);
    expect((await here.read(set, ["a"])).values.get("a")).toBe(2);
    await leaveOpen(2);
    const mark = { slice: 3, key: null };
    await here.apply({ set, slice: 3, changes: [add("a", 1)], mark });
    expect(await held("a")).toEqual({ a: 3 });
    expect(await world.rows("SELECT id FROM orders")).toEqual([]);
  });

  it("reads no uncommitted change, and commits its own changes, whatever the session's settings", async () => {
    const pool = world.poolWith({ connectionLimit: 1 });
    pool.on("connection", (connection) => {
      void connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED");
      void connection.query("SET SESSION autocommit = 0");
    });
    const { set, apply, held } = counterSet(world.counters());
    await apply(1, [add("a", 1)]);
    const other = await world.pool.getConnection();
    await other.query("START TRANSACTION");
    await other.query("UPDATE tidemark_counters SET value = 99 WHERE set_name = ?", [set]);
    const here = sqlSink(pool);
    expect((await here.read(set, ["a"])).values.get("a")).toBe(1);
    await other.query("ROLLBACK");
    other.release();
    const mark = { slice: 2, key: null };
    await here.apply({ set, slice: 2, changes: [add("a", 1)], mark });
    expect(await held("a")).toEqual({ a: 2 });
  });

  it("stores values unchanged if the session does not treat a backslash as an escape", async () => {
    const pool = world.poolWith({});
    pool.on("connection", (connection) => {
      void connection.query(
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES,ANSI_QUOTES')",
      );
    });
    const odd = "\\' OR 1 = 1; -- \\";
    const { apply, held } = bufferSet(sqlBufferSink(pool));
    await apply(1, [put(odd, odd)]);
    expect(await held(odd)).toEqual({ [odd]: odd });
  });

  const largest = Number.MAX_SAFE_INTEGER;
  it.each([
    ["big numbers as texts", { supportBigNumbers: true, bigNumberStrings: true }],
    ["no types", { typeCast: false }],
    ["named placeholders", { namedPlaceholders: true }],
    ["another collation", { charset: "utf8mb4_bin" }],
  ])("reads and writes over a pool with %s", async (_, options) => {
    const { apply, held, mark, top } = counterSet(sqlSink(world.poolWith(options)));
    await apply(largest, [add("é😀", largest)], "é😀");
    expect(await held("é😀")).toEqual({ "é😀": largest });
    expect(await top(1)).toEqual([["é😀", largest]]);
    expect(await mark()).toEqual({ slice: largest, key: "é😀" });
  });

  it("accepts a pool of mysql2 without promises, and a pool of mariadb", async () => {
    const callbacks = createCallbackPool(world.url);
    // A pool of mariadb that ends while it connects rejects a promise that nobody holds.
    const url = `${world.url.replace("mysql:", "mariadb:")}?connectionLimit=1`;
    const mariadb = createMariadbPool(url);
    for (const pool of [callbacks, mariadb]) {
      const { apply, held, mark } = counterSet(sqlSink(pool));
      expect(await mark()).toBeUndefined();
      await apply(1, [add("é😀", largest), add("b", -1)]);
      const failing = apply(2, [add("ann".repeat(999), 1)]);
      await expect(failing).rejects.toMatchObject({ refusesRow: true });
      await expect(failing).rejects.not.toThrow(/ann/);
      expect(await held("é😀", "b")).toEqual({ "é😀": largest, b: -1 });
    }
    await callbacks.promise().end();
    await mariadb.end();
  });
});
