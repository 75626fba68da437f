// Creates an application's data cache on Node, over Upstash's REST interface or the application's own connection.
import { defineConfig } from "../config/config.ts";
import type { WrittenConfig } from "../config/written.ts";
import {
  createDataCache as createCacheOfConfig,
  type DataCache,
} from "../data/create-data-cache.ts";
import type { DataPlatform } from "../data/data-platform.ts";
import { isFault, OperatorError } from "../base/operator-error.ts";
import { databaseOf } from "../protocol/variables/database.ts";
import { carryOver } from "../redis/connection/carry.ts";
import { connectionOf, type GivenConnection } from "../redis/connection/given-connection.ts";
import { connectionWords } from "../redis/connection/words.ts";
import type { RedisAddress } from "../redis/open-client.ts";
import { said, type TroubleWords } from "../redis/trouble.ts";

/** The address of Upstash's REST interface, as shown on the database's page. */
export interface RestAddress {
  readonly url: string;
  readonly token: string;
}

/**
 * The database of the cache, and its rules. With the same `namespace` and `purge` as a Worker, both share a journal, so
 * that one purge covers its pages and this data.
 */
export interface NodeCacheOptions
  extends
    Pick<WrittenConfig, "namespace" | "purge" | "limits">,
    Pick<DataPlatform, "log" | "nowAtMs" | "random" | "parts"> {
  /** A REST address, or a connection of ioredis or node-redis, which the application still owns. */
  readonly redis: RestAddress | GivenConnection;
  /**
   * A separate database for the purge journal, which other data cannot fill or evict. Default: `redis`. Pages and data
   * with a common journal need the same one.
   */
  readonly journal?: RestAddress | GivenConnection | undefined;
}

/**
 * Creates a cache for data. Uses no network before its first use.
 *
 * @throws OperatorError for an invalid address, connection or option
 * @example
 * const cache = createDataCache({ redis: new Redis("redis://127.0.0.1"), namespace: "shop" });
 * const articles = cache.namespace<Article>("articles", { fresh: "5m", stale: "1h" });
 */
export function createDataCache({ redis, journal, ...options }: NodeCacheOptions): DataCache {
  const { log, nowAtMs, random, parts, ...written } = options;
  const platform = { ...(log && { log }), ...(nowAtMs && { nowAtMs }), ...(random && { random }) };
  const database = addressOf(redis, "redis");
  return createCacheOfConfig(defineConfig(written), {
    ...platform,
    parts,
    database,
    ...(journal !== undefined && { journal: addressOf(journal, "journal") }),
  });
}

type Option = "redis" | "journal";

function addressOf(redis: RestAddress | GivenConnection, option: Option): RedisAddress {
  if (typeof redis !== "object" || redis === null) {
    throw new OperatorError({
      what: "The cache has no database.",
      why: `\`${option}\` is not set.`,
      hint: 'Set it to { url, token } or to a connection; for a cache only in memory, use "tidemark/data".',
    });
  }
  if (!("url" in redis && "token" in redis)) {
    const connection = connectionOf(redis);
    const carry = carryOver(connection);
    const { mayResend } = connection;
    // No request uses this address.
    const nowhere = { url: "https://connection.invalid", token: "none" };
    return { ...nowhere, carry, mayResend, words: connectionWords };
  }
  const { url, token } = redis;
  const named = databaseOf({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token });
  if (named !== undefined && !isFault(named)) return { ...named, words: restWords(option) };
  throw new OperatorError({
    what: "The cache has no database.",
    why: asOption(named?.why ?? "UPSTASH_REDIS_REST_URL is not set.", option),
    hint: `Set \`${option}.url\` and \`${option}.token\` as the database's page shows them.`,
  });
}

/** Replaces names of variables by those of the options. */
function asOption(text: string, option: Option): string {
  return text
    .replace("UPSTASH_REDIS_REST_URL", `\`${option}.url\``)
    .replace("UPSTASH_REDIS_REST_TOKEN", `\`${option}.token\``);
}

const restWords = (option: Option): TroubleWords =>
  Object.fromEntries(
    Object.entries(said).map(([kind, [why, hint]]) => [kind, [why, asOption(hint, option)]]),
  );
