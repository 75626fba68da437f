// Exports of `tidemark/astro`: the cache around the rendering of an Astro 7 site, as Astro's cache provider. The
// file imports no package of Astro.
// See docs/astro.md.
import { type AstroRequest, AstroVisit } from "./visit.ts";
import { pathTag, tagInField } from "./names.ts";
import { tagsOf } from "../library-key.ts";
import { type Application, createApp, type InCode } from "../../app.ts";
import { refuseUnknown } from "../../base/known-members.ts";
import { isOnWorkers, nodeGlobals } from "../../base/node-globals.ts";
import { OperatorError, type Fault } from "../../base/operator-error.ts";
import { isOperatorHost } from "../../base/operator-host.ts";
import { type Config, configOfBuild, defineConfig } from "../../config/config.ts";
import type { WrittenConfig } from "../../config/written.ts";
import { orderPurges, purgeNamed } from "../../data/purge-data.ts";
import type { ServerRequest } from "../../platform/arrival.ts";
import type { OriginHandler } from "../../platform/origins.ts";
import { context as processContext } from "../../platform/process-context.ts";
import { platformHere } from "../../platform/workers.ts";
import type { Env } from "../../protocol/variables/bindings.ts";
import { addressOf, type GivenDatabase } from "../../remote/redis/connection/given-connection.ts";
import { overUpstashLazily } from "../../remote/redis/lazy-rest.ts";
import { redisStore } from "../../stores/redis/redis-store.ts";

/** The options of cache.set and of route rules in Astro. */
export interface AstroLifetimes {
  /** In seconds. */
  readonly maxAge?: number;
  /** How long the page may answer while it is rendered again, in seconds. */
  readonly swr?: number;
  readonly tags?: readonly string[];
  readonly lastModified?: Date;
  readonly etag?: string;
}

/** The argument of cache.invalidate in Astro. */
export interface AstroInvalidation {
  readonly path?: string;
  readonly tags?: string | readonly string[];
}

/** A cache provider of Astro 7. */
export interface AstroCacheProvider {
  readonly name: string;
  setHeaders(options: AstroLifetimes): Headers;
  onRequest(context: AstroRequest, next: () => Promise<Response>): Promise<Response>;
  /** Resolves once the journal has the purge; rejects with an `OperatorError` if it is not accepted. */
  invalidate(options: AstroInvalidation): Promise<void>;
}

/** The member `config` of `cache.provider` in Astro's configuration. */
export interface AstroProviderOptions {
  /** The name of Astro's build, such as the time of the build. Stored pages of other builds do not answer. */
  readonly build?: string | undefined;
}

/** The parts of the cache that Astro's configuration cannot contain, because they are code. */
export interface AstroCacheParts extends Pick<InCode, "stores" | "factories"> {
  /**
   * In place of `UPSTASH_REDIS_REST_URL`: a `Redis` of `@upstash/redis` or a REST address, and on Node
   * also a connection of ioredis or node-redis.
   */
  readonly redis?: GivenDatabase | undefined;
  /** The variables. Default: `process.env` on Node, the bindings on Workers. */
  readonly env?: object | undefined;
}

/**
 * Returns a cache provider for Astro, from a configuration without `origins`: Astro is the origin. Export the result as
 * the default of a file, and name this file as `entrypoint` in `cache.provider` of Astro's configuration, beside
 * `config: { build: String(Date.now()) }`. The result throws an OperatorError without `build`.
 *
 * @param written the fields of `defineConfig`. Default: also those query parameters are part of the key that
 *   `defineConfig` strips, because pages see them
 * @throws OperatorError for an invalid configuration or connection, and for an option that Astro makes unsafe or idle
 * @example
 * export default astroCache({ purge: { maxLagSeconds: 5 } }, { redis: new Redis(process.env.REDIS_URL) });
 */
export function astroCache(
  written: WrittenConfig = {},
  parts: AstroCacheParts = {},
): (options?: AstroProviderOptions) => AstroCacheProvider {
  refuseUnknown(parts, partNames, "astroCache(…, …)");
  const { strip = { only: [] }, ...query } = written.key?.query ?? {};
  const config = defineConfig({ ...written, key: { ...written.key, query: { ...query, strip } } });
  const refused = refusalOf(config);
  if (refused !== undefined) throw new OperatorError(refused);
  let provider: TidemarkProvider | undefined;
  return ({ build } = {}) => {
    if (build === undefined) throw namesNoBuild();
    return (provider ??= new TidemarkProvider(configOfBuild(config, build), parts));
  };
}

const partNames = [
  "redis",
  "env",
  "stores",
  "factories",
] as const satisfies readonly (keyof AstroCacheParts)[];

/** Astro's `cache.provider.config` is the configuration, if `tidemark/astro` itself is the `entrypoint`. */
export default function astroProvider({
  build,
  ...written
}: WrittenConfig & AstroProviderOptions = {}): AstroCacheProvider {
  return astroCache(written)({ build });
}

class TidemarkProvider implements AstroCacheProvider {
  readonly name = "tidemark";
  readonly #config: Config;
  readonly #parts: AstroCacheParts;
  readonly #visits = new WeakMap<object, AstroVisit>();
  #site: Site | undefined;

  constructor(config: Config, parts: AstroCacheParts) {
    this.#config = config;
    this.#parts = parts;
  }

