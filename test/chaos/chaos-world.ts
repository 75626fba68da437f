// The built Worker with a proxy on each of its connections: to its origin, to the database's REST
// server, and from the REST server to the database.
import { startTogether } from "../../local/running.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, type Stats, statsOf, until, type World } from "../../testing/worker/world.ts";
import { Load, pageOf } from "./load.ts";
import { TcpProxy } from "./tcp-proxy.ts";

export interface ChaosWorld {
  readonly world: World;
  readonly toOrigin: TcpProxy;
  readonly toRest: TcpProxy;
  readonly toRedis: TcpProxy;
  /** The URL of the database itself, without a proxy. */
  readonly redisUrl: string;
  readonly url: string;
  stats(): Promise<Stats>;
  stop(): Promise<void>;
}

const configOf = (maxLagSeconds: number, originTimeout: string) => `{
  originTimeout: "${originTimeout}",
  purge: { maxLagSeconds: ${maxLagSeconds}, clockAllowanceSeconds: 0.2 },
  routes: [
    { name: "shared", match: "/shared/*", tiers: ["shared"] },
    { name: "kept", match: "/kept/*", whenUnreachable: "serve" },
    { name: "rest", match: "*" },
  ],
}`;

/**
 * Starts the world. Only the database stores pages below `/shared/`. Pages below `/stale/` may answer
 * stale while the origin fails. Pages below `/kept/` answer unverified while the journal cannot be
 * read.
 *
 * @param maxLagSeconds N. The default is shorter than an outage, and limits a wait for the view to
 *   0.9 s
 * @param originTimeout the option of the configuration, which is longer if a slow response is no
 *   fault
 */
export function startChaosWorld(maxLagSeconds = 2, originTimeout = "1s"): Promise<ChaosWorld> {
  return startTogether(async (running) => {
    const origin = await running.add(
      startScriptedOrigin(({ url: path = "" }, response) => {
        const isStale = path.startsWith("/stale/");
        response.setHeader(
          "cache-control",
          isStale ? "max-age=0, stale-if-error=600" : "max-age=600",
        );
        response.setHeader("content-length", Buffer.byteLength(pageOf(path)));
        response.end(pageOf(path));
      }),
    );
    const redis = await running.add(startEmbeddedValkey());
    const toOrigin = await running.add(TcpProxy.start(origin.url));
    const toRedis = await running.add(TcpProxy.start(redis.url));
    const fronts: TcpProxy[] = [];
    const restFront = async (restUrl: string) => {
      const front = await running.add(TcpProxy.start(restUrl));
      fronts.push(front);
      return front.url;
    };
    const { url: redisUrl } = toRedis;
    const config = configOf(maxLagSeconds, originTimeout);
    const world = await running.add(
      startWorld({ originUrl: toOrigin.url, redisUrl, config, restFront }),
    );
    const [toRest, colo] = [fronts[0]!, world.colos[0]!];
    return {
      world,
      toOrigin,
      toRest,
      toRedis,
      redisUrl: redis.url,
      url: colo.url,
      stats: () => statsOf(colo),
    };
  });
}

/**
 * Returns paths. Of ten requests, three are for new pages, and one is for a page that only Redis
 * stores.
 */
export function mixedPaths(run: string): (nth: number) => string {
  return (nth) => {
    if (nth % 10 < 3) return `/once/${run}/${nth}`;
    return nth % 10 === 3 ? `/shared/${run}/${nth % 70}` : `/page/${nth % 7}`;
  };
}

export function loadOn({ url }: ChaosWorld, path: (nth: number) => string): Load {
  return new Load({ url, concurrency: 6, path });
}

/**
 * Returns a load of requests that need no other server. Its times show the delays of this machine.
 */
export function yardstickOn({ url }: ChaosWorld): Load {
  return new Load({ url, concurrency: 2, path: () => "/_cache/nothing" });
}

/** Waits until both the shared tier and the journal have shut the database off. */
export async function breakerOpen(chaos: ChaosWorld): Promise<void> {
  await until(async () => {
    const { redis, journal } = await chaos.stats();
    return redis.breakerOpen && journal.breakerOpen;
  }, "the database to have an open breaker");
}

/** Requests a page until it is read from the database. Without requests, no probe would be sent. */
export async function usedAgain(
  { url }: ChaosWorld,
  run: string,
  waitTimeoutMs?: number,
): Promise<void> {
  const isUsed = async () => {
    const answer = await rawRequest(url, `/shared/again/${run}`);
    return cacheStatusOf(answer).includes("detail=shared");
  };
  await until(isUsed, "the database to be used again", waitTimeoutMs);
}
