// Reads the Worker's bindings: what was set, what is missing, and what makes no sense.
import type { Config } from "../config/config.ts";
import { originUrlFault, shownUrl } from "../config/config-schema.ts";
import { type Fault, isFault, OperatorError } from "../operator-error.ts";
import { usableSecrets } from "../purge/acceptance/webhook.ts";
import { sha256Short } from "../sha256.ts";

/** Anything with `fetch`: a service binding. */
export interface Fetcher {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** As the runtime hands it over: texts and bindings by name. */
export type Env = Readonly<Record<string, unknown>>;

/** Where requests for one origin go. */
export type OriginTarget =
  | { kind: "url"; base: string; rewritesLocations: boolean }
  | { kind: "binding"; fetcher: Fetcher };

/** Its text; why it is not usable; or `undefined` where it is not set. */
export type Secret = string | Fault | undefined;

export interface Environment {
  /** A named origin is missing where its binding is not usable: its routes answer 502. */
  readonly origins: ReadonlyMap<string, OriginTarget>;
  readonly redis: { readonly url: string; readonly token: string } | Fault | undefined;
  readonly adminToken: Secret;
  /** Of webhooks: one or more, with a space between. */
  readonly purgeSecrets: Secret;
  /** Counts what each client has of the origins; `undefined` for as much as it likes. */
  readonly originLimiter: RateLimit | undefined;
  /** The one host that the site's names and ports count as; `undefined` for each its own. */
  readonly siteHost: string | undefined;
  /** Stands in for `request.cf.colo`; `undefined` leaves the platform's word. */
  readonly colo: string | undefined;
  /** Names this deployment where others read it: the same in all isolates, another elsewhere. */
  readonly pseudonym: string;
  /** How many hot keys can be kept warm with these bindings; 0: off. */
  readonly hotKeys: number;
  /** What is set and not usable; all that does not need it works. */
  readonly faults: readonly Fault[];
}

const adminTokenCharsMin = 16;

/**
 * What is not usable goes to `faults`, and only what needs it is off.
 *
 * @throws OperatorError where answers would be wrong: no usable origin, or a bad SITE_HOST
 */
export function readEnvironment(env: Env, config: Config): Environment {
  const faults = journalFaults(env);
  const found = {
    origins: originsOf(env, config, faults),
    redis: redisOf(env),
    adminToken: adminTokenOf(env),
    purgeSecrets: purgeSecretsOf(env, faults),
    originLimiter: originLimiterOf(env, faults),
    siteHost: siteHostOf(env),
    colo: textOf(env, "COLO"),
  };
  for (const value of [found.redis, found.adminToken]) if (isFault(value)) faults.push(value);
  const hotKeysFault = config.hotKeys > 0 ? faultOfHotKeys(found) : undefined;
  if (hotKeysFault !== undefined) faults.push(hotKeysFault);
  const pseudonym = pseudonymOf(found, config);
  return { ...found, pseudonym, hotKeys: hotKeysFault === undefined ? config.hotKeys : 0, faults };
}

/** Whoever sets one of these relies on it, and must hear that it has no effect. */
function journalFaults(env: Env): Fault[] {
  return ["JOURNAL_REDIS_REST_URL", "JOURNAL_REDIS_REST_TOKEN"]
    .filter((name) => isSet(env, name))
    .map((name) => ({
      what: `${name} is set.`,
      why: "A database for the journal alone is not built yet: the journal is in that of UPSTASH_REDIS_REST_URL.",
      mend: "Unset it.",
    }));
}

/**
 * Origins read it, and clients can tell by 508 whether they guessed it, so nothing in it may be worth
 * guessing: no address of an origin, no secret but what nobody guesses, and so not ADMIN_TOKEN, which
 * may be words.
 */
function pseudonymOf(
  given: Pick<Environment, "redis" | "purgeSecrets" | "siteHost">,
  { namespace }: Config,
): string {
  const { redis, purgeSecrets, siteHost } = given;
  const secrets = [redis, purgeSecrets].map((value) => (isFault(value) ? undefined : value));
  const whole = JSON.stringify([namespace, siteHost, secrets]);
  return `tidemark-${sha256Short(whole)}`;
}

/** Hot keys are told by way of Redis, and whoever writes there must not choose the site's host. */
function faultOfHotKeys({
  redis,
  siteHost,
}: Pick<Environment, "redis" | "siteHost">): Fault | undefined {
  const hasDatabase = redis !== undefined && !isFault(redis);
  if (hasDatabase && siteHost !== undefined) return undefined;
  return {
    what: "hotKeys is off.",
    why: hasDatabase
      ? "SITE_HOST is not set, so nothing says which host a key from Redis may name."
      : "There is no usable database, and without the shared tier nothing can be kept warm.",
    mend: hasDatabase
      ? "Set SITE_HOST, or leave hotKeys out of the configuration."
      : "Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or leave hotKeys out of the configuration.",
  };
}

function originsOf(env: Env, config: Config, faults: Fault[]): Map<string, OriginTarget> {
  const { rewriteLocations } = config;
  const origins = new Map([["default", defaultOrigin(env, rewriteLocations)]]);
  for (const [name, origin] of config.origins) {
    const target: OriginTarget | Fault =
      "url" in origin
        ? urlTarget(origin.url, origin.rewriteLocations ?? rewriteLocations)
        : bound(env, origin.binding);
    if (isFault(target)) faults.push(target);
    else origins.set(name, target);
  }
  return origins;
}

function defaultOrigin(env: Env, rewritesLocations: boolean): OriginTarget {
  if (env["ORIGIN"] !== undefined) {
    const target = bound(env, "ORIGIN");
    if (isFault(target)) throw new OperatorError(target);
    return target;
  }
  const url = textOf(env, "ORIGIN_URL");
  if (url === undefined) {
    throw new OperatorError({
      what: "There is no origin.",
      why: "Neither ORIGIN_URL nor a service binding ORIGIN is set.",
      mend: 'Set ORIGIN_URL to the site\'s origin, such as "https://www.example.com".',
    });
  }
  const fault = originUrlFault(url);
  if (fault !== undefined) {
    throw new OperatorError({
      what: "ORIGIN_URL is refused.",
      why: `${shownUrl(url)} ${fault}.`,
      mend: 'Write scheme and host alone, such as "https://www.example.com".',
    });
  }
  return urlTarget(url, rewritesLocations);
}

function urlTarget(url: string, rewritesLocations: boolean): OriginTarget {
  return { kind: "url", base: new URL(url).origin, rewritesLocations };
}

function bound(env: Env, name: string): OriginTarget | Fault {
  const binding = env[name];
  if (typeof binding === "object" && binding !== null && "fetch" in binding) {
    return { kind: "binding", fetcher: binding as Fetcher };
  }
  return {
    what: `The service binding ${name} is refused.`,
    why: "It is not bound to a service, so its origin cannot be asked.",
    mend: "Name it under [[services]] in wrangler.toml.",
  };
}

function originLimiterOf(env: Env, faults: Fault[]): RateLimit | undefined {
  const binding = env["ORIGIN_LIMITER"];
  if (binding === undefined) return undefined;
  if (typeof binding === "object" && binding !== null && "limit" in binding) {
    return binding as RateLimit;
  }
  faults.push({
    what: "ORIGIN_LIMITER is not usable, so no client is limited.",
    why: "It is not bound to a rate limiter.",
    mend: "Name it under [[ratelimits]] in wrangler.toml.",
  });
  return undefined;
}

function adminTokenOf(env: Env): Secret {
  if (!isSet(env, "ADMIN_TOKEN")) return undefined;
  const token = textOf(env, "ADMIN_TOKEN");
  const unusable = (why: string): Fault => ({
    what: "ADMIN_TOKEN is not usable, so it opens nothing.",
    why,
    mend: `Set a random text of ${adminTokenCharsMin} characters or more, such as \`openssl rand -hex 24\` makes.`,
  });
  if (token === undefined) return unusable("It is not a text.");
  if (token.length < adminTokenCharsMin) {
    return unusable(`It has fewer than ${adminTokenCharsMin} characters and could be guessed.`);
  }
  return canBeBorne(token)
    ? token
    : unusable("It has a character that no Authorization field can carry.");
}

/** One that is wrong must not shut out who signs with another. */
function purgeSecretsOf(env: Env, faults: Fault[]): Secret {
  if (!isSet(env, "PURGE_SECRET")) return undefined;
  const { usable, unusableCount } = usableSecrets(textOf(env, "PURGE_SECRET") ?? "");
  if (usable !== "" && unusableCount === 0) return usable;
  const isNone = usable === "";
  const fault = {
    what: isNone
      ? "PURGE_SECRET is not usable, so no signature is accepted."
      : `PURGE_SECRET is usable in part: ${unusableCount} of its secrets cannot verify a signature.`,
    why: `${isNone ? "It" : "One"} is not whsec_ and base64 of at least 12 bytes.`,
    mend: "Write whsec_ and base64; several with a space between.",
  };
  faults.push(fault);
  return isNone ? fault : usable;
}

function redisOf(env: Env): Environment["redis"] {
  const [urlName, tokenName] = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"] as const;
  const what = "The database is not used: the shared tier and purges are off.";
  if (isSet(env, "SEAL_KEY")) {
    const why = "SEAL_KEY is set, but sealed records are not built yet.";
    return { what, why, mend: "Unset SEAL_KEY to let the database hold records unsealed." };
  }
  if (!isSet(env, urlName) && !isSet(env, tokenName)) return undefined;
  const [url, token] = [textOf(env, urlName), textOf(env, tokenName)];
  const missing = [urlName, tokenName].find((name) => textOf(env, name) === undefined);
  const why = missing === undefined ? redisFault(url ?? "", token ?? "") : absence(env, missing);
  if (url !== undefined && token !== undefined && why === undefined) return { url, token };
  const mend = "Set both as the database's page shows them, or neither to go without.";
  return { what, why: why ?? "", mend };
}

function absence(env: Env, name: string): string {
  return isSet(env, name) ? `${name} is no text.` : `${name} is not set.`;
}

function redisFault(url: string, token: string): string | undefined {
  const fault = restUrlFault(url);
  if (fault !== undefined) {
    return `UPSTASH_REDIS_REST_URL ${fault}; it must be the REST address, with "https:".`;
  }
  return canBeBorne(token)
    ? undefined
    : "UPSTASH_REDIS_REST_TOKEN has a character that no token has.";
}

/** RFC 6750 §2.1: a token is of visible ASCII. */
function canBeBorne(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token);
}

function restUrlFault(url: string): string | undefined {
  if (!URL.canParse(url)) return "is no URL";
  const { protocol, username, password } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") return "has another scheme";
  // `fetch` takes no such URL; the token is sent in a field of its own.
  return username + password === "" ? undefined : "holds a user name or a password";
}

function siteHostOf(env: Env): string | undefined {
  if (!isSet(env, "SITE_HOST")) return undefined;
  const host = textOf(env, "SITE_HOST")?.toLowerCase() ?? "";
  const url = `https://${host}`;
  if (URL.canParse(url) && new URL(url).host === host) return host;
  throw new OperatorError({
    what: "SITE_HOST is refused.",
    why: "Its value is no host as it stands in a URL.",
    mend: 'Write the host alone, with a port only if it is not the usual one: "www.example.com".',
  });
}

function isSet(env: Env, name: string): boolean {
  const value = env[name];
  return typeof value === "string" ? value.trim() !== "" : value !== undefined;
}

/** Without white space around it, which a shell may have added. */
function textOf(env: Env, name: string): string | undefined {
  const value = env[name];
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" ? undefined : text;
}