  setHeaders({ maxAge, swr, tags = [], lastModified, etag }: AstroLifetimes): Headers {
    const headers = new Headers();
    if (maxAge !== undefined) {
      const stale = swr === undefined ? "" : `, stale-while-revalidate=${swr}`;
      headers.set("cdn-cache-control", `max-age=${maxAge}${stale}`);
    }
    const named = tagsOf(tags).map(tagInField);
    if (named.length > 0) headers.set("cache-tag", named.join(","));
    if (lastModified !== undefined) headers.set("last-modified", lastModified.toUTCString());
    if (etag !== undefined) headers.set("etag", etag);
    return headers;
  }

  async onRequest(context: AstroRequest, next: () => Promise<Response>): Promise<Response> {
    const { request, waitUntil } = context;
    // Astro replaces the fields of a request while it builds a prerendered page, which is stored nowhere else.
    if (Object.hasOwn(request, "headers")) return next();
    const { app, env } = await this.#opened();
    const { host, pathname } = new URL(request.url);
    const { operatorPath, operatorHost } = this.#config;
    const isOperators =
      pathname.startsWith(`${operatorPath}/`) || isOperatorHost(host, operatorHost);
    // Only Astro reads bodies, and other methods are never answered from the cache.
    if (request.method !== "GET" && request.method !== "HEAD" && !isOperators) return next();
    const background = { ...processContext, ...(waitUntil && { waitUntil }) };
    const visit = new AstroVisit(context, next);
    this.#visits.set(background, visit);
    const asked = isOperators ? request : new Request(request);
    return visit.answered(await app.fetch(asked, env, background, connectionOf(request)));
  }

  async invalidate(options: AstroInvalidation): Promise<void> {
    const { path, tags } = options;
    if (path === undefined && tags === undefined) throw namesNothing();
    const named = tagsOf([tags ?? []].flat());
    const all = path === undefined ? named : [...named, pathTag(path)];
    // An entry of a live collection may have no tags.
    if (all.length === 0) return;
    const { app, waitUntil } = await this.#opened();
    const { cache } = app;
    const afterAnswer = cache.behind({ waitUntil });
    const { nowAtMs } = cache.settings.platform;
    const purge = orderPurges({ ...cache, nowAtMs, host: "data.invalid", afterAnswer });
    await purgeNamed({ tags: all }, { purge, events: undefined, afterAnswer });
  }

  async #opened(): Promise<Site> {
    // On Workers, a request must not wait for the promise of another.
    const here = await runtime();
    return (this.#site ??= this.#open(here));
  }

  #open({ env: found, waitUntil }: Runtime): Site {
    const { redis, env: variablesGiven, stores, ...inCode } = this.#parts;
    const env = { ...(variablesGiven ?? found) } as Env;
    const rendered: OriginHandler = (request, _, caller = {}) => {
      const visit = this.#visits.get(caller);
      if (visit === undefined) throw new TypeError("Astro has no such request.");
      return visit.rendered(request);
    };
    const given = redis && { redis: addressOf(redis, "redis"), journal: undefined };
    const databases = given && (() => given);
    const app = createApp(this.#config, env, platformHere(), {
      ...inCode,
      stores:
        given || !stores ? { ...stores, redis: redisStore(overUpstashLazily), databases } : stores,
      // Astro finds its page and its locals by the client's request.
      origins: { default: Object.assign(rendered, { runsInCaller: true } as const) },
    });
    return { app, env, waitUntil };
  }
}

interface Runtime {
  readonly env: object;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** The cache of this process or isolate, with its variables. */
interface Site extends Runtime {
  readonly app: Application;
  readonly env: Env;
}

/** Returns what is known without a request. */
async function runtime(): Promise<Runtime> {
  if (isOnWorkers()) {
    // Only Workers have the module, so a bundler for Node must not resolve its name.
    const name: string = "cloudflare:workers";
    return (await import(/* @vite-ignore */ name)) as Runtime;
  }
  return { ...processContext, env: nodeGlobals.process?.env ?? {} };
}

/** Returns the client's connection on Node. Astro has verified the address and the URL. */
function connectionOf(request: Request): ServerRequest {
  const remoteAddress: unknown = Reflect.get(request, Symbol.for("astro.clientAddress"));
  if (typeof remoteAddress !== "string") return {};
  const encrypted = request.url.startsWith("https:");
  return { incoming: { socket: { remoteAddress, encrypted } } };
}

function namesNoBuild(): OperatorError {
  return new OperatorError({
    what: "The cache of Astro does not start.",
    why: "Without the name of the build, pages of an older build would answer, whose scripts and styles are gone.",
    hint: "Write config: { build: String(Date.now()) } in cache.provider of Astro's configuration, beside entrypoint.",
  });
}

function namesNothing(): OperatorError {
  return new OperatorError({
    what: "Astro's cache.invalidate purged nothing.",
    why: "It names neither a path nor tags.",
    hint: 'Write { tags: ["news"] } or { path: "/news/1" }.',
  });
}

/** Returns the fault of an option that would be unsafe, or would have no effect, under Astro. */
function refusalOf({ trustsPeer, parts }: Config): Fault | undefined {
  if (trustsPeer !== undefined) return trustsClients;
  return parts.some(({ name }) => name === "varnish") ? hearsNoPurge : undefined;
}

const trustsClients: Fault = {
  what: "astroCache does not accept trustProxy.",
  why: "Astro reads the fields of proxies itself. trustProxy would trust each client, which could then choose the host of a page.",
  hint: "Remove it, and name the site's hosts in `security.allowedDomains` of Astro's configuration.",
};

const hearsNoPurge: Fault = {
  what: "astroCache does not accept varnish().",
  why: "Astro answers requests with other methods than GET and HEAD, so the cache never gets PURGE or BAN.",
  hint: "Remove it, and send purges to the path /purge below operatorPath.",
};
