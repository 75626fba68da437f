// The states of the journal's subscribers in Redis, as one hash.
import { unavailableFor } from "../../../remote/store-health.ts";
import type { HeldState, Subscribers } from "../../../purge/journal/subscribers.ts";
import { scriptCommand } from "../../../remote/redis/redis.ts";
import type { RedisClient } from "../../../remote/redis/redis-client.ts";

/**
 * Reads states, and the server's clock, if the database allows TIME in scripts. Upstash runs the script on the
 * primary. KEYS: the hash. ARGV: the names of the subscribers.
 */
export const readStatesScript = `
local time = redis.pcall("TIME")
return {time[1] or "", time[2] or "", unpack(redis.call("HMGET", KEYS[1], unpack(ARGV)))}`;

/** Replaces a state. KEYS: the hash. ARGV: the name, the expected text, and the new text. */
export const replaceStateScript = `
local held = redis.call("HGET", KEYS[1], ARGV[1]) or ""
if held == ARGV[3] then return 1 end
if held ~= ARGV[2] then return 0 end
redis.call("HSET", KEYS[1], ARGV[1], ARGV[3])
return 1`;

interface RedisSubscribersSettings {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly nowAtMs: () => number;
}

export class RedisSubscribers implements Subscribers {
  readonly #redis: RedisClient;
  readonly #key: string;
  readonly #nowAtMs: () => number;

  constructor({ redis, namespace, nowAtMs }: RedisSubscribersSettings) {
    this.#redis = redis;
    this.#nowAtMs = nowAtMs;
    this.#key = `${namespace}:subscribers`;
  }

  async read(names: readonly string[]): ReturnType<Subscribers["read"]> {
    const reply = await this.#redis.attempt(
      "outward",
      (client) => client.exec(scriptCommand(readStatesScript, [this.#key], names)),
      "writes",
    );
    if (reply.kind === "unavailable") return unavailableFor(reply.cause, this.#redis.health);
    if (!Array.isArray(reply.value)) return unavailableFor("not-upstash", this.#redis.health);
    const [seconds, microseconds, ...texts]: readonly unknown[] = reply.value;
    const timeAtMs = Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
    const atMs = timeAtMs > 0 ? timeAtMs : this.#nowAtMs();
    return { kind: "read", states: names.map((_, at) => stateIn(texts[at])), atMs };
  }

  async replace(name: string, version: string, text: string): ReturnType<Subscribers["replace"]> {
    const write = scriptCommand(replaceStateScript, [this.#key], [name, version, text]);
    const reply = await this.#redis.attempt("outward", (client) => client.exec(write), "writes");
    if (reply.kind === "unavailable") return unavailableFor(reply.cause, this.#redis.health);
    return reply.value === 1 ? { kind: "replaced", version: text } : { kind: "overtaken" };
  }
}

function stateIn(held: unknown): HeldState {
  return typeof held === "string"
    ? { version: held, text: held }
    : { version: "", text: undefined };
}
