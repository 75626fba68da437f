// Reads the Worker's bindings: what was set, what is missing, and what makes no sense.
import type { Config } from "./config.ts";
import { originUrlFault } from "./config-schema.ts";
import { OperatorError } from "./operator-error.ts";
import { secretsFault } from "./purge/webhook.ts";

/** Anything with `fetch`: a service binding. */
export interface Fetcher {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** As the runtime hands it over: texts and bindings by name. */
export type Env = Readonly<Record<string, unknown>>;

/** Where requests for one origin go. */
export type OriginTarget =
  | { kind: "url"; base: string }
  | { kind: "binding"; fetcher: Fetcher; base: string };

export interface Environment {
  readonly origins: ReadonlyMap<string, OriginTarget>;
  readonly redis: { readonly url: string; readonly token: string } | undefined;
  readonly adminToken: string | undefined;
  /** Of webhooks: one or more, with a space between. */
  readonly purgeSecrets: string | undefined;
  /** The one host that the site's names and ports count as; `undefined` for each its own. */
  readonly siteHost: string | undefined;
  /** Stands in for `request.cf.colo`; `undefined` leaves the platform's word. */
  readonly colo: string | undefined;
}

/** A service binding has no address; its requests are given one that resolves nowhere. */
const bindingBase = "https://origin.invalid";

/** Whoever sets one of these relies on it. */
const notBuiltYet = ["SEAL_KEY", "JOURNAL_REDIS_REST_URL", "JOURNAL_REDIS_REST_TOKEN"];

/** @throws OperatorError naming the variable that is missing or wrong */
export function readEnvironment(env: Env, config: Config): Environment {
  for (const name of notBuiltYet) {
    if (textOf(env, name) === undefined) continue;
    throw new OperatorError({
      what: `${name} is set.`,
      why: "What it asks for is not built yet, so it would have no effect.",
      mend: "Unset it.",
    });
  }
  const origins = new Map([["default", defaultOrigin(env)]]);
  for (const [name, origin] of config.origins) {
    origins.set(
      name,
      "url" in origin
        ? { kind: "url", base: new URL(origin.url).origin }
        : bound(env, origin.binding),
    );
  }
  const environment = {
    origins,
    redis: redisOf(env),
    adminToken: textOf(env, "ADMIN_TOKEN"),
    purgeSecrets: purgeSecretsOf(env),
    siteHost: siteHostOf(env),
    colo: textOf(env, "COLO"),
  };
  if (config.hotKeys > 0) checkForHotKeys(environment);
  return environment;
}

/** Hot keys are told by way of Redis, and whoever writes there must not choose the site's host. */
function checkForHotKeys({ redis, siteHost }: Environment): void {
  if (redis !== undefined && siteHost !== undefined) return;
  throw new OperatorError({
    what: "hotKeys is refused.",
    why:
      redis === undefined
        ? "UPSTASH_REDIS_REST_URL is not set, and without the shared tier nothing can be kept warm."
        : "SITE_HOST is not set, so nothing says which host a key from Redis may name.",
    mend: "Set it, or leave hotKeys out of the configuration.",
  });
}

function defaultOrigin(env: Env): OriginTarget {
  if (env["ORIGIN"] !== undefined) return bound(env, "ORIGIN");
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
      why: `Of ${JSON.stringify(withoutSecrets(url))}, ${fault}.`,
      mend: 'Write scheme and host alone, such as "https://www.example.com".',
    });
  }
  return { kind: "url", base: new URL(url).origin };
}

function bound(env: Env, name: string): OriginTarget {
  const binding = env[name];
  if (typeof binding === "object" && binding !== null && "fetch" in binding) {
    return { kind: "binding", fetcher: binding as Fetcher, base: bindingBase };
  }
  throw new OperatorError({
    what: `The service binding ${name} is refused.`,
    why: "It is not bound to a service.",
    mend: "Name it under [[services]] in wrangler.toml.",
  });
}

function purgeSecretsOf(env: Env): string | undefined {
  const secrets = textOf(env, "PURGE_SECRET");
  const fault = secrets === undefined ? undefined : secretsFault(secrets);
  if (fault === undefined) return secrets;
  throw new OperatorError({
    what: "PURGE_SECRET is refused.",
    why: `In it, ${fault}.`,
    mend: "Write whsec_ and base64; several with a space between.",
  });
}

function redisOf(env: Env): Environment["redis"] {
  const url = textOf(env, "UPSTASH_REDIS_REST_URL");
  const token = textOf(env, "UPSTASH_REDIS_REST_TOKEN");
  if (url === undefined && token === undefined) return undefined;
  const why = redisFault(url, token);
  if (url === undefined || token === undefined || why !== undefined) {
    throw new OperatorError({
      what: "The shared tier is refused.",
      why: why ?? "",
      mend: "Set both as the database's page shows them, or neither to go without.",
    });
  }
  return { url, token };
}

function redisFault(url: string | undefined, token: string | undefined): string | undefined {
  if (url === undefined) return "UPSTASH_REDIS_REST_TOKEN is set, UPSTASH_REDIS_REST_URL is not.";
  if (token === undefined) return "UPSTASH_REDIS_REST_URL is set, UPSTASH_REDIS_REST_TOKEN is not.";
  const fault = restUrlFault(url);
  return fault && `UPSTASH_REDIS_REST_URL ${fault}; it must be the REST address, with "https:".`;
}

function restUrlFault(url: string): string | undefined {
  if (!URL.canParse(url)) return "is no URL";
  const { protocol, username, password } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") return `begins with "${protocol}"`;
  // `fetch` takes no such URL; the token is sent in a field of its own.
  return username + password === "" ? undefined : "holds a user name or a password";
}

function siteHostOf(env: Env): string | undefined {
  const host = textOf(env, "SITE_HOST")?.toLowerCase();
  if (host === undefined) return undefined;
  const url = `https://${host}`;
  if (URL.canParse(url) && new URL(url).host === host) return host;
  throw new OperatorError({
    what: "SITE_HOST is refused.",
    why: `${JSON.stringify(withoutSecrets(host))} is no host as it stands in a URL.`,
    mend: 'Write the host alone, with a port only if it is not the usual one: "www.example.com".',
  });
}

function textOf(env: Env, name: string): string | undefined {
  const value = env[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A URL in a message must not carry a password or a key into a log. */
function withoutSecrets(url: string): string {
  return url.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, "$1…@").replace(/[?#].*$/s, "?…");
}
