// Creates an application's data cache on Node, which uses Upstash's REST interface or the
// application's own connection.
import type { TroubleWords } from "../../remote/trouble.ts";
import { defineConfig } from "../../config/config.ts";
import type { WrittenConfig, WrittenLimits, WrittenPurge } from "../../config/written.ts";
import { type DataCache, dataCacheOf } from "../create-data-cache.ts";
import { type DataPlatform, settingsOf } from "../data-platform.ts";
import { nodeGlobals } from "../../base/node-globals.ts";
import { isFault, OperatorError } from "../../base/operator-error.ts";
import { databaseOf, hintOfSealKey, sealKeysOf } from "../../protocol/variables/database.ts";
import { LocalPurges, type LocalPurgesSettings } from "../../purge/local-purges.ts";
import {
  addressOver,
  type GivenConnection,
} from "../../remote/redis/connection/given-connection.ts";
import type { RedisAddress } from "../../remote/redis/open-client.ts";
import { redisStore } from "../../stores/redis/redis-store.ts";
import { upstashWords } from "../../remote/redis/trouble.ts";

/** The address of Upstash's REST interface, as the database's page in the console shows it. */
export interface RestAddress {
  readonly url: string;
  readonly token: string;
}

/**
 * The cache's database and rules. A Worker with the same `namespace` and `purge` shares the cache's
 * journal, so one purge covers the Worker's pages and this data.
 */
export interface NodeCacheOptions
  extends
    Pick<WrittenConfig, "namespace">,
    Pick<DataPlatform, "log" | "nowAtMs" | "random" | "parts" | "onEvent"> {
  readonly purge?: Omit<WrittenPurge, "settleSeconds"> | undefined;
  readonly limits?: Omit<WrittenLimits, "bufferBytes" | "variants"> | undefined;
  /**
   * A REST address, or a connection of ioredis or node-redis, which the application still owns.
   * `"none"`: this process is the whole cache, with its own memory and purges.
   */
  readonly redis: RestAddress | GivenConnection | "none";
  /**
   * A separate database for the purge journal, so that other data cannot evict the journal or fill
   * its database. Default: `redis`. To share the journal of a Worker, name the Worker's database.
   */
  readonly journal?: RestAddress | GivenConnection | undefined;
  /**
   * The value of `SEAL_KEY`: one or more keys, separated by spaces. The first one seals what the cache
   * stores in Redis, and all check. A Worker that shares the database needs the same value.
   */
  readonly sealKey?: string | undefined;
}

/**
 * Creates a cache for data. Uses no network before its first use.
 *
 * @throws OperatorError for an invalid address, connection or option
 * @example
 * const cache = createDataCache({ redis: new Redis("redis://127.0.0.1"), namespace: "shop" });
 * const articles = cache.namespace<Article>("articles", { fresh: "5m", stale: "1h" });
 */
export function createDataCache({
  redis,
  journal,
  sealKey,
  ...options
}: NodeCacheOptions): DataCache {
  const { log, nowAtMs, random, parts, onEvent, limits = {}, ...rest } = options;
  refuseOptionsOfPages(options);
  // Check `memoryBytes` here, because the limit in a configuration is that of a Worker.
  const { memoryBytes, ...otherLimits } = limits;
  const platform = { ...(log && { log }), ...(nowAtMs && { nowAtMs }), ...(random && { random }) };
  const isOneProcess = redis === "none" && journal === undefined;
  const sealed = sealedBy(sealKey);
  if (isOneProcess && sealed.sealKeys !== undefined) throw nothingToSeal();
  const database = isOneProcess ? undefined : { ...addressOf(redis, "redis"), ...sealed };
  const settings = settingsOf(defineConfig({ ...rest, limits: otherLimits }), {
    ...platform,
    ...(memoryBytes !== undefined && { memoryBytes: checkedBytes(memoryBytes) }),
    parts,
    onEvent,
    database,
    stores: isOneProcess ? {} : { redis: redisStore },
    ...(journal !== undefined && { journal: { ...addressOf(journal, "journal"), ...sealed } }),
  });
  const localPurges = (purged: LocalPurgesSettings) => new LocalPurges(purged);
  return dataCacheOf(isOneProcess ? { ...settings, localPurges } : settings);
}

