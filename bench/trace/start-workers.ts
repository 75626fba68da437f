// Starts a Worker in every colo for the trace: Tidemark with its own Redis, or another Worker.
import type { Colo } from "../../local/colo.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import type { Running } from "../../local/running.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
  type UpstashRestServerOptions,
} from "../../local/upstash-rest-server.ts";
import { bundleWith } from "../../testing/worker/bundle-with.ts";
import { adminToken } from "../../testing/worker/world.ts";
import { startColos } from "../load/colos.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import { coloCount } from "./trace.ts";

export const restRttMs = 5;
/** The trace has the parameters of some URLs in several orders. */
export const sortingRoutes = [{ name: "pages", match: "*", query: { order: "sort" } }];
export const siteHost = "site.test";

interface TidemarkSettings extends Pick<UpstashRestServerOptions, "onAnswered"> {
  readonly originUrl: string;
  readonly log: RuntimeLog;
  readonly lag: { readonly maxLagSeconds: number; readonly clockAllowanceSeconds: number };
}

export async function startTidemark(
  running: Running,
  { originUrl, log, lag, onAnswered }: TidemarkSettings,
): Promise<{ colos: Colo[]; rest: UpstashRestServer; redisUrl: string }> {
  const { url: redisUrl } = await running.add(startEmbeddedValkey());
  const settings = {
    redisUrl,
    token: "token",
    rttMs: restRttMs,
    ...(onAnswered && { onAnswered }),
  };
  const rest = await running.add(startUpstashRestServer(settings));
  const worker = await bundleWith(JSON.stringify({ purge: lag, routes: sortingRoutes }));
  const env = {
    UPSTASH_REDIS_REST_URL: rest.url,
    UPSTASH_REDIS_REST_TOKEN: rest.token,
    ADMIN_TOKEN: adminToken,
    SITE_HOST: siteHost,
  };
  const named = { name: "colo", coloCount, originUrl, log, worker, env };
  return { colos: await startColos(running, named), rest, redisUrl };
}
