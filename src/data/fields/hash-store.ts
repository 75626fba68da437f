// Stores hashes in Redis. One command reads fields with their head. Scripts write only if the hash
// still has the head that the caller judged.
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { DatabaseRoom } from "../../remote/redis/database-room.ts";
import { type Command, scriptCommand } from "../../remote/redis/redis.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";

/** Encoded values by field name. */
export type FieldTexts = ReadonlyMap<string, string>;

/** A hash in Redis. `head` is empty if there is no hash; `texts` contains the requested fields. */
export interface HeldHash {
  readonly head: string;
  readonly texts: FieldTexts;
}

/**
 * `undefined`: Redis did not reply, so the change may or may not have been made; or the database's
 * room is paused, so no hash was created.
 */
export type SetAnswer = { readonly isSet: boolean; readonly head: string } | undefined;

export type IncrementResult =
  | { readonly kind: "raised"; readonly value: number }
  /** The hash no longer has the judged head. */
  | { readonly kind: "changed"; readonly head: string }
  /** Redis did not reply; or the field is missing, not a whole number, or would exceed the safe integers. */
  | undefined;

/** Limit for the arguments of one HSET, names and values. Lua can unpack up to 8,000. */
const argsMax = 1_000;

/** KEYS: the hash. ARGV: the judged head, the new head, milliseconds until expiry or "", fields. */
export const setScript = `
local held = redis.pcall("HGET", KEYS[1], "head")
-- The key may be missing, or may hold another type, which is replaced.
if type(held) ~= "string" then held = "" end
if held ~= ARGV[1] then return {"changed", held} end
if ARGV[3] ~= "" then redis.call("DEL", KEYS[1]) end
redis.call("HSET", KEYS[1], "head", ARGV[2], unpack(ARGV, 4, math.min(${argsMax + 3}, #ARGV)))
for at = ${argsMax + 4}, #ARGV, ${argsMax} do
  redis.call("HSET", KEYS[1], unpack(ARGV, at, math.min(at + ${argsMax - 1}, #ARGV)))
end
if ARGV[3] ~= "" then redis.call("PEXPIRE", KEYS[1], ARGV[3]) end
return {"set", ARGV[2]}`;

/** KEYS: the hash. ARGV: the judged head, the field, the increment. Creates nothing. */
export const raiseScript = `
local held, value = unpack(redis.call("HMGET", KEYS[1], "head", ARGV[2]))
if (held or "") ~= ARGV[1] then return {"changed", held or ""} end
if not string.match(value or "", "^%-?%d+$") then return {"no-number", ""} end
if math.abs(value + ARGV[3]) > ${Number.MAX_SAFE_INTEGER} then return {"no-number", ""} end
redis.call("HINCRBY", KEYS[1], ARGV[2], ARGV[3])
return {"raised", string.format("%.0f", value + ARGV[3])}`;

export interface HashStoreSettings {
  readonly redis: Pick<RedisClient, "read" | "write">;
  /** The room of the database. While the room is paused, no hash is created. */
  readonly room?: Pick<DatabaseRoom, "beforeWrite" | "isPaused"> | undefined;
  readonly namespace: string;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** Prefix of the application's fields, so that none collides with the head. */
const fieldPrefix = "=";

export class HashStore {
  readonly #settings: HashStoreSettings;

  constructor(settings: HashStoreSettings) {
    this.#settings = settings;
  }

  /**
   * Reads a hash.
   *
   * @param names default: all fields
   */
  async read(key: RecordKey, names?: readonly string[]): Promise<HeldHash | undefined> {
    const { redis, namespace, afterAnswer } = this.#settings;
    const redisKey = await key.nameIn(namespace);
    const fieldNames = ["head", ...(names ?? []).map((name) => fieldPrefix + name)];
    const command: Command =
      names === undefined ? ["HGETALL", redisKey] : ["HMGET", redisKey, ...fieldNames];
    const answer = await redis.read("look-up", (client) => client.exec(command), afterAnswer);
    if (answer.kind === "unavailable") return undefined;
    const reply = Array.isArray(answer.value) ? (answer.value as unknown[]) : [];
    const pairs =
      names === undefined ? pairsIn(reply) : fieldNames.map((name, at) => [name, reply[at]]);
    let head = "";
    const texts = new Map<string, string>();
    for (const [name, text] of pairs) {
      if (typeof name !== "string" || typeof text !== "string") continue;
      if (name === "head") head = text;
      else texts.set(name.slice(fieldPrefix.length), text);
    }
    return { head, texts };
  }

  /**
   * Sets fields if the hash still has the judged head.
   *
   * @param change.keepMs replaces the whole hash, and sets the expiry of the new hash. `undefined`
   *   keeps the other fields and the expiry.
   */
  async set(
    key: RecordKey,
    change: {
      readonly judged: string;
      readonly head: string;
      readonly keepMs: number | undefined;
      readonly texts: FieldTexts;
    },
  ): Promise<SetAnswer> {
    const { judged, head, keepMs, texts } = change;
    const { room } = this.#settings;
    const bytes = [...texts.values()].reduce((sum, text) => sum + text.length, 0);
    if (judged === "" && room?.isPaused === true) {
      await room.beforeWrite(0);
      return undefined;
    }
    const fields = [...texts].flatMap(([name, text]) => [fieldPrefix + name, text]);
    const keep = keepMs === undefined ? "" : String(Math.ceil(keepMs));
    const writing = this.#run(key, setScript, [judged, head, keep, ...fields]);
    const [reply] = await Promise.all([writing, room?.beforeWrite(bytes)]);
    if (reply === undefined) return undefined;
    return { isSet: reply[0] === "set", head: String(reply[1]) };
  }

  /** Increments a whole number if the hash still has the judged head. */
  async raise(
    key: RecordKey,
    { judged, name, by }: { readonly judged: string; readonly name: string; readonly by: number },
  ): Promise<IncrementResult> {
    const reply = await this.#run(key, raiseScript, [judged, fieldPrefix + name, String(by)]);
    const [kind, text] = reply ?? [];
    if (kind === "raised") return { kind, value: Number(text) };
    return kind === "changed" ? { kind, head: String(text) } : undefined;
  }

  async #run(
    key: RecordKey,
    script: string,
    given: readonly string[],
  ): Promise<readonly unknown[] | undefined> {
    const { redis, namespace } = this.#settings;
    const command = scriptCommand(script, [await key.nameIn(namespace)], given);
    const answer = await redis.write("fill", (client) => client.exec(command));
    return answer.kind === "answered" && Array.isArray(answer.value) ? answer.value : undefined;
  }
}

/** Pairs names with values, which HGETALL returns alternately. */
function pairsIn(reply: readonly unknown[]): unknown[][] {
  return reply.flatMap((name, at) => (at % 2 === 0 ? [[name, reply[at + 1]]] : []));
}
