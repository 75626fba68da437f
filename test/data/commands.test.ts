// What each call costs in Redis commands, counted as Upstash bills them, by a real server. The reads of the
// purge journal, which each isolate makes every few seconds, are counted apart.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";

let redis: EmbeddedValkey;
let rest: UpstashRestServer;
beforeAll(async () => {
  redis = await startEmbeddedValkey();
  rest = await startUpstashRestServer({ redisUrl: redis.url, token: "token" });
});
afterAll(async () => {
  await rest.stop();
  await redis.stop();
});

let namespaces = 0;

/** One isolate that has read the journal, and one beside it that stores nothing in a colo. */
async function opened() {
  const name = `n${(namespaces += 1)}`;
  const database = { url: rest.url, token: rest.token };
  const isolates = [0, 1].map(() => new DataIsolate({ platform: { database, nowAtMs: Date.now } }));
  const [here, there] = isolates.map(({ data }) => {
    return data.namespace<string, string>(name, { fresh: "10m", stale: "1h", collapse: "isolate" });
  });
  if (here === undefined || there === undefined) throw new Error("No isolates.");
  for (const each of [here, there]) await each.get("warm");
  const settle = async () => void (await Promise.all(isolates.map((isolate) => isolate.settle())));
  await settle();
  const costs = async (run: () => Promise<unknown>) => {
    rest.resetCounts();
    await run();
    await settle();
    const { commandCountByName, requestCount } = rest.counts();
    const entries = Object.entries(commandCountByName).filter(
      ([command]) => !command.startsWith("XR"),
    );
    return { ...Object.fromEntries(entries), requests: requestCount };
  };
  return { name, here, there, costs, isolates };
}

const keys = Array.from({ length: 100 }, (_, nth) => `k${nth}`);
const loaded = (names: readonly string[]) => new Map(names.map((key) => [key, "v"]));

describe("one command or none", () => {
  it("a hit in memory costs none", async () => {
    const { here, costs } = await opened();
    await here.set("a", "v");
    expect(await costs(() => here.get("a"))).toEqual({ requests: 0 });
    expect(await costs(() => here.getOrSet("a", () => "w"))).toEqual({ requests: 0 });
    expect(await costs(() => here.getMany(["a"]))).toEqual({ requests: 0 });
  });

  it("a hit at the edge costs none", async () => {
    const { name, here, isolates, costs } = await opened();
    await here.set("a", "v");
    const [first] = isolates;
    const beside = new DataIsolate({
      ...(first && { cache: first.cache }),
      platform: { database: { url: rest.url, token: rest.token }, nowAtMs: Date.now },
    });
    const inColo = beside.data.namespace<string, string>(name, { fresh: "10m" });
    await inColo.get("warm");
    expect(await costs(() => inColo.get("a"))).toEqual({ requests: 0 });
  });

  it("set and get cost one each, and one more for the tags of a value that memory lacks", async () => {
    const { here, there, costs } = await opened();
    const set = (tags?: readonly string[]) => costs(() => here.set("a", "v", { tags }));
    expect(await set()).toEqual({ GETRANGE: 1, SET: 1, requests: 2 });
    expect(await set()).toEqual({ SET: 1, requests: 1 });
    expect(await costs(() => here.set("b", "v", { tags: [] }))).toEqual({ SET: 1, requests: 1 });
    expect(await costs(() => there.get("a"))).toEqual({ GETRANGE: 1, requests: 1 });
    expect(await costs(() => there.get("nothing"))).toEqual({ GETRANGE: 1, requests: 1 });
  });

  it("getMany costs one, however many keys", async () => {
    const { here, there, costs } = await opened();
    await costs(() => here.getOrSetMany(keys, loaded));
    let found = 0;
    const cost = await costs(async () => (found = (await there.getMany(keys)).size));
    expect([cost, found]).toEqual([{ MGET: 1, requests: 1 }, 100]);
  });
});

describe("what is loaded", () => {
  it("costs a look and a store", async () => {
    const { here, costs } = await opened();
    const cost = await costs(() => here.getOrSet("a", () => "v"));
    expect(cost).toEqual({ GETRANGE: 1, SET: 1, requests: 2 });
  });

  it("costs one look for many keys, and a command for each in one round trip", async () => {
    const { here, costs } = await opened();
    const cost = await costs(() => here.getOrSetMany(keys, loaded));
    expect(cost).toEqual({ MGET: 1, SET: 100, requests: 2 });
  });

  it("costs four more in its turn of the world: the lease is taken, and given back", async () => {
    const { name, isolates, costs } = await opened();
    const options = { fresh: "10m", collapse: "global" } as const;
    const space = isolates[0]?.data.namespace<string>(`${name}-global`, options);
    const cost = await costs(async () => space?.getOrSet("a", () => "v"));
    expect(cost).toEqual({ GETRANGE: 2, SET: 2, GET: 1, EVAL: 1, requests: 4 });
  });
});

it("what is written through costs its purge, a read with it, and a store", async () => {
  const { here } = await opened();
  rest.resetCounts();
  await here.write("a", "v", () => undefined, { tags: [] });
  const { commandCountByName, requestCount } = rest.counts();
  expect({ ...commandCountByName, requestCount }).toEqual({
    XADD: 1,
    XRANGE: 1,
    SET: 1,
    requestCount: 2,
  });
});

it.each(["delete", "expire", "bump"] as const)(
  "%s costs one; half of N later the journal is read, to see that it is there",
  async (run) => {
    const { here } = await opened();
    rest.resetCounts();
    const { position } = await here[run]("a");
    const { commandCountByName } = rest.counts();
    expect(position).toMatch(/^\d+-\d+$/);
    expect(commandCountByName).toMatchObject({ XADD: 1 });
    expect(Object.keys(commandCountByName).filter((name) => !name.startsWith("X"))).toEqual([]);
  },
);
