// Runs the contract tests and further tests against a sink over MySQL. The server is MariaDB.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isMariadbInstalled } from "../../../testing/fakes/mariadb-server.ts";
import { MysqlWorld } from "../../../testing/write-behind/mysql-world.ts";
import {
  add,
  bufferSet,
  counterSet,
  put,
  reset,
} from "../../../testing/write-behind/set-under-test.ts";
import { describeSinks } from "../../../testing/write-behind/sink-contract.ts";

const alike = ["A", "a", "a ", "a  ", "á", "\u0000", "😀"];

describe.skipIf(!isMariadbInstalled)("a sink over MySQL", () => {
  let world: MysqlWorld;
  beforeAll(async () => {
    world = await MysqlWorld.start();
    await world.exec(`CREATE TABLE articles (id INT UNSIGNED PRIMARY KEY, title TEXT NOT NULL, views BIGINT, likes BIGINT NOT NULL DEFAULT 3)
CREATE TABLE people (name VARCHAR(99) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, age BIGINT NOT NULL, profile TEXT CHARACTER SET utf8mb4)
INSERT INTO articles (id, title) VALUES (42, 'Tides'), (7, 'Moon')
INSERT INTO people VALUES ('ann', 30, NULL), ('o''neil', 40, 'older')
ALTER TABLE tidemark_counters ADD CONSTRAINT refused_row CHECK (\`key\` <> 'refused')
ALTER TABLE tidemark_marks ADD CONSTRAINT refused_mark CHECK (slice <> 666)`);
  });
  afterAll(() => world.stop());

  describeSinks("MySQL", async () => ({
    counters: world.counters(),
    buffers: world.buffers(),
    stop: async () => undefined,
  }));

  it("distinguishes keys that collations treat as equal", async () => {
    const { apply, held, top } = counterSet(world.counters());
    await apply(
      1,
      alike.map((key, index) => add(key, index + 1)),
    );
    await apply(
      2,
      alike.map((key) => add(key, 10)),
    );
    const expected = alike.map((key, index) => [key, index + 11] as const);
    expect(await held(...alike)).toEqual(Object.fromEntries(expected));
    expect(await top(9)).toEqual(expected.toReversed());
    await apply(3, [reset("a ", 0)]);
    expect(await held("A", "a", "a ", "a  ")).toEqual({ A: 11, a: 12, "a  ": 14 });
  });

  it("accepts a chunk of 1,000 rows with the longest keys", async () => {
    const { apply, read } = counterSet(world.counters());
    const keys = Array.from(
      { length: 1_000 },
      (_, index) => `${"\u0000".repeat(508)}${1_000 + index}`,
    );
    const chunk = keys.map((key) => add(key, 1));
    await apply(1, chunk);
    await apply(2, chunk);
    const { values } = await read(...keys);
    expect(values.size).toBe(1_000);
    expect(new Set(values.values())).toEqual(new Set([2]));
  });

  it.each([
    { failing: "a row", slice: 5, last: "refused", refusesRow: true },
    { failing: "the mark", slice: 666, last: "fine", refusesRow: true },
    { failing: "a key that is too long", slice: 5, last: "l".repeat(1_025), refusesRow: true },
  ])("stores nothing of a chunk that fails at $failing", async ({ slice, last, refusesRow }) => {
    const { apply, held, mark } = counterSet(world.counters());
    await apply(4, [add("a", 1)]);
    const failing = apply(slice, [add("a", 1), add("b", 1), add(last, 1)]);
    await expect(failing).rejects.toMatchObject({ refusesRow });
    expect(await held("a", "b", last)).toEqual({ a: 1 });
    expect(await mark()).toEqual({ slice: 4, key: null });
    await apply(667, [add("a", 1), add("b", 1)]);
    expect(await held("a", "b")).toEqual({ a: 2, b: 1 });
  });

  it("leaves no row for a removed key", async () => {
    const [counter, buffer] = [counterSet(world.counters()), bufferSet(world.buffers())];
    await counter.apply(1, [add("gone", 1), add("kept", 1)]);
    await counter.apply(2, [reset("gone", 0)]);
    await buffer.apply(1, [put("gone", "v")]);
    await buffer.apply(2, [put("gone", null)]);
    const rows = await world.rows(
      "SELECT CAST(`key` AS CHAR) AS name FROM tidemark_counters WHERE `key` IN ('gone', 'kept') UNION ALL SELECT CAST(`key` AS CHAR) FROM tidemark_buffers WHERE `key` = 'gone'",
    );
    expect(rows).toEqual([{ name: "kept" }]);
  });

  it("counts in a column of the application, only for existing rows", async () => {
    const into = { table: "test.articles", key: "id", value: "views", keyType: "integer" } as const;
    const { apply, held, mark, top } = counterSet(world.counters({ into }));
    const chunk = [
      add("-42", 9),
      add("042", 9),
      add("42", 5),
      add("43", 9),
      add("7", 1),
      add("x", 9),
    ];
    await apply(1, chunk);
    await apply(1, chunk);
    await apply(2, [add("42", -2), reset("7", 4)]);
    expect(await held("42", "042", "43", "7", "x", "42.0")).toEqual({ 42: 3, 7: 4 });
    expect(await top(2)).toEqual([["7", 4], ["42", 3]]); // prettier-ignore
    expect(await mark()).toEqual({ slice: 2, key: null });
    await apply(3, [reset("7", 0)]);
    expect(await world.rows("SELECT id, title, views, likes FROM articles ORDER BY id")).toEqual([
      { id: 7, title: "Moon", views: 0, likes: 3 },
      { id: 42, title: "Tides", views: 3, likes: 3 },
    ]);
  });

  it("keeps a buffer in a column of the application, only for existing rows", async () => {
    const into = { table: "people", key: "NAME", value: "profile" };
    const { apply, held } = bufferSet(world.buffers({ into }));
    expect(await held("ann", "o'neil")).toEqual({ "o'neil": "older" });
    await apply(1, [
      put("ANN", "no"),
      put("ann", '{"a":"\\"😀"}'),
      put("ann ", "no"),
      put("bob", "no"),
    ]);
    await apply(2, [put("o'neil", null)]);
    expect(await held("ann", "ANN", "ann ")).toEqual({ ann: '{"a":"\\"😀"}' });
    expect(await world.rows("SELECT name, age, profile FROM people ORDER BY name")).toEqual([
      { name: "ann", age: 30, profile: '{"a":"\\"😀"}' },
      { name: "o'neil", age: 40, profile: null },
    ]);
  });

  it("counts by uuid, and returns keys with equal values in the order of their bytes", async () => {
    const uuid = "0b6a1c5e-3f0f-4c9e-8a55-0d9a0c1f2e3d";
    await world.exec(`CREATE TABLE pages (id UUID PRIMARY KEY, views BIGINT)
INSERT INTO pages VALUES ('${uuid}', 1)
CREATE TABLE ties (name VARCHAR(9) CHARACTER SET utf8mb4, votes BIGINT)
INSERT INTO ties VALUES ('b', 1), ('\uffff', 1), ('a', 1), ('😀', 1), ('B', 1)`);
    const pages = { table: "pages", key: "id", value: "views", keyType: "uuid" } as const;
    const { apply, held, top } = counterSet(world.counters({ into: pages }));
    await apply(1, [add(uuid, 2), add(uuid.toUpperCase(), 2)]);
    expect(await held(uuid)).toEqual({ [uuid]: 3 });
    expect(await top(1)).toEqual([[uuid, 3]]);
    const ties = { table: "ties", key: "name", value: "votes" };
    const tied = await counterSet(world.counters({ into: ties })).top(9);
    expect(tied.map(([key]) => key)).toEqual(["B", "a", "b", "\uffff", "😀"]);
  });

  it("names the SQL that creates missing tables, and works after that SQL has run", async () => {
    const sink = counterSet(world.counters({ into: "my_counts", marks: "my_marks" }));
    const error: Error = await sink.apply(1, [add("a", 1)]).then(
      () => expect.unreachable(),
      (cause: Error) => cause,
    );
    expect(error.name).toBe("OperatorError");
    await expect(sink.read("a")).rejects.toThrow(error.message);
    const [, sql = ""] = error.message.split("Run this SQL: ");
    await world.exec(sql.replace("; ", ";\n"));
    await sink.apply(1, [add("a", 1)]);
    expect(await sink.held("a")).toEqual({ a: 1 });
  });
});
