// Tests the cache of Drizzle's queries over SQLite: what it stores, under which key, and what purges it.
import { and, eq, exists, inArray, sql } from "drizzle-orm";
import { alias, sqliteView } from "drizzle-orm/sqlite-core";
import { describe, expect, it } from "vitest";
import {
  articles,
  authors,
  openQueries,
  type Sqlite,
} from "../../../testing/drizzle/drizzle-world.ts";
import { idle, until } from "../../../testing/site/harness.ts";

const both = ["Tides", "Ebb"];

/** Changes the article 42 behind Drizzle, so that its title tells whether the database was asked. */
const changeUnseen = (sqlite: Sqlite, title: string) =>
  sqlite.run("UPDATE articles SET title = ? WHERE id = 42", [title], "run");

describe("a query", () => {
  it("is answered from the cache, also in another isolate", async () => {
    const { sqlite, titles, elsewhere } = openQueries();
    expect([await titles(), await titles()]).toEqual([both, both]);
    await idle();
    expect(await elsewhere().titles()).toEqual(both);
    expect(sqlite.reads).toBe(1);
  });

  it.each([
    { strategy: "explicit", withCache: undefined, reads: 2 },
    { strategy: "explicit", withCache: {}, reads: 1 },
    { strategy: "all", withCache: undefined, reads: 1 },
    { strategy: "all", withCache: false, reads: 2 },
  ] as const)("is cached by its strategy: %j", async ({ strategy, withCache, reads }) => {
    const { sqlite, db } = openQueries({ options: { strategy } });
    for (let nth = 0; nth < 2; nth += 1) {
      const query = db.select().from(articles).$dynamic();
      await (withCache === undefined ? query : query.$withCache(withCache));
    }
    expect(sqlite.reads).toBe(reads);
  });

  it("has its own result for other parameters and another text", async () => {
    const { db } = openQueries();
    const byId = (id: number) =>
      db.select({ title: articles.title }).from(articles).where(eq(articles.id, id));
    expect(await byId(42)).toEqual([{ title: "Tides" }]);
    expect(await byId(43)).toEqual([{ title: "Ebb" }]);
    expect(await db.select({ id: articles.id }).from(articles).where(eq(articles.id, 42))).toEqual([
      { id: 42 },
    ]);
  });

  it("has its own result for `get` and for `all`, whose rows have other forms", async () => {
    const { db } = openQueries();
    const query = () => db.select({ id: articles.id }).from(articles).where(eq(articles.id, 42));
    expect([await query().all(), await query().get(), await query().get()]).toEqual([
      [{ id: 42 }],
      { id: 42 },
      { id: 42 },
    ]);
  });

  it("returns values of the same types, which its caller may change", async () => {
    const { db, sqlite } = openQueries();
    const query = () => db.select().from(articles).where(eq(articles.id, 42));
    const [first] = await query();
    const row = {
      id: 42,
      title: "Tides",
      author: 7,
      picture: Buffer.from([0, 255]),
      at: new Date(1_000_000),
    };
    expect(first).toEqual(row);
    const [second] = await query();
    expect(second).toEqual(row);
    second?.picture?.fill(1);
    second?.at?.setTime(0);
    expect((await query())[0]).toEqual(row);
    expect(sqlite.reads).toBe(1);
  });

  it("that found nothing is stored as well", async () => {
    const { db, sqlite } = openQueries();
    const query = () => db.select().from(articles).where(eq(articles.id, 1));
    expect([await query(), await query(), await query().get(), await query().get()]).toEqual([
      [],
      [],
      undefined,
      undefined,
    ]);
    expect(sqlite.reads).toBe(2);
  });

  it("that fails stores nothing, and the next one is stored", async () => {
    const { titles, sqlite } = openQueries();
    sqlite.before = () => Promise.reject(new Error("The database is down."));
    for (let nth = 0; nth < 3; nth += 1) await expect(titles()).rejects.toThrow("Failed query");
    sqlite.before = () => undefined;
    expect([await titles(), await titles()]).toEqual([both, both]);
    expect(sqlite.reads).toBe(1);
  });

  it("of which many run at once is stored", async () => {
    const { titles, sqlite } = openQueries();
    const gate = Promise.withResolvers<void>();
    sqlite.after = () => gate.promise;
    const calls = Array.from({ length: 20 }, titles);
    await until(() => sqlite.reads === 20);
    gate.resolve();
    for (const rows of await Promise.all(calls)) expect(rows).toEqual(both);
    expect(await titles()).toEqual(both);
    expect(sqlite.reads).toBe(20);
  });

  it.each([
    { config: { ex: 5 }, seconds: 5 },
    { config: { px: 5_000 }, seconds: 5 },
    { config: { exat: Date.UTC(2030, 0, 1, 12) / 1_000 + 5 }, seconds: 5 },
    { config: { pxat: Date.UTC(2030, 0, 1, 12) + 5_000 }, seconds: 5 },
    { config: {}, seconds: 60 },
    { config: { keepTtl: true, hexOptions: "NX" }, seconds: 60 },
  ] as const)("is stored as long as its config says: %j", async ({ config, seconds }) => {
    const { db, sqlite, isolate } = openQueries();
    const query = () => db.select().from(articles).$withCache({ config });
    await query();
    isolate.clock.advance(seconds - 1);
    await query();
    expect(sqlite.reads).toBe(1);
    isolate.clock.advance(1);
    await query();
    expect(sqlite.reads).toBe(2);
  });

  it.each([{ ex: 0 }, { px: -1 }, { ex: Number.NaN }, { exat: 1 }])(
    "with an invalid lifetime is not stored, and one line says so: %j",
    async (config) => {
      const { db, sqlite, isolate } = openQueries();
      for (let nth = 0; nth < 3; nth += 1) {
        expect(await db.select().from(articles).$withCache({ config })).toHaveLength(2);
      }
      expect(sqlite.reads).toBe(3);
      expect(isolate.log.filter((line) => line.includes("A result was not stored."))).toHaveLength(
        1,
      );
    },
  );

  it("of which Drizzle reports no table is not stored, because no purge would cover it", async () => {
    const { db, sqlite } = openQueries();
    await sqlite.run("CREATE VIEW names AS SELECT name FROM authors", [], "run");
    const names = sqliteView("names").as((on) => on.select({ name: authors.name }).from(authors));
    const found = db.$with("found").as(db.select().from(authors));
    const queries = [
      () => db.select().from(names),
      () => db.select({ one: sql`1` }).from(sql`(VALUES (1))`),
      () => db.with(found).select().from(found),
    ];
    for (const query of queries) {
      const { reads } = sqlite;
      expect([(await query()).length, (await query()).length]).toEqual([1, 1]);
      expect(sqlite.reads).toBe(reads + 2);
    }
  });

  it.each([10n, Number.NaN, new ArrayBuffer(1)])(
    "with the parameter %s is not cached, because Drizzle's key does not tell it apart",
    async (param) => {
      const { db, sqlite } = openQueries();
      sqlite.before = () => Promise.reject(new Error("It was asked."));
      const query = db
        .select()
        .from(articles)
        .where(sql`${articles.id} = ${param}`);
      const failure: unknown = await query.then(undefined, (cause: unknown) => cause);
      expect(failure).toMatchObject({ cause: { message: "It was asked." } });
    },
  );

  it("that was prepared has a result for each of its parameters", async () => {
    const { db, sqlite } = openQueries();
    const prepared = db
      .select({ title: articles.title })
      .from(articles)
      .where(eq(articles.id, sql.placeholder("id")))
      .prepare();
    const ask = (id: number) => prepared.all({ id });
    const run = () => Promise.all([ask(42), ask(43), ask(42)]);
    const rows = [[{ title: "Tides" }], [{ title: "Ebb" }], [{ title: "Tides" }]];
    expect([await run(), await run()]).toEqual([rows, rows]);
    expect(sqlite.reads).toBe(3);
  });
});

