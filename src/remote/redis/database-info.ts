// Reads a database's fill level, evictions and last start with INFO.
import type { RemoteAnswer } from "../remote-client.ts";
import type { CallPurpose } from "../purpose.ts";
import type { RedisClient } from "./redis-client.ts";

/** The fill level of a database. Fields are `null` if the server does not report them. */
export type DatabaseInfo = Readonly<ReturnType<typeof databaseInfoIn>>;

/** Reads the fill level with one command, without a retry. Never rejects. A replica may answer. */
export async function readDatabaseInfo(
  redis: Pick<RedisClient, "look">,
  purpose: CallPurpose,
): Promise<RemoteAnswer<DatabaseInfo>> {
  // Name no sections, because not every server accepts several.
  const answer = await redis.look(purpose, (client) => client.exec(["INFO"]));
  if (answer.kind === "unavailable") return answer;
  return { kind: "answered", value: databaseInfoIn(String(answer.value)) };
}

/**
 * Parses a reply of INFO.
 *
 * @param text lines of `name:value`; all other lines are ignored
 */
export function databaseInfoIn(text: string) {
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
  const uptimeSeconds = numberOf("aof_enabled") === 0 ? numberOf("uptime_in_seconds") : null;
  const onDisk = { used: numberOf("total_data_size"), max: numberOf("max_data_size") };
  const inMemory = { used: numberOf("used_memory"), max: numberOf("maxmemory") };
  const { used: usedBytes, max } = onDisk.used === null ? inMemory : onDisk;
  // 0 means unlimited.
  const maxBytes = max === 0 ? null : max;
  return {
    /**
     * The bytes of data on disk if the server reports them; otherwise the bytes of memory. Upstash
     * reports data on disk, because its plans limit that size.
     */
    usedBytes,
    /** The limit of `usedBytes`; `null` if unlimited or unknown. */
    maxBytes,
    /** `usedBytes` / `maxBytes`; may exceed 1. */
    usedRatio: usedBytes === null || maxBytes === null ? null : usedBytes / maxBytes,
    /** Redis' policy at the limit: `noeviction`, `allkeys-lru` … */
    policy: fields.get("maxmemory_policy") || null,
    /** Keys evicted since the server started. */
    evictedKeys: numberOf("evicted_keys"),
    /** The time since the start of a server without an append-only file; else absent. */
    ...(uptimeSeconds !== null && { uptimeMs: uptimeSeconds * 1_000 }),
    /** Keys of all databases of the server, from any application. */
    keys: numberOf("total_keys") ?? keysIn(text),
  };
}

/**
 * Returns the information, with the given limit if the database reports no limit.
 *
 * @param limitBytes `undefined` if unknown
 */
export function withLimit(info: DatabaseInfo, limitBytes: number | undefined): DatabaseInfo {
  const { usedBytes, maxBytes } = info;
  if (maxBytes !== null || limitBytes === undefined) return info;
  return {
    ...info,
    maxBytes: limitBytes,
    usedRatio: usedBytes === null ? null : usedBytes / limitBytes,
  };
}

/** Returns whether the server evicts keys; false if it reports no policy. */
export function evicts({ policy }: Pick<DatabaseInfo, "policy">): boolean {
  return policy !== null && policy !== "noeviction";
}

/**
 * Returns whether the server may evict keys without an expiry, such as the journal. Policies named
 * `volatile-…` spare these keys.
 */
export function evictsAnyKey({ policy }: Pick<DatabaseInfo, "policy">): boolean {
  return evicts({ policy }) && policy?.startsWith("volatile-") !== true;
}

/**
 * Counts the keys in lines such as `db0:keys=15,expires=5,…`. For an empty server, INFO has only
 * the heading.
 */
function keysIn(text: string): number | null {
  if (!/^# Keyspace/im.test(text)) return null;
  const counts = Array.from(text.matchAll(/^db\d+:keys=(\d+)/gm), ([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}
