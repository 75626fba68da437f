// Tests that an application can replace the default factories of a cache.
import { expect, it, vi } from "vitest";
import { MemoryTier } from "../src/stores/memory/memory-tier.ts";
import { defineConfig } from "../src/config/config.ts";
import { type CacheFactories, createCache } from "../src/compose/create-cache.ts";
import { createDataCache } from "../src/data/create-data-cache.ts";
import { createDataCache as createOnNode } from "../src/data/node/node-data-cache.ts";
import { Metrics } from "../src/observe/metrics.ts";
import { responseForm } from "../src/pages/stored/response-form.ts";
import { RedisJournal } from "../src/stores/redis/journal/redis-journal.ts";
import { JournalView } from "../src/purge/view/journal-view.ts";
import { createWorker } from "../src/worker.ts";
import { FakeClock } from "../testing/fakes/fake-clock.ts";
import { FakeUpstash, openNetworkOfFakes } from "../testing/fakes/fake-upstash.ts";
import "../testing/fakes/workers-globals.ts";
import { upstashStore } from "../testing/fakes/upstash-store.ts";

openNetworkOfFakes();
vi.spyOn(console, "log").mockReturnValue();

const config = defineConfig({});
const { url, token } = new FakeUpstash(new FakeClock());
const env = { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token };
const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };

/** Returns a factory for each part, and the list of created factories. */
function noting() {
  const made: unknown[] = [];
  const noted = <Part>(part: Part): Part => {
    made.push(part);
    return part;
  };
  const factories: Required<CacheFactories> = {
    memory: (settings) => noted(new MemoryTier(settings)),
    redis: (settings) => noted(upstashStore.client(settings)),
    metrics: (sinceAtMs) => noted(new Metrics(sinceAtMs)),
    journal: (settings) => noted(new RedisJournal(settings)),
    view: (settings) => noted(new JournalView(settings)),
  };
  return { factories, made };
}

it("a core consists of the given factories", () => {
  const { factories, made } = noting();
  const { nowAtMs } = new FakeClock();
  const platform = {
    nowAtMs,
    random: Math.random,
    log: () => undefined,
    database: { url, token },
    redis: upstashStore,
  };
  const { tiers, redis, metrics, purging, view } = createCache(
    config,
    { ...platform, factories },
    responseForm,
  );
  const held: readonly unknown[] = [tiers.memory, redis, metrics, purging?.journal, view];
  expect(made).toHaveLength(held.length);
  expect(held.every((part) => made.includes(part))).toBe(true);
});

const log = () => undefined;

function fetchFromWorker(factories: CacheFactories) {
  const origins = { default: () => new Response() };
  const worker = createWorker(config, { factories, origins, stores: { redis: upstashStore } });
  return worker.fetch(new Request("https://www.example.com/"), env, context);
}

it.each<[by: string, compose: (factories: CacheFactories) => unknown]>([
  ["a Worker", fetchFromWorker],
  [
    "a data cache",
    (factories) =>
      createDataCache(config, { env, log, factories, stores: { redis: upstashStore } }).stats(),
  ],
  [
    "a data cache on Node",
    (factories) => createOnNode({ redis: { url, token }, log, factories }).stats(),
  ],
])("%s uses the given factories", async (_, compose) => {
  const { factories, made } = noting();
  await compose(factories);
  expect(made).toHaveLength(5);
});
