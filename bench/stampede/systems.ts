// The compared systems: Tidemark that collapses requests in each isolate, Tidemark that collapses
// requests in the whole world, and a bare Cache API Worker. Each system has its own three colos.
import type { Running } from "../../local/running.ts";
import { RestFront } from "../../testing/consistency/rest-front.ts";
import { Recorder } from "../../testing/consistency/recorder.ts";
import { bundleWith } from "../../testing/worker/bundle-with.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { startColos } from "../load/colos.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import { bareWorker } from "../load/peer-workers.ts";

export const coloCount = 3;
export const restRttMs = 5;

export interface System {
  readonly name: string;
  readonly coloUrls: readonly string[];
  /** The proxy between the colos and Redis; `undefined` for the bare Worker. */
  readonly front: RestFront | undefined;
}

type Scope = "isolate" | "global";

/** Returns the configuration, in which the first segment of a path selects the route. */
function configOf(scope: Scope): string {
  const use = scope === "global" ? "use: [globalCollapse()]" : "use: []";
  return `{ namespace: "${scope}", routes: [
    { name: "plain", match: "/plain/*", ${use}, earlyRefresh: false },
    { name: "lasting", match: "/lasting/*", ${use}, staleIfError: "1d" },
    { name: "unverified", match: "/unverified/*", ${use}, whenUnreachable: "serve" },
    { name: "rest", match: "*", ${use} },
  ] }`;
}

export async function startSystems(
  running: Running,
  { originUrl, log }: { originUrl: string; log: RuntimeLog },
): Promise<System[]> {
  const { url: redisUrl } = await running.add(startEmbeddedValkey());
  const restSettings = { redisUrl, token: "token", rttMs: restRttMs };
  const rest = await running.add(startUpstashRestServer(restSettings));
  const tidemark = async (scope: Scope): Promise<System> => {
    const front = await running.add(RestFront.start(rest.url, new Recorder()));
    const colos = await startColos(running, {
      name: scope,
      worker: await bundleWith(configOf(scope)),
      coloCount,
      originUrl,
      log,
      env: {
        UPSTASH_REDIS_REST_URL: front.url,
        UPSTASH_REDIS_REST_TOKEN: rest.token,
        SITE_HOST: "site.test",
      },
    });
    const coloUrls = colos.map(({ url }) => url);
    const name = scope === "global" ? "Tidemark, `globalCollapse()`" : "Tidemark";
    return { name, coloUrls, front };
  };
  const ofBare = { name: "bare", worker: bareWorker, coloCount, originUrl, log };
  const bare = await startColos(running, ofBare);
  return [
    await tidemark("isolate"),
    await tidemark("global"),
    {
      name: "bare Cache API Worker",
      coloUrls: bare.map(({ url }) => url),
      front: undefined,
    },
  ];
}
