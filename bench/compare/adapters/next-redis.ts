// Next.js on two processes with a cache handler for Redis, in the application of bench/next.
import { RedisPair } from "../../histories/redis-pair.ts";
import { pathOf, purgeItem } from "../../next/requests.ts";
import { build, type Server, startServer } from "../../next/server.ts";
import { type Adapter, processCount } from "../adapter.ts";
import { ask, timeoutsMs } from "../asking.ts";

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
    const urls = { originUrl: origin.url, redisUrl: redis.url };
    const settings = { handler: "fortedigital", ...urls, withinSeconds: withinMs / 1_000 };
    const action = await build(settings);
    const servers: Server[] = [];
    for (let count = 0; count < processCount; count += 1) {
      servers.push(await running.add(startServer(settings)));
    }
    const site = { origin, urls: servers.map(({ url }) => url), action };
    const waitMs = timeoutsMs(withinMs).read;
    return {
      read: (process, id) => ask(`${site.urls[process]}${pathOf("fetch", id)}`, { waitMs }),
      purge: async (process, id, mode) => {
        const call = mode === "hard" ? "expireTag" : "staleTag";
        const sent = { call, via: "action", path: undefined, process } as const;
        const unseen = { version: 0, isDuringLoad: false };
        return (await purgeItem(site, id, sent, unseen)).isAccepted;
      },
      faults: { ...redis.faults, "process killed": (_, draws) => draws.oneOf(servers).restart() },
    };
  },
};
