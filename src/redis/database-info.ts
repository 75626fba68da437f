// What INFO says of a database: how full it is, and how many keys it has evicted.
import type { RedisPurpose } from "./purpose.ts";
import type { RedisAnswer, RedisClient } from "./redis-client.ts";

/** Each is `null` where the server does not tell it. */
export interface DatabaseInfo {
  /**
   * Of its data on disk where the server tells that, as Upstash does: there it is what a plan bounds.
   * Else of its memory.
   */
  readonly usedBytes: number | null;
  /** The bound of `usedBytes`; also `null` where there is none. */
  readonly maxBytes: number | null;
  /** `usedBytes` over `maxBytes`; it may be above 1. */
  readonly usedRatio: number | null;
  /** What happens at the bound, in Redis' words: `noeviction`, `allkeys-lru` … */
  readonly policy: string | null;
  /** Keys that the server has evicted to make room since it started. */
  readonly evictedKeys: number | null;
  /** Of all its databases, whoever wrote them. */
  readonly keys: number | null;
}

/** One command, and one try. Never rejects. A replica may answer it. */
export async function readDatabaseInfo(
  redis: Pick<RedisClient, "look">,
  purpose: RedisPurpose,
): Promise<RedisAnswer<DatabaseInfo>> {
  // Without a section: not every server takes more than one.
  const answer = await redis.look<unknown>(purpose, (client) => client.exec(["INFO"]));
  if (answer.kind === "unavailable") return answer;
  return { kind: "answered", value: databaseInfoIn(String(answer.value)) };
}

/** @param text the report of INFO: `name:value` in lines, headings after `#`. Anything else is passed over */
export function databaseInfoIn(text: string): DatabaseInfo {
  const fields = new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const [, name, value] = /^(\w+):(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value.trim()] as const];
    }),
  );
  const numberOf = (name: string): number | null => {
    const value = fields.get(name);
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
  };
  const onDisk = { used: numberOf("total_data_size"), max: numberOf("max_data_size") };
  const inMemory = { used: numberOf("used_memory"), max: numberOf("maxmemory") };
  const { used: usedBytes, max } = onDisk.used === null ? inMemory : onDisk;
  // 0 stands for no bound.
  const maxBytes = max === 0 ? null : max;
  return {
    usedBytes,
    maxBytes,
    usedRatio: usedBytes === null || maxBytes === null ? null : usedBytes / maxBytes,
    policy: fields.get("maxmemory_policy") || null,
    evictedKeys: numberOf("evicted_keys"),
    keys: numberOf("total_keys") ?? keysIn(text),
  };
}

/** @param limitBytes bounds a database that tells no bound; `undefined` where nobody knows it */
export function withLimit(info: DatabaseInfo, limitBytes: number | undefined): DatabaseInfo {
  const { usedBytes, maxBytes } = info;
  if (maxBytes !== null || limitBytes === undefined) return info;
  return {
    ...info,
    maxBytes: limitBytes,
    usedRatio: usedBytes === null ? null : usedBytes / limitBytes,
  };
}

/** May it let go of a key without an expiry, such as the journal? Only some policies spare those. */
export function evictsAnyKey({ policy }: Pick<DatabaseInfo, "policy">): boolean {
  return evicts({ policy }) && policy?.startsWith("volatile-") !== true;
}

/** Does it make room by itself? One that does not say so does not. */
export function evicts({ policy }: Pick<DatabaseInfo, "policy">): boolean {
  return policy !== null && policy !== "noeviction";
}

/** By its lines `db0:keys=15,expires=5,avg_ttl=3600`; an empty database has the heading alone. */
function keysIn(text: string): number | null {
  if (!/^# Keyspace/im.test(text)) return null;
  const counts = Array.from(text.matchAll(/^db\d+:keys=(\d+)/gm), ([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}
