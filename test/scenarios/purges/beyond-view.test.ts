// Counts the calls of a cold isolate for records with stamps beyond its view, after more purges of other
// targets than the view has read. Epochs verify a record once, and memory or the edge then has it.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import { createDataCache } from "../../../src/data/create-data-cache.ts";
import { newestCount } from "../../../src/purge/journal/journal.ts";
import { durableObjectJournal } from "../../../src/stores/durable-object/durable-object-journal.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import { ObjectClient } from "../../../src/stores/durable-object/object-client.ts";
import { ObjectJournal } from "../../../src/stores/durable-object/object-journal.ts";
import { r2Bodies } from "../../../src/stores/r2/r2-bodies.ts";
import { RedisJournal } from "../../../src/stores/redis/journal/redis-journal.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { FakeR2 } from "../../../testing/fakes/fake-r2.ts";
import { FakeRecordObjects } from "../../../testing/fakes/fake-record-objects.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";
import { host, idle, openSite } from "../../../testing/site/harness.ts";

const clock = new FakeClock();

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: clock.atMs }));
afterEach(() => void vi.useRealTimers());

const { nowAtMs } = clock;
const randomText = () => crypto.randomUUID();

/** The stores of a site, a journal over them, and the number of calls that they have got. */
function overRedis() {
  const upstash = new UnsteadyUpstash(clock);
  const bodies = new FakeR2(clock);
  const redis = upstashStore.client({ url: upstash.url, token: upstash.token, nowAtMs });
  return {
    site: {
      upstash,
      bodies: r2Bodies({ binding: "BODIES" }),
      env: { SITE_HOST: host, BODIES: bodies },
    },
    journal: new RedisJournal({ redis, namespace: "tidemark", nowAtMs, randomText }),
    calls: () => upstash.requestCount + bodies.calls.length,
  };
}

function overObjects() {
  const [object, records] = [new FakeObject(), new FakeRecordObjects()];
  const client = new ObjectClient({ stub: () => object.stub, nowAtMs });
  return {
    site: {
      env: { JOURNAL: object.namespace, RECORDS: records.namespace, SITE_HOST: host },
      records: durableObjectRecords({ objects: 1 }),
      journal: durableObjectJournal(),
    },
    journal: new ObjectJournal({ client, nowAtMs, randomText }),
    calls: () => [object, ...records.all].reduce((sum, { calls }) => sum + calls.length, 0),
  };
}

const stores = [
  { store: "Redis", open: overRedis },
  { store: "Durable Objects", open: overObjects },
];

/** A body that Redis does not take, so that it is in R2. */
const large = "x".repeat(3 * 1_048_576);

const origin = (request: Request) =>
  page(request.url.endsWith("/large") ? large : "page", cc("max-age=36000"));

/** Opens a world whose isolates have pages and data. Isolates with one cache are in one colo. */
function worldOf({ site, journal, calls }: ReturnType<typeof overRedis | typeof overObjects>) {
  const isolate = (
    cache: FakeCache | null = new FakeCache(clock),
    tags: readonly string[] = [],
  ) => {
    const config = { routes: [{ name: "all", match: "*", tags }] };
    const data = createDataCache(defineConfig(config), { nowAtMs, random: () => 0.5 });
    const given = { clock, data, config, origin };
    const ofColo = cache === null ? { hasCache: false } : { cache };
    const pages = openSite({ ...given, ...site, ...ofColo });
    const values = data.namespace<string, string>("values", { fresh: "10h", tags });
    return {
      data,
      values,
      asks: {
        page: async (name = "a") => (await pages.get(`/${name}`)).cacheStatus.includes("; hit"),
        "large page": async () => (await pages.get("/large")).cacheStatus.includes("; hit"),
        value: async (name = "a") => (await values.get(name)) === "loaded",
        "value with further tags": async () =>
          (await values.lookUp("a", { tags: ["more"] })).value === "loaded",
      },
      /** Fills all tiers. */
      async fill(names: readonly string[] = ["a", "large"]) {
        for (const name of names) {
          await pages.get(`/${name}`);
          await values.getOrSet(name, () => "loaded");
        }
        await idle();
      },
      /** Reads the journal. */
      async begin() {
        await pages.get("/other");
        await values.get("other");
        await idle();
      },
    };
  };
  const purge = (...names: readonly string[]) =>
    journal.append(names.map((tag) => newEntry({ n: randomText(), tags: [tag] })));
  const purgeOthers = async (thousands = 2) => {
    for (let nth = 0; nth < thousands; nth += 1) {
      await purge(...Array.from({ length: newestCount }, (_, at) => `tag:other ${nth} ${at}`));
    }
    // The colo's copy of an older view knows the stamps, and rule 7 (b) allows young records.
    pass(4_000);
  };
  return {
    isolate,
    purge,
    purgeOthers,
    /** Returns the result of a call, and the number of calls to the stores, also behind the result. */
    async costOf(run: () => Promise<unknown>) {
      const before = calls();
      const result = await run();
      await idle();
      return [result, calls() - before];
    },
    /** Fills all tiers by an isolate of another colo, and purges other targets. */
    async filled(cache?: FakeCache) {
      await isolate(cache).fill();
      await purgeOthers();
    },
    async begun(cache?: FakeCache | null, tags?: readonly string[]) {
      const cold = isolate(cache, tags);
      await cold.begin();
      return cold;
    },
  };
}

