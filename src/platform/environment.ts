// Reads the Worker's bindings: what was set, what is missing, and what makes no sense.
import type { Config } from "../config/config.ts";
import { type Fault, isFault } from "../base/operator-error.ts";
import { sha256Short } from "../base/sha256.ts";
import { type Env, textOf } from "../protocol/variables/bindings.ts";
import { type Database, databasesOf } from "../protocol/variables/database.ts";
import { namespaceOf } from "../protocol/variables/namespace.ts";
import { siteHostsOf } from "../protocol/variables/site-hosts.ts";
import { bypassOf } from "./bypass.ts";
import { type OriginHandlers, originsOf, type OriginTarget } from "./origins.ts";
import type { Hook } from "../webhooks/port/hook.ts";
import {
  adminTokenOf,
  purgeSecretsOf,
  type Secret,
  weakSettingsIn,
} from "../protocol/variables/secrets.ts";

/** What the bindings say, every mistake told. */
export interface Environment {
  /** A named origin is missing where its binding is not usable: its routes answer 502. */
  readonly origins: ReadonlyMap<string, OriginTarget>;
  readonly redis: Database | Fault | undefined;
  /** Holds the purge journal and the switch; `undefined` where `redis` does. */
  readonly journal: Database | undefined;
  readonly adminToken: Secret;
  /** Of webhooks: one or more, with a space between. */
  readonly purgeSecrets: Secret;
  /** By the names that the configuration gives them. */
  readonly hooks: ReadonlyMap<string, Hook>;
  /** Counts what each client has of the origins; `undefined` for as much as it likes. */
  readonly originLimiter: RateLimit | undefined;
  /** METRICS: a dataset of Analytics Engine, which gets reports in the place of the database. */
  readonly dataset: AnalyticsEngineDataset | undefined;
  /** NAMESPACE, or else the configuration's. */
  readonly namespace: string;
  /** The hosts that all names and ports of the sites count as; empty for each its own. */
  readonly siteHosts: readonly string[];
  /** Stands in for `request.cf.colo`; `undefined` leaves the platform's word. */
  readonly colo: string | undefined;
  /** Names this deployment where others read it: the same in all isolates, another elsewhere. */
  readonly pseudonym: string;
  /** What goes straight to the origin whatever the switch says: everything, routes by name, or nothing. */
  readonly bypass: boolean | readonly string[];
  /** How many hot keys can be kept warm with these bindings; 0: off. */
  readonly hotKeys: number;
  /** Why that is 0 though the configuration has some; `undefined` otherwise. */
  readonly hotKeysFault: Fault | undefined;
  /** What is set and not usable, so that only what needs it is off; and secrets and addresses that are weak. */
  readonly faults: readonly Fault[];
}

/**
 * What is not usable goes to `faults`, and only what needs it is off.
 *
 * @param handlers origins that the code brings, by their names
 * @throws OperatorError where answers would be wrong: no usable origin, a bad SITE_HOST or NAMESPACE
 */
export function readEnvironment(
  env: Env,
  config: Config,
  handlers: OriginHandlers = {},
): Environment {
  const faults: Fault[] = [];
  const found = {
    origins: originsOf({ env, config }, handlers, faults),
    ...databasesOf(env, faults),
    adminToken: adminTokenOf(env),
    purgeSecrets: purgeSecretsOf(env, faults),
    hooks: new Map(
      [...config.hooks].map(([name, sender]) => [name, sender.open(name, env)] as const),
    ),
    originLimiter: originLimiterOf(env, faults),
    dataset: datasetOf(env, faults),
    namespace: namespaceOf(env) ?? config.namespace,
    siteHosts: siteHostsOf(env),
    bypass: bypassOf(env, config, faults),
    colo: textOf(env, "COLO"),
  };
  faults.push(...faultsOfCf(config, found.origins));
  const hotKeysFault = config.hotKeys > 0 ? faultOfHotKeys(found) : undefined;
  faults.push(...[found.redis, found.adminToken, hotKeysFault].filter(isFault));
  faults.push(...weakSettingsIn(env), ...[...found.hooks.values()].flatMap((hook) => hook.faults));
  const pseudonym = pseudonymOf(found);
  const hotKeys = hotKeysFault ? 0 : config.hotKeys;
  return { ...found, pseudonym, hotKeys, hotKeysFault, faults };
}

