// Where a cache for data runs: what its application says of that, and what is here in the place of the rest.
import type { Config } from "../config/config.ts";
import type { CachePlatform } from "../create-cache.ts";
import type { Log } from "../observe/log-line.ts";
import { type Fault, faultText, isFault } from "../base/operator-error.ts";
import { type Env, textOf } from "../protocol/variables/bindings.ts";
import { databasesOf } from "../protocol/variables/database.ts";
import { namespaceOf } from "../protocol/variables/namespace.ts";
import { siteHostsOf } from "../protocol/variables/site-hosts.ts";
import { platformHere } from "../platform/workers.ts";

/** All of it may be left out: then the cache uses the platform of its pages, or memory alone. */
export interface DataPlatform extends Partial<CachePlatform> {
  /** Variables of the Worker or the process: the database, `NAMESPACE`, `SITE_HOST` and `COLO` are read. */
  readonly env?: object | undefined;
  /** Is given the work behind an answer: on Workers the function of `cloudflare:workers`. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** A host of the site: the Cache API keeps values below it. Without one there is no edge tier. */
  readonly host?: string | undefined;
  /** Names the location. Without it, an isolate trusts only values that it has loaded itself. */
  readonly colo?: (() => string) | undefined;
}

/** A platform that was read. */
export type DataSettings = ReturnType<typeof settingsOf>;

/** What an application's own log throws would end a load, or a process of Node. */
function neverThrowing(log: Log): Log {
  return (line) => {
    try {
      log(line);
    } catch {
      // There is nowhere left to tell of it.
    }
  };
}

/** @throws OperatorError for a variable that is refused */
export function settingsOf(config: Config, { env = {}, waitUntil, ...given }: DataPlatform) {
  const variables = env as Env;
  const here = platformHere();
  const log = neverThrowing(given.log ?? here.log);
  const faults: Fault[] = [];
  // An application that hands over its database hands over the journal's, too.
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
    // Reports tell of pages, and of data beside them. Where data stands alone, its counts are in `stats()`.
    config: { namespace, limits, purge, metrics: { ...metrics, isOn: false } },
    host,
    colo: given.colo ?? (colo === undefined ? undefined : () => colo),
    waitUntil: waitUntil ?? (() => undefined),
  };
}