function pass(seconds: number): void {
  clock.advance(seconds);
  vi.setSystemTime(clock.atMs);
}

/** `added`: the tags that a release has added to the route and the namespace since. */
const subjects = [
  { subject: "page", added: [] },
  { subject: "value", added: [] },
  { subject: "value with further tags", added: [] },
  { subject: "page", added: ["new"] },
  { subject: "value", added: ["new"] },
] as const;
const rows = stores.flatMap(({ store, open }) =>
  subjects.map(({ subject, added }) => ({ store, open, subject, added })),
);
const ofRedis = rows.filter(({ store }) => store === "Redis");
const beyond = "an old $subject and the added tags $added";

/** A read of the record. With Redis, epochs have come with the view, else they are read, too. */
const firstCostIn = (store: string) => [true, store === "Redis" ? 1 : 2];

it.each(rows)(`a cold isolate asks $store about ${beyond} once`, async ({ open, ...of }) => {
  const { subject, added, store } = of;
  const world = worldOf(open());
  await world.filled();
  const { asks } = await world.begun(null, added);
  expect(await world.costOf(asks[subject])).toEqual(firstCostIn(store));
  expect(await world.costOf(asks[subject])).toEqual([true, 0]);
});

it.each([
  { thousands: 4, calls: 2 },
  { thousands: 5, calls: 3 },
  { thousands: 20, calls: 3 },
])("a cold isolate's first hit after $thousands,000 purges takes $calls calls", async (row) => {
  const world = worldOf(overRedis());
  await world.isolate().fill();
  await world.purgeOthers(row.thousands);
  const { asks } = world.isolate(null);
  expect(await world.costOf(asks.page)).toEqual([true, row.calls]);
});

it.each(ofRedis)(`a colo asks Redis about ${beyond} once`, async ({ subject, added }) => {
  const world = worldOf(overRedis());
  await world.filled();
  const cache = new FakeCache(clock);
  const [first, second] = [await world.begun(cache, added), await world.begun(cache, added)];
  expect(await world.costOf(first.asks[subject])).toEqual([true, 1]);
  // A stamp proves nothing about further tags, so an isolate whose view is from a copy reads epochs for them.
  const isAsked = subject === "value with further tags";
  expect(await world.costOf(second.asks[subject])).toEqual([true, isAsked ? 2 : 0]);
  expect(await world.costOf(second.asks[subject])).toEqual([true, 0]);
});

it.each(ofRedis)(`a colo whose edge has ${beyond} asks Redis once`, async ({ subject, added }) => {
  const world = worldOf(overRedis());
  const cache = new FakeCache(clock);
  await world.filled(cache);
  const begun = () => world.begun(cache, added);
  const [first, second, third] = [await begun(), await begun(), await begun()];
  expect(await world.costOf(first.asks[subject])).toEqual([true, 0]);
  // Its view is from a copy, which has no epochs.
  expect(await world.costOf(second.asks[subject])).toEqual([true, 2]);
  const isAsked = subject === "value with further tags";
  expect(await world.costOf(third.asks[subject])).toEqual([true, isAsked ? 2 : 0]);
});

