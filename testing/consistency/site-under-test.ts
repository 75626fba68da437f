// The whole site of a run: one Redis, its REST server, and colos, each behind a front of its own.
import { type Colo, startColo } from "../../local/colo.ts";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { bundleWith } from "../worker/bundle-with.ts";
import { BreakableRedis } from "./breakable-redis.ts";
import { siteHost } from "./pages.ts";
import { plant, type PlantedFault } from "./planted-faults.ts";
import type { Recorder } from "./recorder.ts";
import { RestFront } from "./rest-front.ts";

export const purgeSecret = "whsec_Y29uc2lzdGVuY3ktb2YtcHVyZ2Vz";
export const adminToken = "admin-of-the-consistency-run";
export const journalKey = "tidemark:journal";

/** Pages of these kinds are fetched by lease, and come to other colos by way of it. */
const routesInTheWorld = ["steady", "varied", "brief", "lenient"].map((kind) => ({
  name: kind,
  match: `/${kind}/*`,
  collapse: "global",
  patience: "2s",
  refreshAhead: "1s",
}));

export interface SiteSettings {
  readonly originUrl: string;
  readonly coloCount: number;
  readonly maxLagMs: number;
  readonly allowanceMs: number;
  readonly recorder: Recorder;
  readonly fault: PlantedFault | undefined;
}

export interface ColoUnderTest {
  readonly name: string;
  readonly url: string;
  readonly front: RestFront;
  /** Ends its workerd at once, and starts another on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface SiteUnderTest {
  readonly redis: BreakableRedis;
  readonly rest: UpstashRestServer;
  readonly colos: readonly ColoUnderTest[];
  stop(): Promise<void>;
}

export async function startSite(settings: SiteSettings): Promise<SiteUnderTest> {
  const running = new Running();
  try {
    const { maxLagMs, allowanceMs, fault, coloCount } = settings;
    const purge = {
      maxLagSeconds: maxLagMs / 1_000,
      clockAllowanceSeconds: allowanceMs / 1_000,
    };
    const config = JSON.stringify({ purge, routes: routesInTheWorld });
    const worker =
      fault === undefined
        ? await bundleWith(config)
        : plant(fault, await bundleWith(config, { minify: false }));
    const redis = await running.add(BreakableRedis.start());
    const rest = await running.add(startUpstashRestServer({ redisUrl: redis.url, token: "token" }));
    // What is written while a replica starts would never reach it: it starts before anything is.
    await rest.setReplicaLagMs(1);
    await rest.setReplicaLagMs(0);
    const names = Array.from({ length: coloCount }, (_, index) => `colo-${index + 1}`);
    const colos = await Promise.all(
      names.map((name) => running.add(startColoUnderTest(name, { worker, rest, ...settings }))),
    );
    return { redis, rest, colos, stop: () => running.stop() };
  } catch (cause) {
    await running.stop();
    throw cause;
  }
}

async function startColoUnderTest(
  name: string,
  given: SiteSettings & { worker: string; rest: UpstashRestServer },
): Promise<ColoUnderTest> {
  const { worker, rest, recorder, originUrl } = given;
  const front = await RestFront.start(rest.url, recorder);
  const env = {
    ORIGIN_URL: originUrl,
    UPSTASH_REDIS_REST_URL: front.url,
    UPSTASH_REDIS_REST_TOKEN: rest.token,
    PURGE_SECRET: purgeSecret,
    ADMIN_TOKEN: adminToken,
    SITE_HOST: siteHost,
  };
  let lives = 0;
  let life = { isolate: "", colo: name, fromMs: 0, untilMs: Infinity };
  const begin = async (port: number): Promise<Colo> => {
    lives += 1;
    life = { isolate: `${name}#${lives}`, colo: name, fromMs: recorder.nowMs(), untilMs: Infinity };
    recorder.isolates.push(life);
    front.isolate = life.isolate;
    return startColo({ name, worker, port, env });
  };
  let colo = await begin(0);
  const { url } = colo;
  return {
    name,
    url,
    front,
    restart: async () => {
      const ended = life;
      await colo.stop();
      ended.untilMs = recorder.nowMs();
      colo = await begin(Number(new URL(url).port));
    },
    stop: async () => {
      await colo.stop();
      await front.stop();
    },
  };
}
