// The contract of leases over every Redis there is, by every way to reach it.
import "../../../testing/fakes/workers-globals.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, vi } from "vitest";
import { Running } from "../../../local/running.ts";
import { responseForm as form } from "../../../src/proxy/stored/record-form.ts";
import type { RedisAddress } from "../../../src/redis/open-client.ts";
import type * as lease from "../../../src/cache/lease.ts";
import { RedisLeases } from "../../../src/stores/redis/redis-leases.ts";
import { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import { clientThatGoesDown } from "../../../testing/fakes/client-that-goes-down.ts";
import { reaches } from "../../../testing/fakes/redis-reaches.ts";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { lengthenTimeouts } from "../../../testing/patient-timeouts.ts";
import { describeLeases } from "../../cache/leases/contract.ts";

const namespace = "site";
const limits = { bodyBytesMax: 1_000, uploadBytesMax: 10_000 };
const onBadRecord = () => undefined;

lengthenTimeouts();

/** No lease and no word ends by itself here, however busy the machine is. */
vi.mock("../../../src/cache/lease.ts", async (original) => {
  const real = await original<typeof lease>();
  const wordMs = Object.fromEntries(Object.keys(real.wordMs).map((word) => [word, 600_000]));
  return { ...real, leaseMs: 600_000, wordMs };
});

describe.each(redisServers)("over $redis", ({ start }) => {
  describe.each(reaches)("by $reach", ({ reach, open }) => {
    const running = new Running();
    let database: Redis;
    let address: RedisAddress;

    beforeAll(async () => {
      const server = await running.add(start());
      database = new Redis(server.url);
      ({ address } = await running.add(open(server.url)));
    });
    afterAll(async () => {
      database.disconnect();
      await running.stop();
    });

    describeLeases(reach, async () => {
      const { client: redis, goDown } = clientThatGoesDown(address);
      const settings = { redis, namespace, form };
      return {
        leases: new RedisLeases({ ...settings, randomText: () => crypto.randomUUID() }),
        shared: new SharedTier({ ...settings, ...limits, onBadRecord, nowAtMs: Date.now }),
        end: async (key) => database.del(`${namespace}:lease:${await key.digest()}`),
        goDown,
      };
    });
  });
});
