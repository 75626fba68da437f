// Tests transactions and batches of a database with a query cache, on the connection of all queries.
import { eq, sql } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { articles, openQueries } from "../../../testing/drizzle/drizzle-world.ts";
import { idle, until } from "../../../testing/site/harness.ts";

type World = ReturnType<typeof openQueries>;
type Transaction = Parameters<Parameters<World["db"]["transaction"]>[0]>[0];

const both = ["Tides", "Ebb"];
const remove = (db: Pick<Transaction, "delete">) => db.delete(articles).where(eq(articles.id, 43));

describe("a transaction", () => {
  it("purges after the commit", async () => {
    const { db, titles, elsewhere } = openQueries();
    await titles();
    await idle();
    const result = await db.transaction(async (tx) => {
      await remove(tx);
      return "done";
    });
    expect([result, await titles()]).toEqual(["done", ["Tides"]]);
    await idle();
    expect(await elsewhere().titles()).toEqual(["Tides"]);
  });

  it("does not purge before the commit", async () => {
    const { db, titles, isolate } = openQueries();
    await titles();
    const before = isolate.data.stats().purges;
    await db.transaction(async (tx) => {
      await remove(tx);
      await tx.select().from(articles);
      expect(isolate.data.stats().purges).toEqual(before);
    });
    expect(isolate.data.stats().purges).not.toEqual(before);
  });

  it("neither uses nor stores results", async () => {
    const { db, titles, sqlite } = openQueries();
    await titles();
    const counts: number[] = [];
    const failing = db.transaction(async (tx) => {
      counts.push((await tx.select().from(articles)).length);
      await remove(tx);
      counts.push((await tx.select().from(articles)).length);
      tx.rollback();
    });
    await expect(failing).rejects.toThrow("Rollback");
    expect(counts).toEqual([2, 1]);
    expect(sqlite.statements.at(-1)).toBe("rollback");
    expect(await titles()).toEqual(both);
  });

  it("leaves the results of all queries as they are if it is rolled back", async () => {
    const { db, titles, sqlite } = openQueries();
    await titles();
    const { reads } = sqlite;
    const failing = db.transaction(async (tx) => {
      await remove(tx);
      throw new Error("No.");
    });
    await expect(failing).rejects.toThrow("No.");
    expect(await titles()).toEqual(both);
    expect(sqlite.reads).toBe(reads);
  });

  it("purges if its commit has failed, because the database may have applied it", async () => {
    const { db, titles, sqlite } = openQueries();
    await titles();
    sqlite.after = (text) =>
      text === "commit" ? Promise.reject(new Error("The connection was lost.")) : undefined;
    await expect(db.transaction((tx) => remove(tx))).rejects.toThrow("Failed query: rollback");
    expect(await titles()).toEqual(["Tides"]);
  });

  it.each(["commits", "is rolled back"])("purges after an inner one that %s", async (end) => {
    const { db, titles } = openQueries();
    await titles();
    await db.transaction(async (tx) => {
      const inner = tx.transaction(async (within) => {
        await remove(within);
        expect(await within.select().from(articles)).toHaveLength(1);
        if (end !== "commits") throw new Error("No.");
      });
      await inner.catch(() => undefined);
      await tx.update(articles).set({ title: "High" }).where(eq(articles.id, 42));
    });
    expect(await titles()).toEqual(end === "commits" ? ["High"] : ["High", "Ebb"]);
  });

  it("purges what it invalidates by hand, after the commit", async () => {
    const { db, titles } = openQueries();
    await titles();
    await db.transaction(async (tx) => {
      await tx.run(sql`DELETE FROM articles WHERE id = 43`);
      await (tx as unknown as World["db"]).$cache.invalidate({ tables: articles });
    });
    expect(await titles()).toEqual(["Tides"]);
  });

  it("lets no query on its connection be stored, which would see its uncommitted rows", async () => {
    const { db, titles } = openQueries();
    const gate = Promise.withResolvers<void>();
    const open = Promise.withResolvers<void>();
    const failing = db.transaction(async (tx) => {
      await remove(tx);
      open.resolve();
      await gate.promise;
      tx.rollback();
    });
    await open.promise;
    expect(await titles()).toEqual(["Tides"]);
    gate.resolve();
    await failing.catch(() => undefined);
    expect(await titles()).toEqual(both);
  });

  it("lets no query be stored that began before and saw its uncommitted rows", async () => {
    const { db, titles, sqlite } = openQueries();
    const asked = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    sqlite.before = (text) => {
      if (!text.startsWith("select")) return undefined;
      asked.resolve();
      return gate.promise;
    };
    const early = titles();
    await asked.promise;
    const failing = db.transaction(async (tx) => {
      await remove(tx);
      gate.resolve();
      await early;
      tx.rollback();
    });
    await failing.catch(() => undefined);
    expect(await early).toEqual(["Tides"]);
    expect(await titles()).toEqual(both);
  });

  it("purges again after the commit what others have changed on its connection", async () => {
    const { db, isolate } = openQueries();
    const purges = () => isolate.upstash.journal.length;
    const before = purges();
    await db.transaction(async () => {
      await remove(db);
    });
    expect(purges()).toBe(before + 2);
  });

  it("is rolled back in a version of Drizzle that opens it in another way", async () => {
    const { sqlite, queries } = openQueries();
    const opened = sqlite.open(queries);
    let isRolledBack = false;
    const transaction = async (work: (tx: object) => Promise<unknown>) =>
      work({ session: {} }).finally(() => (isRolledBack = true));
    const db = queries.attach(Object.assign(opened, { transaction }));
    const failing = db.transaction(() => Promise.reject(new Error("It began.")));
    await expect(failing).rejects.toThrow("This version of Drizzle");
    expect(isRolledBack).toBe(true);
  });
});

describe("a batch", () => {
  it("purges the tables of its changes, and no others", async () => {
    const { db, titles, isolate } = openQueries();
    await titles();
    const before = isolate.data.stats().purges;
    await db.batch([db.select().from(articles)]);
    expect(isolate.data.stats().purges).toEqual(before);
    const [rows] = await db.batch([db.select().from(articles), remove(db)]);
    expect(rows).toHaveLength(2);
    expect(await titles()).toEqual(["Tides"]);
  });

  it("purges if it fails, because the database may have applied it", async () => {
    const { db, titles, sqlite } = openQueries();
    await titles();
    sqlite.after = (text) =>
      text.startsWith("delete") ? Promise.reject(new Error("The connection was lost.")) : undefined;
    await expect(db.batch([remove(db)])).rejects.toThrow("lost");
    expect(await titles()).toEqual(["Tides"]);
  });

  it("purges after the changes, so a query beside them is not stored for long", async () => {
    const { db, titles, sqlite } = openQueries();
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    sqlite.before = (text) => {
      if (!text.startsWith("delete")) return undefined;
      asked.resolve();
      return gate.promise;
    };
    const batch = db.batch([remove(db)]);
    await asked.promise;
    expect(await titles()).toEqual(both);
    gate.resolve();
    await batch;
    expect(await titles()).toEqual(["Tides"]);
  });

  it("does not count queries that are prepared while it runs", async () => {
    const { db, sqlite, isolate } = openQueries();
    const gate = Promise.withResolvers<void>();
    sqlite.before = () => gate.promise;
    const batch = db.batch([db.select().from(articles)]);
    const prepared = remove(db).prepare();
    gate.resolve();
    await batch;
    await until(() => sqlite.statements.length === 1);
    expect(prepared).toBeDefined();
    expect(isolate.upstash.journal.length).toBe(0);
  });
});
