// Checks that each planted fault in scripts, sinks and clocks breaks its rule, and that the rule
// holds without it. The scripts run in a real Redis.
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import type { CacheFactories } from "../../src/compose/create-cache.ts";
import { transportOver } from "../../src/remote/redis/connection/transport.ts";
import { connectionOf } from "../../src/remote/redis/connection/given-connection.ts";
import type { RedisClient } from "../../src/remote/redis/redis-client.ts";
import type { RedisSettings } from "../../src/remote/redis/redis-client.ts";
import { adds } from "../../src/write-behind/change-kind.ts";
import { RedisSlices } from "../../src/write-behind/redis-slices.ts";
import type { CounterSink } from "../../src/write-behind/sinks/sink.ts";
import { sliceAt, usualTimes } from "../../src/write-behind/slice-times.ts";
import { plantedDataFaults } from "../../testing/consistency/data/planted-data-faults.ts";
import { openProcess, untilFound } from "../../testing/data/node-process.ts";
import { MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { add } from "../../testing/write-behind/set-under-test.ts";
import { plantedBehindFaults } from "../../testing/write-behind/proof/planted-behind-faults.ts";
import { upstashStore } from "../../testing/fakes/upstash-store.ts";

let server: EmbeddedValkey;
let redis: Redis;
beforeAll(async () => {
  server = await startEmbeddedValkey();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

let namespaces = 0;

describe("the scripts of fields", () => {
  const oldAndNew = { title: "old", views: 2 };
  const opened = (factories: CacheFactories) => {
    const { cache } = openProcess({ redis, namespace: `p${(namespaces += 1)}`, factories });
    const space = cache.namespace<{ title: string; views: number }>("parts", { fresh: "10m" });
    return { space, fields: space.fields("1") };
  };

  it.each<[fault: string, factories: CacheFactories, views: number]>([
    ["raised-twice", plantedDataFaults["raised-twice"].factories, 3],
    ["none", {}, 2],
  ])("increment a field by 1, with the planted fault: %s", async (_, factories, views) => {
    const { fields } = opened(factories);
    await fields.set({ views: 1 });
    expect(await fields.increment("views")).toBe(views);
  });

  it.each<[fault: string, factories: CacheFactories, all: object]>([
    ["fields-outlive-purges", plantedDataFaults["fields-outlive-purges"].factories, oldAndNew],
    ["none", {}, { views: 2 }],
  ])("return the fields after a purge, with the planted fault: %s", async (_, factories, all) => {
    const { fields, space } = opened(factories);
    await fields.set({ title: "old", views: 1 });
    await space.delete("1");
    const found = untilFound(async () => {
      await fields.set({ views: 2 });
      return fields.all();
    });
    expect(await found).toEqual(all);
  });
});

describe("the client of slices", () => {
  const make = (settings: RedisSettings) => upstashStore.client(settings);
  const settings = { url: "https://nowhere.invalid", token: "", nowAtMs: Date.now };
  const opened = (client: RedisClient) =>
    new RedisSlices({
      redis: client,
      namespace: `p${(namespaces += 1)}`,
      set: "set",
      kind: adds,
      deadLetterAfter: 5,
      backlogMax: 100,
      afterAnswer: (work) => void work(),
    });
  const batch = () => {
    return { id: "batch", slice: sliceAt(Date.now(), usualTimes), changes: [add("key", 1)] };
  };
  type Make = (settings: RedisSettings) => RedisClient;

  it.each<[fault: string, client: Make, by: number]>([
    ["no-batch-known", plantedBehindFaults["no-batch-known"].factories.redis, 2],
    ["none", make, 1],
  ])("sends a batch twice, with the planted fault: %s", async (_, client, by) => {
    const slices = opened(client({ ...settings, ...transportOver(connectionOf(redis)) }));
    const same = batch();
    for (let tries = 0; tries < 2; tries += 1) {
      expect(await slices.accept(same)).toMatchObject({ value: { kind: "accepted" } });
    }
    expect(await slices.changes(same.slice, ["key"])).toMatchObject({
      value: { changes: [add("key", by)] },
    });
  });

  const late = { kind: "answered", value: { kind: "late" } };
  it.each<[fault: string, client: Make, outcome: object]>([
    ["doubt-denied", plantedBehindFaults["doubt-denied"].factories.redis, late],
    ["none", make, { kind: "unavailable", cause: "unreachable" }],
  ])(
    "sends a batch that gets no answer, with the planted fault: %s",
    async (_, client, outcome) => {
      const transport = () => Promise.reject(new Error("The connection is lost."));
      expect(await opened(client({ ...settings, transport })).accept(batch())).toMatchObject(
        outcome,
      );
    },
  );
});

describe("a counter sink", () => {
  const sound = (real: CounterSink) => real;
  const chunk = { set: "set", slice: 1, changes: [add("key", 1)], mark: { slice: 1, key: null } };

  it.each([
    { fault: "mark-not-asked", sink: plantedBehindFaults["mark-not-asked"].sink, value: 2 },
    { fault: "none", sink: sound, value: 1 },
  ])(
    "makes $value of 1 after a repeated chunk, with the planted fault: $fault",
    async ({ sink, value }) => {
      const memory = new MemoryCounterSink();
      for (let tries = 0; tries < 2; tries += 1) await sink(bound(memory)).apply(chunk);
      expect(memory.values.get("set")?.get("key")).toBe(value);
      expect(memory.marks.get("set")).toEqual(chunk.mark);
    },
  );

  it.each([
    {
      fault: "dropped-unconfirmed",
      sink: plantedBehindFaults["dropped-unconfirmed"].sink,
      is: "ok",
    },
    { fault: "none", sink: sound, is: "failed" },
  ])("reports a failed chunk as $is, with the planted fault: $fault", async ({ sink, is }) => {
    const memory = new MemoryCounterSink();
    memory.fates.push("fails");
    const applied = sink(bound(memory)).apply(chunk);
    expect(await applied.then(() => "ok").catch(() => "failed")).toBe(is);
  });

  const bound = (memory: MemoryCounterSink): CounterSink => ({
    apply: (given) => memory.apply(given),
    read: (set, keys) => memory.read(set, keys),
    top: (set, count) => memory.top(set, count),
  });
});

it("slows the clock of one colo to a tenth of its speed with the planted fault clock-slow", () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
  const { nowAtMs } = plantedDataFaults["clock-slow"];
  const places = ["colo-1", "colo-2"];
  expect(places.map(nowAtMs)).toEqual([1_000_000, 1_000_000]);
  vi.setSystemTime(1_010_000);
  expect(places.map(nowAtMs)).toEqual([1_001_000, 1_010_000]);
  vi.useRealTimers();
});
