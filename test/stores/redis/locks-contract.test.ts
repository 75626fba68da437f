// Tests the contract of locks on each Redis server, over each kind of connection.
import "../../../testing/fakes/workers-globals.ts";
import { describe, vi } from "vitest";
import { responseForm as form } from "../../../src/pages/stored/response-form.ts";
import type * as lock from "../../../src/cache/tiers/lock.ts";
import { RedisLocks } from "../../../src/stores/redis/redis-locks.ts";
import { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import { clientThatGoesDown } from "../../../testing/fakes/client-that-goes-down.ts";
import { reaches } from "../../../testing/fakes/redis-reaches.ts";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { openReachedDatabase } from "../../../testing/fakes/rest-database.ts";
import { lengthenTimeouts } from "../../../testing/patient-timeouts.ts";
import { describeLocks } from "../../cache/locks/contract.ts";

const namespace = "site";
const limits = { bodyBytesMax: 1_000, uploadBytesMax: 10_000 };
const onBadRecord = () => undefined;

lengthenTimeouts();

/** Prevents the expiry of locks and words on a busy machine. */
vi.mock("../../../src/cache/tiers/lock.ts", async (original) => {
  const real = await original<typeof lock>();
  const wordMs = Object.fromEntries(Object.keys(real.wordMs).map((word) => [word, 600_000]));
  return { ...real, lockMs: 600_000, wordMs };
});

describe.each(redisServers)("locks over $redis", ({ start }) => {
  describe.each(reaches)("by $reach", ({ reach, open }) => {
    const database = openReachedDatabase(start, open);

    describeLocks(reach, async () => {
      const { client: redis, goDown } = clientThatGoesDown(database.address);
      const settings = { redis, namespace, form };
      return {
        locks: new RedisLocks({ ...settings, randomText: () => crypto.randomUUID() }),
        shared: new SharedTier({ ...settings, ...limits, onBadRecord, nowAtMs: Date.now }),
        end: async (key) => database.redis.del(`${namespace}:lock:${await key.digest()}`),
        goDown,
      };
    });
  });
});
