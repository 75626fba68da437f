// A Redis with a replica behind one address, as a managed database has it. It can be paused, slow,
// and fail over. A failover may lose the last confirmed writes, because replication is
// asynchronous.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import type { EmbeddedValkey } from "../../local/embedded-valkey.ts";
import { startRedisServer } from "../../testing/fakes/redis-server.ts";
import type { Faults } from "./breaking.ts";

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

class TcpProxy {
  /** The port of the target. */
  target: number;
  /** The delay of each piece of data, in both directions. */
  lagMs = 0;
  readonly #open = new Set<Socket>();
  readonly #server = createServer((client) => {
    const server = connect(this.target, "127.0.0.1");
    this.#pass(client, server);
    this.#pass(server, client);
  });

  private constructor(target: number) {
    this.target = target;
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
  }

  #pass(from: Socket, to: Socket): void {
    this.#open.add(from);
    let last: Promise<unknown> = Promise.resolve();
    from.on("data", (piece) => {
      // Wait for the earlier pieces, because the lag may have changed.
      const lag = this.lagMs === 0 ? undefined : delay(this.lagMs);
      last = Promise.all([last, lag]).then(() => to.writable && to.write(piece));
    });
    from.once("error", () => to.destroy());
    from.once("close", () => {
      this.#open.delete(from);
      to.destroy();
    });
  }
}
