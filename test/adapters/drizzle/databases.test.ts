// Tests the query cache over other databases and drivers, whose results have other forms: Postgres, D1, and the sessions
// of drivers that are not installed, over doubles of their clients.
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { PGlite } from "@electric-sql/pglite";
import { eq, sql } from "drizzle-orm";
import { drizzle as overD1 } from "drizzle-orm/d1";
import { LibSQLSession } from "drizzle-orm/libsql/session";
import {
  int,
  MySqlDatabase,
  MySqlDialect,
  mysqlTable,
  text as mysqlText,
} from "drizzle-orm/mysql-core";
import { MySql2Session } from "drizzle-orm/mysql2/session";
import {
  bigint,
  customType,
  integer,
  jsonb,
  numeric,
  PgDatabase,
  PgDialect,
  pgSchema,
  pgTable,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import { drizzle as overPglite } from "drizzle-orm/pglite";
import { PostgresJsSession } from "drizzle-orm/postgres-js/session";
import {
  BaseSQLiteDatabase,
  blob,
  integer as sqliteInteger,
  SQLiteAsyncDialect,
  sqliteTable,
  text as sqliteText,
} from "drizzle-orm/sqlite-core";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, describe, expect, it } from "vitest";
import { compatibilityDate } from "../../../local/colo.ts";
import { Running } from "../../../local/running.ts";
import { type QueryCache, queryCache } from "../../../src/adapters/drizzle/query-cache.ts";
import { DataIsolate } from "../../../testing/data/data-isolate.ts";
import { openPostgres } from "../../../testing/write-behind/sink-worlds.ts";

const running = new Running();
afterAll(() => running.stop());

const bytea = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });
const ofPg = pgTable("articles", { id: integer().primaryKey(), title: text().notNull() });
const ofSqlite = sqliteTable("articles", {
  id: sqliteInteger().primaryKey(),
  title: sqliteText().notNull(),
  picture: blob({ mode: "buffer" }),
});
const ofMysql = mysqlTable("articles", { id: int().primaryKey(), title: mysqlText().notNull() });

const created = "CREATE TABLE articles (id integer PRIMARY KEY, title text NOT NULL, picture blob)";

async function postgres(): Promise<PGlite> {
  const pg = await openPostgres();
  await running.add(Promise.resolve({ stop: () => pg.close() }));
  await pg.exec(created.replace(" blob", " bytea"));
  return pg;
}

function sqlite(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  database.exec(created);
  return database;
}

/** Runs a statement, and returns its rows as arrays. */
const rowsOf = (database: DatabaseSync, statement: string, params: readonly unknown[]) =>
  database
    .prepare(statement)
    .all(...(params as SQLInputValue[]))
    .map((row) => Object.values(row) as unknown[]);

/** A row as `@libsql/client` makes it: an object whose columns and length are hidden members of an array's names. */
function libsqlRow(cells: readonly unknown[]): object {
  const row = {};
  for (const [nth, value] of cells.entries()) {
    const cell = value instanceof Uint8Array ? value.slice().buffer : value;
    Object.defineProperty(row, nth, { value: cell, enumerable: false });
    Object.defineProperty(row, `column${nth}`, { value: cell, enumerable: true });
  }
  return Object.defineProperty(row, "length", { value: cells.length, enumerable: false });
}

class Field {
  readonly encoding = () => "utf8";
}

class Rows extends Array<unknown> {
  static override get [Symbol.species]() {
    return Array;
  }
  readonly command = "SELECT";
}

interface Opened {
  /** Reads the article 42, as all columns. */
  readonly read: () => PromiseLike<readonly unknown[]>;
  readonly insert: () => PromiseLike<unknown>;
  readonly update: () => PromiseLike<unknown>;
  readonly remove?: () => PromiseLike<unknown>;
  /** Changes the title, so that nobody but the database knows. */
  readonly change: () => unknown;
  readonly row: object;
}

type Open = (queries: QueryCache) => Promise<Opened>;

const onPg = (db: PgDatabase<never>, pg: PGlite): Opened => ({
  read: () => db.select().from(ofPg).where(eq(ofPg.id, 42)),
  insert: () => db.insert(ofPg).values({ id: 42, title: "Tides" }),
  update: () => db.update(ofPg).set({ title: "Ebb" }).where(eq(ofPg.id, 42)),
  remove: () => db.transaction((tx) => tx.delete(ofPg).where(eq(ofPg.id, 42))),
  change: () => pg.exec("UPDATE articles SET title = 'Unseen'"),
  row: { id: 42, title: "Tides" },
});