it.each(stores)("old pages and values hardly ask $store after 20,000 purges", async ({ open }) => {
  const world = worldOf(open());
  const names = Array.from({ length: 200 }, (_, at) => `${at}`);
  const warm = world.isolate();
  await warm.fill(names);
  await world.purgeOthers(20);
  await warm.begin();
  const commandsPerHit = async (ask: (name: string) => Promise<boolean>) => {
    let sum = 0;
    for (const name of names) {
      const [isHit, count] = await world.costOf(() => ask(name));
      expect(isHit).toBe(true);
      sum += Number(count);
    }
    return sum / names.length;
  };
  // The first lookup reads the shared tier, and epochs beyond those of the view.
  const inMemory = [await commandsPerHit(warm.asks.page), await commandsPerHit(warm.asks.value)];
  const isOfRedis = open === overRedis;
  expect(inMemory).toEqual([isOfRedis ? 2 / 200 : 3 / 200, 0]);
  const cold = await world.begun();
  const inShared = [await commandsPerHit(cold.asks.value), await commandsPerHit(cold.asks.page)];
  expect(inShared).toEqual([1 + (isOfRedis ? 1 : 2) / 200, 1]);
});

it.each([[[]], [["new"]]])("a colo asks R2 about a large page once: %j", async (added) => {
  const world = worldOf(overRedis());
  await world.filled();
  const cache = new FakeCache(clock);
  const [first, second] = [await world.begun(cache, added), await world.begun(cache, added)];
  // It reads the head and the body. Another read of head and body copies them to the colo.
  expect(await world.costOf(first.asks["large page"])).toEqual([true, 4]);
  expect(await world.costOf(second.asks["large page"])).toEqual([true, 0]);
});

describe.each(stores)("a record in $store that epochs have verified", ({ open }) => {
  it.each(rows.filter((one) => one.open === open))(
    "is covered by a later purge: $subject, $added",
    async ({ subject, added }) => {
      const world = worldOf(open());
      await world.filled();
      const { asks } = await world.begun(undefined, added);
      expect((await world.costOf(asks[subject]))[0]).toBe(true);
      await world.purge("everything");
      pass(20);
      expect(await asks[subject]()).toBe(false);
    },
  );

  it("is no answer to a reader with a tag that was purged since its load", async () => {
    const world = worldOf(open());
    await world.filled();
    await world.purge("tag:more");
    await world.purgeOthers();
    const cache = new FakeCache(clock);
    for (const { asks } of [await world.begun(cache), await world.begun(cache)]) {
      expect(await asks.value()).toBe(true);
      expect(await asks["value with further tags"]()).toBe(false);
      expect(await asks.value()).toBe(true);
      expect(await asks.page()).toBe(true);
    }
    const { asks } = await world.begun(cache, ["more"]);
    expect(await asks.value()).toBe(false);
    expect(await asks.page()).toBe(false);
  });
});

it("a touch of a record that epochs have verified does not undo a set since the lookup", async () => {
  const over = overRedis();
  const world = worldOf(over);
  const here = world.isolate();
  const inRedis = { fresh: "10h", tiers: ["shared"] } as const;
  const ofHere = here.data.namespace<string, string>("shared", inRedis);
  await here.begin();
  await ofHere.set("a", "first", { tags: [] });
  await world.purgeOthers();
  await here.begin();
  const there = await world.begun(null);
  // More than N/4, after which an unknown stamp renews the view (rule 6).
  pass(5);
  over.site.upstash.afterNext = async () => {
    await ofHere.set("a", "second", { tags: [] });
    await world.purge("tag:other");
  };
  const ofThere = there.data.namespace<string, string>("shared", inRedis);
  expect(await ofThere.touch("a")).toBe("first");
  await idle();
  expect(await ofHere.get("a")).toBe("second");
});
