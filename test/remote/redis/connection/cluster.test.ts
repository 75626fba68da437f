// Tests a Redis Cluster. Tidemark sends one command per slot, and names the keys of a transaction
// so that they are in one slot. The second part needs redis-server, because the embedded Valkey has
// no cluster mode.
import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Running } from "../../../../local/running.ts";
import type { WireCommand } from "../../../../src/remote/redis/connection/connection.ts";
import type { RedisClient } from "../../../../src/remote/redis/redis-client.ts";
import { AheadClock, openProcess, untilFound } from "../../../../testing/data/node-process.ts";
import { type RedisCluster, startRedisCluster } from "../../../../testing/fakes/redis-cluster.ts";
import { isRedisServerInstalled } from "../../../../testing/fakes/redis-server.ts";
import { lengthenTimeouts } from "../../../../testing/patient-timeouts.ts";
import { playedConnection } from "./played-connection.ts";
import { upstashStore } from "../../../../testing/fakes/upstash-store.ts";

describe("a command with several keys", () => {
  /** Runs a command over a cluster, and returns the sent commands and the answer. */
  async function sentBy(run: Parameters<RedisClient["insist"]>[1]) {
    const sent: WireCommand[] = [];
    const { address } = playedConnection({
      isCluster: true,
      send: async (command) => {
        sent.push(command);
        const [name, ...keys] = command;
        return name === "MGET" ? keys.map((key) => `at ${key}`) : keys.length;
      },
    });
    const client = upstashStore.client({ ...address, nowAtMs: Date.now });
    return { sent, answer: await client.insist("look-up", run) };
  }

  it("is one MGET per slot, with the values in the order of the keys", async () => {
    const keys = ["a:1", "b:1", "a:2", "c:1", "b:2"];
    const { sent, answer } = await sentBy((client) => client.exec(["MGET", ...keys]));
    expect(sent).toEqual([
      ["MGET", "{a}:1", "{a}:2"],
      ["MGET", "{b}:1", "{b}:2"],
      ["MGET", "{c}:1"],
    ]);
    const value = keys.map((key) => `at ${key.replace(/^\w/, "{$&}")}`);
    expect(answer).toEqual({ kind: "answered", value });
  });

  it("is one DEL per slot, with the sum of the counts", async () => {
    const { sent, answer } = await sentBy((client) => client.exec(["DEL", "a:1", "b:1", "a:2"]));
    expect(answer).toEqual({ kind: "answered", value: 3 });
    expect(sent.length).toBe(2);
  });

  it("is one command if all keys are in one slot", async () => {
    const { sent } = await sentBy((client) => client.exec(["MGET", "a:1", "a:2"]));
    expect(sent).toEqual([["MGET", "{a}:1", "{a}:2"]]);
  });
});

describe.runIf(isRedisServerInstalled)("a cluster of three nodes", () => {
  lengthenTimeouts();
  const running = new Running();
  let cluster: RedisCluster;
  const opened = new Map<string, Cluster | Awaited<ReturnType<typeof openNodeRedis>>>();
  beforeAll(async () => {
    cluster = await running.add(startRedisCluster());
    opened.set("ioredis", new Cluster([...cluster.nodes]));
    opened.set("node-redis", await openNodeRedis());
  }, 20_000);
  afterAll(async () => {
    for (const each of opened.values()) {
      if (each instanceof Cluster) each.disconnect();
      else each.destroy();
    }
    await running.stop();
  });

  async function openNodeRedis() {
    const given = createCluster({ rootNodes: cluster.nodes.map((node) => ({ socket: node })) });
    given.on("error", () => undefined);
    await given.connect();
    return given;
  }

  it.each(["ioredis", "node-redis"])("shares values, purges and locks over %s", async (library) => {
    const redis = opened.get(library);
    if (redis === undefined) throw new Error(`${library} is not open.`);
    const clock = new AheadClock();
    const processes = [0, 1].map(() =>
      openProcess({ redis, namespace: library, nowAtMs: clock.nowAtMs }),
    );
    const [here, there] = processes.map(({ cache }) =>
      cache.namespace<string, number>("articles", { fresh: "1h", collapse: "global" }),
    );
    if (here === undefined || there === undefined) throw new Error("No processes.");
    const keys = Array.from({ length: 30 }, (_, nth) => nth);
    const load = (missing: readonly number[]) => new Map(missing.map((key) => [key, `v${key}`]));
    await here.getOrSetMany(keys, load);
    for (const key of keys) await untilFound(() => there.get(key));
    const third = openProcess({ redis, namespace: library, nowAtMs: clock.nowAtMs }).cache;
    const articles = third.namespace<string, number>("articles", { fresh: "1h" });
    await cluster.resetCounts();
    const found = await articles.getMany(keys);
    expect([...found.values()]).toEqual(keys.map((key) => `v${key}`));
    const { mget = 0, get = 0 } = await cluster.counts();
    // The view's first read gets the switch and the release.
    expect([mget > 1 && mget <= keys.length, get]).toEqual([true, 2]);

    await here.delete(7);
    clock.advance(10);
    expect([await there.get(7), await there.get(8)]).toEqual([undefined, "v8"]);
    const asks = [here, there].flatMap((space) => [1, 2, 3].map(() => space.getOrSet(99, loaded)));
    let loads = 0;
    async function loaded() {
      loads += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return "dear";
    }
    expect([new Set(await Promise.all(asks)), loads]).toEqual([new Set(["dear"]), 1]);
    expect(processes.flatMap(({ log }) => log)).toEqual([]);
  });

  it.each(["ioredis", "node-redis"])(
    "sets a value in Redis alone over %s, although its slot is not the journal's",
    async (library) => {
      const redis = opened.get(library);
      if (redis === undefined) throw new Error(`${library} is not open.`);
      const { cache, log } = openProcess({ redis, namespace: `${library}-alone` });
      const sessions = cache.namespace<string, number>("sessions", {
        fresh: "1h",
        tiers: ["shared"],
      });
      for (const key of [1, 2, 3, 4]) {
        expect(await sessions.set(key, "ada", { tags: [] })).toEqual(["shared"]);
        expect(await sessions.get(key)).toBe("ada");
      }
      expect(log).toEqual([]);
    },
  );

  it.each(["ioredis", "node-redis"])("increments a field over %s", async (library) => {
    const redis = opened.get(library);
    if (redis === undefined) throw new Error(`${library} is not open.`);
    const { cache, log } = openProcess({ redis, namespace: `${library}-numbers` });
    const numbers = cache.namespace<{ count: number }, number>("numbers", { fresh: "1h" });
    for (const key of [1, 2, 3, 4]) {
      await numbers.fields(key).set({ count: 7 });
      expect(await numbers.fields(key).increment("count")).toBe(8);
    }
    expect(log).toEqual([]);
  });
});
