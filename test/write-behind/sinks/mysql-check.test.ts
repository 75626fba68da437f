// Tests the checks of a sink over MySQL before its first chunk: session, engines and columns. Also
// tests the errors of the database that the sink reports.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sqlBufferSink, sqlSink } from "../../../src/sinks.ts";
import type { Chunk, CounterSink, Put } from "../../../src/write-behind/sinks/sink.ts";
import { isMariadbInstalled } from "../../../testing/fakes/mariadb-server.ts";
import { MysqlWorld } from "../../../testing/write-behind/mysql-world.ts";
import { add, bufferSet, counterSet, put } from "../../../testing/write-behind/set-under-test.ts";

const applyOne = (sink: CounterSink) => counterSet(sink).apply(1, [add("1", 1)]);
const bufferChunk: Chunk<Put> = {
  set: "s",
  slice: 1,
  changes: [put("a", "v")],
  mark: { slice: 1, key: null },
};

describe.skipIf(!isMariadbInstalled)("a sink over MySQL", () => {
  let world: MysqlWorld;
  beforeAll(async () => {
    world = await MysqlWorld.start();
    await world.exec(`CREATE TABLE pages (id BIGINT PRIMARY KEY, Slug VARCHAR(50) CHARACTER SET utf8mb4, old_slug VARCHAR(50) CHARACTER SET utf8mb3, views BIGINT UNSIGNED NOT NULL DEFAULT 0, likes INT, note VARCHAR(5) CHARACTER SET utf8mb4, price DOUBLE, data BLOB)
INSERT INTO pages (id, Slug) VALUES (1, 'a')
CREATE TABLE no_transactions (set_name VARBINARY(255), \`key\` VARBINARY(1024), value BIGINT) ENGINE=MyISAM
CREATE TABLE no_marks (set_name VARBINARY(255)) ENGINE=MyISAM`);
  });
  afterAll(() => world.stop());

  it.each([
    {
      column: { key: "id", value: "likes", keyType: "integer" },
      says: /column `likes` has the type int, which cannot hold every value of a counter\. .*: ALTER TABLE `pages` MODIFY `likes` bigint;/,
    },
    {
      column: { key: "id", value: "views", keyType: "integer" },
      says: /column `views` has the type bigint unsigned, .* MODIFY `views` bigint;/,
    },
    {
      column: { key: "id", value: "views" },
      says: /column `id` has the type bigint, and `keyType` is "text"\. Set `keyType: "integer"`/,
    },
    {
      column: { key: "SLUG", value: "views", keyType: "integer" },
      says: /column `SLUG` has the type varchar utf8mb4, and .* Set `keyType: "text"`/,
    },
    {
      column: { key: "old_slug", value: "views" },
      says: /column `old_slug` has the type varchar utf8mb3, and .* varchar CHARACTER SET utf8mb4/,
    },
  ] as const)("refuses the column $column", async ({ column, says }) => {
    const sink = world.counters({ into: { table: "pages", ...column } });
    await expect(applyOne(sink)).rejects.toThrow(says);
  });

  it("refuses columns of buffers with an unsuitable character set or type", async () => {
    for (const value of ["old_slug", "data"]) {
      const sink = world.buffers({ into: { table: "pages", key: "slug", value } });
      await expect(sink.apply(bufferChunk)).rejects.toThrow(
        `MODIFY \`${value}\` longtext CHARACTER SET utf8mb4;`,
      );
    }
  });

  it("refuses engines without transactions, and names the statement that changes the engine", async () => {
    await expect(applyOne(world.counters({ into: "no_transactions" }))).rejects.toThrow(
      "The engine of `no_transactions` is MyISAM, which may not have transactions. Run this SQL: ALTER TABLE `no_transactions` ENGINE=InnoDB;",
    );
    await expect(applyOne(world.counters({ marks: "test.no_marks" }))).rejects.toThrow(
      "ALTER TABLE `test`.`no_marks` ENGINE=InnoDB;",
    );
  });

  it("refuses a session that truncates values, and a connection that cannot encode all texts", async () => {
    const loose = world.poolWith({});
    loose.on("connection", (connection) => void connection.query("SET SESSION sql_mode = ''"));
    await expect(applyOne(sqlSink(loose))).rejects.toThrow(/not strict.* Add STRICT_TRANS_TABLES/);
    const latin = world.poolWith({ charset: "latin1_swedish_ci" });
    await expect(applyOne(sqlSink(latin))).rejects.toThrow(
      /character set is latin1.* Set `charset: "utf8mb4"`/,
    );
  });

  it("refuses a row with a value that is too long, and does not name the value", async () => {
    const into = { table: "pages", key: "slug", value: "note" };
    const { apply, held } = bufferSet(world.buffers({ into }));
    await apply(1, [put("a", "short")]);
    const failing = apply(2, [put("a", "ann@example.com")]);
    await expect(failing).rejects.toMatchObject({
      refusesRow: true,
      safeDetail: expect.stringMatching(/Data too long for column 'note'.*\(ER_DATA_TOO_LONG\)/),
    });
    await expect(failing).rejects.not.toThrow(/ann@/);
    expect(await held("a")).toEqual({ a: "short" });
  });

  it("reports the database's error if the user may only read, and reports no refused row", async () => {
    // The database `test` is open to all users until its row in mysql.db is deleted.
    await world.exec(`DELETE FROM mysql.db
CREATE USER reader@localhost IDENTIFIED BY 'x'
GRANT SELECT ON test.* TO reader@localhost
FLUSH PRIVILEGES`);
    const reading = sqlBufferSink(world.poolWith({ user: "reader", password: "x" }));
    await expect(reading.apply(bufferChunk)).rejects.toMatchObject({
      refusesRow: false,
      safeDetail: expect.stringMatching(/INSERT.* command denied.*ER_TABLEACCESS_DENIED_ERROR/),
    });
    expect((await reading.read("s", ["a"])).values.size).toBe(0);
  });

  it("accepts the tables of `sinkSchema`", async () => {
    await expect(applyOne(world.counters())).resolves.toBeUndefined();
    await expect(world.buffers().apply(bufferChunk)).resolves.toBeUndefined();
  });
});
