// Reads and validates the Worker's bindings.
import type { Config } from "../config/config.ts";
import { type Fault, isFault } from "../base/operator-error.ts";
import { sha256Short } from "../base/sha256.ts";
import { type Env, textOf, namespaceOf, siteHostsOf } from "../protocol/variables/bindings.ts";
import {
  type Database,
  type Databases,
  databasesOf,
  idleDatabases,
  noDatabases,
} from "../protocol/variables/database.ts";
import { bypassOf } from "./bypass.ts";
import { type OriginHandlers, originsOf, type OriginTarget } from "./origins.ts";
import {
  adminTokenOf,
  purgeSecretsOf,
  type Secret,
  weakSettingsIn,
} from "../protocol/variables/secrets.ts";

/** The validated bindings. */
export type Environment = Readonly<ReturnType<typeof readEnvironment>>;

/**
 * Reads the bindings. Unusable settings become `faults`, and only their features are off.
 *
 * @param handlers origins in code, by name
 * @param stores the stores in code: whether they use the databases of the bindings or name their
 *   own, and store reports
 * @throws OperatorError if responses would be wrong: no usable origin, a bad SITE_HOST or NAMESPACE
 */
export function readEnvironment(
  env: Env,
  config: Config,
  handlers: OriginHandlers = {},
  stores: StoresInCode = {},
) {
  /** Faults of unusable settings, whose features are off, and of weak secrets and addresses. */
  const faults: Fault[] = [];
  const found = {
    /** Usable origins by name. Routes with any other origin answer 502. */
    origins: originsOf({ env, config }, handlers, faults),
    /** The journal's own database is `undefined` if `redis` holds the journal and the switch. */
    ...databasesIn(env, stores, faults),
    adminToken: adminTokenOf(env),
    /** Secrets of signed purges, separated by spaces. */
    purgeSecrets: purgeSecretsOf(env, faults),
    /** Limits each client's requests to the origins; `undefined` for no limit. */
    originLimiter: limiterIn(env, faults),
    /** The value of NAMESPACE, or else the configuration's namespace. */
    namespace: namespaceOf(env) ?? config.namespace,
    /** The site's hosts; other hosts and ports are mapped to them. If empty, each host is a site. */
    siteHosts: siteHostsOf(env, config),
    /** Requests that BYPASS sends straight to the origin: all, those of named routes, or none. */
    bypass: bypassOf(env, config, faults),
    /** Replaces `request.cf.colo`; `undefined` keeps the platform's value. */
    colo: textOf(env, "COLO"),
  };
  faults.push(...faultsOfCf(config, found.origins));
  faults.push(...[found.redis, found.adminToken].filter(isFault));
  faults.push(...weakSettingsIn(env));
  return { ...found, faults };
}

interface StoresInCode {
  readonly redis?: unknown;
  readonly databases?: ((env: Env) => Databases) | undefined;
  readonly records?: unknown;
  readonly reports?: unknown;
}

function databasesIn(env: Env, { redis, databases }: StoresInCode, faults: Fault[]) {
  if (redis !== undefined && databases === undefined) return databasesOf(env, faults);
  const inCode = databases?.(env);
  faults.push(...idleDatabases(env, inCode));
  return inCode ?? noDatabases;
}

/**
 * Finds routes with `key.cf` whose origin is not a handler. Only a handler sees `request.cf`, so
 * another origin gets the same request for each value.
 */
function faultsOfCf({ routes }: Config, origins: ReadonlyMap<string, OriginTarget>): Fault[] {
  const idle = routes.filter(
    ({ keyCf, origin }) => keyCf.length > 0 && origins.get(origin)?.kind !== "handler",
  );
  return idle.map(({ name }) => ({
    what: `key.cf of the route ${JSON.stringify(name)} only creates duplicate responses.`,
    why: "Its origin is not a handler, so it never sees request.cf.",
    hint: 'Remove it. For the country, write key: { headers: ["cf-ipcountry"] }.',
  }));
}

/** Returns the colo of a request; empty if neither the deployment nor the platform states it. */
export function coloOf({ colo }: Environment, request: Request | undefined): string {
  return colo ?? request?.cf?.colo ?? "";
}

interface FoundBindings {
  readonly redis: Database | Fault | undefined;
  readonly purgeSecrets: Secret;
  readonly namespace: string;
  readonly siteHosts: readonly string[];
}

/**
 * Returns the pseudonym that identifies this deployment in `Via`, to detect loops. All isolates have
 * the same. Origins receive it, and clients can test guesses, because a right guess gets a 508. So
 * its hash covers no address of an origin, and no guessable secret such as ADMIN_TOKEN.
 */
export function pseudonymOf({ redis, purgeSecrets, namespace, siteHosts }: FoundBindings): string {
  const sites = siteHosts.length === 0 ? undefined : siteHosts.join(" ");
  const secrets = [redis, purgeSecrets].map((value) => (isFault(value) ? undefined : value));
  return `tidemark-${sha256Short(JSON.stringify([namespace, sites, secrets]))}`;
}

const noLimiter: Fault = {
  what: "ORIGIN_LIMITER is not usable, so no client is limited.",
  why: "It is not bound to a rate limiter.",
  hint: "Name it under [[ratelimits]] in wrangler.toml.",
};

/** Returns no service binding, which seems to have every method, also `fetch`. */
function limiterIn({ ORIGIN_LIMITER: binding }: Env, faults: Fault[]): RateLimit | undefined {
  if (binding === undefined) return undefined;
  const isObject = typeof binding === "object" && binding !== null;
  if (isObject && "limit" in binding && !("fetch" in binding)) return binding as RateLimit;
  faults.push(noLimiter);
  return undefined;
}
