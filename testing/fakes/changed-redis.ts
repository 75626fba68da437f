// A database of which a test changes single commands.
import { type Command, Redis } from "../../src/remote/redis/redis.ts";

/** @param exec runs each command that is sent alone */
export function withExec(redis: Redis, exec: (command: Command) => Promise<unknown>): Redis {
  return new Redis(async (form, commands) => {
    if (form === "single") return Promise.all(commands.map(exec));
    if (form === "multi-exec") return redis.multi(commands);
    return redis.pipeline(commands, { keepsRefusals: true });
  });
}
