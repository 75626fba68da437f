// Tests counters and buffers over each kind of connection to Redis, over a cluster, and in a cache
// on Node.
import { Cluster } from "ioredis";
import { describe, expect, it } from "vitest";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { together } from "../../local/running.ts";
import { createDataCache } from "../../src/data/node/node-data-cache.ts";
import type { RedisAddress } from "../../src/remote/redis/address.ts";
import { usualTimes } from "../../src/write-behind/slice-times.ts";
import { NotAccepted, WriteBehind, writeBehind } from "../../src/write-behind/write-behind.ts";
import { startRedisCluster } from "../../testing/fakes/redis-cluster.ts";
import { addressOver, reaches } from "../../testing/fakes/redis-reaches.ts";
import { isRedisServerInstalled } from "../../testing/fakes/redis-server.ts";
import { openReachedDatabase } from "../../testing/fakes/rest-database.ts";
import { lengthenTimeouts } from "../../testing/patient-timeouts.ts";
import { MemoryBufferSink, MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { upstashStore } from "../../testing/fakes/upstash-store.ts";

lengthenTimeouts();

const durable = { durable: true } as const;

/**
 * Adds changes as of two minutes ago, which have already rested, and flushes them.
 *
 * @returns the reads before and after the flush
 */
async function wholeWay(address: RedisAddress) {
  const redis = upstashStore.client({ ...address, nowAtMs: Date.now, readTimeoutMsMax: 5_000 });
  const behind = new WriteBehind(() => ({
    redis,
    namespace: "shop",
    nowAtMs: () => Date.now() - 120_000,
    randomText: () => crypto.randomUUID(),
    afterAnswer: (work) => void work(),
    log: () => undefined,
    times: { ...usualTimes, lateMs: 600_000 },
  }));
  const sink = new MemoryCounterSink();
  const views = behind.counter("views", { sink });
  const profiles = behind.buffer<Date>("profiles", { sink: new MemoryBufferSink() });
  const read = async () => [await views.get("a"), await profiles.get("é")];
  const accepting = [views.add("a", 5, durable), profiles.put("é", new Date(7), durable)];
  await Promise.all([...accepting, behind.flush({ chunksMax: 0 })]);
  const accepted = [await read(), sink.chunks.length];
  const flushed = await behind.flush();
  return { accepted, flushed, top: await views.top(1), applied: await read() };
}

const done = { state: "done", changes: 1 };
const exact = {
  accepted: [[5, new Date(7)], 0],
  flushed: { views: done, profiles: done },
  top: [["a", 5]],
  applied: [5, new Date(7)],
};

describe.each(reaches)("sets over $reach", ({ open }) => {
  const reach = openReachedDatabase(startEmbeddedValkey, open);

  it("write a change to the sink, and every read is exact", async () => {
    expect(await wholeWay(reach.address)).toEqual(exact);
  });

  it("count and refuse changes in a cache on Node", async () => {
    const cache = createDataCache({ redis: reach.given, namespace: "node", log: () => undefined });
    const sets = writeBehind(cache);
    const counter = sets.counter("views", { sink: new MemoryCounterSink() });
    await Promise.all([counter.add("a", 2, durable), sets.flush()]);
    expect(await counter.get("a")).toBe(2);
    expect(writeBehind(cache)).toBe(sets);
    expect(sets.stats()).toMatchObject({
      views: { kind: "counter", accepted: 1, lost: 0, inDoubt: 0, backlog: { keys: 1 } },
    });
    counter.add("b");
    await cache.runCron();
    expect(await counter.get("b")).toBe(1);
    const full = sets.buffer<number>("profiles", { sink: new MemoryBufferSink(), backlogMax: 1 });
    await Promise.all([full.put("a", 1, durable), sets.flush()]);
    const [refused] = await Promise.allSettled([full.put("b", 1, durable), sets.flush()]);
    expect(refused).toMatchObject({ status: "rejected", reason: expect.any(NotAccepted) });
  });
});

it.runIf(isRedisServerInstalled)(
  "sets over a cluster write a change to the sink, and every read is exact",
  async () => {
    await together(async (running) => {
      const { nodes } = await running.add(startRedisCluster());
      const cluster = new Cluster([...nodes]);
      cluster.on("error", () => undefined);
      await running.add(Promise.resolve({ stop: async () => cluster.disconnect() }));
      expect(await wholeWay(addressOver(cluster))).toEqual(exact);
    });
  },
  20_000,
);
