// The switch in Redis. One script writes both the journal's entry and the switch's key.
import { listIn } from "../../../base/json-text.ts";
import { unavailableFor } from "../../../remote/store-health.ts";
import { scriptCommand } from "../../../remote/redis/redis.ts";
import type { RedisClient } from "../../../remote/redis/redis-client.ts";
import type { PostEntry, PostResult, Switch } from "../../../purge/journal/switch.ts";
import {
  appendArgs,
  appendLua,
  type AppendSettings,
  entryArg,
  journalKeys,
  placesIn,
} from "./journal-scripts.ts";
import { stateInKey, switchKey } from "./switch-key.ts";

/**
 * Writes a post of the switch, if the switch still names the post to replace. KEYS: `journalKeys`.
 * ARGV: `appendArgs`, the replaced post, the post, the bypass as JSON, and `entryArg`.
 */
export const postScript = `${appendLua}
local replaces, post, bypass = taken(), taken(), taken()
local held = redis.call("GET", switchKey) or ""
if (string.match(held, "^%S+") or "") ~= replaces then return {"overtaken", held} end
local place = append(taken())
redis.call("SET", switchKey, post .. " " .. place[1] .. " " .. place[2] .. " " .. bypass)
ended(place)
return {"posted", place[1], place[2]}`;

export interface RedisSwitchSettings extends AppendSettings {
  readonly redis: RedisClient;
  readonly namespace: string;
}

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
    const replies = await redis.insist("switch", (client) =>
      client.multi([
        ["SET", probe, 1, "PX", 1_000],
        ["GET", this.#key],
      ]),
    );
    if (replies.kind === "unavailable") return unavailableFor(replies.cause, redis.health);
    const text = replies.value[1];
    return { kind: "read", state: stateInKey(text) };
  }

  async post(entry: PostEntry): Promise<PostResult> {
    const { redis, namespace } = this.#settings;
    const { post, replaces, bypass } = entry.switched;
    const settings = [...appendArgs(this.#settings), replaces, post, JSON.stringify(bypass)];
    const write = scriptCommand(postScript, journalKeys(namespace), [...settings, entryArg(entry)]);
    const reply = await redis.insist("switch", (client) => client.exec(write));
    if (reply.kind === "unavailable") return unavailableFor(reply.cause, redis.health);
    const [kind, said, n] = listIn(reply.value);
    const [place] = placesIn([[said, n]]);
    if (kind === "posted" && place !== undefined) return { kind, place };
    if (kind === "overtaken") return { kind, current: stateInKey(said) };
    return unavailableFor("not-upstash", redis.health);
  }
}
