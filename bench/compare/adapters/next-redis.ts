// Next.js on two processes with a cache handler for Redis, in the application of `next-app/`.
import { RedisPair } from "../../histories/redis-pair.ts";
import type { ServerProcess } from "../../histories/server-process.ts";
import { type Adapter, processCount } from "../adapter.ts";
import { ask, purgeOf, timeoutsMs } from "../asking.ts";
import { build, startServer } from "./next-server.ts";

export const nextRedis: Adapter = {
  title: "@fortedigital/nextjs-cache-handler 3.3.0",
  configuration:
    "The README's production example with redis-strings, on Next.js 16.4.6; a fetch with a tag; two " +
    "processes of next start, one Redis with a replica. Purges are Server Actions, because only " +
    'they wait for the handler. Hard: { expire: 0 }. Soft: the profile "max".',
  promise: {
    text:
      "revalidateTag works as in Next.js. { expire: 0 }: stale content is never served, so the next " +
      "request is a blocking revalidate or a cache miss.",
    source: "README, and Next.js on revalidateTag",
    excuses: ["late store", "fault"],
  },
  modes: ["hard", "soft"],
  async start({ running, origin, withinMs }) {
    const redis = await running.add(RedisPair.start());
    const settings = { originUrl: origin.url, redisUrl: redis.url };
    const action = await build(settings);
    const servers: ServerProcess[] = [];
    for (let count = 0; count < processCount; count += 1) {
      servers.push(await running.add(startServer(settings)));
    }
    const urls = servers.map(({ url }) => url);
    const waitMs = timeoutsMs(withinMs).read;
    return {
      read: (process, id) => ask(`${urls[process]}/read/${id}`, { waitMs }),
      purge: purgeOf((process, id, mode) => ({
        url: `${urls[process]}/action`,
        headers: { "next-action": action, "content-type": "text/plain;charset=UTF-8" },
        body: JSON.stringify([mode === "hard" ? "expireTag" : "staleTag", id]),
      })),
      faults: { ...redis.faults, "process killed": (_, draws) => draws.oneOf(servers).restart() },
    };
  },
};
