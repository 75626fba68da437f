// The built Worker with a proxy on each of its ways: to its origin, to the database's REST server,
// and from there to the database.
import { Running } from "../../local/running.ts";
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
  /** Of the database itself, past all proxies. */
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
 * Below `/shared/` the database alone holds pages; below `/stale/` an old one may stand in; those
 * below `/kept/` answer unverified while the journal cannot be read.
 *
 * @param maxLagSeconds 2 unless given, so that an outage outlasts what pages may go unverified; the
 *   longest that a view is waited for is then 0.9 s
 * @param originTimeout of the configuration; longer where a slow answer is no fault
 */
export async function startChaosWorld(
  maxLagSeconds = 2,
  originTimeout = "1s",
): Promise<ChaosWorld> {
  const running = new Running();
  try {
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
      stop: () => running.stop(),
    };
  } catch (cause) {
    await running.stop();
    throw cause;
  }
}

/** Of ten requests, three for a page that nobody has asked for, and one that Redis alone holds. */
export function mixedPaths(run: string): (nth: number) => string {
  return (nth) => {
    if (nth % 10 < 3) return `/once/${run}/${nth}`;
    return nth % 10 === 3 ? `/shared/${run}/${nth % 70}` : `/page/${nth % 7}`;
  };
}

export function loadOn({ url }: ChaosWorld, path: (nth: number) => string): Load {
  return new Load({ url, concurrency: 6, path });
}

/** Asks for what needs nothing at all, and so tells how long this machine keeps anybody waiting. */
export function yardstickOn({ url }: ChaosWorld): Load {
  return new Load({ url, concurrency: 2, path: () => "/_cache/nothing" });
}

/** Neither the tiers nor the journal are asked any more. */
export async function shutOff(chaos: ChaosWorld): Promise<void> {
  await until(async () => {
    const { redis, journal } = await chaos.stats();
    return redis.shutOff && journal.shutOff;
  }, "the database to be shut off");
}

/** A page is written to the database and read there; requests keep coming, or no probe is sent. */
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
