// Sets over every way to Redis, a cluster among them; and as a cache for data offers them.
import { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { createDataCache } from "../../src/node/create-data-cache.ts";
import { NotAccepted } from "../../src/node-cache.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import type { RedisAddress } from "../../src/redis/open-client.ts";
import { usualTimes } from "../../src/write-behind/slice-times.ts";
import { WriteBehind } from "../../src/write-behind/write-behind.ts";
import { addressOver, type Reach, reaches } from "../../testing/fakes/redis-reaches.ts";
import { startRedisCluster } from "../../testing/fakes/redis-cluster.ts";
import { isRedisServerInstalled, redisServers } from "../../testing/fakes/redis-server.ts";
import { lengthenTimeouts } from "../../testing/patient-timeouts.ts";
import { MemoryBufferSink, MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";

lengthenTimeouts();

const durable = { durable: true } as const;

/** Adds of two minutes ago, which Redis accepts all the same: they have rested already. */
function setsOver(address: RedisAddress) {
  const nowAtMs = () => Date.now() - 120_000;
  const redis = new RedisClient({ ...address, nowAtMs: Date.now, readTimeoutMsMax: 5_000 });
  const behind = new WriteBehind(() => ({
    redis,
    namespace: "shop",
    nowAtMs,
    randomText: () => crypto.randomUUID(),
    afterAnswer: (work) => void work(),
    log: () => undefined,
    times: { ...usualTimes, lateMs: 600_000 },
  }));
  const sinks = { views: new MemoryCounterSink(), profiles: new MemoryBufferSink() };
  const views = behind.counter("views", { sink: sinks.views });
  const profiles = behind.buffer<Date>("profiles", { sink: sinks.profiles });
  return { behind, sinks, views, profiles };
}

/** From the call to the sink. @returns what is read at each station */
async function wholeWay(address: RedisAddress) {
  const { behind, sinks, views, profiles } = setsOver(address);
  const read = async () => [await views.get("a"), await profiles.get("é")];
  const accepting = [views.add("a", 5, durable), profiles.put("é", new Date(7), durable)];
  await Promise.all([...accepting, behind.flush({ chunksMax: 0 })]);
  const accepted = await read();
  const before = sinks.views.chunks.length;
  const flushed = await behind.flush();
  return { accepted, before, flushed, top: await views.top(1), applied: await read() };
}

const exact = {
  accepted: [5, new Date(7)],
  before: 0,
  flushed: {
    views: { state: "done", changes: 1 },
    profiles: { state: "done", changes: 1 },
  },
  top: [["a", 5]],
  applied: [5, new Date(7)],
};

describe.each(reaches)("over $reach", ({ open }) => {
  const running = new Running();
  let reach: Reach;
  beforeAll(async () => {
    const [row] = redisServers;
    if (row === undefined) throw new Error("No server.");
    reach = await running.add(open((await running.add(row.start())).url));
  });
  afterAll(() => running.stop());

  it("a change goes from the call to the sink, and is read exactly at each station", async () => {
    expect(await wholeWay(reach.address)).toEqual(exact);
  });

  it("a cache on Node has counters, buffers and their counts", async () => {
    const cache = createDataCache({ redis: reach.given, namespace: "node", log: () => undefined });
    const counter = cache.counter("views", { sink: new MemoryCounterSink() });
    await Promise.all([counter.add("a", 2, durable), cache.flush()]);
    expect(await counter.get("a")).toBe(2);
    expect(cache.stats().sets).toMatchObject({
      views: { kind: "counter", accepted: 1, lost: 0, inDoubt: 0, backlog: { keys: 1 } },
    });
    counter.add("b");
    await cache.runCron();
    expect(await counter.get("b")).toBe(1);
    const full = cache.buffer<number>("profiles", { sink: new MemoryBufferSink(), backlogMax: 1 });
    await Promise.all([full.put("a", 1, durable), cache.flush()]);
    const [refused] = await Promise.allSettled([full.put("b", 1, durable), cache.flush()]);
    expect(refused).toMatchObject({ status: "rejected", reason: expect.any(NotAccepted) });
  });
});

describe.runIf(isRedisServerInstalled)("over a cluster", () => {
  it("all keys of a set lie in one slot", async () => {
    const running = new Running();
    try {
      const { nodes } = await running.add(startRedisCluster());
      const cluster = new Cluster([...nodes]);
      cluster.on("error", () => undefined);
      await running.add(Promise.resolve({ stop: async () => cluster.disconnect() }));
      expect(await wholeWay(addressOver(cluster))).toEqual(exact);
    } finally {
      await running.stop();
    }
  }, 20_000);
});
