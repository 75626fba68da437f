// Hashes in Redis: read with their head by one command, and written by scripts that are given the head
// which was judged last.
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { DatabaseRoom } from "../../redis/database-room.ts";
import type { RedisClient } from "../../redis/redis-client.ts";

/** Texts by the names of their fields. */
export type FieldTexts = ReadonlyMap<string, string>;

/** What lies in Redis: its head, empty where nothing does, and the fields that were asked for. */
export interface HeldHash {
  readonly head: string;
  readonly texts: FieldTexts;
}

/** `undefined`: Redis could not be asked, or did not say that it was done. */
export type SetAnswer = { readonly isSet: boolean; readonly head: string } | undefined;

export type RaiseAnswer =
  | { readonly kind: "raised"; readonly value: number }
  /** Another head lies there than the one that was given. */
  | { readonly kind: "changed"; readonly head: string }
  /** The field is not there, or is no whole number, or would be one that JavaScript cannot hold. */
  | { readonly kind: "no-number" }
  /** It was sent again: the first of them may have counted. */
  | { readonly kind: "spent" }
  | undefined;

/** Names and texts in turn. Lua unpacks up to 8,000 at once. */
const argsMax = 1_000;

/** KEYS: the hash. ARGV: the head judged, the new one, how long it is kept or nothing, fields. */
export const setScript = `
local held = redis.pcall("HGET", KEYS[1], "head")
-- Nothing lies there, or no hash: that is replaced.
if type(held) ~= "string" then held = "" end
if held ~= ARGV[1] then return {"changed", held} end
if ARGV[3] ~= "" then redis.call("DEL", KEYS[1]) end
redis.call("HSET", KEYS[1], "head", ARGV[2])
for at = 4, #ARGV, ${argsMax} do
  redis.call("HSET", KEYS[1], unpack(ARGV, at, math.min(at + ${argsMax - 1}, #ARGV)))
end
if ARGV[3] ~= "" then redis.call("PEXPIRE", KEYS[1], ARGV[3]) end
return {"set", ARGV[2]}`;

/**
 * KEYS: the hash, and the ticket if there is one. ARGV: the head judged, the field, by how much. It makes
 * nothing that was not there.
 */
export const raiseScript = `
if KEYS[2] and redis.call("DEL", KEYS[2]) == 0 then return {"spent", ""} end
local held = redis.call("HGET", KEYS[1], "head") or ""
if held ~= ARGV[1] then return {"changed", held} end
local value = redis.call("HGET", KEYS[1], ARGV[2]) or ""
if not string.match(value, "^%-?%d+$") then return {"no-number", ""} end
if math.abs(value + ARGV[3]) > ${Number.MAX_SAFE_INTEGER} then return {"no-number", ""} end
redis.call("HINCRBY", KEYS[1], ARGV[2], ARGV[3])
return {"raised", redis.call("HGET", KEYS[1], ARGV[2])}`;

export interface HashStoreSettings {
  readonly redis: Pick<RedisClient, "read" | "write">;
  /** While it is paused, no hash is made. */
  readonly room?: Pick<DatabaseRoom, "beforeWrite" | "isPaused"> | undefined;
  readonly namespace: string;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  readonly randomText: () => string;
  /** May a command run twice, since what carries it sends it again after a lost connection? */
  readonly mayResend: boolean;
}

/** Longer than a command is waited for: one that is sent again after that finds no ticket. */
const ticketMs = 10_000;

/** A field of an application never bears the name of the head. */
const fieldPrefix = "=";

export class HashStore {
  readonly #settings: HashStoreSettings;

  constructor(settings: HashStoreSettings) {
    this.#settings = settings;
  }

  /** @param names all fields unless given */
  async read(key: RecordKey, names?: readonly string[]): Promise<HeldHash | undefined> {
    const { redis, namespace, afterAnswer } = this.#settings;
    const redisKey = await key.nameIn(namespace);
    const asked = ["head", ...(names ?? []).map((name) => fieldPrefix + name)];
    const answer = await redis.read<unknown>(
      "look-up",
      async (client) => {
        if (names === undefined) return client.hgetall(redisKey);
        return client.hmget(redisKey, ...asked);
      },
      afterAnswer,
    );
    if (answer.kind === "unavailable") return undefined;
    const reply = Array.isArray(answer.value) ? (answer.value as unknown[]) : [];
    const pairs = names === undefined ? pairsIn(reply) : asked.map((name, at) => [name, reply[at]]);
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
   * Sets fields, if the head that lies there is the one that was judged.
   *
   * @param change.keepMs where everything that lies there is replaced; else its end stays
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

  /**
   * Raises a whole number, if the head that lies there is the one that was judged. Where the command may
   * be sent again, it needs a ticket: the answer to that comes before it is sent, and whichever of both
   * is first takes it.
   */
  async raise(
    key: RecordKey,
    { judged, name, by }: { readonly judged: string; readonly name: string; readonly by: number },
  ): Promise<RaiseAnswer> {
    const { redis, namespace, randomText, mayResend } = this.#settings;
    const tickets: string[] = [];
    if (mayResend) {
      const ticket = `${namespace}:ticket:${randomText()}:${await key.digest()}`;
      const laid = await redis.write("fill", (client) => client.set(ticket, "1", { px: ticketMs }));
      if (laid.kind === "unavailable") return undefined;
      tickets.push(ticket);
    }
    const given = [judged, fieldPrefix + name, String(by)];
    const reply = await this.#run(key, raiseScript, given, tickets);
    if (reply === undefined) return undefined;
    const [kind, text] = reply;
    switch (kind) {
      case "raised":
        return { kind, value: Number(text) };
      case "changed":
        return { kind, head: String(text) };
      default:
        return { kind: kind === "spent" ? kind : "no-number" };
    }
  }

  async #run(
    key: RecordKey,
    script: string,
    given: readonly string[],
    moreKeys: readonly string[] = [],
  ): Promise<readonly unknown[] | undefined> {
    const { redis, namespace } = this.#settings;
    const keys = [await key.nameIn(namespace), ...moreKeys];
    const answer = await redis.write<unknown>("fill", (client) =>
      client.eval(script, keys, [...given]),
    );
    return answer.kind === "answered" && Array.isArray(answer.value) ? answer.value : undefined;
  }
}

/** Names and texts in turn, as HGETALL gives them. */
function pairsIn(reply: readonly unknown[]): unknown[][] {
  return reply.flatMap((name, at) => (at % 2 === 0 ? [[name, reply[at + 1]]] : []));
}
