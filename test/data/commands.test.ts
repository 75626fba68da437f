// Counts the Redis commands of each call on a real server, as Upstash bills them. Each isolate also
// reads the purge journal every few seconds. Those commands are not counted here.
import { describe, expect, it } from "vitest";
import type { SetOptions } from "../../src/data/write/set.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { openRestDatabase } from "../../testing/fakes/rest-database.ts";
import { lengthenTimeouts } from "../../testing/patient-timeouts.ts";

lengthenTimeouts();
const database = openRestDatabase();

let namespaces = 0;

/** Opens two isolates that have read the journal, and share no colo. */
async function opened() {
  const name = `n${(namespaces += 1)}`;
  const platform = { database: database.address, nowAtMs: Date.now };
  const isolates = [new DataIsolate({ platform }), new DataIsolate({ platform })] as const;
  const open = ({ data }: DataIsolate, options: object = {}, of = name) =>
    data.namespace<string, string>(of, { fresh: "10m", collapse: "isolate", ...options });
  const [here, there] = [open(isolates[0]), open(isolates[1])];
  for (const each of [here, there]) await each.get("warm");
  const settle = async () => void (await Promise.all(isolates.map((isolate) => isolate.settle())));
  await settle();
  const costs = async (run: () => Promise<unknown>) => {
    database.rest.resetCounts();
    await run();
    await settle();
    const { commandCountByName, requestCount } = database.rest.counts();
    const entries = Object.entries(commandCountByName).filter(([sent]) => !sent.startsWith("XR"));
    return { ...Object.fromEntries(entries), requests: requestCount };
  };
  return { name, here, there, costs, platform, isolate: isolates[0], open };
}

const keys = Array.from({ length: 100 }, (_, nth) => `k${nth}`);
const noise = (chars: number) =>
  Array.from({ length: chars }, () => Math.random().toString(36)[5]).join("");
const loaded = (names: readonly string[]) => new Map(names.map((key) => [key, "v"]));

describe("a read", () => {
  it("from memory costs no command", async () => {
    const { here, costs } = await opened();
    await here.set("a", "v", { everywhere: false });
    expect(await costs(() => here.get("a"))).toEqual({ requests: 0 });
    expect(await costs(() => here.getOrSet("a", () => "w"))).toEqual({ requests: 0 });
    expect(await costs(() => here.getMany(["a"]))).toEqual({ requests: 0 });
  });

  it("from the edge costs no command", async () => {
    const { here, isolate, platform, open, costs } = await opened();
    await here.set("a", "v", { everywhere: false });
    const inColo = open(new DataIsolate({ cache: isolate.cache, platform }));
    await inColo.get("warm");
    expect(await costs(() => inColo.get("a"))).toEqual({ requests: 0 });
  });

  it("of many keys costs one command", async () => {
    const { here, there, costs } = await opened();
    await costs(() => here.getOrSetMany(keys, loaded));
    let found = 0;
    const cost = await costs(async () => (found = (await there.getMany(keys)).size));
    expect([cost, found]).toEqual([{ MGET: 1, requests: 1 }, 100]);
  });
});

it("get costs one command", async () => {
  const { here, there, costs } = await opened();
  await here.set("a", "v", { everywhere: false });
  expect(await costs(() => there.get("a"))).toEqual({ GETRANGE: 1, requests: 1 });
  expect(await costs(() => there.get("nothing"))).toEqual({ GETRANGE: 1, requests: 1 });
});