/** Refuses options that only pages have. The schema accepts them, as it is that of a Worker. */
function refuseOptionsOfPages({ purge, limits }: Pick<WrittenConfig, "purge" | "limits">): void {
  const ofPages = {
    "purge.settleSeconds": purge?.settleSeconds,
    "limits.bufferBytes": limits?.bufferBytes,
    "limits.variants": limits?.variants,
  };
  const idle = Object.entries(ofPages).flatMap(([name, value]) =>
    value === undefined ? [] : [`\`${name}\``],
  );
  if (idle.length === 0) return;
  throw new OperatorError({
    what: "An option of createDataCache has no effect.",
    why: `It applies only to pages: ${idle.join(", ")}.`,
    hint: "Remove it here. A Worker that shares the journal may keep it.",
  });
}

/**
 * Returns the checked size.
 *
 * @throws OperatorError if the size is not a whole number of bytes, or exceeds this process's heap,
 *   which holds the decoded values
 */
function checkedBytes(memoryBytes: number): number {
  const v8 = nodeGlobals.process?.getBuiltinModule?.("node:v8");
  const bytesMax = v8?.getHeapStatistics().heap_size_limit ?? 0;
  if (Number.isInteger(memoryBytes) && memoryBytes >= 0 && memoryBytes <= bytesMax) {
    return memoryBytes;
  }
  throw new OperatorError({
    what: "The size of the memory tier is invalid.",
    why: `\`limits.memoryBytes\` is not a whole number of bytes up to the heap of this process, ${bytesMax}.`,
    hint: "Lower it, or start Node with a larger --max-old-space-size.",
  });
}

function sealedBy(sealKey: string | undefined): Pick<RedisAddress, "sealKeys"> {
  const sealKeys = sealKeysOf({ SEAL_KEY: sealKey });
  if (typeof sealKeys !== "string") return { sealKeys };
  const [why, hint] = [sealKeys, hintOfSealKey].map((text) =>
    text.replace("SEAL_KEY", "`sealKey`"),
  );
  throw new OperatorError({ what: "The cache cannot seal.", why: why ?? "", hint: hint ?? "" });
}

function nothingToSeal(): OperatorError {
  return new OperatorError({
    what: "The cache cannot seal.",
    why: '`sealKey` seals what the cache stores in Redis, and `redis` is "none".',
    hint: "Remove `sealKey`, or set `redis` to { url, token } or to a connection.",
  });
}

type Option = "redis" | "journal";

function addressOf(redis: NodeCacheOptions["redis"], option: Option): RedisAddress {
  if (redis === "none") {
    throw new OperatorError({
      what: "The cache has no database.",
      why: '`redis` is "none", but `journal` names a database.',
      hint: "Remove `journal`, or set `redis` as well.",
    });
  }
  if (typeof redis !== "object" || redis === null) {
    throw new OperatorError({
      what: "The cache has no database.",
      why: `\`${option}\` is ${typeof redis === "string" ? "a text, not a connection" : "not set"}.`,
      hint:
        'Set it to { url, token }, to a connection such as `new Redis("redis://…")` of "ioredis", or to "none" ' +
        "if this process is the whole cache.",
    });
  }
  if (!("url" in redis && "token" in redis)) return addressOver(redis);
  const { url, token } = redis;
  const named = databaseOf({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token });
  if (named !== undefined && !isFault(named)) return { ...named, words: restWords(option) };
  throw new OperatorError({
    what: "The cache has no database.",
    why: asOption(named?.why ?? "UPSTASH_REDIS_REST_URL is not set.", option),
    hint: `Set \`${option}.url\` and \`${option}.token\` as the database's page shows them.`,
  });
}

/** Replaces the names of variables with the names of the options. */
function asOption(text: string, option: Option): string {
  return text
    .replace("UPSTASH_REDIS_REST_URL", `\`${option}.url\``)
    .replace("UPSTASH_REDIS_REST_TOKEN", `\`${option}.token\``);
}

const restWords = (option: Option): TroubleWords =>
  Object.fromEntries(
    Object.entries(upstashWords).map(([kind, [why, hint]]) => [
      kind,
      [why, asOption(hint, option)],
    ]),
  );
