// A Redis that tests can pause, fill, make read-only, kill and restart on the same port. It
// restarts empty, from a snapshot, or with all its data. Uses a redis-server if installed;
// otherwise the embedded Valkey, which keeps no data.
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { isRedisServerInstalled, startRedisServer } from "../fakes/redis-server.ts";

type RedisSettings = Readonly<Record<string, string>>;

const appendFolder = "appendonlydir";

/**
 * Settings that pass each write to the operating system before the reply, so that a killed server
 * loses no confirmed write.
 */
export const keepsAll: RedisSettings = {
  appendonly: "yes",
  appendfsync: "no",
  appenddirname: appendFolder,
};

export class BreakableRedis {
  readonly name = isRedisServerInstalled ? "redis-server" : "embedded Valkey";
  readonly keepsSnapshots = isRedisServerInstalled;
  readonly #folder: string;
  readonly #settings: RedisSettings;
  #server: EmbeddedValkey;

  private constructor(folder: string, settings: RedisSettings, server: EmbeddedValkey) {
    this.#folder = folder;
    this.#settings = settings;
    this.#server = server;
  }

  /** @param settings for a redis-server, as in redis.conf */
  static async start(settings: RedisSettings = {}): Promise<BreakableRedis> {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-consistency-"));
    await mkdir(join(folder, "data"));
    await mkdir(join(folder, "kept"));
    return new BreakableRedis(folder, settings, await begin(folder, { port: 0, settings }));
  }

  get url(): string {
    return this.#server.url;
  }

  get #port(): number {
    return Number(new URL(this.url).port);
  }

  get #begin(): Parameters<typeof begin> {
    return [this.#folder, { port: this.#port, settings: this.#settings }];
  }

  pause(): void {
    process.kill(this.#server.pid, "SIGSTOP");
  }

  resume(): void {
    process.kill(this.#server.pid, "SIGCONT");
  }

  /**
   * Delays the commands of every client for this time. The server executes them afterwards.
   */
  async pauseClients(pauseMs: number): Promise<void> {
    await this.#asked((redis) => redis.call("CLIENT", "PAUSE", String(pauseMs), "ALL"));
  }

  /** Makes the server reject writes for lack of memory, or accept them again. Reads always work. */
  async setFull(isFull: boolean): Promise<void> {
    await this.#asked((redis) => redis.config("SET", "maxmemory", isFull ? 1 : 0));
  }

  /** Makes the server reject writes and answer reads, like a former primary after a fail-over. */
  async setReadOnly(isReadOnly: boolean): Promise<void> {
    // Nothing listens on that port, so replication replaces no data.
    const master = isReadOnly ? ["127.0.0.1", "1"] : ["NO", "ONE"];
    await this.#asked((redis) => redis.call("REPLICAOF", ...master));
  }

  async kill(): Promise<void> {
    await this.#server.stop();
  }

  /** @returns the last position in the snapshot; empty if the journal was empty */
  async takeSnapshot(journalKey: string): Promise<string> {
    const last = await this.#asked(async (redis) => {
      for (;;) {
        const before = await newestIn(redis, journalKey);
        await redis.save();
        // Accept the snapshot only if no entry arrived meanwhile. Otherwise its last entry is
        // unknown.
        if (before === (await newestIn(redis, journalKey))) return before;
      }
    });
    const [data = "", kept = ""] = this.#snapshots();
    await copyFile(data, kept);
    await rm(data);
    return last;
  }

  async startEmpty(): Promise<void> {
    await rm(join(this.#folder, "data", appendFolder), { recursive: true, force: true });
    await this.startAgain();
  }

  /** Starts a killed server again. With `keepsAll`, it then has all confirmed writes. */
  async startAgain(): Promise<void> {
    this.#server = await begin(...this.#begin);
  }

  async startFromSnapshot(): Promise<void> {
    const [data = "", kept = ""] = this.#snapshots();
    await copyFile(kept, data);
    this.#server = await begin(...this.#begin);
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

function begin(
  folder: string,
  { port, settings }: { port: number; settings: RedisSettings },
): Promise<EmbeddedValkey> {
  if (!isRedisServerInstalled) return startEmbeddedValkey({ port });
  return startRedisServer({ port, dir: join(folder, "data"), settings });
}

async function newestIn(redis: Redis, journalKey: string): Promise<string> {
  const [newest] = await redis.xrevrange(journalKey, "+", "-", "COUNT", 1);
  return newest?.[0] ?? "";
}
