// Tidemark's pages in two colos, each a workerd of its own, over one Redis with a replica.
import { type Colo, startColo } from "../../../local/colo.ts";
import { startUpstashRestServer } from "../../../local/upstash-rest-server.ts";
import { bundleWith } from "../../../testing/worker/bundle-with.ts";
import { adminToken } from "../../../testing/worker/world.ts";
import { RedisPair } from "../../histories/redis-pair.ts";
import type { Adapter, World } from "../adapter.ts";
import { ask, purgeOf, timeoutsMs } from "../asking.ts";

export const tidemarkPromise: Adapter["promise"] = {
  text:
    "Within N seconds of the 200 to a purge, no tier of Tidemark answers with a response that the " +
    "purge covers. This holds as long as the journal or the origin can be reached.",
  source: "docs/purging.md",
  excuses: [],
};

/** Returns N and A of Tidemark in a world. */
export const purgeConfig = ({ withinMs, lateMs }: World) => ({
  maxLagSeconds: (withinMs + lateMs) / 1_000,
  clockAllowanceSeconds: withinMs / 5_000,
});

export const siteHost = "site.test";

/** The clients of a Worker of Tidemark. */
export const pagesOf = (urlOf: (process: number) => string, { withinMs }: World) => ({
  read: (process: number, id: string) =>
    ask(`${urlOf(process)}/${id}`, { waitMs: timeoutsMs(withinMs).read }),
  purge: purgeOf((process, id, mode) => ({
    url: `${urlOf(process)}/_cache/purge`,
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({ tags: [id], mode }),
  })),
});

export const tidemarkPages: Adapter = {
  title: "Tidemark, pages over Redis",
  configuration:
    "Defaults, but an N of 2 s and A = N/5; one Redis with a replica, by the REST stand-in of " +
    "npm start; two colos.",
  promise: tidemarkPromise,
  modes: ["hard", "soft"],
  async start(world) {
    const { running, origin } = world;
    const redis = await running.add(RedisPair.start());
    const rest = await running.add(startUpstashRestServer({ redisUrl: redis.url, token: "token" }));
    const env = {
      ORIGIN_URL: origin.url,
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: rest.token,
      ADMIN_TOKEN: adminToken,
      SITE_HOST: siteHost,
    };
    const worker = await bundleWith(JSON.stringify({ purge: purgeConfig(world) }));
    const start = (name: string, port = 0) =>
      startColo({ name, worker, env, port, onLog: () => undefined });
    const colos = await startColos(["colo-1", "colo-2"], start);
    await running.add(Promise.resolve(colos));
    return {
      ...pagesOf((process) => colos.urls[process]!, world),
      faults: {
        ...redis.faults,
        "process killed": (_, draws) => colos.restart(draws.oneOf([0, 1])),
      },
    };
  },
};

/** Starts colos that can be killed and started again on their ports. */
export async function startColos(
  names: readonly string[],
  start: (name: string, port?: number) => Promise<Colo>,
) {
  const colos: Colo[] = [];
  for (const name of names) colos.push(await start(name));
  return {
    urls: colos.map(({ url }) => url),
    async restart(nth: number): Promise<void> {
      const colo = colos[nth]!;
      await colo.stop();
      colos[nth] = await start(colo.name, Number(new URL(colo.url).port));
    },
    stop: async () => void (await Promise.all(colos.map((colo) => colo.stop()))),
  };
}