const picture = Buffer.from([0, 255]);
const onSqlite = (
  db: BaseSQLiteDatabase<"async", unknown>,
  exec: (statement: string) => unknown,
  batch?: (queries: [never]) => PromiseLike<unknown>,
): Opened => ({
  read: () => db.select().from(ofSqlite).where(eq(ofSqlite.id, 42)),
  insert: () => db.insert(ofSqlite).values({ id: 42, title: "Tides", picture }),
  update: () => db.update(ofSqlite).set({ title: "Ebb" }).where(eq(ofSqlite.id, 42)),
  ...(batch && {
    remove: () => batch([db.delete(ofSqlite).where(eq(ofSqlite.id, 42)) as never]),
  }),
  change: () => exec("UPDATE articles SET title = 'Unseen'"),
  row: { id: 42, title: "Tides", picture },
});

const databases: Readonly<Record<string, Open>> = {
  async PGlite(queries) {
    const pg = await postgres();
    return onPg(queries.attach(overPglite(pg, { cache: queries })) as never, pg);
  },
  async "postgres.js"(queries) {
    const pg = await postgres();
    // Rows by a promise, or their cells by its method.
    const unsafe = (statement: string, params: unknown[]) =>
      Object.assign(pg.query(statement, params), {
        values: async () =>
          Rows.from((await pg.query(statement, params, { rowMode: "array" })).rows),
      });
    const client = {
      unsafe,
      options: { parsers: {}, serializers: {} },
      begin: async (work: (client: unknown) => Promise<unknown>) => {
        await pg.exec("BEGIN");
        const result = await work(client);
        await pg.exec("COMMIT");
        return result;
      },
    };
    const dialect = new PgDialect();
    const session = new PostgresJsSession(client as never, dialect, undefined, { cache: queries });
    return onPg(queries.attach(new PgDatabase(dialect, session as never, undefined)) as never, pg);
  },
  async D1(queries) {
    const options = {
      modules: true,
      script: "export default {};",
      compatibilityDate,
      d1Databases: ["DB"],
    };
    const runtime = new Miniflare(convertV4MiniflareOptions(options));
    await running.add(Promise.resolve({ stop: () => runtime.dispose() }));
    const binding = await runtime.getD1Database("DB");
    await binding.exec(created);
    const db = queries.attach(overD1(binding as never, { cache: queries }));
    return onSqlite(
      db,
      (statement) => binding.exec(statement),
      (list) => db.batch(list),
    );
  },
  async libsql(queries) {
    const database = sqlite();
    const execute = async ({ sql: statement, args }: { sql: string; args: unknown[] }) => ({
      rows: rowsOf(database, statement, args).map(libsqlRow),
    });
    const transaction = async () => {
      database.exec("BEGIN");
      return {
        execute,
        commit: async () => database.exec("COMMIT"),
        rollback: async () => database.exec("ROLLBACK"),
      };
    };
    const dialect = new SQLiteAsyncDialect();
    const client = { execute, transaction };
    const session = new LibSQLSession(client, dialect, undefined, { cache: queries }, undefined);
    const db = queries.attach(
      new BaseSQLiteDatabase("async", dialect as never, session as never, undefined),
    );
    const opened = onSqlite(db, (statement) => database.exec(statement));
    return {
      ...opened,
      remove: () => db.transaction(async (tx) => tx.delete(ofSqlite).where(eq(ofSqlite.id, 42))),
    };
  },
  async mysql2(queries) {
    const database = sqlite();
    const query = async ({ sql: statement }: { sql: string }, params: unknown[] = []) => {
      const rows = rowsOf(database, statement, params);
      return [statement.startsWith("select") ? rows : { affectedRows: 1 }, [new Field()]];
    };
    const dialect = new MySqlDialect();
    const session = new MySql2Session({ query }, dialect, undefined, {
      cache: queries,
      mode: "default",
    });
    const db = queries.attach(new MySqlDatabase(dialect, session as never, undefined, "default"));
    return {
      read: () => db.select().from(ofMysql).where(eq(ofMysql.id, 42)),
      insert: () => db.insert(ofMysql).values({ id: 42, title: "Tides" }),
      update: () => db.update(ofMysql).set({ title: "Ebb" }).where(eq(ofMysql.id, 42)),
      remove: () => db.transaction((tx) => tx.delete(ofMysql).where(eq(ofMysql.id, 42))),
      change: () => database.exec("UPDATE articles SET title = 'Unseen'"),
      row: { id: 42, title: "Tides" },
    };
  },
};

