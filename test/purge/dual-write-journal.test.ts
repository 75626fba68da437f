// Tests the journal of a site that moves between two stores: each write reaches both, or is refused.
import { beforeEach, describe, expect, it } from "vitest";
import { createPurging } from "../../src/create-purging.ts";
import { DualWriteJournal, dualWritten } from "../../src/purge/dual-write-journal.ts";
import type { OpenJournal } from "../../src/purge/journal-in-code.ts";
import type { PostEntry } from "../../src/purge/journal/switch.ts";
import type { DatabaseHealth } from "../../src/redis/database-way.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { ObjectClient } from "../../src/stores/durable-object/object-client.ts";
import { ObjectJournal } from "../../src/stores/durable-object/object-journal.ts";
import { ObjectSubscribers } from "../../src/stores/durable-object/object-subscribers.ts";
import { RedisJournal } from "../../src/stores/redis/journal/redis-journal.ts";
import { RedisSubscribers } from "../../src/stores/redis/journal/redis-subscribers.ts";
import { RedisSwitch } from "../../src/stores/redis/journal/redis-switch.ts";
import { newEntry, orderOf } from "../../testing/examples/purges.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../testing/fakes/fake-object.ts";
import { FakeUpstash, openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { written } from "./journal/contract/open-store.ts";
import { postOf } from "./journal/contract/switch-contract.ts";

openNetworkOfFakes();

const randomText = () => crypto.randomUUID();

let clock: FakeClock;
let upstash: FakeUpstash;
let object: FakeObject;
let redisStore: OpenJournal;
let objectStore: OpenJournal;

beforeEach(() => {
  clock = new FakeClock();
  const { nowAtMs } = clock;
  upstash = new FakeUpstash(clock);
  object = new FakeObject();
  const redis = new RedisClient({ url: upstash.url, token: upstash.token, nowAtMs });
  const stored = { redis, namespace: "site", nowAtMs, randomText };
  const client = new ObjectClient({ stub: () => object.stub, nowAtMs });
  const journal = new ObjectJournal({ client, nowAtMs, randomText });
  const switching = new RedisSwitch(stored);
  redisStore = {
    journal: new RedisJournal(stored),
    switching,
    subscribers: new RedisSubscribers(stored),
    name: "redis",
    health: redis,
  };
  const ofObject = { switching: journal, subscribers: new ObjectSubscribers(client) };
  objectStore = { journal, ...ofObject, name: "object", health: client };
});

const readingRedis = () =>
  new DualWriteJournal({ read: redisStore, other: objectStore, randomText });
const readingObject = () =>
  new DualWriteJournal({ read: objectStore, other: redisStore, randomText });
const stores = [
  { read: "Redis", open: readingRedis, lost: "the object" },
  { read: "the object", open: readingObject, lost: "Redis" },
];
const breakStore = (name: string) =>
  name === "Redis" ? void (upstash.mode = "down") : void (object.isDown = true);

describe.each(stores)("reading $read", ({ open, lost }) => {
  it("appends each entry to both stores", async () => {
    await open().append([newEntry({ n: "a", tags: ["tag:red"] })]);
    await open().appendAndRead({ position: "1-1", n: "x" }, newEntry({ n: "b" }));
    for (const { journal } of [redisStore, objectStore]) {
      const found = await journal.newestFirst(9);
      if ("kind" in found) throw new Error("The journal is unavailable.");
      expect(found.map(({ n }) => n.split(".")[0])).toEqual(["b", "a"]);
    }
  });

  it(`refuses a write while ${lost} is down, and still reads`, async () => {
    const [journal, place] = [open(), { position: "1-1", n: "x" }];
    await written(journal, 1);
    breakStore(lost);
    expect((await journal.append([newEntry({ n: "a" })])).kind).toBe("unavailable");
    const single = await journal.appendAndRead(place, newEntry({ n: "b" }));
    expect(single.kind).toBe("unavailable");
    expect((await journal.post(postOf("p1", "", true))).kind).toBe("unavailable");
    expect((await journal.newest()).kind).toBe("read");
    expect((await journal.standing([place])).kind).toBe("read");
  });

  it(`counts an entry as gone if ${lost} has lost it`, async () => {
    const journal = open();
    const places = await written(journal, 2);
    expect(await journal.standing(places)).toEqual({
      kind: "read",
      states: ["standing", "standing"],
    });
    await loseLast(lost);
    const { states } = (await journal.standing(places)) as { states: readonly string[] };
    expect(states).toEqual(["standing", "gone"]);
  });

  it("posts the switch in both stores, whatever each has had before", async () => {
    const journal = open();
    await redisStore.switching.post(postOf("old", "", ["docs"]));
    const { names } = (await journal.read()) as { names: string };
    expect((await journal.post(postOf("p1", names, true))).kind).toBe("posted");
    for (const { switching } of [redisStore, objectStore]) {
      expect(await switching.read()).toMatchObject({ names: "p1", state: { bypass: true } });
    }
  });

  it(`posts again if only ${lost} has lost the post`, async () => {
    const journal = open();
    const post: PostEntry = postOf("p1", "", true);
    await journal.post(post);
    const there = lost === "Redis" ? redisStore : objectStore;
    await there.switching.post(postOf("older", "p1", false));
    // The object answers a repeated post with its place.
    expect((await journal.post({ ...post, n: "again" })).kind).toMatch(/^(overtaken|posted)$/);
    expect(await there.switching.read()).toMatchObject({ names: "p1" });
  });
});

describe("a post from before the move", () => {
  it("is copied to the other store by the first read", async () => {
    await redisStore.switching.post(postOf("p1", "", ["docs"]));
    await readingRedis().newest();
    await settled();
    const state = { post: "p1", bypass: ["docs"] };
    expect(await objectStore.switching.read()).toMatchObject({ names: "p1", state });
  });

  it("replaces only an earlier post, in both directions", async () => {
    await objectStore.switching.post(postOf("p1", "", true));
    clock.atMs = Date.now() + 86_400_000;
    await redisStore.switching.post(postOf("p2", "", false));
    await readingObject().newest();
    await settled();
    expect(await redisStore.switching.read()).toMatchObject({ names: "p2" });
    await readingRedis().newest();
    await settled();
    expect(await objectStore.switching.read()).toMatchObject({ names: "p2" });
  });

  it.each(["the other store was down", "the post came later"])(
    "is copied by a later read if %s",
    async (why) => {
      const journal = readingRedis();
      const posted = await redisStore.switching.post(postOf("p1", "", true));
      const place = posted.kind === "posted" ? posted.place : { position: "", n: "" };
      object.isDown = why.includes("down");
      await journal.since(place);
      await settled();
      object.isDown = false;
      const names = why.includes("later") ? "p2" : "p1";
      if (names === "p2") await redisStore.switching.post(postOf("p2", "p1", false));
      await journal.since(place);
      await settled();
      expect(await objectStore.switching.read()).toMatchObject({ names });
    },
  );

  it("does not stop reads while the other store is down", async () => {
    await redisStore.switching.post(postOf("p1", "", true));
    object.isDown = true;
    expect(await readingRedis().newest()).toMatchObject({ switched: { bypass: true } });
  });
});

describe("the state of a subscriber during a move", () => {
  it("counts as lost if only the other store has it", async () => {
    const { subscribers } = dualWritten(redisStore, objectStore, randomText);
    const none = { version: "", text: undefined };
    expect(await subscribers.read(["edge"])).toMatchObject({ states: [none] });
    await objectStore.subscribers.replace("edge", "", '{"id":"1"}');
    expect(await subscribers.read(["edge"])).toMatchObject({ states: [{ version: "", text: "" }] });
    expect(await subscribers.replace("edge", "", '{"id":"2"}')).toMatchObject({ kind: "replaced" });
    expect(await subscribers.read(["edge"])).toMatchObject({ states: [{ text: '{"id":"2"}' }] });
    object.isDown = true;
    expect(await subscribers.read(["edge"])).toMatchObject({ kind: "read" });
    expect(await subscribers.read(["other"])).toMatchObject({ kind: "unavailable" });
  });
});

describe("the health of a move", () => {
  it("names the trouble of the other store if the store that is read is well", async () => {
    const { health, journal } = dualWritten(redisStore, objectStore, randomText);
    object.isDown = true;
    await journal.append([newEntry({ n: "a" })]);
    expect(health.troubleWithWrites).toMatchObject({ kind: "unreachable", isOver: false });
    expect(health.words?.unreachable?.[0]).toContain("Durable Object");
    expect(health.isShutOff).toBe(false);
  });

  const trouble = (isOver: boolean) =>
    ({ kind: "unreachable", sinceAtMs: 1, lastAtMs: 1, isOver, counts: {} }) as const;
  const well = {};
  const wasDown = { trouble: trouble(true), troubleWithWrites: trouble(true) };
  const isDown = { trouble: trouble(false) };
  const isFull = { troubleWithWrites: trouble(false) };

  it.each([
    { id: "both are well", read: well, other: well, named: "redis" },
    { id: "only the store that is read is down", read: isDown, other: well, named: "redis" },
    { id: "both are down", read: isDown, other: isDown, named: "redis" },
    { id: "the store that is read refuses writes", read: isFull, other: isDown, named: "redis" },
    { id: "the other store was down", read: well, other: wasDown, named: "redis" },
    { id: "the other store is down", read: well, other: isDown, named: "object" },
    { id: "the other store refuses writes", read: wasDown, other: isFull, named: "object" },
  ] as const)("is that of one store: $id", ({ read, other, named }) => {
    const healths = { redis: healthWith(read, "redis"), object: healthWith(other, "object") };
    const { health } = joined(healths);
    expect(health.words).toBe(healths[named].words);
    expect(health.trouble).toBe(healths[named].trouble);
    expect(health.troubleWithWrites).toBe(healths[named].troubleWithWrites);
  });

  it.each([
    { read: false, other: false, refuses: false },
    { read: true, other: false, refuses: true },
    { read: false, other: true, refuses: true },
  ])("refuses writes if either store does: $read, $other", ({ read, other, refuses }) => {
    const redis = healthWith({ refusesWrites: read }, "redis");
    const { health } = joined({ redis, object: healthWith({ refusesWrites: other }, "object") });
    expect(health.refusesWrites).toBe(refuses);
  });
});

describe("the attempts of a webhook", () => {
  it("are each written to both stores, although the view has the first", async () => {
    const purge = { renewalLagMs: 10_000, visibleWithinSeconds: 10, allowanceMs: 1_000 };
    const platform = { nowAtMs: clock.nowAtMs, random: () => 0.5, log: () => undefined };
    const store = () => dualWritten(redisStore, objectStore, randomText);
    const { acceptances, view } = createPurging({ purge, namespace: "site" }, store, platform);
    const attention = { atMs: clock.atMs, afterAnswer: (work: () => unknown) => void work() };
    await view.stamp(attention);
    for (const count of [1, 2]) {
      const order = orderOf(["tag:red"], { id: "msg_1" });
      expect(await acceptances.accept(order, attention)).toMatchObject({ kind: "accepted" });
      await view.catchUp();
      const found = await objectStore.journal.newestFirst(9);
      expect("kind" in found ? [] : found.filter(({ id }) => id === "msg_1")).toHaveLength(count);
    }
  });
});

function healthWith(changes: Partial<DatabaseHealth>, name: string): DatabaseHealth {
  const none = { trouble: undefined, troubleWithWrites: undefined };
  const words = { unreachable: [`${name} is unreachable`, "wait"] } as const;
  return { ...none, isShutOff: false, refusesWrites: false, words, ...changes };
}

function joined(healths: Readonly<Record<"redis" | "object", DatabaseHealth>>) {
  const read = { ...redisStore, health: healths.redis };
  return dualWritten(read, { ...objectStore, health: healths.object }, randomText);
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

async function loseLast(store: string): Promise<void> {
  const { journal } = store === "Redis" ? redisStore : objectStore;
  const found = await journal.newestFirst(1);
  const position = "kind" in found ? "" : (found[0]?.position ?? "");
  if (store !== "Redis") return object.lose(position);
  const { journal: stream } = upstash;
  stream.lay(stream.range([]).filter(([id]) => id !== position));
}
