// Tests the contract of locks with the fake database that other tests use.
import "../../../testing/fakes/workers-globals.ts";
import { responseForm as form } from "../../../src/pages/stored/response-form.ts";
import { RedisLocks } from "../../../src/stores/redis/redis-locks.ts";
import { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import { keep } from "../../../testing/examples/records.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash, openNetworkOfFakes } from "../../../testing/fakes/fake-upstash.ts";
import { describeLocks } from "./contract.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

openNetworkOfFakes();

describeLocks("Redis, over the fake Upstash", async () => {
  const clock = new FakeClock();
  clock.atMs = keep.atMs;
  const { nowAtMs } = clock;
  const upstash = new FakeUpstash(clock);
  const redis = upstashStore.client({ url: upstash.url, token: upstash.token, nowAtMs });
  const settings = { redis, namespace: "site", form };
  const limits = { bodyBytesMax: 1_000, uploadBytesMax: 10_000 };
  return {
    locks: new RedisLocks({ ...settings, randomText: () => crypto.randomUUID() }),
    shared: new SharedTier({ ...settings, ...limits, onBadRecord: () => undefined, nowAtMs }),
    end: async (key) => upstash.locks.delete(`site:lock:${await key.digest()}`),
    goDown: () => (upstash.mode = "down"),
  };
});
