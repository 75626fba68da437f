// Compares the query cache with Drizzle's own for Upstash: a write between a query and its `put`.
import { eq } from "drizzle-orm";
import { UpstashCache } from "drizzle-orm/cache/upstash";
import { expect, it } from "vitest";
import { articles, openQueries, Sqlite } from "../../../testing/drizzle/drizzle-world.ts";
import { until } from "../../../testing/site/harness.ts";

/** The commands that the adapter sends, on hashes in this process. Its script deletes the hashes of the tables. */
function hashes() {
  const stored = new Map<string, Map<string, unknown>>();
  const sets = new Map<string, Set<string>>();
  const hashOf = (name: string) => stored.get(name) ?? stored.set(name, new Map()).get(name);
  const pipeline = {
    hset: (name: string, fields: object) => {
      for (const [field, value] of Object.entries(fields)) hashOf(name)?.set(field, value);
    },
    hexpire: () => undefined,
    sadd: (name: string, member: string) =>
      void sets.set(name, (sets.get(name) ?? new Set()).add(member)),
    exec: () => Promise.resolve(),
  };
  const script = {
    exec: async ([, ...tables]: readonly string[]) => {
      for (const table of tables) for (const name of sets.get(table) ?? []) stored.delete(name);
    },
  };
  return {
    createScript: () => script,
    pipeline: () => pipeline,
    hget: async (name: string, field: string) => stored.get(name)?.get(field) ?? null,
  };
}

/** Lets a query read two rows, a write delete one, and then the query end. Returns what later queries see. */
async function titlesAfterRace(sqlite: Sqlite, db: ReturnType<Sqlite["open"]>): Promise<string[]> {
  const gate = Promise.withResolvers<void>();
  sqlite.after = (text) => (text.startsWith("select") ? gate.promise : undefined);
  const early = db.select().from(articles).execute();
  await until(() => sqlite.reads === 1);
  await db.delete(articles).where(eq(articles.id, 43));
  gate.resolve();
  await early;
  return (await db.select().from(articles)).map(({ title }) => title);
}

it("the adapter for Upstash answers with the row that was deleted, and this cache does not", async () => {
  const sqlite = new Sqlite();
  const redis = hashes() as unknown as ConstructorParameters<typeof UpstashCache>[0];
  const upstash = sqlite.open(new UpstashCache(redis, { ex: 60 }, true));
  expect(await titlesAfterRace(sqlite, upstash)).toEqual(["Tides", "Ebb"]);
  const own = openQueries();
  expect(await titlesAfterRace(own.sqlite, own.db)).toEqual(["Tides"]);
});
