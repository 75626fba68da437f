// The two compared caches, each with its own connection to one Redis: Tidemark on Node, and
// BentoCache with memory, Redis and its bus, with default settings.
import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import { redisBusDriver, redisDriver } from "bentocache/drivers/redis";
import { Redis } from "ioredis";
import type { LogLine } from "../../src/observe/log-line.ts";
import { createDataCache } from "../../src/data/node/node-data-cache.ts";

export interface Loading {
  /** The tags of a loaded value. */
  readonly tags: readonly string[];
  readonly load: () => Promise<unknown>;
}

/** One cache in one process. */
export interface System {
  readonly name: SystemName;
  getOrSet(key: string, loading: Loading): Promise<unknown>;
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  /** Makes a key stale. */
  expire(key: string): Promise<void>;
  purgeTag(tag: string): Promise<void>;
  stop(): Promise<void>;
}

export const systemNames = ["Tidemark", "BentoCache"] as const;
export type SystemName = (typeof systemNames)[number];

export interface SystemOptions {
  readonly redisUrl: string;
  /** Whether a stale value answers during a new load; false by default. */
  readonly isStaleAllowed?: boolean;
  /** Whether BentoCache stores values in memory as JSON; true by default. */
  readonly isSerialized?: boolean;
  /** Precedes the name of each key in Redis. */
  readonly prefix?: string;
}

export function openSystem(name: SystemName, options: SystemOptions): System {
  return name === "Tidemark" ? tidemark(options) : bentoCache(options);
}

function tidemark(options: SystemOptions): System {
  const redis = new Redis(options.redisUrl);
  let isStopped = false;
  // The read-back, half of N after a purge, may find its connection closed.
  const log = (line: LogLine) => void (isStopped || process.stderr.write(`${line.message}\n`));
  const cache = createDataCache({
    redis,
    namespace: `bench-tidemark-${options.prefix ?? ""}`,
    limits: { memoryBytes: 256 * 2 ** 20 },
    log,
  });
  const articles = cache.namespace<unknown, string>("articles", {
    fresh: "1h",
    ...(options.isStaleAllowed === true && { stale: "1h" }),
  });
  return {
    name: "Tidemark",
    getOrSet: (key, { tags, load }) =>
      articles.getOrSet(key, (context) => {
        context.tags(...tags);
        return load();
      }),
    get: (key) => articles.get(key),
    set: async (key, value) => void (await articles.set(key, value)),
    delete: async (key) => void (await articles.delete(key)),
    expire: async (key) => void (await articles.expire(key)),
    purgeTag: async (tag) => void (await cache.purge({ tags: [tag] })),
    stop: async () => {
      isStopped = true;
      redis.disconnect();
    },
  };
}

function bentoCache(options: SystemOptions): System {
  const { redisUrl, isStaleAllowed = false, isSerialized = true, prefix = "" } = options;
  const { hostname: host, port } = new URL(redisUrl);
  const connection = { host, port: Number(port) };
  const cache = new BentoCache({
    default: "articles",
    prefix: `bench-bentocache-${prefix}`,
    ttl: "1h",
    ...(isStaleAllowed && { grace: "1h", timeout: 0 }),
    stores: {
      articles: bentostore()
        .useL1Layer(memoryDriver({ serialize: isSerialized }))
        .useL2Layer(redisDriver({ connection }))
        .useBus(redisBusDriver({ connection })),
    },
  });
  return {
    name: "BentoCache",
    getOrSet: (key, { tags, load }) => cache.getOrSet({ key, tags: [...tags], factory: load }),
    get: (key) => cache.get({ key }),
    set: async (key, value) => void (await cache.set({ key, value })),
    delete: async (key) => void (await cache.delete({ key })),
    expire: async (key) => void (await cache.expire({ key })),
    purgeTag: async (tag) => void (await cache.deleteByTag({ tags: [tag] })),
    stop: () => cache.disconnectAll(),
  };
}

/** Returns an article with a length of about `bytes` as JSON. */
export function articleOf(nth: number, bytes: number): unknown {
  const paragraph = `The tide of day ${nth} comes in and goes out again, twice. `.repeat(3);
  const head = { id: nth, title: `Tides, part ${nth}`, tags: ["sea", "moon"], author: { id: 7 } };
  const count = Math.max(1, Math.round((bytes - 100) / (paragraph.length + 20)));
  const paragraphs = Array.from({ length: count }, (_, at) => ({ at, text: paragraph }));
  return { ...head, paragraphs };
}

const atOnce = 50;

/** @returns calls per second, with one call for each key, 50 at once */
export async function callsOf(
  keys: readonly string[],
  make: (key: string) => Promise<void>,
): Promise<number> {
  const rest = keys.values();
  const beganMs = performance.now();
  const callInTurn = async () => {
    for (const key of rest) await make(key);
  };
  await Promise.all(Array.from({ length: atOnce }, callInTurn));
  return (1_000 * keys.length) / (performance.now() - beganMs);
}

/** Sets the keys, 50 at once. @returns calls per second */
export function setAll(system: System, keys: readonly string[], value: unknown): Promise<number> {
  return callsOf(keys, (key) => system.set(key, value));
}