describe("a tag of $withCache", () => {
  const tagged = (world: ReturnType<typeof openQueries>, id: number, autoInvalidate = true) =>
    world.db
      .select({ id: articles.id, title: articles.title })
      .from(articles)
      .where(eq(articles.id, id))
      .$withCache({ tag: "one article", autoInvalidate });

  it("names a result for its purge, here and elsewhere", async () => {
    const world = openQueries();
    const { sqlite, queries } = world;
    await tagged(world, 42);
    await idle();
    await tagged(world, 42);
    expect(sqlite.reads).toBe(1);
    await queries.invalidate({ tags: "one article" });
    await tagged(world, 42);
    expect(sqlite.reads).toBe(2);
    await world.db.$cache.invalidate({ tags: ["one article"] });
    await tagged(world.elsewhere(), 42);
    expect(sqlite.reads).toBe(3);
  });

  it("does not give two queries one result", async () => {
    const world = openQueries();
    expect(await tagged(world, 42)).toEqual([{ id: 42, title: "Tides" }]);
    expect(await tagged(world, 43)).toEqual([{ id: 43, title: "Ebb" }]);
    await world.queries.invalidate({ tags: "one article" });
    await Promise.all([tagged(world, 42), tagged(world, 43)]);
    expect(world.sqlite.reads).toBe(4);
  });

  it("without autoInvalidate is purged by no table, and never answers a query that tables purge", async () => {
    const world = openQueries();
    const { sqlite, db, queries } = world;
    await tagged(world, 42, false);
    await db.update(articles).set({ title: "High" }).where(eq(articles.id, 42));
    expect(await tagged(world, 42, false)).toEqual([{ id: 42, title: "Tides" }]);
    expect(await tagged(world, 42)).toEqual([{ id: 42, title: "High" }]);
    await queries.invalidate({ tags: "one article" });
    expect(await tagged(world, 42, false)).toEqual([{ id: 42, title: "High" }]);
    expect(sqlite.reads).toBe(3);
  });

  it.each([
    { id: "empty", tag: "" },
    { id: "a path", tag: "a/b" },
    { id: "long", tag: "x".repeat(5_000) },
    { id: "half a character", tag: "half \ud800" },
  ])("may be any text: $id", async ({ tag }) => {
    const { db, sqlite, queries } = openQueries();
    const query = () => db.select().from(articles).$withCache({ tag });
    await query();
    await query();
    expect(sqlite.reads).toBe(1);
    await queries.invalidate({ tags: tag });
    await query();
    expect(sqlite.reads).toBe(2);
  });
});

