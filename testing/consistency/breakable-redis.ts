// A Redis that can be paused, killed, and started again empty or from a snapshot, on one port. A
// real redis-server where this machine has one; the embedded Valkey keeps no snapshots.
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { isRedisServerInstalled, startRedisServer } from "../fakes/redis-server.ts";

export class BreakableRedis {
  readonly name = isRedisServerInstalled ? "redis-server" : "embedded Valkey";
  readonly keepsSnapshots = isRedisServerInstalled;
  readonly #folder: string;
  #server: EmbeddedValkey;

  private constructor(folder: string, server: EmbeddedValkey) {
    this.#folder = folder;
    this.#server = server;
  }

  static async start(): Promise<BreakableRedis> {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-consistency-"));
    await mkdir(join(folder, "data"));
    await mkdir(join(folder, "kept"));
    return new BreakableRedis(folder, await begin(folder, 0));
  }

  get url(): string {
    return this.#server.url;
  }

  get #port(): number {
    return Number(new URL(this.url).port);
  }

  pause(): void {
    process.kill(this.#server.pid, "SIGSTOP");
  }

  resume(): void {
    process.kill(this.#server.pid, "SIGCONT");
  }

  /** Every client waits that long: what was asked meanwhile is done afterwards. */
  async pauseClients(pauseMs: number): Promise<void> {
    await this.#asked((redis) => redis.call("CLIENT", "PAUSE", String(pauseMs), "ALL"));
  }

  async kill(): Promise<void> {
    await this.#server.stop();
  }

  /** @returns the last position in it; empty when the journal was */
  async takeSnapshot(journalKey: string): Promise<string> {
    const last = await this.#asked(async (redis) => {
      for (;;) {
        const before = await newestIn(redis, journalKey);
        await redis.save();
        // Nothing came in between, or it would be unknown whether the snapshot has it.
        if (before === (await newestIn(redis, journalKey))) return before;
      }
    });
    const [data = "", kept = ""] = this.#snapshots();
    await copyFile(data, kept);
    await rm(data);
    return last;
  }

  async startEmpty(): Promise<void> {
    this.#server = await begin(this.#folder, this.#port);
  }

  async startFromSnapshot(): Promise<void> {
    const [data = "", kept = ""] = this.#snapshots();
    await copyFile(kept, data);
    this.#server = await begin(this.#folder, this.#port);
    await rm(data);
  }

  #snapshots(): string[] {
    return ["data", "kept"].map((name) => join(this.#folder, name, "dump.rdb"));
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #asked<T>(ask: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.url, { protocol: 2, disableClientInfo: true });
    try {
      return await ask(redis);
    } finally {
      redis.disconnect();
    }
  }
}

function begin(folder: string, port: number): Promise<EmbeddedValkey> {
  if (!isRedisServerInstalled) return startEmbeddedValkey({ port });
  return startRedisServer({ port, dir: join(folder, "data") });
}

async function newestIn(redis: Redis, journalKey: string): Promise<string> {
  const [newest] = await redis.xrevrange(journalKey, "+", "-", "COUNT", 1);
  return newest?.[0] ?? "";
}
