// Tests the query cache while Redis or its journal does not answer.
import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { articles, authors, openQueries } from "../../../testing/drizzle/drizzle-world.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

const both = ["Tides", "Ebb"];
const refusal = "The journal did not accept the purge of changed tables";
const acceptance = "The journal has accepted the purges of all changed tables.";

it("without Redis, each query goes to the database", async () => {
  const { titles, isolate, sqlite } = openQueries();
  isolate.upstash.mode = "down";
  expect(await titles()).toEqual(both);
  expect(await titles()).toEqual(both);
  expect(sqlite.reads).toBeGreaterThan(0);
});

it("a refused purge fails no statement, is repeated, and hides the results of its tables here", async () => {
  const { titles, isolate, db, sqlite, elsewhere } = openQueries();
  const names = () => db.select().from(authors);
  await titles();
  await names();
  await isolate.settle();
  isolate.upstash.journalMode = "down";
  await db.delete(articles).where(eq(articles.id, 43));
  expect(await titles()).toEqual(["Tides"]);
  expect(await titles()).toEqual(["Tides"]);
  await names();
  expect(sqlite.reads).toBe(4);
  await pass(isolate.clock, 4);
  isolate.upstash.journalMode = "works";
  await pass(isolate.clock, 4);
  const lines = isolate.log.filter((line) => line.includes("changed tables"));
  expect(lines).toEqual([expect.stringContaining(refusal), expect.stringContaining(acceptance)]);
  await titles();
  await titles();
  expect(sqlite.reads).toBe(5);
  expect(await elsewhere().titles()).toEqual(["Tides"]);
});

it("after the last attempt, the next query continues", async () => {
  const { titles, isolate, db, sqlite } = openQueries();
  isolate.upstash.journalMode = "down";
  await db.delete(articles).where(eq(articles.id, 43));
  await pass(isolate.clock, 40);
  isolate.upstash.journalMode = "works";
  await pass(isolate.clock, 20);
  expect(isolate.log.join()).not.toContain(acceptance);
  await titles();
  await pass(isolate.clock, 2);
  expect(isolate.log.join()).toContain(acceptance);
  await titles();
  const { reads } = sqlite;
  await titles();
  expect(sqlite.reads).toBe(reads);
});

it("a purge that is refused while another is repeated is repeated as well", async () => {
  const { titles, isolate, db, sqlite } = openQueries();
  const accepted = () => isolate.log.filter((line) => line.includes(acceptance)).length;
  isolate.upstash.journalMode = "down";
  await db.delete(articles).where(eq(articles.id, 43));
  const gate = Promise.withResolvers<void>();
  isolate.upstash.journalMode = "works";
  let isSecondRefused = false;
  isolate.upstash.beforeJournalAnswer = async () => {
    if (isSecondRefused) return;
    isSecondRefused = true;
    isolate.upstash.journalMode = "down";
    await db.delete(articles).where(eq(articles.id, 42));
    gate.resolve();
  };
  await pass(isolate.clock, 1);
  await gate.promise;
  await pass(isolate.clock, 1);
  expect(accepted()).toBe(0);
  isolate.upstash.journalMode = "works";
  await pass(isolate.clock, 10);
  expect(accepted()).toBe(1);
  expect(await titles()).toEqual([]);
  const { reads } = sqlite;
  await titles();
  expect(sqlite.reads).toBe(reads);
});

it("a purge of a transaction that is refused is repeated", async () => {
  const { titles, isolate, db } = openQueries();
  await titles();
  isolate.upstash.journalMode = "down";
  const removed = await db.transaction((tx) =>
    tx.delete(articles).where(eq(articles.id, 43)).returning(),
  );
  expect(removed).toHaveLength(1);
  expect(await titles()).toEqual(["Tides"]);
  isolate.upstash.journalMode = "works";
  await pass(isolate.clock, 2);
  expect(isolate.log.join()).toContain(acceptance);
});

it("invalidate rejects, and onMutate does not", async () => {
  const { isolate, db, queries } = openQueries();
  isolate.upstash.journalMode = "down";
  await expect(db.$cache.invalidate({ tables: articles })).rejects.toThrow("purge");
  await queries.onMutate({ tables: [articles], tags: ["one"] });
  expect(isolate.log.join()).toContain(refusal);
});

it("invalidate rejects a call that names nothing", async () => {
  const { db } = openQueries();
  const unnamed = [{}, { tables: [] }, { tags: [] }, { tables: {} as never }];
  for (const order of unnamed) {
    await expect(db.$cache.invalidate(order)).rejects.toThrow("names neither a table nor a tag");
  }
});
