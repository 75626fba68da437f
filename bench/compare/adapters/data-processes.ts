// Two Node processes with a cache for data, over one Redis with a replica.
import { fileURLToPath } from "node:url";
import { RedisPair } from "../../histories/redis-pair.ts";
import { ServerProcess } from "../../histories/server-process.ts";
import { processCount, type System, type World } from "../adapter.ts";
import { ask, purgeOf, timeoutsMs } from "../asking.ts";

/** @param script calls `serve` of data-process.ts. Its arguments are the URL of Redis, and `args` */
export async function startDataProcesses(
  { running, origin, withinMs }: World,
  script: URL,
  args: readonly string[] = [],
): Promise<System> {
  const redis = await running.add(RedisPair.start());
  const given = [origin.url, redis.url, ...args];
  const servers: ServerProcess[] = [];
  for (let count = 0; count < processCount; count += 1) {
    const command = {
      command: process.execPath,
      args: (port: number) => [fileURLToPath(script), String(port), ...given],
      env: { NODE_NO_WARNINGS: "1" },
    };
    servers.push(await running.add(ServerProcess.start(command)));
  }
  const waitMs = timeoutsMs(withinMs).read;
  return {
    read: (process, id) => ask(`${servers[process]!.url}/${id}`, { waitMs }),
    purge: purgeOf((process, id, mode) => ({ url: `${servers[process]!.url}/${id}?mode=${mode}` })),
    faults: { ...redis.faults, "process killed": (_, draws) => draws.oneOf(servers).restart() },
  };
}
