// A local Redis Cluster: three servers without replicas, each with a third of the slots.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { Running } from "../../local/running.ts";
import { freePort } from "../../local/free-port.ts";
import { callsIn } from "../command-stats.ts";
import { startRedisServer } from "./redis-server.ts";

const ranges = [
  [0, 5_460],
  [5_461, 10_922],
  [10_923, 16_383],
] as const;

export interface RedisCluster {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Returns the number of commands on all nodes since the last reset, by name in lower case. */
  counts(): Promise<Readonly<Record<string, number>>>;
  resetCounts(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the cluster, and waits until each node knows all slots. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const running = new Running();
  const dir = await mkdtemp(join(tmpdir(), "tidemark-cluster-"));
  const clients: Redis[] = [];
  const stop = async () => {
    for (const client of clients) client.disconnect();
    await running.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const joints = [];
    for (const nth of ranges.keys()) joints.push(await startNode(nth));
    for (const client of clients) {
      for (const { port, busPort } of joints)
        await client.cluster("MEET", "127.0.0.1", port, busPort);
    }
    for (const client of clients) await untilWhole(client);
    return {
      nodes: joints.map(({ port }) => ({ host: "127.0.0.1", port })),
      counts: async () =>
        callsIn(await Promise.all(clients.map((each) => each.info("commandstats")))),
      resetCounts: async () =>
        void (await Promise.all(clients.map((each) => each.config("RESETSTAT")))),
      stop,
    };
  } catch (cause) {
    await stop();
    throw cause;
  }

  async function startNode(nth: number) {
    const busPort = await freePort();
    const settings = {
      "cluster-enabled": "yes",
      "cluster-config-file": `${nth}.conf`,
      "cluster-port": String(busPort),
    };
    const { url } = await running.add(startRedisServer({ dir, settings }));
    const client = new Redis(url);
    clients.push(client);
    await client.call("CLUSTER", "SET-CONFIG-EPOCH", String(nth + 1));
    const [from = 0, to = 0] = ranges[nth] ?? [];
    await client.call("CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
    return { port: Number(new URL(url).port), busPort };
  }
}

async function untilWhole(client: Redis): Promise<void> {
  const isWhole = (info: string) => /cluster_state:ok[^]*cluster_known_nodes:3/.test(info);
  while (!isWhole(await client.cluster("INFO"))) await delay(20);
}
