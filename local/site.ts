// A whole site on this machine: an origin, the shared tier, and the Worker in one or more colos.
import { randomBytes } from "node:crypto";
import type { Config } from "../src/config/config.ts";
import { readEnvironment } from "../src/platform/environment.ts";
import type { Fault } from "../src/operator-error.ts";
import { configWarnings } from "../src/proxy/request/config-warnings.ts";
import { bundleWorker } from "./build-worker.ts";
import { type Colo, startColo } from "./colo.ts";
import { startCron } from "./cron.ts";
import { startDemoOrigin } from "./demo-origin/demo-origin.ts";
import { startEmbeddedValkey } from "./embedded-valkey.ts";
import { loadConfig, refuseExit } from "./load-config.ts";
import { Running } from "./running.ts";
import type { StartOptions } from "./start-options.ts";
import { checkTypes } from "./type-check.ts";
import { startUpstashRestServer, type UpstashRestServer } from "./upstash-rest-server.ts";

export interface Secret {
  readonly value: string;
  /** Not from the environment, so that it has to be shown. */
  readonly isMadeUp: boolean;
}

export interface Site {
  readonly colos: readonly Colo[];
  readonly originUrl: string;
  readonly redisUrl: string;
  readonly rest: UpstashRestServer;
  readonly secrets: { readonly ADMIN_TOKEN: Secret; readonly PURGE_SECRET: Secret };
  /** What is set or configured in vain. */
  readonly warnings: readonly Fault[];
  stop(): Promise<void>;
}

async function checkedConfig(path: string): Promise<Config> {
  const config = await loadConfig(path);
  await checkTypes(path);
  return config;
}

/**
 * Starts the parts in the order in which they need each other.
 *
 * @throws OperatorError for what an operator can mend; what had been started is stopped again
 */
export async function startSite(
  options: StartOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Site> {
  const running = new Running();
  try {
    const allowExit = refuseExit(options.config);
    const config = await checkedConfig(options.config).finally(allowExit);
    const worker = await bundleWorker(options.config);
    const redisUrl = options.redis ?? (await running.add(startEmbeddedValkey())).url;
    const token = randomBytes(18).toString("base64url");
    const { rttMs, replicaLagMs } = options;
    const rest = await running.add(
      startUpstashRestServer({ redisUrl, token, rttMs, replicaLagMs }),
    );
    const siteUrl = `http://127.0.0.1:${options.port}`;
    const originUrl = options.origin ?? (await running.add(startDemoOrigin({ siteUrl }))).url;
    const secrets = {
      ADMIN_TOKEN: secret(environment["ADMIN_TOKEN"], () => randomBytes(18).toString("base64url")),
      PURGE_SECRET: secret(
        environment["PURGE_SECRET"],
        () => `whsec_${randomBytes(24).toString("base64")}`,
      ),
    };
    const env = {
      ORIGIN_URL: originUrl,
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: token,
      ADMIN_TOKEN: secrets.ADMIN_TOKEN.value,
      PURGE_SECRET: secrets.PURGE_SECRET.value,
      SITE_HOST: environment["SITE_HOST"] ?? `127.0.0.1:${options.port}`,
    };
    const { faults, siteHosts } = readEnvironment(env, config);
    const warnings = [...configWarnings(config, siteHosts), ...faults];
    const colos: Colo[] = [];
    for (let index = 0; index < options.colos; index += 1) {
      const port = options.port === 0 ? 0 : options.port + index;
      colos.push(await running.add(startColo({ name: `colo-${index + 1}`, worker, port, env })));
    }
    const [first] = colos;
    if (first !== undefined) await running.add(Promise.resolve(startCron(first)));
    const stop = () => running.stop();
    return { colos, originUrl, redisUrl, rest, secrets, warnings, stop };
  } catch (cause) {
    await running.stop();
    throw cause;
  }
}

function secret(given: string | undefined, makeUp: () => string): Secret {
  return given === undefined || given === ""
    ? { value: makeUp(), isMadeUp: true }
    : { value: given, isMadeUp: false };
}
