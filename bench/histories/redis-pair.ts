// A Redis with a replica behind one address, as a managed database has it. It can be paused, slow,
// and fail over. A failover may lose the last confirmed writes, because replication is
// asynchronous.
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import type { EmbeddedValkey } from "../../local/embedded-valkey.ts";
import { startRedisServer } from "../../testing/fakes/redis-server.ts";
import type { Faults } from "./breaking.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const portOf = ({ url }: EmbeddedValkey): number => Number(new URL(url).port);

export class RedisPair {
  readonly #proxy: TcpProxy;
  #primary: EmbeddedValkey;
  #replica: EmbeddedValkey;

  private constructor(proxy: TcpProxy, primary: EmbeddedValkey, replica: EmbeddedValkey) {
    this.#proxy = proxy;
    this.#primary = primary;
    this.#replica = replica;
  }

  /** @throws Error if redis-server is not installed */
  static async start(): Promise<RedisPair> {
    const primary = await startRedisServer();
    const replica = await replicaOf(primary);
    return new RedisPair(await TcpProxy.start(portOf(primary)), primary, replica);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#proxy.port}`;
  }

  readonly faults: Faults = {
    "Redis paused": async (forMs) => {
      process.kill(this.#primary.pid, "SIGSTOP");
      await delay(forMs);
      process.kill(this.#primary.pid, "SIGCONT");
    },
    "Redis lagging": async (forMs, draws) => {
      this.#proxy.lagMs = draws.between(50, 500);
      await delay(forMs);
      this.#proxy.lagMs = 0;
    },
    "Redis failed over": async (forMs, draws) => {
      // The replica misses the last writes before the failure.
      process.kill(this.#replica.pid, "SIGSTOP");
      await delay(draws.between(0, 500));
      await this.#primary.stop();
      process.kill(this.#replica.pid, "SIGCONT");
      await delay(forMs / 4);
      await told(this.#replica, (redis) => redis.replicaof("NO", "ONE"));
      this.#primary = this.#replica;
      this.#replica = await replicaOf(this.#primary);
      this.#proxy.target = portOf(this.#primary);
      this.#proxy.cut();
    },
  };

  async stop(): Promise<void> {
    await this.#proxy.stop();
    await this.#primary.stop();
    await this.#replica.stop();
  }
}

async function replicaOf(primary: EmbeddedValkey): Promise<EmbeddedValkey> {
  const replica = await startRedisServer();
  await told(replica, async (redis) => {
    await redis.replicaof("127.0.0.1", portOf(primary));
    while (!(await redis.info("replication")).includes("master_link_status:up")) await delay(20);
  });
  return replica;
}

async function told(server: EmbeddedValkey, tell: (redis: Redis) => Promise<unknown>) {
  const redis = new Redis(server.url, { protocol: 2, disableClientInfo: true });
  try {
    await tell(redis);
  } finally {
    redis.disconnect();
  }
}
