// Tests that every sink over SQL must pass beyond the contract of sinks: transactions, columns of
// the application, and errors.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  add,
  bufferSet,
  counterSet,
  put,
  reset,
} from "../../../testing/write-behind/set-under-test.ts";
import type { SinkWorld } from "../../../testing/write-behind/sink-worlds.ts";

interface Dialect {
  /** SQL that makes the database refuse a row with the key "refused", and a mark of slice 666. */
  readonly refusals: string;
  /** The types of an identifier, of a counter, of a key and of a text. */
  readonly types: readonly [string, string, string, string];
}

const dialects: Readonly<Record<SinkWorld["dialect"], Dialect>> = {
  sqlite: {
    refusals: `CREATE TRIGGER refuse_row BEFORE INSERT ON tidemark_counters WHEN NEW.key = 'refused' BEGIN SELECT RAISE(ABORT, 'refused'); END;
CREATE TRIGGER refuse_mark BEFORE INSERT ON tidemark_marks WHEN NEW.slice = 666 BEGIN SELECT RAISE(ABORT, 'refused'); END;`,
    types: ["INTEGER", "INTEGER", "TEXT", "TEXT"],
  },
  postgres: {
    refusals: `ALTER TABLE tidemark_counters ADD CONSTRAINT refused_row CHECK (key <> 'refused');
ALTER TABLE tidemark_marks ADD CONSTRAINT refused_mark CHECK (slice <> 666);`,
    types: ["bigint", "bigint", "text", "text"],
  },
};

