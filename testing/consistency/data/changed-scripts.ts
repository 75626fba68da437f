// Creates a Redis client that changes the scripts of its writes.
import type { Redis } from "@upstash/redis/cloudflare";
import { RedisClient } from "../../../src/remote/redis/redis-client.ts";
import type { RedisSettings } from "../../../src/remote/redis/redis-client.ts";

type Evaluate = (script: string, keys: string[], args: string[]) => Promise<unknown>;
type Write<T> = Parameters<typeof RedisClient.prototype.write<T>>;

/** @param change receives the real function that sends a script, and returns its replacement */
export function withScripts(change: (real: Evaluate) => Evaluate) {
  return (settings: RedisSettings) => new ScriptClient(settings, change);
}

class ScriptClient extends RedisClient {
  readonly #change: (real: Evaluate) => Evaluate;

  constructor(settings: RedisSettings, change: (real: Evaluate) => Evaluate) {
    super(settings);
    this.#change = change;
  }

  override write<T>(...[purpose, run, timeoutMs]: Write<T>) {
    const changed = (redis: Redis): Redis => {
      const value = this.#change(redis.eval.bind(redis) as Evaluate);
      // Not a change of the client, which later calls may share.
      return Object.create(redis, { eval: { value } }) as Redis;
    };
    return super.write<T>(purpose, (redis) => run(changed(redis)), timeoutMs);
  }
}
