// Tests that each function with options refuses a misspelt one, which TypeScript would find and JavaScript ignore.
import { Hono } from "hono";
import { Redis } from "ioredis";
import { expect, it, onTestFinished } from "vitest";
import { astroCache } from "../../src/adapters/astro/provider.ts";
import { withTidemark } from "../../src/adapters/opennext.ts";
import { createDataCache } from "../../src/data-cache.ts";
import { tidemark } from "../../src/hono.ts";
import { redis } from "../../src/node-cache.ts";
import { placedObjects } from "../../src/stores/durable-object/object-namespace.ts";
import { defineConfig } from "../../src/tidemark.ts";
import { upstash } from "../../src/upstash.ts";
import { createWorker } from "../../src/worker.ts";

const config = defineConfig({});
const openNext = { fetch: async () => new Response() };
const given = (options: object) => options as never;
const connection = () => {
  const opened = new Redis({ lazyConnect: true });
  onTestFinished(() => opened.disconnect());
  return opened;
};

it.each<[string, (options: object) => unknown]>([
  ["createWorker(config, …)", (options) => createWorker(config, given(options))],
  ["`stores`", (stores) => createWorker(config, { stores: given(stores) })],
  ["`stores`", (stores) => createDataCache(config, { stores: given(stores) })],
  ["createDataCache(config, …)", (options) => createDataCache(config, given(options))],
  ["tidemark(app, config, …)", (options) => tidemark(new Hono(), config, given(options))],
  [
    "withTidemark(openNext, config, …)",
    (more) => withTidemark(openNext, config, given({ stores: {}, ...more })),
  ],
  ["astroCache(…, …)", (parts) => astroCache({}, given(parts))],
  ["upstash()", (options) => upstash(given(options))],
  ["redis(connection, …)", (options) => redis(connection(), given(options))],
])("%s refuses unknown options by name", (of, call) => {
  const says = `The options of ${of} are invalid. "tiers", "fresh": no such option exists, so it would have no effect. Remove it, or write one of: `;
  expect(() => call({ tiers: {}, fresh: "a" })).toThrow(says);
  expect(() => call({})).not.toThrow();
});

it("durableObjects() with an unknown option is a fault of its stores", () => {
  const env = { JOURNAL: { idFromName: () => ({}), get: () => ({}) } };
  const binding = { binding: "JOURNAL", className: "TidemarkJournal" };
  expect(placedObjects(env, given({ ...binding, location: "weur" }))).toEqual({
    why: '"location" is not an option of these Durable Objects.',
    hint: "Remove it, or correct its name: locationHint, jurisdiction, …",
  });
});
