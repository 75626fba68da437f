// The contracts of the journal and the switch over every Redis there is, by every way to reach it.
import "../../../../testing/fakes/workers-globals.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe } from "vitest";
import { Running } from "../../../../local/running.ts";
import type { RedisAddress } from "../../../../src/redis/open-client.ts";
import { RedisJournal } from "../../../../src/stores/redis/journal/redis-journal.ts";
import { RedisSwitch } from "../../../../src/stores/redis/journal/redis-switch.ts";
import { clientThatGoesDown } from "../../../../testing/fakes/client-that-goes-down.ts";
import { reaches } from "../../../../testing/fakes/redis-reaches.ts";
import { redisServers } from "../../../../testing/fakes/redis-server.ts";
import { lengthenTimeouts } from "../../../../testing/patient-timeouts.ts";
import {
  describeJournal,
  describeShownJournal,
} from "../../../purge/journal/contract/journal-contract.ts";
import type { Open, OpenSwitch } from "../../../purge/journal/contract/open-store.ts";
import { describeSwitch } from "../../../purge/journal/contract/switch-contract.ts";

lengthenTimeouts();

describe.each(redisServers)("over $redis", ({ start }) => {
  describe.each(reaches)("by $reach", ({ reach, open: openReach }) => {
    const running = new Running();
    let database: Redis;
    let address: RedisAddress;
    let storeCount = 0;

    beforeAll(async () => {
      const server = await running.add(start());
      database = new Redis(server.url);
      ({ address } = await running.add(openReach(server.url)));
    });
    afterAll(async () => {
      database.disconnect();
      await running.stop();
    });

    /** A store of its own, by its namespace. */
    const open: Open<OpenSwitch> = async (keptCount) => {
      const namespace = `site-${(storeCount += 1)}`;
      const { client: redis, goDown } = clientThatGoesDown(address);
      const settings = { redis, namespace, ...(keptCount !== undefined && { keptCount }) };
      const randomText = () => crypto.randomUUID();
      return {
        journal: new RedisJournal({ ...settings, nowAtMs: Date.now, randomText }),
        switching: new RedisSwitch(settings),
        lose: (position) => database.xdel(`${namespace}:journal`, position),
        goDown,
      };
    };

    describeJournal(reach, open);
    describeShownJournal(reach, open);
    describeSwitch(reach, open);
  });
});
