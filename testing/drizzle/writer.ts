// A process that deletes an article through Drizzle, with a query cache of its own: `node writer.ts FILE REDIS`.
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { eq } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { drizzle } from "drizzle-orm/sqlite-proxy";
import { Redis } from "ioredis";
import { queryCache } from "../../src/adapters/drizzle/query-cache.ts";
import { createDataCache } from "../../src/node-cache.ts";

const articles = sqliteTable("articles", { id: integer().primaryKey(), title: text() });

/** Opens a database file whose results the Redis stores, for ten minutes. */
export function openFile(path: string, redis: Redis) {
  const file = new DatabaseSync(path);
  const queries = queryCache(createDataCache({ redis, log: () => undefined }), {
    fresh: "10m",
    strategy: "all",
  });
  const run = async (sql: string, params: readonly unknown[]) => ({
    rows: file
      .prepare(sql)
      .all(...(params as SQLInputValue[]))
      .map((row) => Object.values(row)),
  });
  const db = queries.attach(drizzle(run, { cache: queries }));
  return {
    exec: (sql: string) => file.exec(sql),
    read: () => db.select().from(articles),
    remove: (id: number) => db.delete(articles).where(eq(articles.id, id)),
    close: () => file.close(),
  };
}

const [, , path, url] = process.argv;
if (import.meta.main && path !== undefined && url !== undefined) {
  const redis = new Redis(url);
  const file = openFile(path, redis);
  await file.remove(43);
  file.close();
  await redis.quit();
}
