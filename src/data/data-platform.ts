// The platform of a cache for data: settings of the application, with defaults for this runtime.
import type { Config } from "../config/config.ts";
import type { CachePlatform } from "../create-cache.ts";
import type { Log } from "../observe/log-line.ts";
import { type Fault, faultText, isFault } from "../base/operator-error.ts";
import { type Env, textOf } from "../protocol/variables/bindings.ts";
import { databasesOf } from "../protocol/variables/database.ts";
import { namespaceOf } from "../protocol/variables/namespace.ts";
import { siteHostsOf } from "../protocol/variables/site-hosts.ts";
import { platformHere } from "../platform/workers.ts";

/** All members are optional. Without them, the cache uses the platform of its pages, or only memory. */
export interface DataPlatform extends Partial<CachePlatform> {
  /** Variables of the Worker or process. The cache reads the database, `NAMESPACE`, `SITE_HOST` and `COLO`. */
  readonly env?: object | undefined;
  /** Receives work behind an answer. On Workers, pass the function of `cloudflare:workers`. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** A host of the site. Cache API keys are URLs on this host. Without it there is no edge tier. */
  readonly host?: string | undefined;
  /** Names the location. Without it, an isolate trusts only values that it has loaded itself. */
  readonly colo?: (() => string) | undefined;
}

/** A validated platform. */
export type DataSettings = ReturnType<typeof settingsOf>;

/** Ignores exceptions of the application's log, which could end a load or a Node process. */
function neverThrowing(log: Log): Log {
  return (line) => {
    try {
      log(line);
    } catch {
      // The log has failed, so the exception cannot be logged.
    }
  };
}

/** @throws OperatorError for an invalid variable */
export function settingsOf(config: Config, { env = {}, waitUntil, ...given }: DataPlatform) {
  const variables = env as Env;
  const here = platformHere();
  const log = neverThrowing(given.log ?? here.log);
  const faults: Fault[] = [];
  // An application that passes a database also passes the journal's.
  const { redis: named, journal } =
    given.database === undefined
      ? databasesOf(variables, faults)
      : { redis: given.database, journal: given.journal };
  for (const fault of [...faults, ...[named].filter(isFault)]) {
    log({ event: "fault", level: "warn", message: faultText(fault) });
  }
  const host = given.host ?? siteHostsOf(variables)[0];
  const cache = host === undefined ? undefined : (given.cache ?? here.cache);
  const database = isFault(named) ? undefined : named;
  const colo = textOf(variables, "COLO");
  const namespace = namespaceOf(variables) ?? config.namespace;
  const { limits, purge, metrics } = config;
  return {
    platform: {
      nowAtMs: given.nowAtMs ?? here.nowAtMs,
      random: given.random ?? here.random,
      log,
      ...(cache && { cache }),
      ...(database && { database }),
      ...(journal && { journal }),
      parts: given.parts,
    } satisfies CachePlatform as CachePlatform,
    // Only pages send reports, which include the data beside them. Data on its own has `stats()`.
    config: { namespace, limits, purge, metrics: { ...metrics, isOn: false } },
    host,
    colo: given.colo ?? (colo === undefined ? undefined : () => colo),
    waitUntil: waitUntil ?? (() => undefined),
  };
}
