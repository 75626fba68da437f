// The contracts of the journal and the switch on every Redis server, over every kind of connection.
import "../../../../testing/fakes/workers-globals.ts";
import { describe } from "vitest";
import { RedisJournal } from "../../../../src/stores/redis/journal/redis-journal.ts";
import { RedisSubscribers } from "../../../../src/stores/redis/journal/redis-subscribers.ts";
import { RedisSwitch } from "../../../../src/stores/redis/journal/redis-switch.ts";
import { clientThatGoesDown } from "../../../../testing/fakes/client-that-goes-down.ts";
import { reaches } from "../../../../testing/fakes/redis-reaches.ts";
import { redisServers } from "../../../../testing/fakes/redis-server.ts";
import { openReachedDatabase } from "../../../../testing/fakes/rest-database.ts";
import { lengthenTimeouts } from "../../../../testing/patient-timeouts.ts";
import {
  describeJournal,
  describeRelease,
  describeShownJournal,
} from "../../../purge/journal/contract/journal-contract.ts";
import type { Open, OpenSwitch } from "../../../purge/journal/contract/open-store.ts";
import {
  describeSubscribers,
  type OpenSubscribers,
} from "../../../purge/journal/contract/subscribers-contract.ts";
import { describeSwitch } from "../../../purge/journal/contract/switch-contract.ts";
import {
  describeEpochs,
  describeLostEnd,
} from "../../../purge/journal/contract/epochs-contract.ts";

lengthenTimeouts();

describe.each(redisServers)("over $redis", ({ redis: server, start }) => {
  // Each kind of connection reaches Valkey, and one of them Redis.
  const over = server === "embedded Valkey" ? reaches : reaches.slice(1, 2);
  describe.each(over)("by $reach", ({ reach, open: openReach }) => {
    const database = openReachedDatabase(start, openReach);
    let storeCount = 0;

    /** Opens a store in a new namespace. */
    const open: Open<OpenSwitch & OpenSubscribers> = async (keptCount) => {
      const namespace = `site-${(storeCount += 1)}`;
      const { client: redis, goDown } = clientThatGoesDown(database.address);
      const kept = keptCount === undefined ? {} : { keptCount };
      const settings = { redis, namespace, nowAtMs: Date.now, ...kept };
      const randomText = () => crypto.randomUUID();
      return {
        journal: new RedisJournal({ ...settings, randomText }),
        switching: new RedisSwitch(settings),
        subscribers: new RedisSubscribers(settings),
        lose: (position) => database.redis.xdel(`${namespace}:journal`, position),
        goDown,
      };
    };

    describeJournal(reach, open);
    describeRelease(reach, open);
    describeShownJournal(reach, open);
    describeEpochs(reach, open);
    describeLostEnd(reach, open);
    describeSwitch(reach, open);
    describeSubscribers(reach, open);
  });
});
