// Creates a Redis client that changes the scripts of its writes.
import { overUpstash } from "../../../src/remote/redis/rest.ts";
import { type Command, type Redis, scriptCommand } from "../../../src/remote/redis/redis.ts";
import { withExec } from "../../fakes/changed-redis.ts";
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
    super(settings, overUpstash);
    this.#change = change;
  }

  override write<T>(...[purpose, run, timeoutMs]: Write<T>) {
    const changed = (redis: Redis): Redis => {
      const evaluate = this.#change((...given) => redis.exec(scriptCommand(...given)));
      return withExec(redis, async (command: Command) => {
        const [name, script, count, ...given] = command.map(String);
        if (name !== "EVAL" || script === undefined) return redis.exec(command);
        return evaluate(script, given.slice(0, Number(count)), given.slice(Number(count)));
      });
    };
    return super.write<T>(purpose, (redis) => run(changed(redis)), timeoutMs);
  }
}
