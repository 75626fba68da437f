// The switch in Redis. One script writes both the journal's entry and the switch's key.
import type { RedisClient } from "../../../redis/redis-client.ts";
import { encodeEntry } from "../../../purge/journal/entry.ts";
import { keptCount } from "../../../purge/journal/journal.ts";
import type { PostEntry, PostResult, Switch } from "../../../purge/journal/switch.ts";
import { postInKey, stateInKey, switchKey } from "./switch-key.ts";
import { unavailableFor } from "./unavailable.ts";

export interface RedisSwitchSettings {
  readonly redis: RedisClient;
  readonly namespace: string;
  /** The minimum number of entries that trimming leaves. Default: `keptCount` of the journal's port. */
  readonly keptCount?: number;
}

/**
 * Writes a post. KEYS: journal, switch. ARGV: the replaced post, the post, the entry's `n`, the bypass as
 * JSON, the number of entries to keep, the entry's fields.
 */
export const postScript = `
local held = redis.call("GET", KEYS[2]) or ""
if (string.match(held, "^%S+") or "") ~= ARGV[1] then return {"overtaken", held} end
local position = redis.call("XADD", KEYS[1], "MAXLEN", "~", ARGV[5], "*", unpack(ARGV, 6))
redis.call("SET", KEYS[2], ARGV[2] .. " " .. position .. " " .. ARGV[3] .. " " .. ARGV[4])
return {"posted", position}`;

export class RedisSwitch implements Switch {
  readonly #settings: RedisSwitchSettings;
  readonly #key: string;

  constructor(settings: RedisSwitchSettings) {
    this.#settings = settings;
    this.#key = switchKey(settings.namespace);
  }

  /** Reads from the primary, because the transaction includes a write. */
  async read(): ReturnType<Switch["read"]> {
    const { redis, namespace } = this.#settings;
    const probe = `${namespace}:probe`;
    const replies = await redis.insist<unknown[]>("switch", (client) =>
      client.multi().set(probe, "1", { px: 1_000 }).get(this.#key).exec(),
    );
    if (replies.kind === "unavailable") return unavailableFor(replies.cause, redis);
    const text = replies.value[1];
    return { kind: "read", state: stateInKey(text), names: postInKey(text) };
  }

  async post(entry: PostEntry): Promise<PostResult> {
    const { redis, namespace } = this.#settings;
    const { post, replaces, bypass } = entry.switched;
    const kept = String(this.#settings.keptCount ?? keptCount);
    const fields = Object.entries(encodeEntry(entry)).flat();
    const given = [replaces, post, entry.n, JSON.stringify(bypass), kept, ...fields];
    const reply = await redis.insist<unknown>("switch", (client) =>
      client.eval(postScript, [`${namespace}:journal`, this.#key], given),
    );
    if (reply.kind === "unavailable") return unavailableFor(reply.cause, redis);
    const [kind, text] = Array.isArray(reply.value) ? (reply.value as unknown[]) : [];
    if (kind === "posted" && typeof text === "string") return { kind, position: text };
    if (kind === "overtaken") return { kind, current: stateInKey(text) };
    return unavailableFor("not-upstash", redis);
  }
}
