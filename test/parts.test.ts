// Tests that an application can replace the default parts of a cache.
import { expect, it, vi } from "vitest";
import { MemoryTier } from "../src/stores/memory/memory-tier.ts";
import { defineConfig } from "../src/config/config.ts";
import { type CacheParts, createCache } from "../src/compose/create-cache.ts";
import { createDataCache } from "../src/data/create-data-cache.ts";
import { createDataCache as createOnNode } from "../src/data/node/create-data-cache.ts";
import { Metrics } from "../src/observe/metrics.ts";
import { responseForm } from "../src/pages/stored/record-form.ts";
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

/** Returns a factory for each part, and the list of created parts. */
function noting() {
  const made: unknown[] = [];
  const noted = <Part>(part: Part): Part => {
    made.push(part);
    return part;
  };
  const parts: Required<CacheParts> = {
    memory: (settings) => noted(new MemoryTier(settings)),
    redis: (settings) => noted(upstashStore.client(settings)),
    metrics: (...settings) => noted(new Metrics(...settings)),
    journal: (settings) => noted(new RedisJournal(settings)),
    view: (settings) => noted(new JournalView(settings)),
  };
  return { parts, made };
}

it("a core consists of the given parts", () => {
  const { parts, made } = noting();
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
    { ...platform, parts },
    responseForm,
  );
  const held: readonly unknown[] = [tiers.memory, redis, metrics, purging?.journal, view];
  expect(made).toHaveLength(held.length);
  expect(held.every((part) => made.includes(part))).toBe(true);
});

const log = () => undefined;

function fetchFromWorker(parts: CacheParts) {
  const origins = { default: () => new Response() };
  const worker = createWorker(config, { parts, origins, stores: { redis: upstashStore } });
  return worker.fetch(new Request("https://www.example.com/"), env, context);
}

it.each<[by: string, compose: (parts: CacheParts) => unknown]>([
  ["a Worker", fetchFromWorker],
  [
    "a data cache",
    (parts) =>
      createDataCache(config, { env, log, parts, stores: { redis: upstashStore } }).stats(),
  ],
  ["a data cache on Node", (parts) => createOnNode({ redis: { url, token }, log, parts }).stats()],
])("%s uses the given parts", async (_, compose) => {
  const { parts, made } = noting();
  await compose(parts);
  expect(made).toHaveLength(5);
});