describe.each(Object.entries(databases))("over %s", (_, open) => {
  it("a result is stored as it was, also for another isolate, until a write purges it", async () => {
    const isolate = new DataIsolate();
    const opened = await open(queryCache(isolate.data, { fresh: "10m", strategy: "all" }));
    const { read, insert, update, remove, change, row } = opened;
    expect(await read()).toEqual([]);
    await insert();
    expect(await read()).toEqual([row]);
    await change();
    expect(await read()).toEqual([row]);
    await update();
    expect(await read()).toEqual([{ ...row, title: "Ebb" }]);
    await change();
    expect(await read()).toEqual([{ ...row, title: "Ebb" }]);
    await remove?.();
    expect(await read()).toEqual([]);
    expect(isolate.log).toEqual([]);
  });
});

const secret = pgSchema("secret").table("values", {
  id: integer().primaryKey(),
  at: timestamp({ withTimezone: true }),
  price: numeric(),
  large: bigint({ mode: "bigint" }),
  bytes: bytea(),
  extra: jsonb().$type<{ length: number; tags: string[] }>(),
  names: text().array(),
});

describe("over Postgres", () => {
  async function opened() {
    const isolate = new DataIsolate();
    const queries = queryCache(isolate.data, { fresh: "10m", strategy: "all" });
    const pg = await postgres();
    const db = queries.attach(overPglite(pg, { cache: queries }));
    await pg.exec(
      "CREATE SCHEMA secret; CREATE TABLE secret.values (id integer, at timestamptz, price numeric, large bigint, bytes bytea, extra jsonb, names text[])",
    );
    const row = {
      id: 1,
      at: new Date(Date.UTC(2030, 0, 1)),
      price: "12.50",
      large: 9_007_199_254_740_993n,
      bytes: Uint8Array.of(0, 255),
      extra: { length: 2, tags: ["a"] },
      names: ["Ada", "Bo"],
    };
    await db.insert(secret).values(row);
    return { isolate, queries, pg, db, row };
  }

  it("values keep their types, and callers may change them", async () => {
    const { db, row, pg } = await opened();
    const [first] = await db.select().from(secret);
    expect(first).toEqual(row);
    first?.extra?.tags.push("b");
    first?.names?.pop();
    first?.bytes?.fill(1);
    await pg.exec("DELETE FROM secret.values");
    const [again] = await db.select().from(secret);
    expect(again).toEqual(row);
    again?.extra?.tags.push("b");
    again?.names?.pop();
    again?.bytes?.fill(1);
    expect(await db.select().from(secret)).toEqual([row]);
  });

  it("a table of a schema is purged by its writes, by its table and by its name", async () => {
    const { db, row, pg } = await opened();
    const ids = async () => (await db.select().from(secret)).map(({ id }) => id);
    expect(await ids()).toEqual([1]);
    await db.insert(secret).values({ ...row, id: 2 });
    expect(await ids()).toEqual([1, 2]);
    for (const tables of [secret, "secret.values"]) {
      await pg.exec("DELETE FROM secret.values WHERE id = (SELECT max(id) FROM secret.values)");
      const before = await ids();
      await db.$cache.invalidate({ tables });
      expect(await ids()).toHaveLength(before.length - 1);
    }
  });

  it("a subquery in `where` covers a table whose name in SQL has a prefix", async () => {
    const { db, pg } = await opened();
    const { pgTableCreator } = await import("drizzle-orm/pg-core");
    const people = pgTableCreator((name) => `shop_${name}`)("people", { id: integer() });
    await pg.exec("CREATE TABLE shop_people (id integer)");
    const found = () =>
      db
        .select({ id: secret.id })
        .from(secret)
        .where(sql`exists (select 1 from ${people})`);
    expect(await found()).toEqual([]);
    await db.insert(people).values({ id: 1 });
    expect(await found()).toEqual([{ id: 1 }]);
    await db.transaction((tx) => tx.delete(people));
    expect(await found()).toEqual([]);
  });

  it("a transaction sees its own rows, and others are stored only after the commit", async () => {
    const { db, row } = await opened();
    const ids = async () => (await db.select().from(secret)).map(({ id }) => id);
    await ids();
    await db.transaction(async (tx) => {
      await tx.insert(secret).values({ ...row, id: 2 });
      expect(await tx.select().from(secret)).toHaveLength(2);
      await tx.transaction((inner) => inner.insert(secret).values({ ...row, id: 3 }));
    });
    expect(await ids()).toEqual([1, 2, 3]);
  });
});