/** @param open opens a database, which the tests stop at their end */
export function describeSqlSinks(database: string, open: () => Promise<SinkWorld>): void {
  describe(`a sink over ${database}`, () => {
    let world: SinkWorld;
    beforeAll(async () => {
      world = await open();
      const { refusals, types } = dialects[world.dialect];
      const [id, counter, name, text] = types;
      await world.exec(`${refusals}
CREATE TABLE articles (id ${id} PRIMARY KEY, title ${text} NOT NULL, views ${counter}, likes ${counter} NOT NULL DEFAULT 3);
CREATE TABLE people (name ${name} PRIMARY KEY, age ${counter} NOT NULL, profile ${text});
CREATE TABLE ties (name ${name}, votes ${counter});
INSERT INTO articles (id, title) VALUES (42, 'Tides'), (7, 'Moon');
INSERT INTO people VALUES ('ann', 30, NULL), ('o''neil', 40, 'older'), ('tab\u0001', 50, NULL);
INSERT INTO ties VALUES ('b', 1), ('\uffff', 1), ('a', 1), ('😀', 1), ('B', 1);`);
    });
    afterAll(() => world.stop());

    it.each([
      { failing: "a row", slice: 5, last: "refused" },
      { failing: "the mark", slice: 666, last: "fine" },
    ])("stores nothing of a chunk that fails at $failing", async ({ slice, last }) => {
      const { apply, held, mark } = counterSet(world.counters());
      await apply(4, [add("a", 1)]);
      const failing = apply(slice, [add("a", 1), add("b", 1), add(last, 1)]);
      await expect(failing).rejects.toMatchObject({ refusesRow: true });
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
        "SELECT key AS name FROM tidemark_counters WHERE key IN ('gone', 'kept') UNION ALL SELECT key FROM tidemark_buffers WHERE key = 'gone'",
      );
      expect(rows).toEqual([{ name: "kept" }]);
    });

    it("counts in a column of the application, only for existing rows", async () => {
      const into = { table: "articles", key: "id", value: "views", keyType: "integer" } as const;
      const { apply, held, mark, top } = counterSet(world.counters({ into }));
      const absent = ["-42", "042", "43", "x"].map((key) => add(key, 9));
      const chunk = [...absent, add("42", 5), add("7", 1)];
      await apply(1, chunk);
      await apply(1, chunk);
      await apply(2, [add("42", -2), reset("7", 4)]);
      expect(await held("42", "042", "43", "7", "x", "42.0")).toEqual({ 42: 3, 7: 4 });
      expect(await top(2)).toEqual([["7", 4], ["42", 3]]); // prettier-ignore
      expect(await mark()).toEqual({ slice: 2, key: null });
      await apply(3, [reset("7", 0)]);
      const rows = await world.rows("SELECT id, title, views, likes FROM articles ORDER BY id");
      expect(rows).toEqual([
        { id: 7, title: "Moon", views: 0, likes: 3 },
        { id: 42, title: "Tides", views: 3, likes: 3 },
      ]);
    });

    it("matches an integer column only with a key in canonical form", async () => {
      const into = { table: "articles", key: "id", value: "likes", keyType: "integer" } as const;
      const { apply, held, mark } = counterSet(world.counters({ into }));
      await apply(1, [add("", 1), add("042", 1), add("42.0", 1), add("9".repeat(30), 1)]);
      expect(await mark()).toEqual({ slice: 1, key: null });
      expect(await held("42", "042")).toEqual({ 42: 3 });
    });

    it("returns keys with equal values in the order of their bytes", async () => {
      const into = { table: "ties", key: "name", value: "votes" };
      const tied = await counterSet(world.counters({ into })).top(9);
      expect(tied.map(([key]) => key)).toEqual(["B", "a", "b", "\uffff", "😀"]);
    });

    it("keeps a buffer in a column of the application, only for existing rows", async () => {
      const into = { table: "people", key: "name", value: "profile" };
      const { apply, held } = bufferSet(world.buffers({ into }));
      expect(await held("ann", "o'neil")).toEqual({ "o'neil": "older" });
      const profile = '{"a":"\\"😀"}';
      await apply(1, [put("ANN", "no"), put("ann", profile), put("ann ", "no"), put("bob", "no")]);
      await apply(2, [put("o'neil", null), put("tab\u0001", "\u0001\u0001")]);
      const expected = { ann: profile, "tab\u0001": "\u0001\u0001" };
      expect(await held("ann", "ANN", "ann ", "tab\u0001")).toEqual(expected);
      expect(await world.rows("SELECT name, age, profile FROM people ORDER BY name")).toEqual([
        { name: "ann", age: 30, profile },
        { name: "o'neil", age: 40, profile: null },
        { name: "tab\u0001", age: 50, profile: "\u0001\u0001" },
      ]);
    });

    it("refuses a second set in one column", async () => {
      const sink = world.counters({ into: { table: "articles", key: "title", value: "likes" } });
      const [one, other] = [counterSet(sink), counterSet(sink)];
      await one.apply(1, [add("Moon", 1)]);
      const second = other.apply(1, [add("Moon", 1)]);
      await expect(second).rejects.toThrow(/Give each set its own column/);
      expect(await one.held("Moon")).toEqual({ Moon: 4 });
    });

    it("names the SQL that creates missing tables, and works after that SQL has run", async () => {
      const sink = counterSet(world.counters({ into: "my_counts", marks: "my_marks" }));
      const error: Error = await sink.apply(1, [add("a", 1)]).then(
        () => expect.unreachable(),
        (cause: Error) => cause,
      );
      expect(error.name).toBe("OperatorError");
      await expect(sink.read("a")).rejects.toThrow(error.message);
      await expect(sink.top(1)).rejects.toThrow(error.message);
      const [, sql = ""] = error.message.split("Run this SQL: ");
      await world.exec(sql.replace("; ", ";\n"));
      await sink.apply(1, [add("a", 1)]);
      expect(await sink.held("a")).toEqual({ a: 1 });
    });

    it("names the columns that a table must have", async () => {
      const into = { table: "articles", key: "title", value: "clicks" };
      const sink = counterSet(world.counters({ into }));
      await expect(sink.apply(1, [add("Moon", 1)])).rejects.toThrow(
        'Check that "articles" has the columns "title" and "clicks".',
      );
    });

    it.each(['a"b', "a b", "", "a.b.c", "1a", "a;"])("refuses the name %j", (name) => {
      expect(() => world.counters({ into: name })).toThrow(/is not a valid name of a table/);
      expect(() => world.buffers({ marks: name })).toThrow(/is not a valid name of a table/);
      expect(() => world.counters({ into: { table: "t", key: name, value: "v" } })).toThrow(
        /is not a valid name of a column/,
      );
    });
  });
}