describe("a purge", () => {
  const changes = {
    insert: ({ db }: ReturnType<typeof openQueries>) =>
      db.insert(articles).values({ id: 44, title: "New" }),
    update: ({ db }) => db.update(articles).set({ title: "New" }).where(eq(articles.id, 42)),
    delete: ({ db }) => db.delete(articles).where(eq(articles.id, 42)),
    "a batch": ({ db }) =>
      db.batch([db.select().from(articles), db.insert(articles).values({ id: 44, title: "New" })]),
    "invalidate by table": async ({ db, sqlite }) => {
      await changeUnseen(sqlite, "New");
      await db.$cache.invalidate({ tables: [articles] });
    },
    "invalidate by name": async ({ db, sqlite }) => {
      await changeUnseen(sqlite, "New");
      await db.$cache.invalidate({ tables: "articles" });
    },
  } satisfies Record<string, (world: ReturnType<typeof openQueries>) => unknown>;

  it.each(Object.entries(changes))("covers the queries of a table after %s", async (_, change) => {
    const world = openQueries();
    const { titles, elsewhere, db, sqlite } = world;
    const names = () => db.select().from(authors);
    await titles();
    await names();
    await idle();
    await change(world);
    const reads = sqlite.reads;
    const changed = await titles();
    expect(changed).not.toEqual(both);
    await idle();
    expect(await elsewhere().titles()).toEqual(changed);
    await names();
    expect(sqlite.reads).toBe(reads + 1);
  });

  it("covers queries in another isolate that has the result in its memory", async () => {
    const world = openQueries();
    const other = world.elsewhere();
    expect(await other.titles()).toEqual(both);
    await world.db.delete(articles).where(eq(articles.id, 43));
    world.isolate.clock.advance(10);
    expect(await other.titles()).toEqual(["Tides"]);
  });

  it.each([
    {
      id: "join",
      query: (db: ReturnType<typeof openQueries>["db"]) =>
        db.select().from(articles).leftJoin(authors, eq(authors.id, articles.author)),
    },
    {
      id: "alias",
      query: (db) => {
        const a = alias(authors, "a");
        return db.select().from(a).leftJoin(articles, eq(a.id, articles.author));
      },
    },
    {
      id: "in where",
      query: (db) =>
        db
          .select()
          .from(articles)
          .where(inArray(articles.author, db.select({ id: authors.id }).from(authors))),
    },
    {
      id: "exists",
      query: (db) =>
        db
          .select()
          .from(articles)
          .where(and(exists(db.select().from(authors).where(eq(authors.name, "Ada"))))),
    },
    {
      id: "subquery",
      query: (db) => {
        const a = db.select().from(authors).as("a");
        return db.select().from(articles).innerJoin(a, eq(a.id, articles.author));
      },
    },
    {
      id: "with",
      query: (db) => {
        const a = db.$with("a").as(db.select().from(authors));
        return db.with(a).select().from(articles).innerJoin(a, eq(a.id, articles.author));
      },
    },
    {
      id: "raw column",
      query: (db) => db.select({ n: sql`(SELECT count(*) FROM authors)` }).from(articles),
    },
  ] as {
    id: string;
    query: (db: ReturnType<typeof openQueries>["db"]) => PromiseLike<unknown[]>;
  }[])("covers a query that reads the table elsewhere: $id", async ({ query }) => {
    const { db, sqlite } = openQueries();
    await query(db);
    await query(db);
    expect(sqlite.reads).toBe(1);
    await db.insert(authors).values({ id: 8, name: "Bo" });
    await query(db);
    expect(sqlite.reads).toBe(2);
  });
});

