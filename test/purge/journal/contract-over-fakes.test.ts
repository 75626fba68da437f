// The contracts of the journal and the switch over each fake database of other tests.
import "../../../testing/fakes/workers-globals.ts";
import { ObjectClient } from "../../../src/stores/durable-object/object-client.ts";
import { ObjectJournal } from "../../../src/stores/durable-object/object-journal.ts";
import { ObjectSubscribers } from "../../../src/stores/durable-object/object-journal.ts";
import { RedisJournal } from "../../../src/stores/redis/journal/redis-journal.ts";
import { RedisSubscribers } from "../../../src/stores/redis/journal/redis-subscribers.ts";
import { RedisSwitch } from "../../../src/stores/redis/journal/redis-switch.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeJournal } from "../../../testing/fakes/fake-journal.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { FakeUpstash, openNetworkOfFakes } from "../../../testing/fakes/fake-upstash.ts";
import { CalmWorld } from "../../../testing/simulation/calm-world.ts";
import { SimulatedRedis } from "../../../testing/simulation/simulated-redis.ts";
import {
  describeJournal,
  describeRelease,
  describeShownJournal,
} from "./contract/journal-contract.ts";
import type { Open, OpenSwitch } from "./contract/open-store.ts";
import { describeSubscribers, type OpenSubscribers } from "./contract/subscribers-contract.ts";
import { describeSwitch } from "./contract/switch-contract.ts";
import { describeEpochs, describeLostEnd } from "./contract/epochs-contract.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

openNetworkOfFakes();

const namespace = "site";
const randomText = () => crypto.randomUUID();

const fakeJournal: Open = async (keptCount) => {
  const clock = new FakeClock();
  const journal = new FakeJournal(clock);
  if (keptCount !== undefined) journal.keptCount = keptCount;
  return {
    journal,
    lose: async (position) => journal.stream.remove(position, clock.atMs),
    goDown: () => (journal.down = "all"),
  };
};

type OpenAll = OpenSwitch & OpenSubscribers;

const fakeUpstash: Open<OpenAll> = async (keptCount) => {
  const clock = new FakeClock();
  const { nowAtMs } = clock;
  const upstash = new FakeUpstash(clock);
  const redis = upstashStore.client({ url: upstash.url, token: upstash.token, nowAtMs });
  const kept = keptCount === undefined ? {} : { keptCount };
  const { journal: stream } = upstash;
  return {
    journal: new RedisJournal({ redis, namespace, nowAtMs, randomText, ...kept }),
    switching: new RedisSwitch({ redis, namespace, ...kept }),
    subscribers: new RedisSubscribers({ redis, namespace, nowAtMs }),
    lose: async (position) => stream.lay(stream.range([]).filter(([id]) => id !== position)),
    goDown: () => (upstash.mode = "down"),
  };
};

const simulatedRedis: Open<OpenAll> = async (keptCount = 2_000) => {
  const world = new CalmWorld({ keptCount });
  const { client: redis } = new SimulatedRedis(world);
  const nowAtMs = () => world.atMs;
  const settings = { redis, namespace, keptCount, nowAtMs };
  return {
    journal: world.passing(new RedisJournal({ ...settings, randomText })),
    switching: world.passing(new RedisSwitch(settings)),
    subscribers: world.passing(new RedisSubscribers(settings)),
    lose: async (position) => world.stream.remove(position, world.atMs),
    goDown: () => (world.isRedisDown = true),
  };
};

const fakeObject: Open<OpenAll> = async (keptCount) => {
  const { nowAtMs } = new FakeClock();
  const object = new FakeObject();
  const client = new ObjectClient({ stub: () => object.stub, nowAtMs });
  const kept = keptCount === undefined ? {} : { keptCount };
  const journal = new ObjectJournal({ client, nowAtMs, randomText, ...kept });
  return {
    journal,
    switching: journal,
    subscribers: new ObjectSubscribers(client),
    lose: async (position) => object.lose(position),
    goDown: () => (object.isDown = true),
  };
};

describeJournal("the fake journal", fakeJournal);
describeShownJournal("the fake journal", fakeJournal);
describeJournal("Redis, over the fake Upstash", fakeUpstash);
describeShownJournal("Redis, over the fake Upstash", fakeUpstash);
describeRelease("Redis, over the fake Upstash", fakeUpstash);
describeEpochs("Redis, over the fake Upstash", fakeUpstash);
describeSwitch("Redis, over the fake Upstash", fakeUpstash);
// The simulated Redis does not support the reads for operators.
describeJournal("Redis, over simulated Redis", simulatedRedis);
describeEpochs("Redis, over simulated Redis", simulatedRedis);
describeLostEnd("Redis, over simulated Redis", simulatedRedis);
describeSwitch("Redis, over simulated Redis", simulatedRedis);
describeJournal("a Durable Object, over SQLite", fakeObject);
describeShownJournal("a Durable Object, over SQLite", fakeObject);
describeRelease("a Durable Object, over SQLite", fakeObject);
describeEpochs("a Durable Object, over SQLite", fakeObject);
describeSwitch("a Durable Object, over SQLite", fakeObject);
describeSubscribers("Redis, over the fake Upstash", fakeUpstash);
describeSubscribers("Redis, over simulated Redis", simulatedRedis);
describeSubscribers("a Durable Object, over SQLite", fakeObject);