/** Only a handler sees `request.cf`; another origin would be asked for the same page once for each value. */
function faultsOfCf({ routes }: Config, origins: ReadonlyMap<string, OriginTarget>): Fault[] {
  const idle = routes.filter(
    ({ keyCf, origin }) => keyCf.length > 0 && origins.get(origin)?.kind !== "handler",
  );
  return idle.map(({ name }) => ({
    what: `key.cf of the route ${JSON.stringify(name)} only splits what is stored.`,
    why: "Its origin is no handler, so it never sees request.cf.",
    mend: 'Leave it out. For the country, write key: { headers: ["cf-ipcountry"] }.',
  }));
}

/** Where a request arrived; empty where neither the deployment nor its platform says it. */
export function coloOf({ colo }: Environment, request: Request | undefined): string {
  return colo ?? request?.cf?.colo ?? "";
}

type Found = Pick<Environment, "redis" | "purgeSecrets" | "namespace" | "siteHosts">;

/**
 * Origins read it, and clients can tell by 508 whether they guessed it, so nothing in it may be worth
 * guessing: no address of an origin, no secret but what nobody guesses, and so not ADMIN_TOKEN, which
 * may be words.
 */
function pseudonymOf({ redis, purgeSecrets, namespace, siteHosts }: Found): string {
  const sites = siteHosts.length === 0 ? undefined : siteHosts.join(" ");
  const secrets = [redis, purgeSecrets].map((value) => (isFault(value) ? undefined : value));
  return `tidemark-${sha256Short(JSON.stringify([namespace, sites, secrets]))}`;
}

/** Hot keys are told by way of Redis, and whoever writes there must not choose a host. */
function faultOfHotKeys({ redis, siteHosts }: Found): Fault | undefined {
  const what = "hotKeys is off.";
  const otherwise = "or leave hotKeys out of the configuration.";
  if (redis === undefined || isFault(redis)) {
    const why =
      "There is no usable database, and without the shared tier nothing can be kept warm.";
    const mend = `Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, ${otherwise}`;
    return { what, why, mend };
  }
  if (siteHosts.length > 0) return undefined;
  const why = "SITE_HOST is not set, so nothing says which host a key from Redis may name.";
  return { what, why, mend: `Set SITE_HOST, ${otherwise}` };
}

function originLimiterOf(env: Env, faults: Fault[]): RateLimit | undefined {
  const binding = env["ORIGIN_LIMITER"];
  if (binding === undefined) return undefined;
  if (isBoundTo<RateLimit>("limit", binding)) return binding;
  faults.push({
    what: "ORIGIN_LIMITER is not usable, so no client is limited.",
    why: "It is not bound to a rate limiter.",
    mend: "Name it under [[ratelimits]] in wrangler.toml.",
  });
  return undefined;
}

function datasetOf(env: Env, faults: Fault[]): AnalyticsEngineDataset | undefined {
  const binding = env["METRICS"];
  if (binding === undefined) return undefined;
  if (isBoundTo<AnalyticsEngineDataset>("writeDataPoint", binding)) return binding;
  faults.push({
    what: "METRICS is not usable, so reports go to the database.",
    why: "It is not bound to a dataset of Analytics Engine.",
    mend: "Name it under [[analytics_engine_datasets]] in wrangler.toml.",
  });
  return undefined;
}

/** A service binding has any method that it is asked for, as a call of its Worker: it alone has `fetch`. */
function isBoundTo<Bound extends object>(method: keyof Bound, binding: unknown): binding is Bound {
  if (typeof binding !== "object" || binding === null) return false;
  return method in binding && !("fetch" in binding);
}