describe("the order of query, write and purge", () => {
  it("a write between a query and its put is not lost", async () => {
    const { titles, db, sqlite, elsewhere } = openQueries();
    const gate = Promise.withResolvers<void>();
    sqlite.after = (text) => (text.startsWith("select") ? gate.promise : undefined);
    const early = titles();
    await until(() => sqlite.reads === 1);
    await db.delete(articles).where(eq(articles.id, 43));
    gate.resolve();
    expect(await early).toEqual(both);
    await idle();
    expect(await titles()).toEqual(["Tides"]);
    expect(await elsewhere().titles()).toEqual(["Tides"]);
  });

  it("a write of another isolate between a query and its put is not lost", async () => {
    const { titles, sqlite, elsewhere, isolate } = openQueries();
    const other = elsewhere();
    const gate = Promise.withResolvers<void>();
    sqlite.after = (text) => (text.startsWith("select") ? gate.promise : undefined);
    const early = titles();
    await until(() => sqlite.reads === 1);
    await other.db.delete(articles).where(eq(articles.id, 43));
    gate.resolve();
    expect(await early).toEqual(both);
    isolate.clock.advance(10);
    expect(await titles()).toEqual(["Tides"]);
  });

  it("a failed or slow query takes no stamp from another", async () => {
    const { titles, db, sqlite } = openQueries();
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    let asked = 0;
    sqlite.after = (text) => (text.startsWith("select") ? gates[asked++]?.promise : undefined);
    const before = titles();
    await until(() => asked === 1);
    await db.delete(articles).where(eq(articles.id, 43));
    const after = titles();
    await until(() => asked === 2);
    // The older query ends last, and must not replace the newer result for long.
    gates[1].resolve();
    expect(await after).toEqual(["Tides"]);
    gates[0].resolve();
    expect(await before).toEqual(both);
    expect(await titles()).toEqual(["Tides"]);
  });

  it("the purge follows the statement, so a query beside it is not stored for long", async () => {
    const { titles, db, sqlite } = openQueries();
    const gate = Promise.withResolvers<void>();
    sqlite.before = (text) => (text.startsWith("delete") ? gate.promise : undefined);
    const writing = db.delete(articles).where(eq(articles.id, 43)).run();
    expect(await titles()).toEqual(both);
    gate.resolve();
    await writing;
    expect(await titles()).toEqual(["Tides"]);
  });

  it("a statement that fails purges as well, because the database may have applied it", async () => {
    const { titles, db, sqlite } = openQueries();
    await titles();
    sqlite.after = (text) =>
      text.startsWith("delete") ? Promise.reject(new Error("The connection was lost.")) : undefined;
    await expect(db.delete(articles).where(eq(articles.id, 43))).rejects.toThrow("Failed query");
    expect(await titles()).toEqual(["Tides"]);
  });
});