describe("set", () => {
  it("costs a script that purges and stores, and a read of older tags that the value lacks", async () => {
    const { here, there } = await opened();
    const costsOf = async (options: SetOptions, key = "a") => {
      database.rest.resetCounts();
      await here.set(key, "v", options);
      return database.rest.counts().commandCountByName;
    };
    expect(await costsOf({ tags: [] })).toEqual({ EVAL: 1 });
    expect(await costsOf({})).toEqual({ EVAL: 1 });
    await there.set("tagged", "v", { tags: ["red"] });
    // The isolate's next sets read older tags first, until there are none.
    expect(await costsOf({}, "tagged")).toEqual({ EVAL: 3, GETRANGE: 1 });
    expect(await costsOf({}, "tagged")).toEqual({ EVAL: 1, GETRANGE: 1 });
    expect(await costsOf({})).toEqual({ EVAL: 1, GETRANGE: 1 });
    expect(await costsOf({})).toEqual({ EVAL: 1 });
  });

  it("of many values in one turn costs one script for 128 values", async () => {
    const { here, there } = await opened();
    database.rest.resetCounts();
    await Promise.all(keys.map((key) => here.set(key, `new ${key}`, { tags: [] })));
    expect(database.rest.counts().commandCountByName).toEqual({ EVAL: 1 });
    const found = await there.getMany(keys);
    expect([...found.values()]).toEqual(keys.map((key) => `new ${key}`));
  });

  it("of a large value costs a purge and a store, and the other sets of its turn a script", async () => {
    const { here, there } = await opened();
    const large = noise(20_000);
    database.rest.resetCounts();
    const set = (key: string, value: string) => here.set(key, value, { tags: [] });
    await Promise.all([set("large", large), set("small", "v")]);
    expect(database.rest.counts().commandCountByName).toEqual({ EVAL: 3 });
    expect([await there.get("large"), await there.get("small")]).toEqual([large, "v"]);
  });

  it("costs a purge and a store after a purge that the isolate does not know", async () => {
    const { here, there } = await opened();
    await there.delete("other");
    database.rest.resetCounts();
    await here.set("a", "v", { tags: [] });
    expect(database.rest.counts().commandCountByName).toMatchObject({ EVAL: 2 });
    expect(await there.get("a")).toBe("v");
  });

  it("with a start costs a purge and a store; as a load, a store", async () => {
    const { here, costs } = await opened();
    let start: SetOptions["start"];
    expect(await costs(async () => ({ start } = await here.lookUp("a")))).toEqual({
      GETRANGE: 1,
      requests: 1,
    });
    const asLoad = costs(() => here.set("a", "v", { start, everywhere: false }));
    expect(await asLoad).toEqual({ EVAL: 1, requests: 1 });
    database.rest.resetCounts();
    await here.set("a", "v", { start });
    expect(database.rest.counts().commandCountByName).toEqual({ EVAL: 2 });
  });

  it("in Redis alone costs a store, and after a purge by others a second one and a read of the journal", async () => {
    const { name, isolate, there, open, costs } = await opened();
    const space = open(isolate, { tiers: ["shared"] }, `${name}-shared`);
    const set = () => costs(() => space.set("a", "v", { tags: [] }));
    expect(await set()).toEqual({ EVAL: 1, requests: 1 });
    await costs(() => there.delete("other"));
    expect(await set()).toEqual({ EVAL: 3, requests: 3 });
    // It reads the journal first until there is nothing new.
    expect(await set()).toEqual({ EVAL: 2, requests: 2 });
    expect(await set()).toEqual({ EVAL: 1, requests: 1 });
  });

  it("in Redis alone costs a read of the journal and a store if the journal is elsewhere", async () => {
    const { platform } = await opened();
    const journal = { ...database.address };
    const isolate = new DataIsolate({ platform: { ...platform, journal } });
    const space = isolate.data.namespace<string, string>("apart", {
      fresh: "10m",
      tiers: ["shared"],
    });
    await space.get("warm");
    await isolate.settle();
    database.rest.resetCounts();
    await space.set("a", "v", { tags: [] });
    expect(database.rest.counts().commandCountByName).toEqual({ EVAL: 2 });
  });

  it("only here costs a store, and a read of the older tags if memory lacks them", async () => {
    const { here, costs } = await opened();
    const set = (tags?: readonly string[]) =>
      costs(() => here.set("a", "v", { tags, everywhere: false }));
    expect(await set()).toEqual({ GETRANGE: 1, EVAL: 1, requests: 2 });
    expect(await set()).toEqual({ EVAL: 1, requests: 1 });
  });
});

describe("a load", () => {
  it("costs a lookup and a store", async () => {
    const { here, costs } = await opened();
    const cost = await costs(() => here.getOrSet("a", () => "v"));
    expect(cost).toEqual({ GETRANGE: 1, EVAL: 1, requests: 2 });
  });

  it("of many keys costs one lookup, and one round trip for all stores", async () => {
    const { here, costs } = await opened();
    const cost = await costs(() => here.getOrSetMany(keys, loaded));
    // Each script stores at most 16 values.
    expect(cost).toEqual({ MGET: 1, EVAL: 7, requests: 2 });
  });

  it("of small values in one turn shares the round trips of the other loads", async () => {
    const { here, costs } = await opened();
    const load = async (key: string) => (key === "k3" ? noise(20_000) : "v");
    const cost = await costs(() =>
      Promise.all(keys.slice(0, 20).map((key) => here.getOrSet(key, () => load(key)))),
    );
    // Each call has at most 16 keys. The large value has a call of its own.
    expect(cost).toEqual({ MGET: 2, EVAL: 3, requests: 2 + 3 });
  });

  it("with a global lock costs four more commands", async () => {
    const { name, isolate, open, costs } = await opened();
    const space = open(isolate, { collapse: "global" }, `${name}-global`);
    const cost = await costs(() => space.getOrSet("a", () => "v"));
    expect(cost).toEqual({ GETRANGE: 2, SET: 1, GET: 1, EVAL: 2, requests: 4 });
  });
});

it("write costs a purge and a read in one round trip, and a store", async () => {
  const { here } = await opened();
  database.rest.resetCounts();
  await here.write("a", "v", () => undefined, { tags: [] });
  const { commandCountByName, requestCount } = database.rest.counts();
  expect(commandCountByName).toEqual({ EVAL: 2 });
  expect(requestCount).toBe(2);
});

it.each(["delete", "expire", "clear"] as const)(
  "%s costs one command, which also reads the journal's new entries",
  async (run) => {
    const { here } = await opened();
    database.rest.resetCounts();
    const { position } = await here[run]("a");
    await here.get("later");
    expect(position).toMatch(/^\d+-\d+$/);
    expect(database.rest.counts().commandCountByName).toEqual({ EVAL: 1, GETRANGE: 1 });
  },
);