describe("a value that cannot be stored", () => {
  it("is returned, and one line says so", async () => {
    const { db, sqlite, isolate } = openQueries();
    class Money {
      readonly cents = 5;
    }
    const run = sqlite.run;
    const odd = async (...call: Parameters<typeof run>) => {
      const { rows } = await run(...call);
      return { rows: rows.map(() => [new Money()]) };
    };
    Object.assign(db, {
      session: Object.assign((db as unknown as { session: object }).session, { client: odd }),
    });
    const query = () => db.select({ price: sql<Money>`1` }).from(articles);
    for (let nth = 0; nth < 3; nth += 1) expect((await query())[0]?.price).toBeInstanceOf(Money);
    expect(sqlite.reads).toBe(3);
    await idle();
    expect(isolate.log.filter((line) => line.includes("is a Money"))).toHaveLength(1);
  });

  it("is one that is too large for all tiers", async () => {
    const { db, sqlite, isolate } = openQueries({ options: { tiers: ["memory"] } });
    await changeUnseen(sqlite, "x".repeat(2_000_000));
    const query = () =>
      db.select({ title: articles.title }).from(articles).where(eq(articles.id, 42));
    expect(((await query())[0]?.title ?? "").length).toBe(2_000_000);
    await query();
    await idle();
    expect(sqlite.reads).toBe(2);
    expect(isolate.log.filter((line) => line.includes("A result was not stored."))).toHaveLength(1);
  });
});

describe("attach", () => {
  it("is necessary: nothing is cached without it, and one line says so", async () => {
    const { queries, sqlite, isolate } = openQueries();
    const db = sqlite.open(queries);
    await db.select().from(articles);
    await db.select().from(articles);
    expect(sqlite.reads).toBe(2);
    expect(isolate.log.filter((line) => line.includes("queries.attach"))).toHaveLength(1);
  });

  it("is necessary for no purge", async () => {
    const { queries, sqlite, titles } = openQueries();
    await titles();
    await sqlite.open(queries).delete(articles).where(eq(articles.id, 43));
    expect(await titles()).toEqual(["Tides"]);
  });

  it("may be called again", async () => {
    const { queries, db, titles, sqlite, isolate } = openQueries();
    expect(queries.attach(db)).toBe(db);
    await titles();
    await titles();
    expect(sqlite.reads).toBe(1);
    const { length } = isolate.upstash.journal;
    await db.delete(articles);
    expect(isolate.upstash.journal).toHaveLength(length + 1);
  });

  it("refuses a database with another cache, and one whose driver asks none", () => {
    const { queries } = openQueries();
    const { db: other } = openQueries();
    expect(() => queries.attach(other)).toThrow("The database has another cache, or none.");
    expect(() => queries.attach({})).toThrow("The database has another cache, or none.");
    expect(() => queries.attach({ resultKind: "sync" })).toThrow("better-sqlite3");
  });

  it("caches no query with a token, which Drizzle's key lacks", async () => {
    const { queries, sqlite } = openQueries();
    const opened = sqlite.open(queries);
    // Like the driver of Neon.
    const $withAuth = function (this: typeof opened, _token: string) {
      return this;
    };
    const db = queries.attach(Object.assign(opened, { $withAuth }));
    await db.select().from(articles);
    await db.$withAuth("a").select().from(articles);
    await db.$withAuth("b").select().from(articles);
    expect(sqlite.reads).toBe(3);
    await db.$withAuth("b").delete(articles).where(eq(articles.id, 43));
    expect(await db.select().from(articles)).toHaveLength(1);
  });
});

describe("the options", () => {
  it.each([
    { options: { fresh: "5 minutes" }, says: 'The namespace "queries" is invalid.' },
    { options: { strategy: "some" }, says: 'strategy is "some". Set it to "explicit" or "all".' },
    { options: { ttl: 5 }, says: '"ttl": no such option exists' },
  ])("are checked: $options", ({ options, says }) => {
    expect(() => openQueries({ options: options as object })).toThrow(says);
  });

  it("give a database a namespace of its own", async () => {
    const { isolate, titles, sqlite } = openQueries();
    await titles();
    const other = openQueries({ isolate, options: { name: "other" } });
    await changeUnseen(other.sqlite, "Other");
    expect(await other.titles()).toEqual(["Other", "Ebb"]);
    expect([sqlite.reads, other.sqlite.reads]).toEqual([1, 1]);
  });
});
